"""What is acknowledged and not yet in the engine, by tenant: it bounds the journal, and says how many events wait."""

from __future__ import annotations

from collections import Counter, deque

from pulsestream.ingest.share import Share


class Backlog:
    """For the event loop. `add` comes in order of position."""

    def __init__(self, bytes_max: int) -> None:
        self._share = Share(bytes_max)
        self._events: Counter[str] = Counter()
        self._waiting: deque[tuple[int, str, int, int]] = deque()  # position, tenant, events, bytes

    def has_room(self, tenant: str) -> bool:
        return self._share.has_room(tenant)

    def add(self, position: int, tenant: str, events: int, size: int) -> None:
        """These events are on disk; `position` is the last of their group."""
        if events:
            self._share.take(tenant, size)
            self._events[tenant] += events
            self._waiting.append((position, tenant, events, size))

    def advance(self, fed: int) -> None:
        """The engine has everything up to `fed`."""
        while self._waiting and self._waiting[0][0] <= fed:
            _, tenant, events, size = self._waiting.popleft()
            self._share.give_back(tenant, size)
            self._events[tenant] -= events
            if not self._events[tenant]:
                del self._events[tenant]

    def events(self, tenant: str) -> int:
        """How many of this tenant's events wait."""
        return self._events[tenant]
