"""What was received and what became of it."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Annotated

from litestar import get
from litestar.params import Parameter
from msgspec import Struct

from pulsestream.api.operation import ASKING, terms
from pulsestream.api.parameters import AnyRequest, Fresh, caller, only, server_of, tenant
from pulsestream.control.keys import Scope
from pulsestream.ingest.minutes import Cost
from pulsestream.metrics import REQUESTS_REFUSED
from pulsestream.store.port import Storage
from pulsestream.wiring import Server

_OUTCOMES = ("stored", "duplicate", "rejected", "rate_limited", "overloaded")
_MINUTES_MAX = 1_440
_MINUTE = timedelta(minutes=1)


class Minute(Struct, frozen=True):
    """What was journaled in it, in UTC: exact, also after a crash.

    `cost`: of the requests answered in it; null where there were none, past the last hour, or before this process.
    """

    minute: datetime
    received: int
    stored: int
    duplicate: int
    rejected: int
    rate_limited: int
    overloaded: int
    reasons: dict[str, int]
    cost: Cost | None


class Stats(Struct, frozen=True):
    """`events_today`, `…_this_hour`, `…_this_minute` go by the events' own time, in UTC.

    `error_rate`: the share of events with a status whose status is 400 or more, 0 to 1.
    `received` is the sum of `outcomes`; requests that could not be read are in `requests_refused`, by code,
    since the process began.

    `total_events` = `outcomes.stored` - `deleted_events` - `expired_events` - `quarantined_events`: what was stored
    is there, or was deleted, or is past the retention, or was refused by the engine and set aside.

    `searchable_lag_s`: when this was asked, the age of the oldest acknowledged event that no search found yet.
    `minutes`: those that were asked for, the oldest first; the last is this one, which goes on.
    """

    total_events: int
    events_today: int
    events_this_hour: int
    events_this_minute: int
    last_event_at: datetime | None
    processing_queue_size: int
    error_rate: float
    received: int
    outcomes: dict[str, int]
    reasons: dict[str, int]
    requests_refused: dict[str, int]
    deleted_events: int
    expired_events: int
    quarantined_events: int
    fresh: bool
    searchable_lag_s: float
    minutes: list[Minute]


class Week(Struct, frozen=True):
    """Of the tenant's events, by their own time. `week`: its Monday."""

    week: str
    events: int


class QueryStats(Struct, frozen=True):
    """`received` is the sum of `outcomes`, of the minutes that are told.

    `store`: what the events of all tenants take on disk, for an admin key of the operator; null for everybody else, who
    could reckon from it how much the others send.
    """

    received: int
    outcomes: dict[str, int]
    minutes: list[Minute]
    weeks: list[Week]
    store: Storage | None
    fresh: bool


@get("/ingestion/stats", opt=terms(Scope.READ, raises=ASKING))
async def stats(
    request: AnyRequest,
    fresh: Fresh = True,
    minutes: Annotated[
        int, Parameter(ge=0, le=_MINUTES_MAX, description="how many of the last minutes to tell one by one")
    ] = 0,
) -> Stats:
    """What was received, and what became of it."""
    only(request, ("fresh", "minutes"))
    server, owner = server_of(request), tenant(request)
    lag_s = server.backlog.lag_s(owner)
    is_fresh = fresh and await server.fresh(owner)
    while True:
        expired = server.expirations.of(owner)
        recency = await server.questions.recency(owner, server.clock.now())
        if server.expirations.of(owner) == expired:  # else a removal began or ended while we counted
            break
    outcomes = dict.fromkeys(_OUTCOMES, 0)
    reasons: dict[str, int] = {}
    for outcome, reason, events in await server.questions.outcomes(owner):
        outcomes[outcome] += events
        if reason:
            reasons[reason] = reasons.get(reason, 0) + events
    return Stats(
        total_events=recency.total,
        events_today=recency.today,
        events_this_hour=recency.this_hour,
        events_this_minute=recency.this_minute,
        last_event_at=recency.last_event_at,
        processing_queue_size=server.backlog.events(owner),
        error_rate=recency.error_rate,
        received=sum(outcomes.values()),
        outcomes=outcomes,
        reasons=reasons,
        requests_refused=server.meters.of_tenant(REQUESTS_REFUSED, owner),
        deleted_events=recency.deleted,
        expired_events=expired.events + recency.expired,
        quarantined_events=server.quarantined(owner),
        fresh=is_fresh,
        searchable_lag_s=round(lag_s, 3),
        minutes=await _minutes(server, owner, minutes) if minutes else [],
    )


@get("/query/stats", opt=terms(Scope.READ, raises=ASKING))
async def query_stats(
    request: AnyRequest,
    minutes: Annotated[
        int, Parameter(ge=1, le=_MINUTES_MAX, description="how many of the last minutes to tell one by one")
    ] = 60,
    fresh: Fresh = True,
) -> QueryStats:
    """What was received minute by minute, and what is stored."""
    only(request, ("fresh", "minutes"))
    server, key = server_of(request), caller(request)
    is_fresh = fresh and await server.fresh(key.tenant)
    told, weeks = await asyncio.gather(_minutes(server, key.tenant, minutes), server.questions.weeks(key.tenant))
    outcomes = {name: sum(getattr(minute, name) for minute in told) for name in _OUTCOMES}
    return QueryStats(
        received=sum(outcomes.values()),
        outcomes=outcomes,
        minutes=told,
        weeks=[Week(*week) for week in weeks],
        store=await server.questions.storage(key.tenant) if key.is_operator else None,
        fresh=is_fresh,
    )


async def _minutes(server: Server, owner: str, count: int) -> list[Minute]:
    this = server.clock.now().replace(second=0, microsecond=0)
    first = this - (count - 1) * _MINUTE
    found: dict[datetime, dict[str, int]] = {}
    reasons: dict[datetime, dict[str, int]] = {}
    for at_s, outcome, reason, events in await server.questions.minutes(owner, first):
        at = datetime.fromtimestamp(at_s, UTC)
        outcomes = found.setdefault(at, dict.fromkeys(_OUTCOMES, 0))
        outcomes[outcome] += events
        if reason:
            reasons.setdefault(at, {})[reason] = events
    costs = {datetime.fromtimestamp(at_s, UTC): cost for at_s, cost in server.minutes.of(owner)}
    nothing = dict.fromkeys(_OUTCOMES, 0)
    return [
        Minute(
            minute=at,
            received=sum(found.get(at, nothing).values()),
            reasons=reasons.get(at, {}),
            cost=costs.get(at),
            **found.get(at, nothing),
        )
        for at in (first + number * _MINUTE for number in range(count))
    ]
