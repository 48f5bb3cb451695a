"""A tenant that asks much delays itself; the others have their turn."""

from __future__ import annotations

import asyncio
import gc
import threading
import weakref

import pytest

from pulsestream.errors import TooManyRequests
from pulsestream.turns import Turns

PATIENCE_S = 30


def test_a_call_returns_and_raises_what_it_does():
    async def run():
        turns = Turns(1, name="test", waiting_max=10)
        assert await turns.run("a", lambda: 42) == 42
        with pytest.raises(ZeroDivisionError):
            await turns.run("a", lambda: 1 // 0)
        assert await turns.run("a", lambda: 43) == 43, "a thread that raised is free again"
        turns.close()

    asyncio.run(run())


class Held:
    """One thread, held by a first call until `release`; `order` is who came after."""

    def __init__(self, **changes):
        self.turns = Turns(**({"threads": 1, "name": "test", "waiting_max": 100} | changes))
        self.gate = threading.Event()
        self.order = []

    async def start(self):
        self.tasks = [asyncio.create_task(self.turns.run("holder", lambda: self.gate.wait(PATIENCE_S)))]
        await asyncio.sleep(0)

    async def ask(self, tenant):
        self.tasks.append(asyncio.create_task(self.turns.run(tenant, lambda: self.order.append(tenant))))
        await asyncio.sleep(0)
        return self.tasks[-1]

    async def release(self):
        self.gate.set()
        await asyncio.wait_for(asyncio.gather(*self.tasks, return_exceptions=True), PATIENCE_S)
        self.turns.close()


def test_turns_go_round_among_tenants():
    async def run():
        held = Held()
        await held.start()
        for tenant in "aaaaabbc":
            await held.ask(tenant)
        await held.release()
        assert "".join(held.order) == "abcabaaa"

    asyncio.run(run())


def test_a_tenant_that_asks_too_much_is_refused_and_others_are_not():
    async def run():
        held = Held(waiting_max=2)
        await held.start()
        for _ in range(2):
            await held.ask("a")
        with pytest.raises(TooManyRequests, match="tenant"):
            await held.turns.run("a", lambda: None)
        await held.ask("b")
        await held.release()
        assert sorted(held.order) == ["a", "a", "b"]

    asyncio.run(run())


def test_who_leaves_the_queue_holds_up_nobody():
    async def run():
        held = Held()
        await held.start()
        leaving = await held.ask("a")
        await held.ask("b")
        leaving.cancel()
        await asyncio.sleep(0)
        await held.release()
        assert held.order == ["b"]

    asyncio.run(run())


def test_who_leaves_with_the_turn_in_hand_passes_it_on():
    async def run():
        held = Held()
        await held.start()
        leaving = await held.ask("a")
        await held.ask("b")
        held.turns._give_turn("a")  # as the end of a call does
        leaving.cancel()
        await held.release()
        assert held.order == ["b"]

    asyncio.run(run())


def test_a_spare_thread_is_for_who_has_no_call_under_way():
    async def run():
        held = Held(spare=1)
        await held.start()
        mine = await held.ask("holder")
        await held.ask("b")
        await asyncio.wait_for(held.tasks[-1], PATIENCE_S)
        assert held.order == ["b"]
        assert not mine.done(), "the holder has a thread already"
        await held.release()
        assert held.order == ["b", "holder"]

    asyncio.run(run())


def test_several_threads_work_at_one_time():
    async def run():
        turns, both = Turns(2, name="test", waiting_max=1), threading.Barrier(2, timeout=PATIENCE_S)
        await asyncio.gather(turns.run("a", both.wait), turns.run("a", both.wait))
        turns.close()

    asyncio.run(run())


def test_what_a_call_was_about_goes_with_its_error():
    class Body:
        pass

    async def run():
        turns = Turns(1, name="test", waiting_max=10)
        body = Body()
        gone = weakref.ref(body)

        def fail(body=body):
            raise ValueError(body)

        del body
        with pytest.raises(ValueError, match="Body"):
            await turns.run("a", fail)
        turns.close()
        del fail
        await asyncio.sleep(0)
        return gone()

    gc.disable()  # with it, it would be gone some time later: bodies are large
    try:
        assert asyncio.run(run()) is None
    finally:
        gc.enable()
