"""Questions answered: a few threads, each with its own session, and nobody waits on the event loop.

Who stops waiting for an answer ends the question: it costs the engine nothing more.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from itertools import accumulate, count
from typing import Any, TypeVar, cast

from msgspec import Raw, Struct
from msgspec.structs import replace

from pulsestream.clock import from_micros, to_micros
from pulsestream.errors import Cancelled, StoreError
from pulsestream.query import compile as sql
from pulsestream.query.catalog import measures_of
from pulsestream.query.expression import EVERYTHING
from pulsestream.query.model import Query, View
from pulsestream.query.shared import Shared
from pulsestream.store import record
from pulsestream.store.port import Session, Statement, Storage
from pulsestream.turns import Turns

T = TypeVar("T")

_WAITING_MAX = 200  # questions of one tenant that may wait for a thread
# Up to so many events every figure is exact: percentiles of 10M take 300 ms and 80 MB. Beyond it some are estimates.
EXACT_EVENTS_MAX = 20_000_000
PAGE_BYTES_MAX = 16 << 20  # of events in one answer
_CANCEL_PAUSE_S = 0.05  # a question that is just beginning is not known to the engine yet
_CANCELS_MAX = 200


class Arrivals(Struct, frozen=True):
    events: list[Raw]
    position: int
    has_more: bool


class Stretch(Struct, frozen=True):
    """Events as (position, JSON), in their order. `last`: the row of the last. `more`: that there are after it."""

    events: list[tuple[int, bytes]]
    last: record.Row | None
    more: bool


class Recency(Struct, frozen=True):
    total: int
    today: int
    this_hour: int
    this_minute: int
    last_event_at: datetime | None
    error_rate: float
    deleted: int
    expired: int  # past the retention, and nobody has begun to remove them


class Basis(Struct, frozen=True):
    """What an answer rests on: how many of the tenant's events are in the time range, and which figures are estimates.

    `estimated`: by measure, how far the figure can be off. All others are exact.
    """

    events: int
    estimated: dict[str, str]

    @property
    def exact(self) -> bool:
        return not self.estimated


class Groups(Struct, frozen=True):
    """Rows: the values of a group, then its measures."""

    rows: list[list[Any]]
    basis: Basis


class _Asked:
    """A question under way. `began`: a thread has it, or will. `ended` is set when that is done with it."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.began = False
        self.left = False
        self.ended = threading.Event()

    def begin(self) -> None:
        self.began = True


class Questions:
    """Asks the store. `view` says what a tenant may see; `mark` is in no other process's names of questions."""

    def __init__(
        self,
        *,
        open_session: Callable[[], Session],
        view: Callable[[str], View],
        threads: int,
        mark: str,
        present: Callable[[str], int] | None = None,
        fed: Callable[[], int] | None = None,
    ) -> None:
        """`present`: how many events a tenant has, at most. `fed`: how far the engine has come.

        Without them more is asked.
        """
        self._open_session = open_session
        self.view = view
        self._local = threading.local()
        self._sessions: list[Session] = []
        self._turns = Turns(threads, name="query", waiting_max=_WAITING_MAX, spare=1)
        self._names = (f"{mark}-{number}" for number in count())
        self._canceller = ThreadPoolExecutor(1, thread_name_prefix="cancel")
        self._present = present
        self._fed = fed
        self._counts: Shared[int] = Shared()

    def close(self) -> None:
        self._canceller.shutdown(wait=True, cancel_futures=True)
        self._turns.close()
        for session in self._sessions:
            session.close()

    @property
    def under_way(self) -> int:
        """Statements that have a thread, also those that are being ended."""
        return self._turns.under_way

    async def ask(self, tenant: str, statement: Statement) -> Sequence[Sequence[object]]:
        """The rows of one SELECT. Raises QueryTooHeavy, StoreError, TooManyRequests."""
        return await self._on_thread(tenant, lambda session, name: session.ask(statement, name).rows)

    async def read(self, tenant: str, trimmed: Statement, *, most: int, bytes_max: int) -> Stretch:
        """At most so many events, with at most so many bytes together, but at least one: the first of these rows.

        A row of `trimmed` ends with `record.TRIMMED`. Only what is in the answer is read whole. It is made on the
        question's thread, as it may take a while.
        """
        view = self.view(tenant)

        def call(session: Session, name: str) -> Stretch:
            rows = session.ask(trimmed, name).rows
            sums = accumulate(map(record.event_bytes, rows))
            kept = rows[: min(most, max(1, sum(1 for upto in sums if upto <= bytes_max)))]
            large = {record.place(row) for row in kept if record.event_bytes(row) >= record.LARGE_BYTES_MIN}
            whole = {record.place(row): row for row in kept if record.place(row) not in large}
            if large:  # one that is deleted by now is in neither
                of_large = session.ask(sql.at_places(tenant, [*large], view=view), name).rows
                whole |= {record.place(row): row for row in of_large}
            places = [place for place in map(record.place, kept) if place in whole]
            events = [(place[1], record.event_json(whole[place])) for place in places]
            return Stretch(events, kept[-1] if kept else None, more=len(rows) > len(kept))

        return await self._on_thread(tenant, call)

    async def count(self, query: Query) -> int:
        """How many events it is about."""
        [[events]] = await self.ask(query.tenant, sql.count(query, view=self.view(query.tenant)))
        return cast("int", events)

    async def basis(self, query: Query) -> Basis:
        """Whether the measures of this query are exact, and of how many events."""
        events = await self._events(query)
        few = events <= EXACT_EVENTS_MAX
        bounds = {} if few else {name: one.bound for name, one in measures_of(query.measures).items() if one.bound}
        return Basis(events, bounds)

    async def upon(self, query: Query, ask: Callable[[bool], Awaitable[T]]) -> tuple[Basis, T]:
        """The basis, and what `ask` finds, which is told whether it is to estimate.

        Where the tenant has too few events for that anyway, they are asked for side by side.
        """
        if self._present is not None and self._present(query.tenant) <= EXACT_EVENTS_MAX:
            events, found = await asyncio.gather(self._events(query), ask(False))  # noqa: FBT003 - its only argument
            return Basis(events, {}), found
        basis = await self.basis(query)
        return basis, await ask(not basis.exact)

    async def _events(self, query: Query) -> int:
        """How many there are in its range. A page asks several questions about one range at one time."""
        statement = sql.count(
            replace(query, limit=1, where=EVERYTHING, group_by=(), measures=()), view=self.view(query.tenant)
        )

        async def ask() -> int:
            [[events]] = await self.ask(query.tenant, statement)
            return cast("int", events)

        if self._fed is None:
            return await ask()
        # What the engine has come to have since another asked may be what this one waited for.
        return await self._counts.get((statement.sql, repr(statement.parameters), self._fed()), ask)

    async def groups(self, query: Query, *, seconds: float) -> Groups:
        """A row per group, the largest first. `seconds`: what the measures per second are divided by."""
        view = self.view(query.tenant)
        basis, rows = await self.upon(
            query, lambda estimated: self.ask(query.tenant, sql.groups(query, view=view, estimated=estimated))
        )
        divided = [
            len(query.group_by) + number
            for number, measure in enumerate(measures_of(query.measures).values())
            if measure.per_second
        ]
        found: list[list[Any]] = [list(row) for row in rows]
        for row in found:
            for number in divided:
                row[number] /= seconds
        return Groups(found, basis)

    async def arrivals(self, query: Query, *, after: int | None, fed: int) -> Arrivals:
        """Events in order of arrival. `fed`: the last position that is there to be asked about."""
        view = self.view(query.tenant)
        if after is None:
            newest = await self.read(
                query.tenant, sql.last_arrivals(query, view=view), most=query.limit, bytes_max=PAGE_BYTES_MAX
            )
            return Arrivals([Raw(event) for _, event in reversed(newest.events)], fed, has_more=False)
        found = await self.read(
            query.tenant, sql.arrivals(query, after=after, view=view), most=query.limit, bytes_max=PAGE_BYTES_MAX
        )
        last = fed if found.last is None else record.place(found.last)[1]
        position = last if found.more else max(fed, last)
        return Arrivals([Raw(event) for _, event in found.events], max(position, after), found.more)

    async def event(self, tenant: str, event_id: str) -> Raw | None:
        rows = await self.ask(tenant, sql.one_event(tenant, event_id, view=self.view(tenant)))
        return Raw(record.event_json(rows[0])) if rows else None

    async def by_ids(self, tenant: str, event_ids: Sequence[str], times_us: Sequence[int] = ()) -> dict[str, bytes]:
        return await self._on_thread(tenant, lambda session, _: session.events_by_id(tenant, event_ids, times_us))

    async def recency(self, tenant: str, now: datetime) -> Recency:
        """Counts since the beginning of today, of this hour and of this minute, in UTC."""
        minute = now.replace(second=0, microsecond=0)
        hour = minute.replace(minute=0)
        day = hour.replace(hour=0)
        view = self.view(tenant)
        present = sql.recency(
            tenant, day_us=to_micros(day), hour_us=to_micros(hour), minute_us=to_micros(minute), view=view
        )
        [row] = await self.ask(tenant, present)
        total, today, this_hour, this_minute, last, error_rate = cast("tuple[int, int, int, int, int, float]", row)
        [[deleted]] = await self.ask(tenant, sql.deleted(tenant))
        expired = 0
        if view.oldest is not None:
            [[expired]] = cast("Sequence[Sequence[int]]", await self.ask(tenant, sql.expired(tenant, view=view)))
        return Recency(
            total,
            today,
            this_hour,
            this_minute,
            from_micros(last) if total else None,
            error_rate,
            cast("int", deleted),
            expired,
        )

    async def outcomes(self, tenant: str) -> list[tuple[str, str, int]]:
        """(outcome, reason, events) of everything that this tenant sent."""
        return [cast("tuple[str, str, int]", tuple(row)) for row in await self.ask(tenant, sql.outcomes(tenant))]

    async def minutes(self, tenant: str, since: datetime) -> list[tuple[int, str, str, int]]:
        """(minute in seconds since 1970, outcome, reason, events) of what this tenant sent since then."""
        rows = await self.ask(tenant, sql.minutes(tenant, since_s=int(since.timestamp())))
        return [cast("tuple[int, str, str, int]", tuple(row)) for row in rows]

    async def weeks(self, tenant: str) -> list[tuple[str, int]]:
        """(Monday, events) of this tenant's events."""
        rows = await self.ask(tenant, sql.weeks(tenant, view=self.view(tenant)))
        return [cast("tuple[str, int]", tuple(row)) for row in rows]

    async def storage(self, tenant: str) -> Storage:
        """Of all tenants together. `tenant`: who asks."""
        return await self._on_thread(tenant, lambda session, _: session.storage())

    async def _on_thread(self, tenant: str, call: Callable[[Session, str], T]) -> T:
        asked = _Asked(next(self._names))
        try:
            return await self._turns.run(tenant, lambda: self._answer(asked, call), began=asked.begin)
        except asyncio.CancelledError:
            asked.left = True
            if asked.began:
                self._canceller.submit(self._cancel, asked)
            raise

    def _answer(self, asked: _Asked, call: Callable[[Session, str], T]) -> T:
        try:
            if asked.left:
                raise Cancelled("nobody waits for the answer any more")
            return call(self._session(), asked.name)
        finally:
            asked.ended.set()

    def _cancel(self, asked: _Asked) -> None:
        for _ in range(_CANCELS_MAX):
            with contextlib.suppress(StoreError):  # then its limit of time ends it
                self._session().cancel(asked.name)
            if asked.ended.wait(_CANCEL_PAUSE_S):
                return

    def _session(self) -> Session:
        session: Session | None = getattr(self._local, "session", None)
        if session is None:
            session = self._local.session = self._open_session()
            self._sessions.append(session)
        return session
