"""Rate, errors, duration: a row per service or endpoint, with its course, how it was before, and how well it is."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, cast

from msgspec import Struct
from msgspec.structs import replace

from pulsestream.clock import EPOCH, from_micros
from pulsestream.query import red_sql
from pulsestream.query.course import Steps, steps
from pulsestream.query.health import Rhythm, Sample, Standing, judge, unusual
from pulsestream.query.model import View
from pulsestream.query.red_sql import Asking, Window
from pulsestream.query.run import Basis, Questions

BY_SERVICE = ("service",)
BY_ENDPOINT = ("service", "endpoint", "method")
SORTS = tuple(red_sql.SORTS)
WEEK = timedelta(days=7)
DAY = timedelta(days=1)

Key = tuple[str, ...]


class Figures(Struct, frozen=True):
    """Of one group in one window. None where a figure makes no sense: of no requests."""

    requests: int = 0
    errors: int = 0
    errors_5xx: int = 0
    apdex: float | None = None
    p50_ms: float | None = None
    p75_ms: float | None = None
    p90_ms: float | None = None
    p95_ms: float | None = None
    p99_ms: float | None = None

    @property
    def error_rate(self) -> float | None:
        return self.errors / self.requests if self.requests else None

    @property
    def rate_5xx(self) -> float | None:
        return self.errors_5xx / self.requests if self.requests else None

    @property
    def sample(self) -> Sample:
        return Sample(
            requests=self.requests,
            errors_4xx=self.errors - self.errors_5xx,
            errors_5xx=self.errors_5xx,
            apdex=self.apdex,
            p50_ms=self.p50_ms,
            p75_ms=self.p75_ms,
            p90_ms=self.p90_ms,
            p95_ms=self.p95_ms,
        )


class Course(Struct, frozen=True):
    """By step: requests, those of them with a status of 400 or more, the response time that 95 % stay under."""

    requests: list[int]
    errors: list[int]
    p95_ms: list[float | None]


class Row(Struct, frozen=True):
    """`key`: what the group is called; empty for the total, which has no course and no health.

    `last_seen`: the newest event, `last_request` the newest with a status, in the range or the week before it.
    `previous`, `last_week`: None where there was no request. These and `health` are None where nobody asked.
    """

    key: Key
    now: Figures = Figures()
    course: Course = Course([], [], [])
    last_seen: datetime | None = None
    last_request: datetime | None = None
    previous: Figures | None = None
    last_week: Figures | None = None
    health: Standing | None = None


class Table(Struct, frozen=True):
    """`groups`: how many there are in the range, also beyond the limit; rows of those that are silent come after them.

    `previous`, `last_week`: what the rows are compared with; None where it is not all to be seen any more.
    """

    total: Row
    rows: list[Row]
    groups: int
    steps: Steps
    previous: Window | None
    last_week: Window | None
    basis: Basis


class _Earlier(Struct, frozen=True):
    """By key; the total's is empty."""

    previous: dict[Key, Figures] = {}
    last_week: dict[Key, Figures] = {}
    usual: dict[Key, Figures] = {}


async def table(questions: Questions, asking: Asking, *, now: datetime) -> Table:
    """At most `query.limit` rows, and the total. Raises what a question can raise."""
    tenant, window = asking.query.tenant, asking.window
    view = questions.view(tenant)
    basis = await questions.basis(replace(asking.query, measures=("p50_ms", "p95_ms", "p99_ms")))
    course = steps(window.start_time, window.end_time)
    estimated = not basis.exact
    windows = _windows(window, view) if asking.compare else (None, None, None)
    found, earlier, days = await asyncio.gather(
        questions.ask(tenant, red_sql.now(asking, view, course, estimated=estimated)),
        _earlier(questions, asking, view, windows, estimated=estimated),
        _days(questions, asking, view, min(now, window.end_time)),
    )
    rows = [_row(row, course) for row in found]
    total = next((row for row in rows if not row.key), Row(()))
    rows = [row for row in rows if row.key]
    groups = cast("int", found[0][-1]) - 1 if found else 0
    if asking.compare:
        silent = _silent({row.key for row in rows}, earlier, days, course) if groups == len(rows) else []
        silent = silent[: asking.query.limit - len(rows)]
        dated = await _last_requests(questions, asking, view, [*rows, *silent])
        judged = [_judged(_compared(row, earlier), earlier, days, asking, now) for row in dated]
        rows = [row for row in judged if row is not None]
    return Table(_compared(total, earlier), rows, groups, course, *windows[:2], basis)


def _windows(window: Window, view: View) -> tuple[Window | None, Window | None, Window | None]:
    """The period before, of the same length; the same time a week ago, by absolute time; what is to be called usual.

    The first two are None where the tenant does not see all of it any more: part of it would be no comparison. Usual
    is the day before the range, or the period before if that is longer, as much of it as is to be seen.
    """
    oldest = max(view.oldest or EPOCH, EPOCH)
    start, end = window.start_time, window.end_time
    seen = start - oldest
    usual = min(max(end - start, DAY), seen)
    return (
        Window(start - (end - start), start) if seen >= end - start else None,
        Window(start - WEEK, end - WEEK) if seen >= WEEK else None,
        Window(start - usual, start) if usual > timedelta() else None,
    )


async def _earlier(
    questions: Questions, asking: Asking, view: View, windows: Sequence[Window | None], *, estimated: bool
) -> _Earlier:
    asked = list(dict.fromkeys(window for window in windows if window is not None))
    if not asked:
        return _Earlier()
    rows = await questions.ask(asking.query.tenant, red_sql.earlier(asking, view, asked, estimated=estimated))
    found: list[dict[Key, Figures]] = [{} for _ in asked]
    for *key, is_total, requests, errors, failed, satisfied, percentiles, number in cast("Sequence[Any]", rows):
        if requests:
            name = () if is_total else tuple(key)
            found[number][name] = _figures(requests, errors, failed, satisfied, percentiles)
    of_window = dict(zip(asked, found, strict=True))
    return _Earlier(*({} if window is None else of_window[window] for window in windows))


async def _days(questions: Questions, asking: Asking, view: View, end: datetime) -> dict[Key, list[int]]:
    """By key: how many requests there were about this time of day, yesterday first, on seven days."""
    if not asking.compare:
        return {}
    found: dict[Key, list[int]] = {}
    statement = red_sql.days(asking, view, end)
    for *key, day, requests in cast("Sequence[Any]", await questions.ask(asking.query.tenant, statement)):
        found.setdefault(tuple(key), [0] * red_sql.DAYS)[day - 1] = requests
    return found


# ---- those that are silent


def _silent(present: set[Key], earlier: _Earlier, days: dict[Key, list[int]], course: Steps) -> list[Row]:
    """What had requests before and has no event in the range, those that had the most first."""
    nothing = Course([0] * course.count, [0] * course.count, [None] * course.count)
    before = {key: one.requests for key, one in (earlier.last_week | earlier.usual).items() if key}
    before |= {key: sum(of_days) for key, of_days in days.items() if key not in before}
    gone = sorted(before.keys() - present, key=lambda key: (-before[key], key))
    return [Row(key, course=nothing) for key in gone]


async def _last_requests(questions: Questions, asking: Asking, view: View, rows: list[Row]) -> list[Row]:
    """With the times of those that have no request in the range, if they had one in the week before it."""
    keys = [row.key for row in rows if row.last_request is None]
    if not keys or asking.window.start_time <= EPOCH:
        return rows
    statement = red_sql.last_requests(asking, view, keys)
    found: dict[Key, tuple[int, int]] = {
        tuple(key): (seen_us, request_us)
        for *key, seen_us, request_us in cast("Sequence[Any]", await questions.ask(asking.query.tenant, statement))
    }
    return [_dated(row, *found[row.key]) if row.key in found and row.last_request is None else row for row in rows]


def _dated(row: Row, seen_us: int, request_us: int) -> Row:
    return replace(row, last_seen=row.last_seen or from_micros(seen_us), last_request=_moment(request_us))


# ---- rows


def _row(row: Sequence[Any], course: Steps) -> Row:
    *key, is_total, requests, errors, failed, satisfied, percentiles, seen_us, request_us = row[:-5]
    numbers, of_requests, of_errors, of_p95, _ = row[-5:]
    p95_ms: list[float | None] = [None] * course.count
    for number, asked, slow in zip(numbers, of_requests, of_p95, strict=True):
        p95_ms[number - course.first] = slow if asked else None
    return Row(
        () if is_total else tuple(key),
        _figures(requests, errors, failed, satisfied, percentiles),
        Course(course.counts(numbers, of_requests), course.counts(numbers, of_errors), p95_ms),
        _moment(seen_us),
        _moment(request_us),
    )


def _figures(requests: int, errors: int, failed: int, satisfied: float, percentiles: Sequence[float]) -> Figures:
    return Figures(requests, errors, failed, satisfied / requests, *percentiles) if requests else Figures()


def _moment(micros: int) -> datetime | None:
    return from_micros(micros) if micros else None


def _compared(row: Row, earlier: _Earlier) -> Row:
    return replace(row, previous=earlier.previous.get(row.key), last_week=earlier.last_week.get(row.key))


def _judged(row: Row, earlier: _Earlier, days: dict[Key, list[int]], asking: Asking, now: datetime) -> Row | None:
    """None for an endpoint that is rarely called: it is without a request most of the time."""
    window = asking.window
    until = max(window.start_time, min(now, window.end_time))
    active_s = (row.last_request - window.start_time).total_seconds() if row.now.requests and row.last_request else 0.0
    rhythm = Rhythm(
        since_last=until - row.last_request if row.last_request else None,
        of_days=days.get(row.key, [0] * red_sql.DAYS),
        hours=red_sql.HOURS_OF_DAY,
        own=row.now.requests / max(active_s, 1.0),
    )
    appended = row.last_seen is None or row.last_seen < window.start_time
    if appended and asking.by != BY_SERVICE and not unusual(rhythm):
        return None
    usual = [one.sample for one in (earlier.usual.get(row.key), row.last_week) if one is not None]
    return replace(row, health=judge(row.now.sample, usual, rhythm))
