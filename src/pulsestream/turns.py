"""A few threads for many tenants: each tenant waits in a queue of its own, and whose turn it is goes round."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter, deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from pulsestream.errors import TooManyRequests

T = TypeVar("T")


class Turns:
    """For the event loop's thread. A tenant that asks much delays itself, and others by one turn each."""

    def __init__(self, threads: int, *, name: str, waiting_max: int, spare: int = 0) -> None:
        """`spare`: threads beyond those, for tenants of which no call is under way.

        `waiting_max`: calls of one tenant that may wait; beyond it `run` raises TooManyRequests.
        """
        self._executor = ThreadPoolExecutor(threads + spare, thread_name_prefix=name)
        self._free = threads + spare
        self._spare = spare
        self._under_way: Counter[str] = Counter()
        self._waiting_max = waiting_max
        self._waiting: dict[str, deque[asyncio.Future[None]]] = {}  # in the order of whose turn comes next

    @property
    def under_way(self) -> int:
        """Calls that have a thread."""
        return sum(self._under_way.values())

    async def run(self, tenant: str, call: Callable[[], T], *, began: Callable[[], None] | None = None) -> T:
        """What `call` returns or raises, called on one of the threads when it is this tenant's turn.

        `began` is called before that: from then on `call` is called, whatever happens.
        Who is cancelled while it runs leaves the thread busy until it ends.
        """
        if self._may_begin(tenant):
            self._begin(tenant)
        else:
            await self._turn(tenant)
        if began is not None:
            began()
        running = asyncio.get_running_loop().run_in_executor(self._executor, call)
        running.add_done_callback(lambda done: self._ended(tenant, done))
        try:
            return await asyncio.shield(running)
        finally:
            del running  # an error holds this frame, which would hold the error, and with it what the call was about

    def close(self) -> None:
        """Wait for the calls under way; those that wait are cancelled."""
        for queue in self._waiting.values():
            for turn in queue:
                turn.cancel()
        self._executor.shutdown(wait=True, cancel_futures=True)

    async def _turn(self, tenant: str) -> None:
        queue = self._waiting.setdefault(tenant, deque())
        if len(queue) >= self._waiting_max:
            raise TooManyRequests("too many requests of this tenant wait already: send this again in a moment")
        turn = asyncio.get_running_loop().create_future()
        queue.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self._end(tenant)  # it was given the turn and cannot use it
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

    def _ended(self, tenant: str, done: asyncio.Future[T]) -> None:
        if not done.cancelled():
            done.exception()  # nobody may be there to hear it
        self._end(tenant)

    def _may_begin(self, tenant: str) -> bool:
        return self._free > (self._spare if self._under_way[tenant] else 0)

    def _begin(self, tenant: str) -> None:
        self._free -= 1
        self._under_way[tenant] += 1

    def _end(self, tenant: str) -> None:
        self._free += 1
        self._under_way[tenant] -= 1
        if not self._under_way[tenant]:
            del self._under_way[tenant]
        for waiting in [one for one in self._waiting if self._may_begin(one)]:
            if self._may_begin(waiting):
                self._give_turn(waiting)

    def _give_turn(self, tenant: str) -> None:
        queue = self._waiting.pop(tenant)
        while queue:
            turn = queue.popleft()
            if not turn.done():
                self._begin(tenant)
                turn.set_result(None)
                break
        if queue:
            self._waiting[tenant] = queue  # behind everybody else
