"""A pulse tells what was counted, at one moment; each listener gets the newest, and no more than one timer runs."""

from __future__ import annotations

import asyncio

import pytest

from pulsestream.ingest.backlog import Backlog
from pulsestream.ingest.pulse import OUTCOMES, Pulses
from pulsestream.meters import Meters
from pulsestream.metrics import EVENTS
from unit.ingest.lines import NOW, StillClock

EVERY_S = 0.01
PATIENCE_S = 20.0


class Counting:
    """A server's counts, moved by hand."""

    def __init__(self):
        self.clock = StillClock()
        self.meters = Meters(self.clock.monotonic)
        self.backlog = Backlog(1_000_000, self.clock.monotonic)
        self.position = 0
        self.pulses = Pulses(
            clock=self.clock,
            meters=self.meters,
            backlog=self.backlog,
            present={"acme": 40, "zeta": 7}.get,
            every_s=EVERY_S,
        )

    def store(self, count, tenant="acme"):
        self.position += count
        self.meters.add(EVENTS, tenant, "stored", "", amount=count)
        self.backlog.add(self.position, tenant, count, 10)

    def refuse(self, outcome, reason, count, tenant="acme"):
        self.meters.add(EVENTS, tenant, outcome, reason, amount=count)


@pytest.fixture
def counting():
    return Counting()


def timers():
    return [task for task in asyncio.all_tasks() if task.get_coro().__name__ == "_beat"]


def waited(awaitable):
    return asyncio.wait_for(awaitable, PATIENCE_S)


def test_a_pulse_has_the_totals_of_its_tenant_and_their_sum(counting):
    counting.store(5)
    counting.store(3, "zeta")
    counting.refuse("rejected", "invalid", 2)
    counting.refuse("rejected", "conflict", 1)
    counting.refuse("rate_limited", "", 4)
    counting.clock.seconds = 1.5
    found = counting.pulses.read(("acme", "zeta", "silent"))["acme"]
    assert (found.at, found.events, found.lag_s) == (NOW, 40, 1.5)
    assert found.outcomes == {"stored": 5, "duplicate": 0, "rejected": 3, "rate_limited": 4, "overloaded": 0}
    assert found.received == 12
    silent = counting.pulses.read(("zeta",))["zeta"]
    assert (silent.received, silent.events, silent.outcomes["stored"]) == (3, 7, 3)


def test_the_position_moves_when_events_of_the_tenant_become_searchable_and_never_else(counting):
    def position(tenant):
        return counting.pulses.read((tenant,))[tenant].position

    assert position("acme") == 0
    counting.store(5)
    counting.store(2, "zeta")
    assert (position("acme"), position("zeta")) == (0, 0)
    counting.backlog.advance(5)
    assert (position("acme"), position("zeta")) == (5, 0)
    counting.refuse("duplicate", "", 3)
    counting.backlog.advance(7)
    assert (position("acme"), position("zeta")) == (5, 2)
    counting.position = 3  # of a group that the engine has before it is settled
    counting.store(1)
    assert position("acme") == 6


def test_all_are_told_at_once_and_again_and_one_timer_runs_while_somebody_listens(counting):
    async def run():
        with counting.pulses.listening("acme") as one:
            with counting.pulses.listening("acme") as two, counting.pulses.listening("zeta") as other:
                assert [(await waited(listener.next())).received for listener in (one, two, other)] == [0, 0, 0]
                counting.store(4)
                assert [(await waited(listener.next())).received for listener in (one, two, other)] == [4, 4, 0]
                assert (counting.pulses.listeners, len(timers())) == (3, 1)
            counting.store(1)
            while (await waited(one.next())).received < 5:
                pass
        assert counting.pulses.listeners == 0
        await asyncio.gather(*timers(), return_exceptions=True)
        assert timers() == []
        with counting.pulses.listening("acme") as again:
            assert (await waited(again.next())).received == 5
            counting.store(1)
            assert (await waited(again.next())).received == 6

    asyncio.run(run())


def test_many_are_told_and_what_else_there_is_to_do_is_done_meanwhile(counting):
    async def run():
        told = []
        loop = asyncio.get_running_loop()

        async def listen():
            with counting.pulses.listening("acme") as listener:
                await listener.next()
                assert (await waited(listener.next())).received == 1
                told.append(loop.time())

        tasks = [asyncio.create_task(listen()) for _ in range(500)]
        await asyncio.sleep(0)
        counting.store(1)
        turns = 0
        while len(told) < 500:
            before = len(told)
            await asyncio.sleep(0)
            turns += len(told) > before
        await asyncio.gather(*tasks)
        assert turns > 10, "they were all told in a few turns of the loop"

    asyncio.run(run())


def test_who_is_slow_is_told_the_newest_only(counting):
    async def run():
        with counting.pulses.listening("acme") as slow, counting.pulses.listening("acme") as quick:
            for number in range(1, 4):
                counting.store(1)
                while (await waited(quick.next())).received < number:
                    pass
            assert (await waited(slow.next())).received == 3

    asyncio.run(run())


def test_it_ends_for_all_and_for_good(counting):
    async def run():
        with counting.pulses.listening("acme") as one, counting.pulses.listening("zeta") as two:
            await waited(one.next())
            waiting = asyncio.create_task(one.next())
            await asyncio.sleep(0)
            counting.pulses.end()
            assert [await waited(waiting), await waited(two.next())] == [None, None]
            with counting.pulses.listening("acme") as late:
                assert await waited(late.next()) is None

    asyncio.run(run())


def test_every_outcome_there_is_has_a_place():
    counting = Counting()
    assert tuple(counting.pulses.read(("acme",))["acme"].outcomes) == OUTCOMES
