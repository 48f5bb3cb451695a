"""Questions answered: a few threads, each with its own session, and nobody waits on the event loop."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Sequence
from datetime import datetime
from itertools import accumulate
from typing import Any, TypeVar, cast

from msgspec import Raw, Struct

from pulsestream.clock import from_micros, to_micros
from pulsestream.query import compile as sql
from pulsestream.query.model import Cursor, Query, View
from pulsestream.store import record
from pulsestream.store.port import Session, Statement
from pulsestream.turns import Turns

T = TypeVar("T")

_WAITING_MAX = 200  # questions of one tenant that may wait for a thread


class Page(Struct, frozen=True):
    events: list[Raw]
    total: int
    filtered: int
    following: Cursor | None


class Arrivals(Struct, frozen=True):
    events: list[Raw]
    position: int
    has_more: bool


class Recency(Struct, frozen=True):
    total: int
    today: int
    this_hour: int
    this_minute: int
    last_event_at: datetime | None
    error_rate: float
    deleted: int
    expired: int  # past the retention, and nobody has begun to remove them


class Questions:
    """Asks the store. `view` says what a tenant may see."""

    def __init__(self, *, open_session: Callable[[], Session], view: Callable[[str], View], threads: int) -> None:
        self._open_session = open_session
        self._view = view
        self._local = threading.local()
        self._sessions: list[Session] = []
        self._turns = Turns(threads, name="query", waiting_max=_WAITING_MAX, spare=1)

    def close(self) -> None:
        self._turns.close()
        for session in self._sessions:
            session.close()

    async def search(self, query: Query, *, after: Cursor | None, fed: int, offset: int) -> Page:
        """One page, newest first. `fed`: the last position that is there to be asked about."""
        view = self._view(query.tenant)
        # The first page is what there is; only those after it must not see what has arrived since.
        snapshot = after.snapshot if after else None
        total, matching = await asyncio.gather(
            self._ask(query.tenant, sql.count(Query(tenant=query.tenant, limit=1), view=view)),
            self._ask(query.tenant, sql.hours(query, after=None, snapshot=snapshot, view=view)),
        )
        ahead = (
            await self._ask(query.tenant, sql.hours(query, after=after, snapshot=snapshot, view=view))
            if after
            else matching
        )
        left = sum(count for _, count in _pairs(ahead)) - offset
        counted = Page([], cast("int", total[0][0]), sum(count for _, count in _pairs(matching)), None)
        if left <= 0:
            return counted
        rows = await self._ask(
            query.tenant,
            sql.page(
                query,
                after=after,
                snapshot=snapshot,
                since_hour=_reach(ahead, offset + query.limit),
                offset=offset,
                view=view,
            ),
        )
        more = left > query.limit and len(rows) == query.limit
        return Page(
            [Raw(record.event_json(row)) for row in rows],
            counted.total,
            counted.filtered,
            Cursor(*record.place(rows[-1]), after.snapshot if after else fed) if more else None,
        )

    async def arrivals(self, query: Query, *, after: int | None, fed: int) -> Arrivals:
        """Events in order of arrival. `fed`: the last position that is there to be asked about."""
        view = self._view(query.tenant)
        if after is None:
            newest = await self._ask(query.tenant, sql.last_arrivals(query, view=view))
            return Arrivals([Raw(record.event_json(row)) for row in reversed(newest)], fed, has_more=False)
        found = await self._ask(query.tenant, sql.arrivals(query, after=after, view=view))
        rows, more = found[: query.limit], len(found) > query.limit
        seen = max(fed, record.place(rows[-1])[1]) if rows else fed
        position = record.place(rows[-1])[1] if more else seen
        return Arrivals([Raw(record.event_json(row)) for row in rows], max(position, after), more)

    async def event(self, tenant: str, event_id: str) -> Raw | None:
        rows = await self._ask(tenant, sql.one_event(tenant, event_id, view=self._view(tenant)))
        return Raw(record.event_json(rows[0])) if rows else None

    async def by_ids(self, tenant: str, event_ids: Sequence[str], times_us: Sequence[int] = ()) -> dict[str, bytes]:
        return await self._on_thread(tenant, lambda session: session.events_by_id(tenant, event_ids, times_us))

    async def measures(self, query: Query) -> list[dict[str, Any]]:
        """A dict per group, of its dimensions and measures."""
        rows = await self._ask(query.tenant, sql.measures(query, view=self._view(query.tenant)))
        names = [*query.group_by, *query.measures]
        return [dict(zip(names, row, strict=True)) for row in rows]

    async def recency(self, tenant: str, now: datetime) -> Recency:
        """Counts since the beginning of today, of this hour and of this minute, in UTC."""
        minute = now.replace(second=0, microsecond=0)
        hour = minute.replace(minute=0)
        day = hour.replace(hour=0)
        view = self._view(tenant)
        present = sql.recency(
            tenant, day_us=to_micros(day), hour_us=to_micros(hour), minute_us=to_micros(minute), view=view
        )
        [row] = await self._ask(tenant, present)
        total, today, this_hour, this_minute, last, error_rate = cast("tuple[int, int, int, int, int, float]", row)
        [[deleted]] = await self._ask(tenant, sql.deleted(tenant))
        expired = 0
        if view.oldest is not None:
            [[expired]] = cast("Sequence[Sequence[int]]", await self._ask(tenant, sql.expired(tenant, view=view)))
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
        return [cast("tuple[str, str, int]", tuple(row)) for row in await self._ask(tenant, sql.outcomes(tenant))]

    async def minutes(self, tenant: str, since: datetime) -> list[tuple[int, str, str, int]]:
        """(minute in seconds since 1970, outcome, reason, events) of what this tenant sent since then."""
        rows = await self._ask(tenant, sql.minutes(tenant, since_s=int(since.timestamp())))
        return [cast("tuple[int, str, str, int]", tuple(row)) for row in rows]

    async def _ask(self, tenant: str, statement: Statement) -> Sequence[Sequence[object]]:
        return await self._on_thread(tenant, lambda session: session.ask(statement).rows)

    async def _on_thread(self, tenant: str, call: Callable[[Session], T]) -> T:
        return await self._turns.run(tenant, lambda: call(self._session()))

    def _session(self) -> Session:
        session: Session | None = getattr(self._local, "session", None)
        if session is None:
            session = self._local.session = self._open_session()
            self._sessions.append(session)
        return session


def _pairs(rows: Sequence[Sequence[object]]) -> Sequence[tuple[int, int]]:
    return cast("Sequence[tuple[int, int]]", rows)


def _reach(hours: Sequence[Sequence[object]], events: int) -> int:
    """The hour, of those given newest first, in which the count of events reaches `events`; else the last."""
    pairs = _pairs(hours)
    sums = accumulate(count for _, count in pairs)
    return next((hour for (hour, _), seen in zip(pairs, sums, strict=True) if seen >= events), pairs[-1][0])
