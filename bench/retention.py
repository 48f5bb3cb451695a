"""How long it takes to remove what is past the retention: whole weeks, and rows of one tenant among others'.

`python bench/retention.py` prints the figures as JSON. It needs some 500 MB of disk and memory for a minute or two.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from pulsestream.config import Settings
from pulsestream.control.audit import Actor
from pulsestream.control.tenants import OwnLimits
from pulsestream.event import TIMESTAMP_MIN
from pulsestream.generate import generate
from pulsestream.ingest.decode import decode_batch
from pulsestream.ingest.validate import Admissible, Terms, check
from pulsestream.store.port import Outcome
from pulsestream.wiring import Server

EVENTS = 1_000_000
WEEKS = 8
END = datetime(2026, 11, 23, tzinfo=UTC)  # a Monday, where a week of the store begins
BENCH = Actor("bench", "default")


class StillClock:
    def now(self) -> datetime:
        return END

    def monotonic(self) -> float:
        return time.monotonic()


def lines(tenants: list[str]) -> Iterator[list[bytes]]:
    """Journal lines in blocks, each event of the next tenant in turn."""
    position = 0
    start = END - timedelta(weeks=WEEKS)
    for block in generate(EVENTS, start=start, end=END, seed=1):
        made = []
        for index, event in enumerate(decode_batch(block, "application/x-ndjson").items):
            terms = Terms(tenants[index % len(tenants)], END, TIMESTAMP_MIN, lambda _: "")
            admitted = check(event, index, terms)  # type: ignore[arg-type]  # what we generate is regular
            assert isinstance(admitted, Admissible)
            position += 1
            made.append(b'{"position":%d%b' % (position, admitted.line))
        yield made


async def measure(tenants: list[str]) -> dict[str, object]:
    """Half of the first tenant's events are past; the others keep theirs."""
    with tempfile.TemporaryDirectory() as folder:
        server = await Server.start(Settings(data=folder), clock=StillClock())
        with contextlib.closing(server.store.session(threads=2)) as session:
            for block in lines(tenants):
                await asyncio.to_thread(session.insert_events, b"".join(block))
            session.insert_outcomes([Outcome(tenant, 0, "stored", "", 0, EVENTS) for tenant in tenants])
        await server.stop()
        server = await Server.start(Settings(data=folder), clock=StillClock())
        server.tenants.update(BENCH, "default", OwnLimits(retention_days=WEEKS // 2 * 7))
        began = time.perf_counter()
        await asyncio.to_thread(server.sweeper.sweep)
        seconds = time.perf_counter() - began
        removed = server.expirations.of("default").events
        left = (await server.questions.recency("default", END)).total
        await server.stop()
        return {
            "tenants": len(tenants),
            "removed": removed,
            "left": left,
            "seconds": round(seconds, 2),
        }


if __name__ == "__main__":
    print(json.dumps([asyncio.run(measure(["default"])), asyncio.run(measure(["default", "acme"]))], indent=2))
