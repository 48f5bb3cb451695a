"""What an export costs: 1M events in each format, as curl would fetch them; the memory, also for a slow reader.

`--store FOLDER` exports a data folder that was filled before and is kept.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import statistics
import time
from pathlib import Path
from typing import Any

from asking import filled
from subject import KEY, Subject

EVENTS = 1_000_000
ROUNDS = 3
FORMS = ("parquet", "arrow", "csv", "ndjson")
_CHUNK = 1 << 20
_SLOW_BYTES_PER_S = 20 << 20
_SLOW_S = 20.0


def fetched(subject: Subject, form: str, *, bytes_per_s: float = 0.0, seconds: float = 0.0) -> dict[str, float]:
    """One export, read to its end, or for so many seconds, and not faster than that."""
    cpu_s = subject.cpu_seconds()
    peak = subject.memory_bytes()
    size, began, first = 0, time.perf_counter(), 0.0
    with contextlib.closing(subject.connection()) as connection:
        connection.request("GET", f"/api/v1/export?format={form}&fresh=false", headers={"X-API-Key": KEY})
        answer = connection.getresponse()
        assert answer.status == 200
        while chunk := answer.read1(_CHUNK):
            first = first or time.perf_counter() - began
            size += len(chunk)
            peak = max(peak, subject.memory_bytes())
            took = time.perf_counter() - began
            if seconds and took > seconds:
                break
            if bytes_per_s and size / bytes_per_s > took:
                time.sleep(size / bytes_per_s - took)
    took = time.perf_counter() - began
    return {"s": took, "first_s": first, "bytes": size, "peak_bytes": peak, "cpu_s": subject.cpu_seconds() - cpu_s}


def measure_one(subject: Subject, count: int) -> dict[str, Any]:
    """Memory is what the server has beyond what it had before the first export."""
    before = subject.memory_bytes()
    found: dict[str, Any] = {}
    for form in FORMS:
        fetched(subject, form)  # from the disk into the caches
        rounds = [fetched(subject, form) for _ in range(ROUNDS)]
        median = statistics.median(one["s"] for one in rounds)
        found[form] = {
            "s": median,
            "per_second": count / median,
            "bytes": rounds[0]["bytes"],
            "server_cpu_s": statistics.median(one["cpu_s"] for one in rounds),
            "first_s": statistics.median(one["first_s"] for one in rounds),
            "memory_bytes": max(one["peak_bytes"] for one in rounds) - before,
        }
    slow = fetched(subject, "ndjson", bytes_per_s=_SLOW_BYTES_PER_S, seconds=_SLOW_S)
    return found | {
        "parquet_s": found["parquet"]["s"],
        "slow_reader_memory_mb": (slow["peak_bytes"] - before) / 1e6,
        "memory_mb": (subject.peak_memory_bytes() - before) / 1e6,
    }


def measure(count: int = EVENTS, folder: Path | None = None) -> dict[str, Any]:
    with filled(count, folder) as subject:
        return measure_one(subject, count)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=EVENTS)
    parser.add_argument("--store", type=Path, help="a data folder with the events")
    given = parser.parse_args()
    print(json.dumps(measure(given.events, given.store), indent=1))


if __name__ == "__main__":
    main()
