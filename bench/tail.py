"""Events as they arrive: how many listeners take in how many of them, how long after they were acknowledged.

`python bench/tail.py` prints the figures as JSON. Batches are offered on schedule, all of which match; some listeners
ask for the same and some each for another thing, and one reads nothing at all. The lag of an event is from
`received_at`, which is before it was acknowledged, until its listener has read it.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import threading
import time
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

import msgspec

from overload import anonymous
from questions import fill
from subject import BATCH_PATH, KEY, Subject

ASKED = ("", "", "status:>0", "NOT service:nobody", "latency:>=0")  # five listeners; each matches every request
SMALL = 100  # events a request
CONNECTIONS = 8
RATE = 1_500.0  # events a second
SECONDS = 15.0


class Arrived(msgspec.Struct):
    received_at: datetime


class Told(msgspec.Struct):
    events: list[Arrived] = []
    count: int = 0


class Listener(threading.Thread):
    def __init__(self, subject: Subject, asked: str) -> None:
        super().__init__(daemon=True)
        self.events = self.dropped = 0
        self.lags_ms: list[float] = []
        self.times: list[float] = []
        self._connection = subject.connection()
        path = f"/api/v1/query/tail?last=0&q={quote(asked)}"
        self._connection.request("GET", path, headers={"X-API-Key": KEY})
        self._response = self._connection.getresponse()
        if self._response.status != 200:
            raise SystemExit(f"a tail was answered with {self._response.status}: {self._response.read()[:500]!r}")

    def run(self) -> None:
        while line := self._response.readline():
            if not line.startswith(b"data: "):
                continue
            now = time.time()
            told = msgspec.json.decode(line[6:], type=Told)
            self.dropped += told.count
            self.events += len(told.events)
            self.lags_ms += [(now - one.received_at.timestamp()) * 1000 for one in told.events]
            self.times += [now] * len(told.events)

    @property
    def per_second(self) -> float:
        return len(self.times) / (self.times[-1] - self.times[0]) if len(self.times) > 1 else 0.0


def measure(*, stored: int = 200_000, rate: float = RATE, seconds: float = SECONDS) -> dict[str, Any]:
    """`stored`: events in the store before. `rate`: events a second that are offered."""
    made = [line for line in anonymous(SMALL * 60, seed=7) if b'"metrics"' in line]
    bodies = [b"".join(made[at : at + SMALL]) for at in range(0, len(made) // SMALL * SMALL, SMALL)]
    with tempfile.TemporaryDirectory() as folder, Subject(Path(folder)) as subject:
        fill(subject, stored)
        deaf = subject.connection()
        deaf.request("GET", "/api/v1/query/tail?last=1000", headers={"X-API-Key": KEY})
        listeners = [Listener(subject, asked) for asked in ASKED]
        for listener in listeners:
            listener.start()
        before_s = subject.cpu_seconds()
        requests = [subject.request(BATCH_PATH, body) for body in bodies]
        load = subject.load(requests, CONNECTIONS, events=SMALL, rate=rate / SMALL, seconds=seconds)
        subject.wait_fed()
        time.sleep(1)
        used_s = subject.cpu_seconds() - before_s
        sent = load["acknowledged_events"]
        deaf.close()
    lags = sorted(lag for listener in listeners for lag in listener.lags_ms)
    return {
        "listeners": len(listeners),
        "sent": sent,
        "missed": sum(sent - listener.events - listener.dropped for listener in listeners),
        "dropped": sum(listener.dropped for listener in listeners),
        "matches_per_second": min(listener.per_second for listener in listeners),
        "lag_p50_ms": statistics.median(lags),
        "lag_p99_ms": lags[int(len(lags) * 0.99)],
        "cpu_seconds_a_second": used_s / load["seconds"],
        "load": load,
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--stored", type=int, default=200_000, help="events in the store before")
    parser.add_argument("--rate", type=float, default=RATE, help="events a second")
    parser.add_argument("--seconds", type=float, default=SECONDS)
    given = parser.parse_args()
    print(json.dumps(measure(stored=given.stored, rate=given.rate, seconds=given.seconds), indent=1))
