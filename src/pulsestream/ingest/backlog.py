"""What is acknowledged and not yet in the engine, by tenant: it bounds the journal, and says how many events wait."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable

from pulsestream.ingest.share import Share


class Backlog:
    """For the event loop. `add` comes in order of position. `tick`: seconds since some fixed moment."""

    def __init__(self, bytes_max: int, tick: Callable[[], float]) -> None:
        self._share = Share(bytes_max)
        self._events: Counter[str] = Counter()
        self._tick = tick
        self._fed = 0
        # By tenant: position, events, bytes, when they were on disk.
        self._waiting: dict[str, deque[tuple[int, int, int, float]]] = {}

    def has_room(self, tenant: str) -> bool:
        return self._share.has_room(tenant)

    def add(self, position: int, tenant: str, events: int, size: int) -> None:
        """These events are on disk; `position` is the last of their group."""
        if events and position > self._fed:
            self._share.take(tenant, size)
            self._events[tenant] += events
            waiting = self._waiting.get(tenant)
            if waiting is None:
                waiting = self._waiting[tenant] = deque()
            waiting.append((position, events, size, self._tick()))

    def advance(self, fed: int) -> float:
        """The engine has everything up to `fed`. The age of the oldest event that waited for that; 0 where none did."""
        self._fed = fed
        oldest = now = self._tick()
        for tenant, waiting in [*self._waiting.items()]:
            while waiting and waiting[0][0] <= fed:
                _, events, size, since = waiting.popleft()
                oldest = min(oldest, since)
                self._share.give_back(tenant, size)
                self._events[tenant] -= events
            if not waiting:
                del self._waiting[tenant], self._events[tenant]
        return now - oldest

    @property
    def size_bytes(self) -> int:
        return self._share.total

    @property
    def total_events(self) -> int:
        return self._events.total()

    def events(self, tenant: str) -> int:
        """How many of this tenant's events wait."""
        return self._events[tenant]

    def lag_s(self, tenant: str | None = None) -> float:
        """The age of the oldest event that waits, of one tenant or of all; 0 where none does."""
        if tenant is None:
            oldest = min((waiting[0][3] for waiting in self._waiting.values()), default=None)
        else:
            oldest = self._waiting[tenant][0][3] if tenant in self._waiting else None
        return 0.0 if oldest is None else self._tick() - oldest
