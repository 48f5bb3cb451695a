"""`make bench`: every figure of the main job, side by side in one run; each the median of several rounds.

The ceiling is the engine alone: the same events, ready as journal lines in one file, into the same table. Rates
of other parts are given as a share of it, because machines differ more than shares do.
"""

from __future__ import annotations

import argparse
import json
import platform
import statistics
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from generator import measure
from pulsestream.clock import SystemClock
from pulsestream.event import TIMESTAMP_MIN, Event
from pulsestream.generate import generate
from pulsestream.ingest.decode import decode_batch
from pulsestream.ingest.validate import Admissible, Terms, check
from pulsestream.store.connect import connect
from subject import Subject

BATCH = 1_000
END = datetime(2026, 11, 20, 12, tzinfo=UTC)


def events(count: int, seed: int) -> bytes:
    return b"".join(generate(count, start=END - timedelta(hours=24), end=END, seed=seed))


def generator() -> dict[str, Any]:
    """On one core, as NDJSON in memory."""
    measured = measure()
    return {"per_second": measured["events_per_second"], "per_cpu_second": measured["events_per_cpu_second"]}


def ceiling(count: int) -> dict[str, Any]:
    """One insert of all rows, then until the engine has answered: durable, no journal, no checks."""
    terms = Terms("default", datetime.now(UTC), TIMESTAMP_MIN, str)
    lines = []
    for index, event in enumerate(decode_batch(events(count, seed=2), "application/x-ndjson").items):
        assert isinstance(event, Event)
        checked = check(event, index, terms)
        assert isinstance(checked, Admissible)
        lines.append(b'{"position":%d%b' % (index + 1, checked.line))
    block = b"".join(lines)
    with tempfile.TemporaryDirectory() as folder:
        store = connect(f"chdb://{folder}/store", clock=SystemClock(), memory_bytes_max=4 << 30)
        store.migrate()
        session = store.session(threads=2)
        began, began_cpu = time.perf_counter(), time.process_time()
        session.insert_events(block)
        elapsed, cpu = time.perf_counter() - began, time.process_time() - began_cpu
        size = session.disk_bytes()
        session.close()
    return {"per_second": count / elapsed, "cpu_us_per_event": cpu / count * 1e6, "disk_bytes_per_event": size / count}


def batches(count: int, connections: int = 4) -> dict[str, Any]:
    """NDJSON over HTTP, 1,000 events a request, until all of it is searchable."""
    lines = events(count, seed=3).splitlines(keepends=True)
    with tempfile.TemporaryDirectory() as folder, Subject(Path(folder)) as subject:
        path = "/ingestion/events/batch?detail=errors"
        requests = [subject.request(path, b"".join(lines[at : at + BATCH])) for at in range(0, count, BATCH)]
        began_cpu = subject.cpu_seconds()
        result = subject.load(requests, connections)
        answered = time.perf_counter()
        subject.wait_searchable(count)
        elapsed = result["seconds"] + time.perf_counter() - answered
        return {
            "per_second": count / elapsed,
            "acknowledged_per_second": count / result["seconds"],
            "p50_ms": result["p50_ms"],
            "p99_ms": result["p99_ms"],
            "server_cpu_us_per_event": (subject.cpu_seconds() - began_cpu) / count * 1e6,
            "peak_memory_bytes": subject.peak_memory_bytes(),
        }


def singles(count: int, connections: int) -> dict[str, Any]:
    """One event a request."""
    lines = events(count, seed=4).splitlines()
    with tempfile.TemporaryDirectory() as folder, Subject(Path(folder)) as subject:
        result = subject.load([subject.request("/ingestion/events", line) for line in lines], connections)
        subject.wait_searchable(count)
        return {name: result[name] for name in ("per_second", "p50_ms", "p99_ms")}


_SEARCHES = {
    "newest": "",
    "service": "&service=payment-service",
    "status": "&status_code=500",
    "text": "&q=timed+out",
    "tag": "&tag=city:Tokyo",
    "user": "&user_id=user_1",
    "all": "&service=payment-service&status_code=500&severity=error&environment=production&tag=country:US",
}


def searches(count: int, repeats: int) -> dict[str, Any]:
    """Milliseconds of one search among `count` events as a client sees it, warm."""
    lines = events(count, seed=5).splitlines(keepends=True)
    with tempfile.TemporaryDirectory() as folder, Subject(Path(folder)) as subject:
        path = "/ingestion/events/batch?detail=none"
        subject.load([subject.request(path, b"".join(lines[at : at + 10_000])) for at in range(0, count, 10_000)], 2)
        del lines
        subject.wait_searchable(count)
        found = {}
        for name, filters in _SEARCHES.items():
            seconds = []
            for _ in range(repeats + 1):
                began = time.perf_counter()
                subject.get(f"/ingestion/events/search?limit=100{filters}")
                seconds.append(time.perf_counter() - began)
            found[name] = statistics.median(seconds[1:]) * 1000
        return {"events": count, "ms": found, "peak_memory_bytes": subject.peak_memory_bytes()}


def median_of(rounds: int, once: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """Each figure's median over the rounds, and the rounds themselves."""
    results = [once() for _ in range(rounds)]
    middle = {name: statistics.median(result[name] for result in results) for name in results[0]}
    return middle | {"rounds": results}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=200_000)
    parser.add_argument("--singles", type=int, default=20_000)
    parser.add_argument("--search-events", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", action="append", default=[], help="a part's name; may be repeated")
    parser.add_argument("--output", type=Path, default=Path(__file__).with_name("results") / "latest.json")
    given = parser.parse_args()
    parts: dict[str, Callable[[], dict[str, Any]]] = {
        "generator": generator,
        "ceiling": lambda: median_of(given.rounds, lambda: ceiling(given.events)),
        "batches": lambda: median_of(given.rounds, lambda: batches(given.events)),
        **{
            f"singles_{n}": (lambda n=n: median_of(given.rounds, lambda: singles(given.singles, n)))
            for n in (1, 10, 50)
        },
        "search": lambda: searches(given.search_events, 15),
    }
    results: dict[str, Any] = {
        "machine": {
            "cpus": __import__("os").cpu_count(),
            "python": platform.python_version(),
            "system": platform.platform(),
        },
        "given": {name: str(value) for name, value in vars(given).items()},
    }
    for name, part in parts.items():
        if not given.only or name in given.only:
            print(f"{name} …", flush=True)
            results[name] = part()
            _print(name, results)
    given.output.parent.mkdir(exist_ok=True)
    given.output.write_text(json.dumps(results, indent=1))
    print(f"raw output: {given.output}")


def _print(name: str, results: dict[str, Any]) -> None:
    result = results[name]
    if name == "search":
        for what, milliseconds in result["ms"].items():
            print(f"  search among {result['events']:,} events, {what:8} {milliseconds:8.1f} ms")
        return
    share = (
        f"  {result['per_second'] / results['ceiling']['per_second']:6.3f} of the ceiling"
        if "ceiling" in results
        else ""
    )
    print(f"  {name:12} {result['per_second']:12,.0f} events/s{share}")
    for figure, value in result.items():
        if figure not in ("per_second", "rounds"):
            print(f"  {'':12} {value:12,.1f} {figure}")


if __name__ == "__main__":
    main()
