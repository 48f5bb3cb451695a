"""How the engine is: asked now and then, and never waited for longer than one has time."""

from __future__ import annotations

import asyncio
import threading

import pytest

from pulsestream.errors import StoreBusy
from pulsestream.store.port import EngineState
from pulsestream.store.probe import FRESH_S, Probe, Seen
from unit.ingest.lines import StillClock

STATE = EngineState(parts=3, parts_in_partition_max=2, rows=10, disk_bytes=100, memory_bytes=1000, merges=0)
PATIENCE_S = 60


class Engine:
    """A session that answers when its gate is open, or fails."""

    def __init__(self):
        self.gate = threading.Event()
        self.gate.set()
        self.error = None
        self.asked = 0
        self.closed = False

    def engine(self):
        self.asked += 1
        assert self.gate.wait(PATIENCE_S)
        if self.error:
            raise self.error
        return STATE

    def close(self):
        self.closed = True


@pytest.fixture
def engine():
    return Engine()


@pytest.fixture
def clock():
    return StillClock()


@pytest.fixture
def probe(engine, clock):
    return Probe(open_session=lambda: engine, tick=clock.monotonic)


def test_an_answer_is_good_for_a_few_seconds(engine, clock, probe):
    async def run():
        assert [await probe.look(PATIENCE_S) for _ in range(3)] == [Seen(up=True, state=STATE)] * 3
        assert engine.asked == 1
        clock.seconds += FRESH_S
        assert (await probe.look(PATIENCE_S)).up
        assert engine.asked == 2
        await asyncio.to_thread(probe.close, patience_s=PATIENCE_S)
        assert engine.closed

    asyncio.run(run())


def test_an_engine_that_is_busy_is_asked_once_and_its_last_answer_stands(engine, clock, probe):
    async def run():
        assert (await probe.look(PATIENCE_S)).up
        clock.seconds += FRESH_S
        engine.gate.clear()
        for _ in range(3):
            assert await probe.look(0.001) == Seen(up=False, state=STATE)
        assert engine.asked == 2
        engine.gate.set()
        assert await probe.look(PATIENCE_S) == Seen(up=True, state=STATE)

    asyncio.run(run())


@pytest.mark.parametrize("error", [StoreBusy("the engine is gone"), ZeroDivisionError()])
def test_an_engine_that_fails_is_not_up_and_is_asked_again(engine, probe, error):
    async def run():
        engine.error = error
        assert await probe.look(PATIENCE_S) == Seen(up=False, state=None)
        engine.error = None
        assert await probe.look(PATIENCE_S) == Seen(up=True, state=STATE)

    asyncio.run(run())


def test_a_stop_does_not_wait_for_an_engine_that_hangs(engine, probe):
    async def run():
        engine.gate.clear()
        await probe.look(0.001)
        await asyncio.to_thread(probe.close, patience_s=0.001)
        assert not engine.closed, "it is in use"
        engine.gate.set()
        assert (await probe.look(PATIENCE_S)).up

    asyncio.run(run())
