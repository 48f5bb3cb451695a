"""What several ask at one time is asked once, and ended when nobody waits for it any more."""

from __future__ import annotations

import asyncio

import pytest

from pulsestream.query.shared import Shared


class Engine:
    """Answers when it is told to."""

    def __init__(self):
        self.asked = []

    async def ask(self):
        answer = asyncio.get_running_loop().create_future()
        self.asked.append(answer)
        return await answer


async def turns():
    for _ in range(5):
        await asyncio.sleep(0)


def begun(shared, engine, key, count):
    return [asyncio.create_task(shared.get(key, engine.ask)) for _ in range(count)]


def test_those_who_ask_for_the_same_at_one_time_are_given_one_answer():
    async def run():
        shared, engine = Shared(), Engine()
        same, other = begun(shared, engine, "a", 3), begun(shared, engine, "b", 1)
        await turns()
        assert len(engine.asked) == 2
        for number, answer in enumerate(engine.asked):
            answer.set_result(number)
        assert await asyncio.gather(*same, *other) == [0, 0, 0, 1]
        [again] = begun(shared, engine, "a", 1)
        await turns()
        engine.asked[2].set_result(7)
        assert await again == 7, "nothing is kept"

    asyncio.run(run())


def test_what_it_raises_is_raised_to_all_and_the_next_asks_anew():
    async def run():
        shared, engine = Shared(), Engine()
        tasks = begun(shared, engine, "a", 2)
        await turns()
        engine.asked[0].set_exception(ValueError("no"))
        assert [type(one) for one in await asyncio.gather(*tasks, return_exceptions=True)] == [ValueError] * 2
        [again] = begun(shared, engine, "a", 1)
        await turns()
        engine.asked[1].set_result(1)
        assert await again == 1

    asyncio.run(run())


def test_it_goes_on_while_one_waits_and_ends_with_the_last():
    async def run():
        shared, engine = Shared(), Engine()
        first, second = begun(shared, engine, "a", 2)
        await turns()
        first.cancel()
        await turns()
        assert not engine.asked[0].cancelled()
        second.cancel()
        [third] = begun(shared, engine, "a", 1)
        await turns()
        assert engine.asked[0].cancelled()
        engine.asked[1].set_result(3)
        assert await third == 3
        for task in (first, second):
            with pytest.raises(asyncio.CancelledError):
                await task

    asyncio.run(run())
