"""A few threads for many tenants: each tenant waits in a queue of its own, and whose turn it is goes round."""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from pulsestream.errors import Overloaded

T = TypeVar("T")


class Turns:
    """For the event loop's thread. A tenant that asks much delays itself, and others by one turn each."""

    def __init__(self, threads: int, *, name: str, waiting_max: int) -> None:
        """`waiting_max`: calls of one tenant that may wait; beyond it `run` raises Overloaded."""
        self._executor = ThreadPoolExecutor(threads, thread_name_prefix=name)
        self._free = threads
        self._waiting_max = waiting_max
        self._waiting: dict[str, deque[asyncio.Future[None]]] = {}  # in the order of whose turn comes next

    async def run(self, tenant: str, call: Callable[[], T]) -> T:
        """What `call` returns or raises, called on one of the threads when it is this tenant's turn."""
        if self._free:
            self._free -= 1
        else:
            await self._turn(tenant)
        try:
            return await asyncio.get_running_loop().run_in_executor(self._executor, call)
        finally:
            self._pass_on()

    def close(self) -> None:
        """Wait for the calls under way; those that wait are cancelled."""
        for queue in self._waiting.values():
            for turn in queue:
                turn.cancel()
        self._executor.shutdown(wait=True, cancel_futures=True)

    async def _turn(self, tenant: str) -> None:
        queue = self._waiting.setdefault(tenant, deque())
        if len(queue) >= self._waiting_max:
            raise Overloaded("too many requests of this tenant wait already: send this again in a moment")
        turn = asyncio.get_running_loop().create_future()
        queue.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self._pass_on()  # it was given the turn and cannot use it
            else:
                self._leave(tenant, turn)
            raise

    def _leave(self, tenant: str, turn: asyncio.Future[None]) -> None:
        queue = self._waiting.get(tenant)
        if queue is not None:
            with contextlib.suppress(ValueError):
                queue.remove(turn)
            if not queue:
                del self._waiting[tenant]

    def _pass_on(self) -> None:
        while self._waiting:
            tenant = next(iter(self._waiting))
            queue = self._waiting.pop(tenant)
            turn = queue.popleft()
            if queue:
                self._waiting[tenant] = queue  # behind everybody else
            if not turn.done():
                turn.set_result(None)
                return
        self._free += 1
