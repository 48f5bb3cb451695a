"""Listeners are told of each arrival once, in order; a slow one of how many it missed, and it slows nobody else."""

from __future__ import annotations

import asyncio
import contextlib

import pytest
from msgspec.json import decode

from pulsestream.errors import QueryTooHeavy, StoreBusy, TooManyRequests
from pulsestream.ingest.watermark import Watermark
from pulsestream.query import tail
from pulsestream.query.expression import EVERYTHING, Field, one_of
from pulsestream.query.model import Query, View
from pulsestream.query.run import Questions
from pulsestream.query.tail import Listener, Tails
from unit.ingest.lines import event, line

PATIENCE_S = 20.0
ORDERS = Query(tenant="acme", limit=1, where=one_of(Field("service"), ("orders",)))
ALL = Query(tenant="acme", limit=1, where=EVERYTHING)


@pytest.fixture
def dsn():
    """One store is enough: its statements are compared on all of them in test_questions."""
    return "chdb://memory"


class Arriving:
    """A store that is fed by hand, and those who listen to it."""

    def __init__(self, store, session):
        self.session = session
        self.watermark = Watermark(0, lambda: None)
        self.questions = Questions(
            open_session=lambda: store.session(threads=1), view=lambda _: View(hidden=["e13"]), threads=1, mark="test"
        )
        self.tails = Tails(self.questions, self.watermark)
        self.position = 0

    def arrive(self, count=1, tenant="acme", service="orders"):
        numbers = range(self.position + 1, self.position + count + 1)
        source = {"service": service, "endpoint": "/", "method": "GET"}
        self.session.insert_events(
            b"".join(line(number, event(f"e{number}", source=source), tenant=tenant) for number in numbers)
        )
        self.position += count
        self.watermark.acknowledged(tenant, self.position)
        self.watermark.advance(self.position)

    @contextlib.asynccontextmanager
    async def listening(self, query=ALL, after=None, last=0):
        async with self.tails.listening(query, after=after, last=last) as listener:
            yield listener


def told(test):
    """The test, with what arrives on the store."""

    def runs(store, session):
        async def within():
            arriving = Arriving(store, session)
            try:
                await test(arriving)
            finally:
                await asyncio.to_thread(arriving.questions.close)

        asyncio.run(within())

    return runs


async def batch(listener, patience_s=PATIENCE_S):
    found = await listener.next(patience_s)
    return [int(decode(one)["event_id"][1:]) for one in found.events], found.dropped, found.position


@told
async def test_each_arrival_is_told_once_in_order(arriving):
    arriving.arrive(5)
    async with arriving.listening(last=3) as first, arriving.listening(ORDERS) as second:
        assert await batch(first) == ([3, 4, 5], 0, 5)
        arriving.arrive(2)
        arriving.arrive(3, service="other")
        numbers = []
        while len(numbers) < 5:
            numbers += (await batch(first))[0]
        assert numbers == [6, 7, 8, 9, 10]
        assert (await batch(second))[0] == [6, 7]
        arriving.arrive(3, tenant="zeta")  # nobody here is told, nor asks
        arriving.arrive(1)  # the 14th; the 13th is not to be seen
        assert (await batch(first))[0] == [14]
        assert await batch(second) == ([14], 0, 14)
    assert arriving.tails.listeners == 0


@told
async def test_who_comes_back_is_told_what_it_missed(arriving):
    arriving.arrive(4)
    async with arriving.listening() as listener:
        arriving.arrive(2)
        numbers, _, position = await batch(listener)
        assert (numbers, position) == ([5, 6], 6)
    arriving.arrive(8)
    async with arriving.listening(after=position) as listener:
        assert await batch(listener) == ([7, 8, 9, 10, 11, 12, 14], 0, 14)
    async with arriving.listening(after=99) as listener:
        assert await batch(listener, 0) == ([], 0, 14)


@told
async def test_of_too_many_the_newest_are_told_and_the_others_counted(arriving):
    arriving.arrive(12)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tail, "READ_MAX", 4)
        async with arriving.listening(after=1) as listener:
            assert await batch(listener) == ([9, 10, 11, 12], 7, 12)
            arriving.arrive(6)
            assert await batch(listener) == ([15, 16, 17, 18], 1, 18)


@told
async def test_the_newest_are_looked_for_further_back_until_they_are_found(arriving):
    arriving.arrive(3)
    arriving.arrive(9, tenant="zeta")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tail, "_LOOKED_BACK", (2, 5))
        async with arriving.listening(last=2) as listener:
            assert (await batch(listener))[0] == [2, 3]
        async with arriving.listening(last=100) as listener:
            assert (await batch(listener))[0] == [1, 2, 3]


@told
async def test_who_does_not_read_holds_up_nobody(arriving):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tail, "WAITING_MAX", 3)
        async with arriving.listening() as slow, arriving.listening() as quick:
            for number in range(1, 8):
                arriving.arrive()
                assert (await batch(quick))[0] == [number]
            assert await batch(slow) == ([5, 6, 7], 4, 7)


@told
async def test_a_reading_that_failed_is_done_again(arriving):
    async with arriving.listening() as listener:
        read, failed = arriving.questions.read, []

        async def fails(*given, **named):
            if not failed:
                failed.append(given)
                raise StoreBusy("the engine is gone")
            return await read(*given, **named)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(tail, "_RETRY_S", 0)
            arriving.questions.read = fails
            arriving.arrive(2)
            assert (await batch(listener))[0] == [1, 2]
        assert failed


@told
async def test_what_is_too_heavy_to_be_read_is_left_out_and_counted(arriving):
    async with arriving.listening() as listener:
        read, failed = arriving.questions.read, []

        async def fails(*given, **named):
            if not failed:
                failed.append(given)
                raise QueryTooHeavy("the events are large")
            return await read(*given, **named)

        arriving.questions.read = fails
        arriving.arrive(2)
        assert await batch(listener) == ([], 2, 2)
        arriving.arrive(1)
        assert await batch(listener) == ([3], 0, 3)


@told
async def test_a_tenant_has_so_many_tails(arriving):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tail, "LISTENERS_MAX", 2)
        async with arriving.listening(), arriving.listening(ORDERS):
            assert arriving.tails.listeners == 2
            with pytest.raises(TooManyRequests, match="2 tails open"):
                async with arriving.listening():
                    pass
        async with arriving.listening():
            assert arriving.tails.listeners == 1


@told
async def test_all_tails_end_when_the_server_stops(arriving):
    async with arriving.listening() as listener:
        waiting = asyncio.ensure_future(listener.next(PATIENCE_S))
        await asyncio.sleep(0)
        arriving.tails.end()
        assert (await waiting).events == []
        assert listener.ended
    async with arriving.listening() as late:
        assert late.ended


def test_what_waits_for_a_listener_is_bounded_in_bytes(monkeypatch):
    monkeypatch.setattr(tail, "WAITING_BYTES_MAX", 100)

    async def fills():
        listener = Listener(0)
        for number in range(1, 11):
            listener.give([(number, b"x" * 30)], 0, number)
        return await listener.next(0)

    found = asyncio.run(fills())
    assert (len(found.events), found.dropped, found.position) == (3, 7, 10)


def test_what_came_before_is_bounded_in_bytes_too_but_the_newest_is_told(monkeypatch):
    monkeypatch.setattr(tail, "WAITING_BYTES_MAX", 100)

    async def fills():
        listener = Listener(10)
        listener.begin([(number, b"x" * 30) for number in range(1, 11)], 2)
        found = [await listener.next(0)]
        listener.give([(11, b"x" * 300)], 0, 11)
        return [*found, await listener.next(0)]

    first, then = asyncio.run(fills())
    assert (len(first.events), first.dropped) == (3, 9)
    assert (len(then.events), then.dropped) == (1, 0)


def test_much_that_waits_comes_in_several_batches(monkeypatch):
    monkeypatch.setattr(tail, "_BATCH_MAX", 2)

    async def fills():
        listener = Listener(0)
        listener.give([(number, b"x") for number in range(1, 6)], 0, 9)
        return [await listener.next(0) for _ in range(4)]

    assert [(len(one.events), one.position) for one in asyncio.run(fills())] == [(2, 2), (2, 4), (1, 9), (0, 9)]
