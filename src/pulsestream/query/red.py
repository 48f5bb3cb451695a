"""Rate, errors, duration: a row per service or endpoint, with its course and how it was before."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, cast

from msgspec import Struct
from msgspec.structs import replace

from pulsestream.clock import EPOCH, from_micros, to_micros
from pulsestream.query.apdex import Thresholds
from pulsestream.query.catalog import APDEX_SUM, APDEX_T, DIMENSIONS, MEASURES, RESPONSE_TIMES, quantiles
from pulsestream.query.compile import Where, threshold
from pulsestream.query.condition import Bound
from pulsestream.query.model import Query, View
from pulsestream.query.run import Basis, Questions
from pulsestream.store.port import Statement

BY_SERVICE = ("service",)
BY_ENDPOINT = ("service", "endpoint", "method")
WEEK = timedelta(days=7)

# In seconds; a course has 18 to 37 steps, each on a multiple of its length.
_STEPS = (
    *(1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800),
    *(3600, 7200, 10_800, 21_600, 43_200, 86_400, 172_800, 604_800),
)
_STEPS_MAX = 36
_HOUR_S = 3600
_LAST = datetime(2106, 1, 1, tzinfo=UTC)  # the engine's hours end there
_LEVELS = "0.5, 0.95, 0.99"
_P95 = 2  # its place among the levels, counted from 1

# What a row can be sorted by, of the columns below. A row without requests comes last: its ratios are no numbers.
SORTS = {
    "requests": "requests",
    "errors": "errors",
    "errors_5xx": "failed",
    "error_rate": "errors / requests",
    "rate_5xx": "failed / requests",
    "p50_ms": "if(requests = 0, NULL, percentiles[1])",
    "p95_ms": "if(requests = 0, NULL, percentiles[2])",
    "p99_ms": "if(requests = 0, NULL, percentiles[3])",
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


class Figures(Struct, frozen=True):
    """Of one group in one window. None where a figure makes no sense: of no requests."""

    requests: int
    errors: int
    errors_5xx: int
    apdex: float | None
    p50_ms: float | None
    p95_ms: float | None
    p99_ms: float | None

    @property
    def error_rate(self) -> float | None:
        return self.errors / self.requests if self.requests else None

    @property
    def rate_5xx(self) -> float | None:
        return self.errors_5xx / self.requests if self.requests else None


class Course(Struct, frozen=True):
    """By step: requests, those of them with a status of 400 or more, the response time that 95 % stay under."""

    requests: list[int]
    errors: list[int]
    p95_ms: list[float | None]


class Row(Struct, frozen=True):
    """`key`: what the group is called. `previous`, `last_week`: None where there was no request, or nobody asked."""

    key: tuple[str, ...]
    now: Figures
    course: Course
    last_seen: datetime | None
    previous: Figures | None
    last_week: Figures | None


class Table(Struct, frozen=True):
    """`step_s`: length of a step; `times`: where each begins. `groups`: how many there are, also beyond the limit.

    `previous`, `last_week`: the windows that the rows are compared with; None where one is not wholly seen any more.
    """

    total: Row
    rows: list[Row]
    groups: int
    step_s: int
    times: list[datetime]
    previous: Window | None
    last_week: Window | None
    basis: Basis


class Steps(Struct, frozen=True):
    """`first`: the number of the first step since 1970."""

    step_s: int
    first: int
    count: int

    def times(self) -> list[datetime]:
        return [from_micros((self.first + number) * self.step_s * 1_000_000) for number in range(self.count)]

    @property
    def sql(self) -> str:
        """The number of an event's step. The hour is in the sorting key, and cheaper to read."""
        moment = "timestamp" if self.step_s < _HOUR_S else "hour"
        return f"intDiv(toUnixTimestamp({moment}), {self.step_s})"


def steps(start: datetime, end: datetime) -> Steps:
    """Of a length that makes some thirty of them; the first and the last may reach beyond the range."""
    since, until = max(start, EPOCH), min(end, _LAST)
    if since >= until:
        return Steps(_STEPS[0], 0, 0)
    seconds = (until - since).total_seconds()
    step_s = next((step for step in _STEPS if seconds <= step * _STEPS_MAX), 0)
    if not step_s:
        weeks = -(-seconds // (_STEPS[-1] * _STEPS_MAX))
        step_s = int(weeks) * _STEPS[-1]
    first = to_micros(since) // (step_s * 1_000_000)
    last = (to_micros(until) - 1) // (step_s * 1_000_000)
    return Steps(step_s, first, last - first + 1)


class Asking(Struct, frozen=True):
    """`by`: what makes a group. `sort`: a name of SORTS. `descending`: the largest first."""

    query: Query
    by: tuple[str, ...]
    sort: str
    descending: bool
    compare: bool

    @property
    def window(self) -> Window:
        assert self.query.start is not None and self.query.end is not None  # noqa: S101, PT018 - it has a range
        return Window(self.query.start, self.query.end)


async def table(questions: Questions, asking: Asking) -> Table:
    """At most `query.limit` rows, and the total. Raises what a question can raise."""
    tenant, view, window = asking.query.tenant, questions.view(asking.query.tenant), asking.window
    basis = await questions.basis(replace(asking.query, measures=("p50_ms", "p95_ms", "p99_ms")))
    course = steps(window.start_time, window.end_time)
    previous, last_week = _before(window, view) if asking.compare else (None, None)
    earlier = [one for one in (previous, last_week) if one is not None]
    asked = [questions.ask(tenant, _now(asking, view, course, estimated=not basis.exact))]
    if earlier:
        asked.append(questions.ask(tenant, _earlier(asking, view, earlier, estimated=not basis.exact)))
    found, *compared = await asyncio.gather(*asked)
    before = [_figures_by_key(compared[0], number) for number in range(len(earlier))] if compared else []
    of_previous = before[0] if previous else {}
    of_last_week = before[-1] if last_week else {}
    rows = [_row(row, course, of_previous, of_last_week) for row in found]
    total = next((row for row in rows if not row.key), None) or Row(
        (), _NOTHING, Course([], [], []), None, of_previous.get(()), of_last_week.get(())
    )
    return Table(
        total=total,
        rows=[row for row in rows if row.key],
        groups=cast("int", found[0][-1]) - 1 if found else 0,
        step_s=course.step_s,
        times=course.times(),
        previous=previous,
        last_week=last_week,
        basis=basis,
    )


_NOTHING = Figures(0, 0, 0, None, None, None, None)


def _before(window: Window, view: View) -> tuple[Window | None, Window | None]:
    """The period before, of the same length, and the same time a week ago, by absolute time.

    None where the tenant does not see all of it any more: part of it would be no comparison.
    """
    oldest = max(view.oldest or EPOCH, EPOCH)
    length = window.end_time - window.start_time
    seen = window.start_time - oldest
    return (
        Window(window.start_time - length, window.start_time) if seen >= length else None,
        Window(window.start_time - WEEK, window.end_time - WEEK) if seen >= WEEK else None,
    )


# ---- statements


def _now(asking: Asking, view: View, course: Steps, *, estimated: bool) -> Statement:
    """Rows: the key's values, whether it is the total, figures, when last seen, the course, how many rows there are."""
    where = Where(asking.query, view)
    keys = [f"k{number}" for number in range(len(asking.by))]
    inner = _counted(asking.by, where.bound, view.apdex, estimated=estimated)
    p95 = f"finalizeAggregation(times)[{_P95}]"
    direction = "DESC" if asking.descending else "ASC"
    return Statement(
        f"SELECT {', '.join(keys)}, grouping(k0) = 1 AS is_total, {_summed(estimated=estimated)},"
        " toUnixTimestamp64Micro(max(last)) AS seen,"
        " if(is_total, [], groupArray(step)), if(is_total, [], groupArray(r)), if(is_total, [], groupArray(e)),"
        f" if(is_total, [], groupArray({p95})), count() OVER ()"
        f" FROM (SELECT {inner}, {course.sql} AS step, max(timestamp) AS last FROM events WHERE {where}"
        f" GROUP BY {', '.join(keys)}, step)"
        f" GROUP BY GROUPING SETS (({', '.join(keys)}), ())"
        f" ORDER BY is_total DESC, {SORTS[asking.sort]} {direction} NULLS LAST, {', '.join(keys)}"
        f" LIMIT {where.bound(asking.query.limit + 1, 'UInt64')}{where.settings}",
        where.parameters,
    )


def _earlier(asking: Asking, view: View, windows: Sequence[Window], *, estimated: bool) -> Statement:
    """Rows: the key's values, whether it is the total, figures, the number of the window."""
    bound = Bound()
    keys = [f"k{number}" for number in range(len(asking.by))]
    inner = _counted(asking.by, bound, view.apdex, estimated=estimated)
    settings = ""
    parts = []
    for number, window in enumerate(windows):
        where = Where(replace(asking.query, start=window.start_time, end=window.end_time), view, bound)
        settings = where.settings
        parts.append(
            f"SELECT {inner}, {number} AS w FROM events WHERE {where} GROUP BY {', '.join(keys)}",
        )
    return Statement(
        f"SELECT {', '.join(keys)}, grouping(k0) = 1 AS is_total, {_summed(estimated=estimated)}, w"
        f" FROM ({' UNION ALL '.join(parts)})"
        f" GROUP BY GROUPING SETS ((w, {', '.join(keys)}), (w)){settings}",
        bound.parameters,
    )


def _counted(by: Sequence[str], bound: Bound, apdex: Thresholds, *, estimated: bool) -> str:
    """Columns of a group of events, which can be summed up further."""
    return ", ".join(
        (
            *(f"{DIMENSIONS[name].sql} AS k{number}" for number, name in enumerate(by)),
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


# ---- rows


def _row(
    row: Sequence[Any],
    course: Steps,
    previous: dict[tuple[str, ...], Figures],
    last_week: dict[tuple[str, ...], Figures],
) -> Row:
    *key, is_total, requests, errors, failed, satisfied, percentiles, seen_us = row[:-5]
    name = () if is_total else tuple(key)
    return Row(
        name,
        _figures(requests, errors, failed, satisfied, percentiles),
        _course(course, *row[-5:-1]),
        from_micros(seen_us) if seen_us else None,
        previous.get(name),
        last_week.get(name),
    )


def _course(
    course: Steps, numbers: Sequence[int], requests: Sequence[int], errors: Sequence[int], p95_ms: Sequence[float]
) -> Course:
    of_requests, of_errors = [0] * course.count, [0] * course.count
    of_p95: list[float | None] = [None] * course.count
    for number, asked, failed, slow in zip(numbers, requests, errors, p95_ms, strict=True):
        at = number - course.first
        of_requests[at], of_errors[at] = asked, failed
        of_p95[at] = slow if asked else None
    return Course(of_requests, of_errors, of_p95)


def _figures_by_key(rows: Sequence[Sequence[Any]], window: int) -> dict[tuple[str, ...], Figures]:
    """Of the groups that had requests in it; the total's key is empty."""
    found: dict[tuple[str, ...], Figures] = {}
    for *key, is_total, requests, errors, failed, satisfied, percentiles, number in rows:
        if number == window and requests:
            found[() if is_total else tuple(key)] = _figures(requests, errors, failed, satisfied, percentiles)
    return found


def _figures(requests: int, errors: int, failed: int, satisfied: float, percentiles: Sequence[float]) -> Figures:
    if not requests:
        return _NOTHING
    return Figures(requests, errors, failed, satisfied / requests, *percentiles)
