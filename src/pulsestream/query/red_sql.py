"""The statements behind a table of rate, errors and duration."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from msgspec import Struct
from msgspec.structs import replace

from pulsestream.clock import EPOCH, to_micros
from pulsestream.query.apdex import Thresholds
from pulsestream.query.catalog import APDEX_SUM, APDEX_T, DIMENSIONS, MEASURES, RESPONSE_TIMES, quantiles
from pulsestream.query.compile import Where, threshold
from pulsestream.query.condition import Bound
from pulsestream.query.model import Query, View
from pulsestream.query.steps import Grid
from pulsestream.store.port import Statement

DAYS = 7
HOURS_OF_DAY = 2  # the hour that the range ends in, and the one before
_HOUR = timedelta(hours=1)
_LAST = datetime(2106, 1, 1, tzinfo=UTC)  # the engine's hours end there
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


Key = tuple[str, ...]


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


def now(asking: Asking, view: View, course: Grid, until: datetime, *, estimated: bool) -> Statement:
    """Rows: the key, whether it is the total, figures, its newest event and request, its course, how many rows.

    Of what is in `rough` the newest ones are known to the hour.
    """
    bound = Bound()
    settings = ""
    hours = rough(asking.window, course, until)
    step = course.sql(bound)
    pieces = []
    for piece in _around(asking.window, hours):
        where = Where(replace(asking.query, start=piece.start_time, end=piece.end_time), view, bound)
        settings = where.settings
        at = "toDateTime64(hour, 6, 'UTC')" if piece == hours else "timestamp"
        pieces.append(
            f"SELECT service, endpoint, method, status_code, response_time_ms, {step} AS step, {at} AS at"
            f" FROM events WHERE {where}"
        )
    p95 = f"finalizeAggregation(times)[{_P95}]"
    direction = "DESC" if asking.descending else "ASC"
    return Statement(
        f"SELECT {asking.keys}, grouping(k0) = 1 AS is_total, {_summed(estimated=estimated)},"
        " toUnixTimestamp64Micro(max(last)) AS seen, toUnixTimestamp64Micro(max(request)),"
        " if(is_total, [], groupArray(step)), if(is_total, [], groupArray(r)), if(is_total, [], groupArray(e)),"
        f" if(is_total, [], groupArray({p95})), count() OVER ()"
        f" FROM (SELECT {asking.named}, {_counted(bound, view.apdex, estimated=estimated)}, step,"
        " max(at) AS last, maxIf(at, status_code > 0) AS request"
        f" FROM ({' UNION ALL '.join(pieces)}) GROUP BY {asking.keys}, step)"
        f" GROUP BY GROUPING SETS (({asking.keys}), ())"
        f" ORDER BY is_total DESC, {SORTS[asking.sort]} {direction} NULLS LAST, {asking.keys}"
        f" LIMIT {bound(asking.query.limit + 1, 'UInt64')}{settings}",
        bound.parameters,
    )


def rough(window: Window, course: Grid, until: datetime) -> Window | None:
    """The full hours of a range of which no times are read: they would be a fifth of the cost. None where they are.

    Until an hour or two before the end, so that most of what was seen last is known to the microsecond.
    """
    if not course.starts_us or not course.of_hours or window.start_time < EPOCH:
        return None
    hours = _full_hours(Window(window.start_time, max(until, window.start_time) - _HOUR))
    return hours if hours.end_time - hours.start_time >= 2 * _HOUR else None


def earlier(asking: Asking, view: View, windows: Sequence[tuple[Window, bool]], *, estimated: bool) -> Statement:
    """Rows: the key, whether it is the total, figures, the number of the window.

    Each window with whether its response times are asked for.
    """
    bound = Bound()
    settings = ""
    parts = []
    for number, (window, timed) in enumerate(windows):
        counted = _counted(bound, view.apdex, estimated=estimated) if timed else _counted_only(estimated=estimated)
        for piece in _around(window, _full_hours(window)):  # of full hours no times are read
            where = Where(replace(asking.query, start=piece.start_time, end=piece.end_time), view, bound)
            settings = where.settings
            parts.append(
                f"SELECT {asking.named}, {counted}, {number} AS w FROM events WHERE {where} GROUP BY {asking.keys}"
            )
    return Statement(
        f"SELECT {asking.keys}, grouping(k0) = 1 AS is_total, {_summed(estimated=estimated)}, w"
        f" FROM ({' UNION ALL '.join(parts)}) GROUP BY GROUPING SETS ((w, {asking.keys}), (w)){settings}",
        bound.parameters,
    )


def _full_hours(window: Window) -> Window:
    """Empty where there are none, or none that the engine can say."""
    start, end = window.start_time, window.end_time
    if start < EPOCH or end > _LAST:
        return Window(start, start)
    return Window(start + (EPOCH - start) % _HOUR, end - (end - EPOCH) % _HOUR)


def _around(window: Window, inner: Window | None) -> list[Window]:
    """The inner window, and what is before and after it."""
    if inner is None or inner.start_time >= inner.end_time:
        return [window]
    before, after = Window(window.start_time, inner.start_time), Window(inner.end_time, window.end_time)
    return [piece for piece in (before, inner, after) if piece.start_time < piece.end_time]


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


def newest(asking: Asking, view: View, keys: Sequence[Key], window: Window, hours: Sequence[datetime]) -> Statement:
    """Rows: the key, microseconds of its newest event and request in the window, 0 for none.

    `keys`: of all, if there are none. `hours`: only in these, if there are any.
    """
    where = Where(replace(asking.query, start=window.start_time, end=window.end_time), view)
    bound = where.bound
    for name, values in zip(asking.by, zip(*keys, strict=True), strict=bool(keys)):
        where.add(bound.any_of(DIMENSIONS[name].sql, sorted(set(values))))
    if hours:
        named = (f"toDateTime({bound(to_micros(hour) // 1_000_000, 'Int64')}, 'UTC')" for hour in hours)
        where.add(f"hour IN ({', '.join(named)})")
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


def _counted_only(*, estimated: bool) -> str:
    """The same columns; those of response times are of nothing."""
    return ", ".join(
        (
            f"{MEASURES['requests'].sql} AS r",
            f"{MEASURES['errors'].sql} AS e",
            f"{MEASURES['errors_5xx'].sql} AS f",
            "toFloat64(0) AS s",
            f"{quantiles(_LEVELS, 'IfState', estimated=estimated)}(toFloat64(0), 0) AS times",
        )
    )


def _summed(*, estimated: bool) -> str:
    return (
        "sum(r) AS requests, sum(e) AS errors, sum(f) AS failed, sum(s) AS satisfied,"
        f" {quantiles(_LEVELS, 'IfMerge', estimated=estimated)}(times) AS percentiles"
    )
