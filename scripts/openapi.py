"""Print the OpenAPI document of this checkout: `make web-types` makes the pages' types of it."""

from __future__ import annotations

import sys

from pulsestream.api import document
from pulsestream.api.app import HANDLERS

if __name__ == "__main__":
    sys.stdout.buffer.write(document.encode(HANDLERS))
