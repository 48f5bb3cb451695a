"""`pulsestream serve` with its pages in a folder that a test fills: the first argument."""

from __future__ import annotations

import sys
from pathlib import Path

from pulsestream.api import app
from pulsestream.cli.serve import command

if __name__ == "__main__":
    app.FOLDER = Path(sys.argv.pop(1))
    command()
