"""What several ask at one time is asked once."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, TypeVar

T = TypeVar("T")


class _UnderWay(Generic[T]):
    def __init__(self, task: asyncio.Task[T]) -> None:
        self.task = task
        self.waiting = 0


class Shared(Generic[T]):
    """For the event loop. Nothing is kept: who asks when there is an answer already asks anew."""

    def __init__(self) -> None:
        self._under_way: dict[Hashable, _UnderWay[T]] = {}

    async def get(self, key: Hashable, ask: Callable[[], Awaitable[T]]) -> T:
        """What `ask` gives or raises, or what somebody is given who asks for the same just now.

        It is ended when all have left who wait for it.
        """
        found = self._under_way.get(key)
        if found is None:
            found = self._under_way[key] = _UnderWay(asyncio.ensure_future(ask()))
        found.waiting += 1
        try:
            return await asyncio.shield(found.task)
        finally:
            found.waiting -= 1
            if self._under_way.get(key) is found and (found.task.done() or not found.waiting):
                del self._under_way[key]
            if not found.waiting:
                found.task.cancel()
