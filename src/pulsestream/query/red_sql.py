"""The statements behind a table of rate, errors and duration."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from msgspec import Struct
from msgspec.structs import replace

from pulsestream.clock import EPOCH, to_micros
from pulsestream.query.apdex import Thresholds
from pulsestream.query.catalog import APDEX_SUM, APDEX_T, DIMENSIONS, MEASURES, RESPONSE_TIMES, quantiles
from pulsestream.query.compile import Where, threshold
from pulsestream.query.condition import Bound
from pulsestream.query.course import Steps
from pulsestream.query.model import Query, View
from pulsestream.store.port import Statement

DAYS = 7
HOURS_OF_DAY = 2  # the hour that the range ends in, and the one before
_BACK = timedelta(days=DAYS)
_HOUR_S, _DAY_S = 3_600, 86_400

_LEVELS = "0.5, 0.75, 0.9, 0.95, 0.99"
_P95 = 4  # its place among them, counted from 1

# What a row can be sorted by, of the columns below. A row without requests comes last: its ratios are no numbers.
SORTS = {
    "requests": "requests",
    "errors": "errors",
    "errors_5xx": "failed",
    "error_rate": "errors / requests",
    "rate_5xx": "failed / requests",
    "p50_ms": "if(requests = 0, NULL, percentiles[1])",
    "p95_ms": f"if(requests = 0, NULL, percentiles[{_P95}])",
    "p99_ms": "if(requests = 0, NULL, percentiles[5])",
    "apdex": "satisfied / requests",
    "last_seen": "seen",
}


class Window(Struct, frozen=True):
    """The start is included, the end is not."""

    start_time: datetime
    end_time: datetime

    @property
    def seconds(self) -> float:
        return (self.end_time - self.start_time).total_seconds()


class Asking(Struct, frozen=True):
    """`by`: what makes a group. `sort`: a name of SORTS. `descending`: the largest first.

    `compare`: with how it was before, and how well it is.
    """

    query: Query
    by: tuple[str, ...]
    sort: str
    descending: bool
    compare: bool

    @property
    def window(self) -> Window:
        assert self.query.start is not None and self.query.end is not None  # noqa: S101, PT018 - it has a range
        return Window(self.query.start, self.query.end)

    @property
    def keys(self) -> str:
        return ", ".join(f"k{number}" for number in range(len(self.by)))

    @property
    def named(self) -> str:
        return ", ".join(f"{DIMENSIONS[name].sql} AS k{number}" for number, name in enumerate(self.by))


def now(asking: Asking, view: View, course: Steps, *, estimated: bool) -> Statement:
    """Rows: the key, whether it is the total, figures, its newest event and request, its course, how many rows."""
    where = Where(asking.query, view)
    p95 = f"finalizeAggregation(times)[{_P95}]"
    direction = "DESC" if asking.descending else "ASC"
    return Statement(
        f"SELECT {asking.keys}, grouping(k0) = 1 AS is_total, {_summed(estimated=estimated)},"
        " toUnixTimestamp64Micro(max(last)) AS seen, toUnixTimestamp64Micro(max(request)),"
        " if(is_total, [], groupArray(step)), if(is_total, [], groupArray(r)), if(is_total, [], groupArray(e)),"
        f" if(is_total, [], groupArray({p95})), count() OVER ()"
        f" FROM (SELECT {asking.named}, {_counted(where.bound, view.apdex, estimated=estimated)}, {course.sql} AS step,"
        " max(timestamp) AS last, maxIf(timestamp, status_code > 0) AS request"
        f" FROM events WHERE {where} GROUP BY {asking.keys}, step)"
        f" GROUP BY GROUPING SETS (({asking.keys}), ())"
        f" ORDER BY is_total DESC, {SORTS[asking.sort]} {direction} NULLS LAST, {asking.keys}"
        f" LIMIT {where.bound(asking.query.limit + 1, 'UInt64')}{where.settings}",
        where.parameters,
    )


def earlier(asking: Asking, view: View, windows: Sequence[Window], *, estimated: bool) -> Statement:
    """Rows: the key, whether it is the total, figures, the number of the window."""
    bound = Bound()
    settings = ""
    parts = []
    for number, window in enumerate(windows):
        where = Where(replace(asking.query, start=window.start_time, end=window.end_time), view, bound)
        settings = where.settings
        counted = _counted(bound, view.apdex, estimated=estimated)
        parts.append(
            f"SELECT {asking.named}, {counted}, {number} AS w FROM events WHERE {where} GROUP BY {asking.keys}"
        )
    return Statement(
        f"SELECT {asking.keys}, grouping(k0) = 1 AS is_total, {_summed(estimated=estimated)}, w"
        f" FROM ({' UNION ALL '.join(parts)}) GROUP BY GROUPING SETS ((w, {asking.keys}), (w)){settings}",
        bound.parameters,
    )


def days(asking: Asking, view: View, end: datetime) -> Statement:
    """Rows: the key, how many days before `end`, requests of HOURS_OF_DAY full hours about its time of day."""
    where = Where(replace(asking.query, start=None, end=None), view)
    hour_s = max(to_micros(end) // 1_000_000, 0) // _HOUR_S * _HOUR_S
    last = f"toDateTime({where.bound(hour_s, 'Int64')}, 'UTC')"
    spans = [
        f"hour >= {last} - {day * _DAY_S + _HOUR_S} AND hour <= {last} - {day * _DAY_S}"
        for day in range(1, DAYS + 1)
        if hour_s >= day * _DAY_S + _HOUR_S
    ]
    where.add(f"({' OR '.join(spans) or '0'})")
    return Statement(
        f"SELECT {asking.named}, intDiv(dateDiff('second', hour, {last}), {_DAY_S}) AS day,"
        f" {MEASURES['requests'].sql} AS requests"
        f" FROM events WHERE {where} GROUP BY {asking.keys}, day HAVING requests > 0{where.settings}",
        where.parameters,
    )


def last_requests(asking: Asking, view: View, keys: Sequence[tuple[str, ...]]) -> Statement:
    """Rows: the key, microseconds of its newest event and of its newest request, 0 for none, in the week before."""
    start = asking.window.start_time
    where = Where(replace(asking.query, start=start - min(_BACK, start - EPOCH), end=start), view)
    for name, values in zip(asking.by, zip(*keys, strict=True), strict=True):
        where.add(where.bound.any_of(DIMENSIONS[name].sql, sorted(set(values))))
    return Statement(
        f"SELECT {asking.named}, toUnixTimestamp64Micro(max(timestamp)),"
        " toUnixTimestamp64Micro(maxIf(timestamp, status_code > 0))"
        f" FROM events WHERE {where} GROUP BY {asking.keys}",
        where.parameters,
    )


def _counted(bound: Bound, apdex: Thresholds, *, estimated: bool) -> str:
    """Columns of a group of events, which can be summed up further."""
    return ", ".join(
        (
            f"{MEASURES['requests'].sql} AS r",
            f"{MEASURES['errors'].sql} AS e",
            f"{MEASURES['errors_5xx'].sql} AS f",
            f"{APDEX_SUM.replace(APDEX_T, threshold(bound, apdex))} AS s",
            f"{quantiles(_LEVELS, 'IfState', estimated=estimated)}({RESPONSE_TIMES}) AS times",
        )
    )


def _summed(*, estimated: bool) -> str:
    return (
        "sum(r) AS requests, sum(e) AS errors, sum(f) AS failed, sum(s) AS satisfied,"
        f" {quantiles(_LEVELS, 'IfMerge', estimated=estimated)}(times) AS percentiles"
    )
