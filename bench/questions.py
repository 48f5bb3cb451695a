"""What a question costs as a client sees it: the searches of the performance page, and what a dashboard asks."""

from __future__ import annotations

import contextlib
import http.client
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

from rates import lines
from subject import Subject

SEARCHES = {
    "newest": "",
    "service": "&service=payment-service",
    "status": "&status_code=500",
    "text": "&q=timed+out",
    "tag": "&tag=city:Tokyo",
    "user": "&user_id=user_1",
    "all": "&service=payment-service&status_code=500&severity=error&environment=production&tag=country:US",
}

# A dashboard does not wait for what was acknowledged a moment ago. The range is the day that the events are of.
_DAY = "start_time=2026-11-19T12:00:00Z&end_time=2026-11-20T12:00:00Z"
DASHBOARD = {
    "newest": "/ingestion/events/search?limit=100&fresh=false",
    "service": "/ingestion/events/search?limit=100&fresh=false&service=payment-service",
    "status": "/ingestion/events/search?limit=100&fresh=false&status_code=500",
    "text": "/ingestion/events/search?limit=100&fresh=false&q=timed+out",
    "stats": "/ingestion/stats?fresh=false",
    "services": f"/query/services?fresh=false&{_DAY}",
}


def timed(subject: Subject, path: str, connection: http.client.HTTPConnection) -> float:
    """Milliseconds."""
    began = time.perf_counter()
    subject.get(path, connection)
    return (time.perf_counter() - began) * 1000


def ask_all(subject: Subject, paths: dict[str, str], repeats: int) -> dict[str, float]:
    """Milliseconds of each question, warm: the median of `repeats`."""
    with contextlib.closing(subject.connection()) as connection:
        found = {}
        for name, path in paths.items():
            timed(subject, path, connection)
            found[name] = statistics.median(timed(subject, path, connection) for _ in range(repeats))
        return found


def fill(subject: Subject, count: int, seed: int = 5) -> None:
    """So many events, searchable, in a store that was empty."""
    subject.load(subject.batches(lines(count, seed), 10_000), 2)
    subject.wait_searchable(count)


def searches(count: int, repeats: int) -> dict[str, Any]:
    """One search among `count` events, warm."""
    with tempfile.TemporaryDirectory() as folder, Subject(Path(folder)) as subject:
        fill(subject, count)
        paths = {name: f"/ingestion/events/search?limit=100{filters}" for name, filters in SEARCHES.items()}
        found = ask_all(subject, paths, repeats)
        return {"events": count, "ms": found, "peak_memory_bytes": subject.peak_memory_bytes()}
