"""Where the senders of one client queue while the server limits their rate."""

from __future__ import annotations

import asyncio
import math
from typing import TYPE_CHECKING

from pulsestream.client.connection import NoAnswer
from pulsestream.client.retry import LOST_STATUSES, PASSING_STATUSES

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from pulsestream.client.connection import Reply
    from pulsestream.clock import Clock

_WAIT_S_MIN = 0.001  # a server that says 0 and goes on refusing is not asked in a tight loop


class Gate:
    """Open, nobody comes to it. The first request over the rate closes it: one sender at a time then asks, in
    the order of their arrival, and asks again when the server said that its events fit. So no sender takes the
    room that another one waits for. A request that fits without a wait opens the gate again.

    `budget_s`: how long a sender stays while nothing gets in. `pause` is how it waits; False ends the wait.
    """

    def __init__(self, clock: Clock, budget_s: float, pause: Callable[[float], Awaitable[bool]]) -> None:
        self.closed = False
        self._clock = clock
        self._budget_s = budget_s
        self._pause = pause
        self._turn = asyncio.Lock()
        self._got_in_s = -math.inf
        self._waited_s = 0.0
        self._waiting_since_s: float | None = None

    @property
    def waited_s(self) -> float:
        """Wall time spent waiting for room, whatever the number of senders; grows during a wait."""
        since_s = self._waiting_since_s
        return self._waited_s + (0.0 if since_s is None else self._clock.monotonic() - since_s)

    async def send(self, request: Callable[[], Awaitable[Reply]], refused: Reply | None = None) -> Reply:
        """Send in turn, until the rate has room. `refused`: the answer to an attempt before the gate was closed.

        The answer is over the rate still when nothing got in for the budget, or the room comes after its end.
        Raises NoAnswer.
        """
        reply = refused
        came_s = due_s = self._clock.monotonic()
        if reply is not None:
            due_s += _wait_s(reply)
            if self._beyond(due_s, came_s):
                return reply
            self.closed = True
        async with self._turn:
            waited_s = self._waited_s
            while await self._hold(due_s):
                reply = await request()
                now_s = self._clock.monotonic()
                if reply.fits_in_s is None:
                    if reply.status not in PASSING_STATUSES | LOST_STATUSES:
                        self._got_in_s = now_s
                        self.closed = self._waited_s > waited_s
                    return reply
                due_s = now_s + _wait_s(reply)
                if self._beyond(due_s, came_s):
                    return reply
                self.closed = True
        if reply is None:
            raise NoAnswer("sending was stopped", lost=False, final=True)
        return reply

    def _beyond(self, due_s: float, came_s: float) -> bool:
        return due_s >= max(came_s, self._got_in_s) + self._budget_s

    async def _hold(self, due_s: float) -> bool:
        """Wait until `due_s`; False when the wait was cut short."""
        self._waiting_since_s = self._clock.monotonic()
        try:
            return await self._pause(max(0.0, due_s - self._waiting_since_s))
        finally:
            if due_s > self._waiting_since_s:
                self._waited_s = self.waited_s
            self._waiting_since_s = None


def _wait_s(reply: Reply) -> float:
    return max(reply.fits_in_s or 0.0, _WAIT_S_MIN)
