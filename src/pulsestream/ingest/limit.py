"""The rate of each tenant, in events: the generic cell rate algorithm (GCRA), as a virtual schedule.

A tenant's events are due one every 1/rate seconds. `due` is when the next would be, if all so far had come on
time; it may lie ahead of now by what the burst allows, burst/rate seconds. (ITU-T I.371, annex A.)
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable

from msgspec import Struct

from pulsestream.clock import Clock
from pulsestream.control.tenants import Limits
from pulsestream.errors import RateLimited, TooLarge


class Quota(Struct, frozen=True):
    """Where a tenant stands. `limit` and `remaining` are events; `reset_s`: until all of the burst is free again."""

    limit: int
    remaining: int
    window_s: float
    reset_s: float

    @property
    def headers(self) -> dict[str, str]:
        """The fields of draft-ietf-httpapi-ratelimit-headers-10."""
        window = max(1, math.ceil(self.window_s))
        return {
            "RateLimit-Policy": f'"events";q={self.limit};qu="events";w={window}',
            "RateLimit": f'"events";r={self.remaining};t={math.ceil(self.reset_s)}',
        }


class RateLimiter:
    """May be called from any thread: bodies are decoded on more than one."""

    def __init__(self, limits: Callable[[str], Limits], clock: Clock) -> None:
        self._limits = limits
        self._clock = clock
        self._lock = threading.Lock()
        self._due: dict[str, float] = {}

    def take(self, tenant: str, events: int, *, dry_run: bool = False) -> None:
        """Let these events in, all of them or none. A dry run only looks.

        Raises RateLimited where they do not fit now, TooLarge where they never will.
        """
        limits = self._limits(tenant)
        rate = limits.rate_events_per_s
        if rate is None or not events:
            return
        if events > limits.burst_events:
            raise TooLarge(
                f"a request may hold {limits.burst_events} events at this tenant's rate, this one holds {events}: "
                "send smaller batches",
                events_max=min(limits.burst_events, limits.batch_events_max),
            )
        with self._lock:
            now = self._clock.monotonic()
            due = max(self._due.get(tenant, now), now) + events / rate
            wait_s = due - now - limits.burst_events / rate
            if wait_s > _rounding_s(rate):
                raise _limited(rate, wait_s)
            if not dry_run:
                self._due[tenant] = due

    def check_debt(self, tenant: str) -> None:
        """Raises RateLimited where not even one event fits: nothing of a request need be decoded then."""
        self.take(tenant, 1, dry_run=True)

    def give_back(self, tenant: str, events: int) -> None:
        """These were let in, and then the server itself had no room for them."""
        rate = self._limits(tenant).rate_events_per_s
        if rate is not None:
            with self._lock:
                if tenant in self._due:
                    self._due[tenant] -= events / rate

    def quota(self, tenant: str) -> Quota | None:
        """Where the tenant stands now; None where it has no limit."""
        limits = self._limits(tenant)
        rate = limits.rate_events_per_s
        if rate is None:
            return None
        with self._lock:
            now = self._clock.monotonic()
            ahead_s = max(0.0, self._due.get(tenant, now) - now)
        return Quota(
            limit=limits.burst_events,
            # Within the half of what `take` passes over, so that what remains can be sent.
            remaining=max(0, math.floor(limits.burst_events - (ahead_s - _rounding_s(rate) / 2) * rate)),
            window_s=limits.burst_events / rate,
            reset_s=ahead_s,
        )

    def forget(self, tenant: str) -> None:
        """Its limits are new: it begins with all of its burst."""
        with self._lock:
            self._due.pop(tenant, None)


def _rounding_s(rate: float) -> float:
    """A sum of many small steps must not refuse the last event of a burst, nor let in one more."""
    return min(1e-6, 0.1 / rate)


def _limited(rate: float, wait_s: float) -> RateLimited:
    return RateLimited(f"over this tenant's rate of {rate:g} events/s: this fits in {wait_s:.3f} s", wait_s)
