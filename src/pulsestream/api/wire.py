"""All HTTP connections of a server: what they may cost, how many there are, whose they are, and the passing of time.

Time is not read here: `Wire.watch` tells every connection how much of it has passed. A loop that was busy tells less
than has passed, so that no peer is refused for our own delay.
"""

from __future__ import annotations

import asyncio
import logging
import resource
from collections import Counter
from collections.abc import Callable, Hashable, Mapping
from typing import Protocol, cast

from msgspec import Struct

from pulsestream.api.observer import Observer

log = logging.getLogger(__name__)

EXTENSION = "pulsestream.connection"
HEAD_BYTES_MAX = 64 * 1024  # request line and headers


class Bounds(Struct, frozen=True):
    connections_max: int
    header_timeout_s: float
    body_timeout_s: float


class Claimable(Protocol):
    def abort(self) -> None:
        """Close at once, whatever the peer has not read."""

    def leave(self) -> None:
        """Close, behind what is written. An answer in chunks that has not ended is not whole then."""

    def claim(self, tenant: str, connections_max: int) -> bool:
        """Say whose connection this is. False where that tenant has as many others open as it may."""

    def when_left(self, call: Callable[[], None] | None, *, at_its_end: bool = False) -> None:
        """What to call when the peer is gone; None: nothing. `at_its_end`: also when it says that it sends no more."""


class _Unwired:
    """In the place of the connection of an application that is called without a server."""

    def claim(self, _tenant: str, _connections_max: int) -> bool:
        return True

    def leave(self) -> None:
        pass

    def abort(self) -> None:
        pass

    def when_left(self, _call: Callable[[], None] | None, *, at_its_end: bool = False) -> None:
        pass


_UNWIRED = _Unwired()


def connection_of(scope: Mapping[str, object]) -> Claimable:
    extensions = cast("Mapping[str, object]", scope.get("extensions") or {})
    return cast("Claimable", extensions.get(EXTENSION, _UNWIRED))


class Timed(Hashable, Protocol):
    def pass_time(self, seconds: float) -> None:
        """So many seconds have passed."""

    def abort(self) -> None:
        """Close at once, whatever the peer has not read."""


class Wire:
    """All connections of a server. `observer` is told of each request, also of those that are answered here."""

    def __init__(self, bounds: Bounds, observer: Observer) -> None:
        self.bounds = bounds
        self.observer = observer
        self.open: set[Timed] = set()
        self.of_tenant: Counter[str] = Counter()
        self._turned_away: set[Timed] = set()

    def admits(self, connection: Timed) -> bool:
        """Whether there is room. It has its place from then on."""
        if len(self.open) >= self.bounds.connections_max:
            return False
        self.open.add(connection)
        return True

    def turns_away(self, connection: Timed) -> bool:
        """Whether there is room to be told so; it takes none of what the admitted have."""
        if len(self._turned_away) >= max(16, self.bounds.connections_max // 16):
            return False
        self._turned_away.add(connection)
        return True

    def forget(self, connection: Timed) -> None:
        self.open.discard(connection)
        self._turned_away.discard(connection)

    async def watch(self) -> None:
        """Tell every connection of the time that passes, until cancelled."""
        tick_s = min(1.0, self.bounds.header_timeout_s / 4, self.bounds.body_timeout_s / 4)
        while True:
            await asyncio.sleep(tick_s)
            for connection in (*self.open, *self._turned_away):
                try:
                    connection.pass_time(tick_s)
                except Exception:
                    log.exception("a connection was closed by a defect")
                    connection.abort()


def connections_allowed(connections_max: int) -> int:
    """At most half of the files that this process may open; the store has the other half. Raises that limit first."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 2 * connections_max
    if soft != resource.RLIM_INFINITY and soft < wanted:
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return connections_max if soft == resource.RLIM_INFINITY else min(connections_max, soft // 2)
