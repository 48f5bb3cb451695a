"""How services are doing: rate, errors, duration, with their course and how they were before."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Any

from litestar import get
from litestar.params import Parameter
from msgspec import Struct
from msgspec.structs import replace

from pulsestream.api.asked import AnswerBasis, Asked, answer_basis, asking
from pulsestream.api.operation import ASKING, terms
from pulsestream.api.parameters import AnyRequest, server_of
from pulsestream.control.keys import Scope
from pulsestream.errors import BadParameters
from pulsestream.query import red
from pulsestream.query.apdex import Thresholds
from pulsestream.query.health import Standing
from pulsestream.query.red import Figures, Row, Table
from pulsestream.query.red_sql import Asking, Window

_RECENT = timedelta(minutes=15)
_ROWS = 100
_ROWS_MAX = 1_000

Rows = Annotated[int, Parameter(ge=1, le=_ROWS_MAX, description="most rows in the answer; the total counts all")]
Sort = Annotated[str, Parameter(description=f"one of {', '.join(red.SORTS)}; with - before it the largest comes first")]
Compare = Annotated[bool, Parameter(description="tell how it was before, and how well it is by that")]


class Compared(Struct, frozen=True):
    """`before`: the figure then. `change`: how much it has grown since, as a ratio: 0.25 is a quarter more.

    Null where there was none, or nothing to divide by.
    """

    before: float | None
    change: float | None


class Change(Struct, frozen=True):
    requests: Compared
    request_rate: Compared
    errors: Compared
    error_rate: Compared
    rate_5xx: Compared
    p50_ms: Compared
    p95_ms: Compared
    p99_ms: Compared
    apdex: Compared


class Changes(Struct, frozen=True):
    """Against the period before, of the same length, and the same time a week ago.

    Null where there was no request then, or the retention no longer lets all of that time be seen; last week also where
    the range is longer than one. Response times are compared in ranges up to 24 hours, with last week up to 12.
    """

    previous: Change | None
    last_week: Change | None


class Sparkline(Struct, frozen=True):
    """`step`: how long one is; `times`: where each begins. The first and the last may be cut by the range."""

    step: str
    times: list[datetime]
    requests: list[int]
    errors: list[int]
    p95_ms: list[float | None]


class Red(Struct, frozen=True, kw_only=True):
    """Rate, errors, duration. Requests are events with a status; errors have one of 400 or more.

    `requests_per_second` is `request_rate` under its older name. `apdex_threshold_ms`: null where the endpoints in it
    have thresholds of their own.
    """

    requests: int
    request_rate: float
    requests_per_second: float
    errors: int
    error_rate: float | None
    errors_5xx: int
    rate_5xx: float | None
    p50_ms: float | None
    p95_ms: float | None
    p99_ms: float | None
    apdex: float | None
    apdex_threshold_ms: float | None
    last_seen: datetime | None
    change: Changes


class _Watched(Red, frozen=True, kw_only=True):
    health: Standing | None
    sparkline: Sparkline


class Service(_Watched, frozen=True):  # not kw_only: so its names come first in the answer
    service: str


class Services(Struct, frozen=True):
    """`services_total`: how many there are, also beyond `limit`.

    `previous`, `last_week`: what the rows are compared with; null where that is not asked for or not to be seen.
    """

    start_time: datetime
    end_time: datetime
    total: Red
    services: list[Service]
    services_total: int
    previous: Window | None
    last_week: Window | None
    fresh: bool
    basis: AnswerBasis


class Endpoint(_Watched, frozen=True):
    service: str
    endpoint: str
    method: str


class Endpoints(Struct, frozen=True):
    """`endpoints_total`: how many there are, also beyond `limit`.

    `previous`, `last_week`: what the rows are compared with; null where that is not asked for or not to be seen.
    """

    total: Red
    endpoints: list[Endpoint]
    endpoints_total: int
    previous: Window | None
    last_week: Window | None
    basis: AnswerBasis


@get("/query/services", opt=terms(Scope.READ, raises=ASKING), dependencies=asking(_RECENT))
async def services(
    request: AnyRequest, asked: Asked, sort: Sort = "-requests", limit: Rows = _ROWS, compare: Compare = True
) -> Services:
    """Rate, errors and duration of every service.

    In a time range: by default the last 15 minutes.
    """
    table = await _table(request, asked, red.BY_SERVICE, sort, limit, compare=compare)
    apdex = _thresholds(request, asked)
    t_ms = None if apdex.of else apdex.default_ms
    window, times = Window(asked.start, asked.end), table.steps.times
    return Services(
        start_time=asked.start,
        end_time=asked.end,
        total=Red(**_red(table.total, window, t_ms)),
        services=[
            Service(
                service=row.key[0],
                health=row.health,
                sparkline=_sparkline(table, times, row),
                **_red(row, window, t_ms),
            )
            for row in table.rows
        ],
        services_total=table.groups,
        previous=table.previous,
        last_week=table.last_week,
        fresh=asked.fresh,
        basis=answer_basis(request, asked, table.basis),
    )


@get("/query/endpoints", opt=terms(Scope.READ, raises=ASKING), dependencies=asking(_RECENT))
async def endpoints(
    request: AnyRequest, asked: Asked, sort: Sort = "-requests", limit: Rows = _ROWS, compare: Compare = True
) -> Endpoints:
    """Rate, errors and duration of every service, endpoint and method.

    In a time range: by default the last 15 minutes.
    """
    table = await _table(request, asked, red.BY_ENDPOINT, sort, limit, compare=compare)
    apdex = _thresholds(request, asked)
    window, times = Window(asked.start, asked.end), table.steps.times
    return Endpoints(
        total=Red(**_red(table.total, window, None if apdex.of else apdex.default_ms)),
        endpoints=[
            Endpoint(
                service=row.key[0],
                endpoint=row.key[1],
                method=row.key[2],
                health=row.health,
                sparkline=_sparkline(table, times, row),
                **_red(row, window, apdex.of_endpoint(row.key[1])),
            )
            for row in table.rows
        ],
        endpoints_total=table.groups,
        previous=table.previous,
        last_week=table.last_week,
        basis=answer_basis(request, asked, table.basis),
    )


async def _table(
    request: AnyRequest, asked: Asked, by: tuple[str, ...], sort: str, limit: int, *, compare: bool
) -> Table:
    name = sort.removeprefix("-")
    if name not in red.SORTS:
        raise BadParameters([("sort", f"must be one of {', '.join(red.SORTS)}, with or without - before it")])
    return await red.table(
        server_of(request).questions,
        Asking(replace(asked.query, limit=limit), by, sort=name, descending=name != sort, compare=compare),
        now=asked.now,
        zone=asked.zone,
    )


def _thresholds(request: AnyRequest, asked: Asked) -> Thresholds:
    return server_of(request).questions.view(asked.query.tenant).apdex


def _sparkline(table: Table, times: list[datetime], row: Row) -> Sparkline:
    return Sparkline(str(table.steps.step), times, row.course.requests, row.course.errors, row.course.p95_ms)


def _red(row: Row, window: Window, t_ms: float | None) -> dict[str, Any]:
    """The fields of a Red."""
    now = row.now
    return {
        "requests": now.requests,
        "request_rate": now.requests / window.seconds,
        "requests_per_second": now.requests / window.seconds,
        "errors": now.errors,
        "error_rate": now.error_rate,
        "errors_5xx": now.errors_5xx,
        "rate_5xx": now.rate_5xx,
        "p50_ms": now.p50_ms,
        "p95_ms": now.p95_ms,
        "p99_ms": now.p99_ms,
        "apdex": now.apdex,
        "apdex_threshold_ms": t_ms,
        "last_seen": row.last_seen,
        "change": Changes(_change(now, row.previous, window), _change(now, row.last_week, window)),
    }


def _change(now: Figures, before: Figures | None, window: Window) -> Change | None:
    """All windows are of one length."""
    if before is None:
        return None
    rate = _compared(now.requests / window.seconds, before.requests / window.seconds)
    names = [name for name in Change.__struct_fields__ if name != "request_rate"]
    return Change(request_rate=rate, **{name: _compared(getattr(now, name), getattr(before, name)) for name in names})


def _compared(now: float | None, before: float | None) -> Compared:
    return Compared(before, None if now is None or not before else (now - before) / before)
