"""How many events a second the server takes in, and the engine alone: the ceiling that everything is measured against.

The ceiling is one insert of the same events, ready as journal lines in one block, into the same table: no HTTP, no
checks, no journal.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from pulsestream.clock import SystemClock
from pulsestream.event import TIMESTAMP_MIN, Event
from pulsestream.generate import generate
from pulsestream.ingest.decode import decode_batch
from pulsestream.ingest.validate import Admissible, Terms, check
from pulsestream.store.connect import connect
from subject import Subject

BATCH = 1_000
CONNECTIONS = 4
END = datetime(2026, 11, 20, 12, tzinfo=UTC)


def events(count: int, seed: int) -> bytes:
    """NDJSON of one day."""
    return b"".join(generate(count, start=END - timedelta(hours=24), end=END, seed=seed))


def lines(count: int, seed: int) -> list[bytes]:
    return events(count, seed).splitlines(keepends=True)


def journal_lines(data: bytes) -> bytes:
    terms = Terms("default", datetime.now(UTC), TIMESTAMP_MIN, str)
    made = []
    for index, event in enumerate(decode_batch(data, "application/x-ndjson").items):
        assert isinstance(event, Event)
        checked = check(event, index, terms)
        assert isinstance(checked, Admissible)
        made.append(b'{"position":%d%b' % (index + 1, checked.line))
    return b"".join(made)


def ceiling(block: bytes, count: int) -> dict[str, Any]:
    """One insert of all rows, until the engine has answered: durable."""
    with tempfile.TemporaryDirectory() as folder:
        store = connect(f"chdb://{folder}/store", clock=SystemClock(), memory_bytes_max=4 << 30)
        store.migrate()
        session = store.session(threads=2)
        began, began_cpu = time.perf_counter(), time.process_time()
        session.insert_events(block)
        elapsed, cpu = time.perf_counter() - began, time.process_time() - began_cpu
        size = session.disk_bytes()
        session.close()
        store.close()
    return {
        "ceiling_per_second": count / elapsed,
        "ceiling_cpu_us_per_event": cpu / count * 1e6,
        "bytes_sent_per_event": len(block) / count,
        "disk_bytes_per_event": size / count,
    }


def batches(made: list[bytes]) -> dict[str, Any]:
    """NDJSON over HTTP in batches of 1,000, until every event is searchable."""
    count = len(made)
    with tempfile.TemporaryDirectory() as folder, Subject(Path(folder)) as subject:
        requests = subject.batches(made, BATCH)
        before = subject.cpu_seconds()
        began = time.perf_counter()
        result = subject.load(requests, CONNECTIONS, events=BATCH)
        acknowledged = time.perf_counter() - began
        subject.wait_searchable(count)
        elapsed = time.perf_counter() - began
        # What the load process needs to start and to read its requests is not the server's.
        starting = acknowledged - result["seconds"]
        return {
            "per_second": count / (elapsed - starting),
            "acknowledged_per_second": count / result["seconds"],
            "server_cpu_us_per_event": (subject.cpu_seconds() - before) / count * 1e6,
            "load_cpu_us_per_event": result["load_cpu_seconds"] / count * 1e6,
            "p50_ms": result["p50_ms"],
            "p99_ms": result["p99_ms"],
            "peak_memory_bytes": subject.peak_memory_bytes(),
        }


def bulk(count: int, rounds: int) -> dict[str, Any]:
    """The ceiling and batches in turns, because a machine is faster at one time than at another."""
    made = lines(count, seed=3)
    block = journal_lines(b"".join(made))
    measured = []
    for _ in range(rounds):
        one = ceiling(block, count) | batches(made)
        one["share_of_the_ceiling"] = one["per_second"] / one["ceiling_per_second"]
        measured.append(one)
    return medians(measured)


def singles(count: int, connections: int, rounds: int) -> dict[str, Any]:
    """One event a request."""
    made = lines(count, seed=4)
    measured = []
    for _ in range(rounds):
        with tempfile.TemporaryDirectory() as folder, Subject(Path(folder)) as subject:
            before = subject.cpu_seconds()
            result = subject.load([subject.request("/ingestion/events", line) for line in made], connections)
            cpu = (subject.cpu_seconds() - before) / count * 1e6
            subject.wait_searchable(count)
        kept = {name: result[name] for name in ("per_second", "p50_ms", "p99_ms")}
        kept["load_cpu_us_per_event"] = result["load_cpu_seconds"] / count * 1e6
        measured.append(kept | {"server_cpu_us_per_event": cpu})
    return medians(measured)


def medians(measured: list[dict[str, Any]]) -> dict[str, Any]:
    """Each figure's median over the rounds, and the rounds themselves."""
    middle = {name: statistics.median(one[name] for one in measured) for name in measured[0]}
    return middle | {"rounds": measured}
