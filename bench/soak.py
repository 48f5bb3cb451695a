"""Single events at a steady rate for a while: does anything grow that should not?

`python bench/soak.py --minutes 10` sends 1,000 single events a second over 16 connections and prints a line a minute:
parts, journal, memory, how far the engine is behind. `make soak` is ten minutes; it takes any number.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import threading
import time
import urllib.request
from pathlib import Path
from typing import Any

from prometheus_client.parser import text_string_to_metric_families

from overload import anonymous
from subject import KEY, Subject

RATE = 1_000.0
CONNECTIONS = 16
PREPARED = 20_000  # different events
SAMPLE_S = 1.0
_MIB = 1 << 20

GAUGES = {
    "pulsestream_engine_parts": "parts",
    "pulsestream_engine_parts_in_partition_max": "parts_in_a_week",
    "pulsestream_searchable_lag_seconds": "lag_s",
    "process_resident_memory_bytes": "memory_bytes",
}


def gauges(subject: Subject) -> dict[str, float]:
    request = urllib.request.Request(f"http://127.0.0.1:{subject.port}/metrics", headers={"X-API-Key": KEY})
    with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310 - our own URL
        families = text_string_to_metric_families(answer.read().decode())
    found = {GAUGES[family.name]: family.samples[0].value for family in families if family.name in GAUGES}
    files = (subject.folder / "journal").glob("*")
    return found | {"journal_disk_bytes": sum(file.stat().st_size for file in files if file.exists())}


def minute(subject: Subject, requests: list[bytes], seconds: float) -> dict[str, Any]:
    """The most of each gauge in this time, and what the load says."""
    most: dict[str, float] = {}
    over = threading.Event()

    def watch() -> None:
        while not over.wait(SAMPLE_S):
            for name, value in gauges(subject).items():
                most[name] = max(most.get(name, 0.0), value)

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        result = subject.load(requests, CONNECTIONS, rate=RATE, seconds=seconds)
    finally:
        over.set()
        watcher.join(60)
    return most | {"requests": result["requests"], "p50_ms": result["p50_ms"], "p99_ms": result["p99_ms"]}


def measure(minutes: int, seconds: float = 60.0) -> list[dict[str, Any]]:
    with tempfile.TemporaryDirectory() as folder, Subject(Path(folder)) as subject:
        requests = [subject.request("/ingestion/events", line.rstrip()) for line in anonymous(PREPARED, seed=9)]
        found = []
        for number in range(1, minutes + 1):
            began = time.perf_counter()
            one = minute(subject, requests, seconds)
            found.append(one)
            print(
                f"minute {number:4}: {one['requests'] / (time.perf_counter() - began):7,.0f}/s"
                f"  p99 {one['p99_ms']:6.1f} ms  lag {one['lag_s'] * 1000:5.0f} ms  parts {one['parts']:4.0f}"
                f" ({one['parts_in_a_week']:.0f} in a week)  journal {one['journal_disk_bytes'] / _MIB:4.0f} MiB"
                f"  memory {one['memory_bytes'] / _MIB:5.0f} MiB",
                flush=True,
            )
        sent = sum(one["requests"] for one in found)
        subject.wait_searchable(sent)
        return found


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=int, default=10)
    parser.add_argument("--output", type=Path, default=Path(__file__).with_name("results") / "soak.json")
    given = parser.parse_args()
    measured = measure(given.minutes)
    given.output.parent.mkdir(exist_ok=True)
    given.output.write_text(json.dumps(measured, indent=1))
