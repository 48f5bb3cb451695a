"""What exact deduplication costs among many stored events: a start, memory, a new event, known ids, doubtful ones.

`measure()` gives the figures, `python bench/dedup.py` prints them as JSON; `--events 1000000` asks less of the machine.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import psutil

from pulsestream.clock import SystemClock
from pulsestream.ingest.dedup import Dedup, batch_of
from pulsestream.ingest.validate import Admissible
from pulsestream.store.connect import connect
from pulsestream.store.port import Session
from subject import BATCH_PATH, KEY, Subject

EVENTS = 10_000_000
ADDED = 1_000_000
BATCH = 1_000
DOUBTS = 50
ROUNDS = 9
_BLOCK = 65_536  # as the engine gives them
_INSERTED_AT_ONCE = 2_000_000
_END = 2**64 - 1

# Ids of some 25 characters over 12 weeks, by time as they came.
_FILL = """
INSERT INTO events (tenant, position, received_at, timestamp, content_hash, event_id, event_type, severity, title,
    message, service, endpoint, method, version, environment, response_time_ms, status_code, request_size_bytes,
    response_size_bytes, cache_hit, user_id, session_id, request_id, ip_address, user_agent, tags, trace_id)
SELECT 'default', number + 1, timestamp,
    toDateTime64('2026-03-02 00:00:00', 6, 'UTC') + number * {apart:Float64} AS timestamp,
    xxh3(number), concat('evt_', toString(number), '_', lower(substring(hex(sipHash64(number)), 1, 12))),
    'api_call', 'info', concat('GET /api/v1/r', toString(number % 50)), 'Successfully processed request',
    concat('service-', toString(number % 20)), concat('/api/v1/r', toString(number % 50)), 'GET', '1.8.2', 'production',
    rand() % 100000 / 100, 200, rand(1) % 4000, rand(2) % 40000, rand(3) % 2,
    concat('user_', toString(rand(4) % 50000)), concat('sess_', lower(hex(rand64(5)))),
    concat('req_', lower(hex(rand64(6))), lower(hex(rand64(7)))),
    IPv4NumToString(rand(8)), 'Mozilla/5.0 (Linux; Android 13)', map('country', 'BR', 'region', 'LATAM'),
    concat(lower(hex(rand64(9))), lower(hex(rand64(10))))
FROM numbers({first:UInt64}, {count:UInt64})
SETTINGS max_threads = 2, max_insert_threads = 1
"""
_COUNTED = (
    "INSERT INTO outcomes SELECT 'default', toDateTime(0, 'UTC'), 'stored', '', {events:UInt64}, {events:UInt64} + 1"
)


def measure(events: int = EVENTS) -> dict[str, Any]:
    """Wall seconds are what a user sees; CPU time is what remains true on a machine that others use as well."""
    with tempfile.TemporaryDirectory(prefix="dedup-") as folder:
        data = Path(folder) / "data"
        _fill(data, events)
        index = subprocess.run(
            [sys.executable, __file__, "--events", str(events), "--index"], stdout=subprocess.PIPE, check=True
        )
        return {"events": events} | _started(data) | _asked(data) | json.loads(index.stdout)


# ---- the store


def _fill(data: Path, events: int) -> None:
    store = connect(f"chdb://{data / 'store'}", clock=SystemClock(), memory_bytes_max=2 << 30)
    store.migrate()
    with contextlib.closing(store), contextlib.closing(store.session(threads=2)) as session:
        for first in range(0, events, _INSERTED_AT_ONCE):
            count = min(_INSERTED_AT_ONCE, events - first)
            _run(session, _FILL, {"first": first, "count": count, "apart": 12 * 7 * 86_400 / events})
        _run(session, _COUNTED, {"events": events})


def _run(session: Session, sql: str, parameters: dict[str, object]) -> None:
    session.run(sql, parameters)  # type: ignore[attr-defined]  # DDL and the like are no part of the port


# ---- the server


def _started(data: Path, starts: int = 3) -> dict[str, Any]:
    """From the start of the process until it takes requests."""
    walls, cpus, sizes = [], [], []
    for _ in range(starts):
        began = time.perf_counter()
        with Subject(data) as subject:
            walls.append(time.perf_counter() - began)
            cpus.append(subject.cpu_seconds())
            sizes.append(subject.memory_bytes())
    return {
        "start_s": round(statistics.median(walls), 2),
        "start_cpu_s": round(statistics.median(cpus), 2),
        "start_rss_mb": round(statistics.median(sizes) / 1e6),
    }


def _asked(data: Path) -> dict[str, Any]:
    """Requests over HTTP, with all that they need besides."""
    with Subject(data) as subject, contextlib.closing(subject.connection()) as connection:

        def sent(names: range, **changes: str) -> float:
            """Milliseconds."""
            body = b"".join(json.dumps(_event(number, **changes)).encode() + b"\n" for number in names)
            headers = {"X-API-Key": KEY, "Content-Type": "application/x-ndjson"}
            began = time.perf_counter()
            connection.request("POST", "/api/v1" + BATCH_PATH, body, headers)
            answer = json.loads(connection.getresponse().read())
            took = (time.perf_counter() - began) * 1e3
            told.append((answer["stored"], answer["duplicate"], answer["rejected"]))
            return took

        told: list[tuple[int, int, int]] = []
        known = range(BATCH)
        new = sent(known)
        subject.wait_fed()
        for _ in range(2):
            sent(range(DOUBTS), timestamp="zoned")
        again = [sent(known) for _ in range(ROUNDS)]
        doubts = [sent(range(DOUBTS), timestamp="zoned") for _ in range(ROUNDS)]
        one_doubt = [sent(range(1), timestamp="zoned") for _ in range(ROUNDS)]
        conflicts = [sent(range(DOUBTS), timestamp="2026-04-01T00:00:00Z") for _ in range(ROUNDS)]
        assert told[0] == (BATCH, 0, 0)
        assert told[3] == (0, BATCH, 0)
        assert told[-1] == (0, 0, DOUBTS)
        figures = {
            "known_1000_ms": again,
            f"doubts_{DOUBTS}_ms": doubts,
            "doubts_1_ms": one_doubt,
            f"conflicts_{DOUBTS}_at_another_time_ms": conflicts,
        }
        return {"new_1000_ms": round(new, 2)} | {
            name: round(statistics.median(values), 2) for name, values in figures.items()
        }


def _event(number: int, timestamp: str = "") -> dict[str, object]:
    hour, minute = divmod(number, 60)
    day = f"2026-03-{3 + hour % 28:02}T"
    times = {"": f"{day}10:{minute:02}:00Z", "zoned": f"{day}12:{minute:02}:00+02:00"}
    return {
        "event_id": f"sent_{number}",
        "event_type": "api_call",
        "timestamp": times.get(timestamp, timestamp),
        "title": "GET /api/v1/orders",
        "source": {"service": "order-service", "endpoint": "/api/v1/orders", "method": "GET"},
        "metrics": {"response_time_ms": 12.5, "status_code": 200},
    }


# ---- the index alone, in a process of its own


def _index(events: int) -> dict[str, Any]:
    """What each of a million more events costs, a thousand a batch, and the memory of all of them."""
    draw = np.random.default_rng(1)
    process = psutil.Process()
    asyncio.run(_added(Dedup(), draw, 100_000))  # what the first use of numpy takes is not the index's
    before = process.memory_info().rss
    dedup = Dedup()
    began, wall = time.process_time(), time.perf_counter()
    for start in range(0, events, _BLOCK):
        hashes = draw.integers(0, _END, (2, min(_BLOCK, events - start)), np.uint64, endpoint=True)
        dedup.load("default", *hashes)
    dedup.loaded()
    loaded_s, loaded_cpu_s = time.perf_counter() - wall, time.process_time() - began
    loaded = process.memory_info().rss - before
    costs, longest, most = asyncio.run(_added(dedup, draw, ADDED))
    return {
        "index_load_s": round(loaded_s, 2),
        "index_load_cpu_s": round(loaded_cpu_s, 2),
        "bytes_per_event_after_start": round(loaded / events, 2),
        "bytes_per_event_at_most": round((most - before) / dedup.entries(), 2),
        "new_event_us": round(costs, 3),
        "longest_step_ms": round(longest, 2),
        "known_1000_in_the_index_ms": round(_known(dedup, draw), 3),
    }


def _batches(draw: np.random.Generator, events: int) -> Iterator[list[Admissible]]:
    for _ in range(events // BATCH):
        ids, contents = draw.integers(0, _END, (2, BATCH), np.uint64, endpoint=True).tolist()
        yield [Admissible("", 0, content, b"", one) for one, content in zip(ids, contents, strict=True)]


async def _added(dedup: Dedup, draw: np.random.Generator, events: int) -> tuple[float, float, int]:
    """(us of CPU an event, ms of the longest step, bytes resident at most)."""
    group = asyncio.get_running_loop().create_future()
    used = longest = 0.0
    most = 0
    process = psutil.Process()
    for batch in _batches(draw, events):
        steps = [time.process_time()]
        made = batch_of(batch)
        found = dedup.sort("default", made, {})
        steps.append(time.process_time())
        assert len(found.fresh) == BATCH
        dedup.opened("default", [event.id_hash for event in found.fresh], group)
        steps.append(time.process_time())
        dedup.settled("default", found.fresh, kept=True)
        steps.append(time.process_time())
        while dedup.behind:
            dedup.work()
            steps.append(time.process_time())
        used += steps[-1] - steps[0]
        longest = max(longest, *(later - earlier for earlier, later in pairwise(steps)))
        most = max(most, process.memory_info().rss)
    group.cancel()
    return used / events * 1e6, longest * 1e3, most


def _known(dedup: Dedup, draw: np.random.Generator) -> float:
    """Milliseconds of CPU for a batch of which every id is known."""
    [batch] = _batches(draw, BATCH)
    dedup.settled("default", batch, kept=True)
    began = time.process_time()
    found = dedup.sort("default", batch_of(batch), {})
    took = time.process_time() - began
    assert len(found.duplicates) == BATCH
    return took * 1e3


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=EVENTS, help="stored ones")
    parser.add_argument("--index", action="store_true", help="the index alone")
    given = parser.parse_args()
    print(json.dumps(_index(given.events) if given.index else measure(given.events), indent=2))
