"""An export goes as fast as it is read, ends with who reads it, and takes turns with the other exports."""

from __future__ import annotations

import asyncio
import contextlib
import time

import pytest

from pulsestream.errors import Overloaded, StoreBusy
from pulsestream.query import outflow
from pulsestream.query.export import Format
from pulsestream.query.model import Query, View
from pulsestream.query.outflow import Exports
from pulsestream.store.connect import connect
from pulsestream.store.port import Statement
from unit.ingest.lines import StillClock

ENDLESS = Statement("SELECT repeat('x', 100) FROM numbers(1000000000000)", {})


class Watched:
    """The real session, which streams without end, and counts what was taken from it. `fails`: after so many chunks."""

    def __init__(self, session, seen, fails):
        self._session = session
        self._seen = seen
        self._fails = fails

    def __getattr__(self, name):
        return getattr(self._session, name)

    def stream(self, _statement, form, name, **how):
        with contextlib.closing(self._session.stream(ENDLESS, form, name, **how)) as stream:
            for chunk in stream:
                self._seen.append(len(chunk))
                if len(self._seen) == self._fails:
                    raise StoreBusy("the engine was restarted")
                yield chunk


@pytest.fixture(scope="module")
def store():
    with contextlib.closing(connect("chdb://memory", clock=StillClock(), memory_bytes_max=1 << 30)) as store:
        store.migrate()
        yield store


@pytest.fixture
def seen():
    return []


@contextlib.asynccontextmanager
async def running(store, seen, *, threads=1, fails=0):
    exports = Exports(
        open_session=lambda: Watched(store.session(threads=1), seen, fails),
        view=lambda _: View(),
        threads=threads,
        mark="test",
    )
    try:
        yield exports
    finally:
        await exports.close()


def begin(exports, tenant="acme"):
    return exports.begin(Query(tenant=tenant, limit=1), Format.NDJSON, fed=1, pack=lambda chunks: chunks)


async def until(holds):
    deadline = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.01)


def test_who_reads_nothing_stops_the_engine_after_a_few_chunks(store, seen):
    async def go():
        async with running(store, seen) as exports:
            export = begin(exports)
            assert await export.first()
            await until(lambda: len(seen) == outflow._CHUNKS_MAX + 2)  # read, in the queue, in the hand
            before = len(seen)
            for _ in range(3):
                await export.next()
            await until(lambda: len(seen) == before + 3)

    asyncio.run(go())


def test_who_leaves_frees_the_thread_for_the_next(store, seen):
    async def go():
        async with running(store, seen) as exports:
            export = begin(exports)
            await export.first()
            waiting = begin(exports)
            export.leave()
            assert await waiting.first()
            assert export.ended.is_set()

    asyncio.run(go())


def test_who_leaves_before_its_turn_never_begins(store, seen):
    async def go():
        async with running(store, seen) as exports:
            first, waiting = begin(exports), begin(exports)
            await first.first()
            waiting.leave()
            last = begin(exports)
            first.leave()
            assert await last.first()
            assert not waiting.begun

    asyncio.run(go())


def test_a_tenant_that_has_none_waits_for_no_other(store, seen):
    async def go():
        async with running(store, seen) as exports:
            await begin(exports).first()
            assert await begin(exports, tenant="zeta").first()

    asyncio.run(go())


def test_who_waits_too_long_is_told_to_come_again(store, seen, monkeypatch):
    monkeypatch.setattr(outflow, "_TURN_PATIENCE_S", 0.05)

    async def go():
        async with running(store, seen) as exports:
            export = begin(exports)
            await export.first()
            with pytest.raises(Overloaded) as caught:
                await begin(exports).first()
            assert caught.value.retryable
            assert await export.next()

    asyncio.run(go())


def test_what_fails_in_the_middle_is_raised_behind_what_there_was(store, seen):
    async def go():
        async with running(store, seen, fails=3) as exports:
            export = begin(exports)
            assert await export.first()
            assert await export.next()
            with pytest.raises(StoreBusy):
                await export.next()

    asyncio.run(go())


def test_a_server_that_stops_ends_those_under_way(store, seen):
    async def go():
        async with running(store, seen) as exports:
            export = begin(exports)
            await export.first()
        assert export.ended.is_set()

    asyncio.run(go())
