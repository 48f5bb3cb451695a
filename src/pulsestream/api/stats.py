"""What was received and what became of it; services at a glance."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

from litestar import get
from litestar.params import Parameter
from msgspec import Struct
from msgspec.structs import replace

from pulsestream.api.operation import ASKING, terms
from pulsestream.api.parameters import AnyRequest, Fresh, moment, only, server_of, tenant
from pulsestream.control.keys import Scope
from pulsestream.errors import BadParameters
from pulsestream.ingest.minutes import Cost
from pulsestream.metrics import REQUESTS_REFUSED
from pulsestream.query.expression import Field
from pulsestream.query.model import Query
from pulsestream.wiring import Server

_OUTCOMES = ("stored", "duplicate", "rejected", "rate_limited", "overloaded")
_MINUTES_MAX = 1_440
_MINUTE = timedelta(minutes=1)
_SERVICES_MAX = 1_000
_RED = ("requests", "request_rate", "errors", "error_rate", "p50_ms", "p95_ms", "p99_ms")
_RED_NAMES = ("requests", "requests_per_second", *_RED[2:])
_RECENT = timedelta(minutes=15)
_FIRST = datetime.min.replace(tzinfo=UTC)  # nothing can be before it


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


class Total(Struct, frozen=True, kw_only=True):
    """Rate, errors, duration. Requests are events with a status."""

    requests: int
    requests_per_second: float
    errors: int
    error_rate: float
    p50_ms: float | None
    p95_ms: float | None
    p99_ms: float | None


class Service(Total, frozen=True, kw_only=True):
    service: str


class Services(Struct, frozen=True):
    start_time: datetime
    end_time: datetime
    total: Total
    services: list[Service]
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


@get("/query/services", opt=terms(Scope.READ, raises=ASKING))
async def services(
    request: AnyRequest,
    start_time: str | None = None,
    end_time: str | None = None,
    fresh: Fresh = True,
) -> Services:
    """Rate, errors and duration of every service.

    In a time range: by default the last 15 minutes.
    """
    only(request, ("start_time", "end_time", "fresh"))
    server, owner = server_of(request), tenant(request)
    end = moment("end_time", end_time) or server.clock.now()
    start = moment("start_time", start_time) or end - min(_RECENT, end - _FIRST)
    if start >= end:
        raise BadParameters([("start_time", "must be before end_time")])
    is_fresh = fresh and await server.fresh(owner)
    overall = Query(tenant=owner, limit=1, start=start, end=end, measures=_RED)
    by_service = replace(overall, limit=_SERVICES_MAX, group_by=(Field("service"),))
    seconds = (end - start).total_seconds()
    services = await server.questions.groups(by_service, seconds=seconds)
    total = await server.questions.groups(overall, seconds=seconds)
    return Services(
        start_time=start,
        end_time=end,
        total=Total(**_red(total.rows[0])),
        services=[Service(service=name, **_red(row)) for name, *row in services.rows],
        fresh=is_fresh,
    )


def _red(row: list[Any]) -> dict[str, Any]:
    return dict(zip(_RED_NAMES, row, strict=True)) | {"error_rate": row[3] or 0.0}
