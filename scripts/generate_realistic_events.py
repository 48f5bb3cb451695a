#!/usr/bin/env python3
"""Write realistic API-call events to a file: `pulsestream generate`, run from a checkout."""

from _door import enter

if __name__ == "__main__":
    enter("generate")
