#!/usr/bin/env python3
"""Send files of events to a server: `pulsestream ingest`, run from a checkout."""

from _door import enter

if __name__ == "__main__":
    enter("ingest")
