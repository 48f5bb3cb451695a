"""When to try again, and how long to wait before it."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, TypeVar

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from random import Random

    from pulsestream.clock import Clock

T = TypeVar("T")

# Refusals of single events that another attempt can turn around. Any other word, known or not, is final.
PASSING_REASONS = frozenset({"overloaded", "rate_limited"})
# The server says that it kept nothing and when to come back.
PASSING_STATUSES = frozenset({HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE})
# No answer from the server, in a proxy's words: the events may be in. Or the request did not arrive whole in time.
LOST_STATUSES = frozenset({HTTPStatus.BAD_GATEWAY, HTTPStatus.GATEWAY_TIMEOUT, HTTPStatus.REQUEST_TIMEOUT})


class RetryPolicy(Struct, frozen=True):
    """Exponential back-off with full jitter, within a budget of time.

    `budget_s` counts from the first failure of one delivery or question; 0 means one attempt.
    Jitter over the whole interval spreads senders best (M. Brooker, "Exponential Backoff And Jitter",
    AWS Architecture Blog, 2015).
    """

    budget_s: float = 60.0
    delay_s_first: float = 0.2
    delay_s_max: float = 10.0

    def delay_s(self, failures: int, rng: Random, retry_after_s: float | None = None) -> float:
        """How long to wait after so many failures in a row (1 or more).

        The server's Retry-After is a lower bound: the jitter comes on top, or everyone returns at once.
        """
        ceiling = min(self.delay_s_max, self.delay_s_first * 2.0 ** min(failures - 1, 32))
        if retry_after_s is None:
            return rng.uniform(0.0, ceiling)
        return retry_after_s + rng.uniform(0.0, min(ceiling, max(self.delay_s_first, retry_after_s)))


class Backoff:
    """The waits of one delivery or question, against its budget of time."""

    def __init__(
        self, policy: RetryPolicy, clock: Clock, rng: Random, pause: Callable[[float], Awaitable[bool]]
    ) -> None:
        self._policy = policy
        self._clock = clock
        self._rng = rng
        self._pause = pause
        self._failures = 0
        self._deadline: float | None = None

    @property
    def begun(self) -> bool:
        """Whether anything failed yet."""
        return self._deadline is not None

    def progress(self) -> None:
        """Something went through: the next wait is a short one again. The budget stays as it is."""
        self._failures = 0

    async def wait(self, retry_after_s: float | None = None) -> bool:
        """Wait before the next attempt. False, at once, when the budget does not reach that far."""
        now = self._clock.monotonic()
        if self._deadline is None:
            self._deadline = now + self._policy.budget_s
        self._failures += 1
        if now + (retry_after_s or 0.0) >= self._deadline:
            return False
        delay = self._policy.delay_s(self._failures, self._rng, retry_after_s)
        return await self._pause(min(delay, max(self._deadline - now, retry_after_s or 0.0)))

    async def aside(self, waiting: Awaitable[T]) -> T:
        """Await something whose time is not the budget's."""
        began = self._clock.monotonic()
        result = await waiting
        if self._deadline is not None:
            self._deadline += self._clock.monotonic() - began
        return result
