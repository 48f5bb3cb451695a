"""How many events one core generates a second, as NDJSON in memory.

`measure()` gives the figures, `python bench/generator.py` prints them as JSON.
"""

from __future__ import annotations

import json
import os
import statistics
import time
from datetime import UTC, datetime, timedelta

from pulsestream.generate import generate

EVENTS = 500_000
RUNS = 5
END = datetime(2026, 11, 20, 12, tzinfo=UTC)


def measure(events: int = EVENTS, runs: int = RUNS) -> dict[str, object]:
    """The median of `runs` runs over a week's history, after one of 50,000 events that fills the tables.

    Wall seconds are what a user sees; CPU seconds, those of all threads, are what remains true on a machine
    that others use as well.
    """
    _run(50_000)
    measured = [_run(events) for _ in range(runs)]
    middle = sorted(measured)[runs // 2]
    return {
        "events": events,
        "bytes": middle[2],
        "runs_events_per_second": [round(events / wall) for wall, _, _ in measured],
        "events_per_second": round(events / statistics.median(wall for wall, _, _ in measured)),
        "events_per_cpu_second": round(events / statistics.median(cpu for _, cpu, _ in measured)),
        "wall_seconds": round(middle[0], 3),
        "cpu_seconds": round(middle[1], 3),
        "load_average": round(os.getloadavg()[0], 2),
    }


def _run(events: int) -> tuple[float, float, int]:
    """Wall seconds, CPU seconds of all threads, bytes."""
    wall, cpu = time.perf_counter(), time.process_time()
    size = sum(len(block) for block in generate(events, start=END - timedelta(days=7), end=END, seed=1))
    return time.perf_counter() - wall, time.process_time() - cpu, size


if __name__ == "__main__":
    print(json.dumps(measure(), indent=2))
