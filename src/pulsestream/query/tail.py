"""Events as they arrive, for many listeners at a time; who asks the same is served from one reading.

A reading is due when the engine has been fed something of the tenant, and never by the clock. What a listener does not
take in time is dropped and counted: it holds up neither the events nor anybody else.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import Counter, deque
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Protocol, cast

from msgspec import Struct

from pulsestream.errors import PulseStreamError, QueryTooHeavy, TooManyRequests
from pulsestream.query import compile as sql
from pulsestream.query.expression import Expression
from pulsestream.query.model import Query, View
from pulsestream.query.run import Questions
from pulsestream.store import record
from pulsestream.store.port import Statement

log = logging.getLogger(__name__)

LISTENERS_MAX = 50  # of one tenant
WAITING_MAX = 5_000  # events that wait for one listener
WAITING_BYTES_MAX = 8 << 20
READ_MAX = 5_000  # events of one reading; of more than these the newest
_BATCH_MAX = 500
_BATCH_BYTES_MAX = 1 << 20
_LOOKED_BACK = (50_000, 1_000_000)  # positions; each count events of all tenants
_PAUSE_S = 0.1  # between two readings of a channel: under load each finds more at once
_RETRY_S = 1.0

Line = tuple[int, bytes]  # position, the event as JSON on one line


class Progress(Protocol):
    """How far the engine has come."""

    @property
    def fed(self) -> int:
        """The last position that it has, and everything before it."""
        ...

    def newest(self, tenant: str) -> int:
        """The last position of a tenant that was acknowledged; 0 where none was."""
        ...

    def listen(self, call: Callable[[], None]) -> None:
        """Call this whenever `fed` has grown."""
        ...


class Batch(Struct, frozen=True):
    """What there is for a listener: how many were dropped before these events, and up to where it is told all."""

    events: list[bytes]
    dropped: int
    position: int


class Listener:
    """For the event loop. `give` never waits."""

    def __init__(self, position: int) -> None:
        self.ended = False
        self._position = position  # up to there everything was given
        self._waiting: deque[Line] = deque()
        self._bytes = 0
        self._dropped = 0
        self._wake = asyncio.Event()

    def end(self) -> None:
        self.ended = True
        self._wake.set()

    def give(self, lines: Sequence[Line], dropped: int, position: int) -> None:
        self._waiting.extend(lines)
        self._bytes += sum(len(line) for _, line in lines)
        self._dropped += dropped
        self._position = position
        self._drop()
        if lines or dropped:
            self._wake.set()

    def begin(self, lines: Sequence[Line], dropped: int) -> None:
        """What came before all that was given so far."""
        self._waiting.extendleft(reversed(lines))
        self._bytes += sum(len(line) for _, line in lines)
        self._dropped += dropped
        self._drop()
        self._wake.set()

    def _drop(self) -> None:
        """The oldest of what is too much, but never the newest: one event may be larger than all that may wait."""
        while len(self._waiting) > WAITING_MAX or (self._bytes > WAITING_BYTES_MAX and len(self._waiting) > 1):
            self._bytes -= len(self._waiting.popleft()[1])
            self._dropped += 1

    async def next(self, patience_s: float) -> Batch:
        """What there is, after waiting at most so long for it. Empty where there is nothing, or it has ended."""
        if not self._waiting and not self._dropped and not self.ended:
            self._wake.clear()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), patience_s)
        events: list[bytes] = []
        size, dropped, position = 0, self._dropped, self._position
        self._dropped = 0
        while self._waiting and len(events) < _BATCH_MAX and size < _BATCH_BYTES_MAX:
            position, line = self._waiting.popleft()
            events.append(line)
            size += len(line)
        self._bytes -= size
        return Batch(events, dropped, position if self._waiting else self._position)


class _Channel:
    """All listeners of a tenant that ask for the same."""

    def __init__(self, query: Query, position: int) -> None:
        self.query = query
        self.position = position  # read up to there
        self.listeners: set[Listener] = set()
        self.wake = asyncio.Event()
        self.task: asyncio.Task[None] | None = None


class Tails:
    """For the event loop."""

    def __init__(self, questions: Questions, progress: Progress) -> None:
        self._questions = questions
        self._progress = progress
        self._channels: dict[tuple[str, Expression], _Channel] = {}
        self._of_tenant: Counter[str] = Counter()
        self._over = False
        progress.listen(self._advance)

    @property
    def listeners(self) -> int:
        return self._of_tenant.total()

    @contextlib.asynccontextmanager
    async def listening(self, query: Query, *, after: int | None, last: int) -> AsyncIterator[Listener]:
        """A listener for events of this query, within this. It has no time range, and its limit counts for nothing.

        `after`: begins behind this position; else with the `last` newest. Raises TooManyRequests, and what
        `Questions.ask` does.
        """
        if self._of_tenant[query.tenant] >= LISTENERS_MAX:
            what = f"this tenant has {LISTENERS_MAX} tails open, as many as it may: close some"
            raise TooManyRequests(what)
        channel = self._channel(query)
        listener = Listener(channel.position)
        channel.listeners.add(listener)
        self._of_tenant[query.tenant] += 1
        try:
            upto = channel.position
            if after is not None:
                listener.begin(*await self._between(query, after, upto))
            elif last:
                listener.begin(await self._last(query, upto, last), 0)
            if self._over:
                listener.end()
            yield listener
        finally:
            listener.end()
            channel.listeners.discard(listener)
            self._of_tenant[query.tenant] -= 1
            if not channel.listeners and channel.task is not None:
                channel.task.cancel()
                self._channels.pop((query.tenant, query.where), None)

    def end(self) -> None:
        """Of all listeners, for good."""
        self._over = True
        for channel in self._channels.values():
            for listener in channel.listeners:
                listener.end()

    def _channel(self, query: Query) -> _Channel:
        key = (query.tenant, query.where)
        channel = self._channels.get(key)
        if channel is None:
            channel = self._channels[key] = _Channel(query, self._progress.fed)
            channel.task = asyncio.create_task(self._read_on(channel))
        return channel

    def _advance(self) -> None:
        for channel in self._channels.values():
            channel.wake.set()

    async def _read_on(self, channel: _Channel) -> None:
        while True:
            await channel.wake.wait()
            channel.wake.clear()
            upto = self._progress.fed
            if min(upto, self._progress.newest(channel.query.tenant)) <= channel.position:
                continue
            try:
                lines, dropped = await self._between(channel.query, channel.position, upto)
            except PulseStreamError as error:
                # Its edge: the engine may be busy, or full of this tenant's questions. Nothing is lost by asking again.
                log.warning("a tail could not read on, and tries again: %s", error)
                asyncio.get_running_loop().call_later(_RETRY_S, channel.wake.set)
                continue
            channel.position = upto
            for listener in channel.listeners:
                listener.give(lines, dropped, upto)
            await asyncio.sleep(_PAUSE_S)

    async def _between(self, query: Query, after: int, upto: int) -> tuple[list[Line], int]:
        """The newest events in between, in order of arrival, and how many older ones there are."""
        try:
            lines, more = await self._newest(query, after, upto, READ_MAX)
        except QueryTooHeavy as error:
            # It would be so again, for ever. To count them takes little: they are told of as dropped.
            log.warning("a tail leaves out what it cannot read: %s", error)
            lines, more = [], True
        if not more:
            return lines, 0
        view = self._questions.view(query.tenant)
        [[matched]] = await self._questions.ask(query.tenant, counted(query, after=after, upto=upto, view=view))
        return lines, max(cast("int", matched) - len(lines), 0)

    async def _last(self, query: Query, upto: int, count: int) -> list[Line]:
        """Looked for among ever more positions: to sort them all by position takes the engine a while."""
        lines: list[Line] = []
        for back in (*_LOOKED_BACK, upto):
            lines, more = await self._newest(query, max(upto - back, 0), upto, count)
            if more or len(lines) == count or back >= upto:
                break
        return lines

    async def _newest(self, query: Query, after: int, upto: int, most: int) -> tuple[list[Line], bool]:
        """In order of arrival, and whether there are older ones. As many bytes as may wait for a listener."""
        view = self._questions.view(query.tenant)
        newest = arrived(query, after=after, upto=upto, limit=most + 1, view=view)
        found = await self._questions.read(query.tenant, newest, most=most, bytes_max=WAITING_BYTES_MAX)
        # A line break in JSON is between its tokens: what is in a text is written as an escape.
        lines = [(at, event.replace(b"\n", b" ").replace(b"\r", b" ")) for at, event in reversed(found.events)]
        return lines, found.more


# ---- the statements


def arrived(query: Query, *, after: int, upto: int, limit: int, view: View) -> Statement:
    """Trimmed events past one position and up to another, the newest first."""
    where = _between(query, after, upto, view)
    return Statement(
        f"SELECT {record.TRIMMED} FROM events WHERE {where}"
        f" ORDER BY position DESC LIMIT {where.bound(limit, 'UInt64')} {record.TRIMMED_SOON}",
        where.parameters,
    )


def counted(query: Query, *, after: int, upto: int, view: View) -> Statement:
    """One row: how many there are."""
    where = _between(query, after, upto, view)
    return Statement(f"SELECT count() FROM events WHERE {where}", where.parameters)


def _between(query: Query, after: int, upto: int, view: View) -> sql.Where:
    where = sql.Where(query, view)
    where.add(f"position > {where.bound(after, 'UInt64')} AND position <= {where.bound(upto, 'UInt64')}")
    return where
