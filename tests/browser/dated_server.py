"""`pulsestream serve` whose time of day is another: `2026-05-04T10:56:00Z*1,2026-05-04T11:00:00Z*60` as first argument.

It begins at the first of these times, at so many seconds a second; each SIGUSR1 goes on to the next.
"""

from __future__ import annotations

import signal
import sys
import time
from datetime import datetime, timedelta

from pulsestream.cli.serve import command
from pulsestream.clock import SystemClock


class Paced:
    def __init__(self, written: str) -> None:
        self._paces = [
            (datetime.fromisoformat(start), float(speed))
            for start, _, speed in (one.partition("*") for one in written.split(","))
        ]
        self._since = time.monotonic()

    def next(self, *_: object) -> None:
        del self._paces[0]
        self._since = time.monotonic()

    def now(self) -> datetime:
        start, speed = self._paces[0]
        return start + timedelta(seconds=(time.monotonic() - self._since) * speed)


if __name__ == "__main__":
    paced = Paced(sys.argv.pop(1))
    signal.signal(signal.SIGUSR1, paced.next)
    SystemClock.now = paced.now
    command()
