"""How a tenant's events come in, told once a second to all who listen.

It is what this process counts anyway: the engine is asked nothing. One timer serves everybody, and the counts of all
tenants that somebody listens to are looked through once.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import Callable, Collection, Iterator
from datetime import datetime

from msgspec import Struct

from pulsestream.clock import Clock
from pulsestream.ingest.backlog import Backlog
from pulsestream.meters import Meters
from pulsestream.metrics import EVENTS

EVERY_S = 1.0
OUTCOMES = ("stored", "duplicate", "rejected", "rate_limited", "overloaded")
_TOLD_AT_ONCE = 20  # before the event loop sees to other things


class Pulse(Struct, frozen=True):
    """`position`: how many of the tenant's events became searchable since the server began to count.

    `events`: how many events the tenant has: acknowledged, and neither deleted nor removed. `lag_s`: the age of the
    oldest of them that no search finds yet. `received`, the sum of `outcomes`: events since the server began to count.
    """

    at: datetime
    position: int
    events: int
    lag_s: float
    received: int
    outcomes: dict[str, int]


class Listener:
    """For the event loop. Who is slow is told the newest only."""

    def __init__(self, pulse: Pulse) -> None:
        self.ended = False
        self._pulse = pulse
        self._wake = asyncio.Event()
        self._wake.set()

    def end(self) -> None:
        self.ended = True
        self._wake.set()

    def give(self, pulse: Pulse) -> None:
        self._pulse = pulse
        self._wake.set()

    async def next(self) -> Pulse | None:
        """The newest, when there is one that was not told yet. None: it has ended."""
        await self._wake.wait()
        self._wake.clear()
        return None if self.ended else self._pulse


class Pulses:
    """For the event loop. `present`: how many events a tenant has. `every_s`: between two pulses."""

    def __init__(
        self,
        *,
        clock: Clock,
        meters: Meters,
        backlog: Backlog,
        present: Callable[[str], int],
        every_s: float = EVERY_S,
    ) -> None:
        self._clock = clock
        self._meters = meters
        self._backlog = backlog
        self._present = present
        self._every_s = every_s
        self._listeners: dict[str, set[Listener]] = {}
        self._timer: asyncio.Task[None] | None = None
        self._over = False

    @property
    def listeners(self) -> int:
        return sum(map(len, self._listeners.values()))

    @contextlib.contextmanager
    def listening(self, tenant: str) -> Iterator[Listener]:
        """Told the pulse of now first, and then each."""
        listener = Listener(self.read((tenant,))[tenant])
        self._listeners.setdefault(tenant, set()).add(listener)
        if self._timer is None:
            self._timer = asyncio.create_task(self._beat())
        if self._over:
            listener.end()
        try:
            yield listener
        finally:
            listener.end()
            self._listeners[tenant].discard(listener)
            if not self._listeners[tenant]:
                del self._listeners[tenant]
            if not self._listeners and self._timer is not None:
                self._timer.cancel()
                self._timer = None

    def end(self) -> None:
        """Of all listeners, for good."""
        self._over = True
        for listeners in self._listeners.values():
            for listener in listeners:
                listener.end()

    def read(self, tenants: Collection[str]) -> dict[str, Pulse]:
        """The pulses of these. Nothing is awaited, so what is in one of them is of one moment."""
        counted = {tenant: Counter(dict.fromkeys(OUTCOMES, 0)) for tenant in tenants}
        for (tenant, outcome, _), events in self._meters.of_tenants(EVENTS, counted):
            counted[tenant][outcome] += events
        now = self._clock.now()
        return {
            tenant: Pulse(
                at=now,
                position=outcomes["stored"] - self._backlog.events(tenant),
                events=self._present(tenant),
                lag_s=round(self._backlog.lag_s(tenant), 3),
                received=outcomes.total(),
                outcomes=dict(outcomes),
            )
            for tenant, outcomes in counted.items()
        }

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(self._every_s)
            pulses = self.read([*self._listeners])
            told = [(pulses[tenant], listener) for tenant in pulses for listener in self._listeners[tenant]]
            for number, (pulse, listener) in enumerate(told, 1):
                listener.give(pulse)
                if number % _TOLD_AT_ONCE == 0:
                    await asyncio.sleep(0)  # they write meanwhile
