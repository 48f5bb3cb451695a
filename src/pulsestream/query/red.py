"""Rate, errors, duration: a row per service or endpoint, with its course, how it was before, and how well it is."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, cast
from zoneinfo import ZoneInfo

from msgspec import Struct
from msgspec.structs import replace

from pulsestream.clock import EPOCH, from_micros
from pulsestream.query import red_sql
from pulsestream.query.health import Rhythm, Sample, Standing, judge, may_be_unusual, unusual
from pulsestream.query.model import View
from pulsestream.query.red_sql import Asking, Key, Window
from pulsestream.query.run import Basis, Questions
from pulsestream.query.steps import Grid, automatic_step, grid

BY_SERVICE = ("service",)
BY_ENDPOINT = ("service", "endpoint", "method")
SORTS = tuple(red_sql.SORTS)
WEEK = timedelta(days=7)
DAY = timedelta(days=1)
_STEPS = 36  # of a course, at most
_TIMED_LAST_WEEK_MAX = timedelta(hours=12)


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
    steps: Grid
    previous: Window | None
    last_week: Window | None
    basis: Basis


class _Windows(Struct, frozen=True):
    """What a range is compared with. `usual`: the day before it, as much of that as is to be seen.

    The others are None where the tenant does not see all of it any more: part of it would be no comparison.
    """

    previous: Window | None = None
    last_week: Window | None = None
    usual: Window | None = None


class _Earlier(Struct, frozen=True):
    """By key; the total's is empty."""

    previous: dict[Key, Figures] = {}
    last_week: dict[Key, Figures] = {}
    usual: dict[Key, Figures] = {}

    def rate(self, key: Key) -> float:
        """Requests a second on the day before the range."""
        return self.usual.get(key, Figures()).requests / DAY.total_seconds()


async def table(questions: Questions, asking: Asking, *, now: datetime, zone: ZoneInfo) -> Table:
    """At most `query.limit` rows, and the total. `zone`: of the steps of their course. Raises as a question does."""
    tenant, window = asking.query.tenant, asking.window
    view = questions.view(tenant)
    step = automatic_step(window.start_time, window.end_time, points=_STEPS)
    course = grid(step, start=window.start_time, end=window.end_time, zone=zone)
    windows = _windows(window, view) if asking.compare else _Windows()
    until = max(window.start_time, min(now, window.end_time))
    basis, (found, earlier) = await questions.upon(
        replace(asking.query, measures=("p50_ms", "p95_ms", "p99_ms")),
        lambda estimated: asyncio.gather(
            questions.ask(tenant, red_sql.now(asking, view, course, until, estimated=estimated)),
            _earlier(questions, asking, view, windows, estimated=estimated),
        ),
    )
    rows = [_compared(_row(row, course), earlier) for row in found]
    rows = await _dated(questions, asking, rows, red_sql.rough(window, course, until))
    total = next((row for row in rows if not row.key), _compared(Row(()), earlier))
    rows = [row for row in rows if row.key]
    groups = cast("int", found[0][-1]) - 1 if found else 0
    if asking.compare:
        if groups == len(rows):
            rows += _silent(rows, earlier, course, asking, until)
        rows = await _judged(questions, asking, rows, earlier=earlier, until=until)
    return Table(total, rows, groups, course, windows.previous, windows.last_week, basis)


def _windows(window: Window, view: View) -> _Windows:
    """The period before, of the same length; the same time a week ago, by absolute time, if that is before it."""
    oldest = max(view.oldest or EPOCH, EPOCH)
    start, end = window.start_time, window.end_time
    seen = start - oldest
    return _Windows(
        Window(start - (end - start), start) if seen >= end - start else None,
        Window(start - WEEK, end - WEEK) if seen >= WEEK >= end - start else None,
        Window(start - min(DAY, seen), start) if seen > timedelta() else None,
    )


async def _earlier(questions: Questions, asking: Asking, view: View, windows: _Windows, *, estimated: bool) -> _Earlier:
    """Response times of what is called usual, and of no long window besides: they are half of what a window costs."""
    length = asking.window.end_time - asking.window.start_time
    timed: dict[Window | None, bool] = {windows.usual: True}
    timed[windows.previous] = timed.get(windows.previous, False) or length <= DAY
    timed[windows.last_week] = timed.get(windows.last_week, False) or length <= _TIMED_LAST_WEEK_MAX
    asked = [(window, times) for window, times in timed.items() if window is not None]
    if not asked:
        return _Earlier()
    rows = await questions.ask(asking.query.tenant, red_sql.earlier(asking, view, asked, estimated=estimated))
    found: list[dict[Key, Figures]] = [{} for _ in asked]
    for *key, is_total, requests, errors, failed, satisfied, percentiles, number in cast("Sequence[Any]", rows):
        figures = _figures(requests, errors, failed, satisfied, percentiles)
        if requests:
            name = () if is_total else tuple(key)
            found[number][name] = figures if asked[number][1] else Figures(requests, errors, failed)
    of_window: dict[Window | None, dict[Key, Figures]] = {
        window: figures for (window, _), figures in zip(asked, found, strict=True)
    }
    return _Earlier(*(of_window.get(window, {}) for window in (windows.previous, windows.last_week, windows.usual)))


# ---- health


def _silent(rows: list[Row], earlier: _Earlier, course: Grid, asking: Asking, until: datetime) -> list[Row]:
    """What had requests before and has no event in the range, those that had the most first.

    Of endpoints only those that are called so often that it means something.
    """
    count = len(course.starts_us)
    nothing = Course([0] * count, [0] * count, [None] * count)
    before = {key: one.requests for key, one in (earlier.last_week | earlier.usual).items() if key}
    gone = sorted(before.keys() - {row.key for row in rows}, key=lambda key: (-before[key], key))
    if asking.by != BY_SERVICE:
        gap_s = (until - asking.window.start_time).total_seconds()
        gone = [key for key in gone if may_be_unusual(gap_s, earlier.rate(key))]
    empty = [_compared(Row(key, course=nothing), earlier) for key in gone]
    return empty[: max(asking.query.limit - len(rows), 0)]


async def _judged(
    questions: Questions, asking: Asking, rows: list[Row], *, earlier: _Earlier, until: datetime
) -> list[Row]:
    """With their health. An endpoint without an event in the range has a row only where that is unusual."""
    view = questions.view(asking.query.tenant)
    dated = await _dated_before(questions, asking, rows, earlier)
    rhythms = {row.key: _rhythm(row, asking, until) for row in dated}
    doubtful = [
        row for row in dated if _is_appended(row, asking) or _may_be_silent(rhythms[row.key], earlier.rate(row.key))
    ]
    if doubtful:
        statement = red_sql.days(asking, view, until)
        for *key, day, requests in cast("Sequence[Any]", await questions.ask(asking.query.tenant, statement)):
            if tuple(key) in rhythms:
                rhythms[tuple(key)].of_days[day - 1] = requests
    return [
        replace(row, health=judge(row.now.sample, _usual(row, earlier), rhythms[row.key]))
        for row in dated
        if asking.by == BY_SERVICE or not _is_appended(row, asking) or unusual(rhythms[row.key])
    ]


async def _dated_before(questions: Questions, asking: Asking, rows: list[Row], earlier: _Earlier) -> list[Row]:
    """With the times of those that have no request in the range, if they had one in the week before it."""
    start = asking.window.start_time
    keys = [row.key for row in rows if row.last_request is None]
    if not keys or start <= EPOCH:
        return rows
    back = DAY if all(key in earlier.usual for key in keys) else WEEK
    found = await _newest(questions, asking, keys, Window(start - min(back, start - EPOCH), start), ())
    return [_with_times(row, found.get(row.key)) if row.last_request is None else row for row in rows]


async def _dated(questions: Questions, asking: Asking, rows: list[Row], rough: Window | None) -> list[Row]:
    """With exact times of those that are known to the hour only."""
    if rough is None:
        return rows
    hours = {row.key: [at.replace(minute=0, second=0, microsecond=0) for at in _moments(row)] for row in rows}
    lacking = [key for key, begins in hours.items() if begins and min(begins) < rough.end_time]
    if not lacking:
        return rows
    within = sorted({hour for key in lacking for hour in hours[key]})
    found = await _newest(questions, asking, [] if () in lacking else lacking, asking.window, within)
    found[()] = (
        max((seen for seen, _ in found.values() if seen is not None), default=None),
        max((request for _, request in found.values() if request is not None), default=None),
    )
    return [_with_times(row, found.get(row.key)) if row.key in lacking else row for row in rows]


def _moments(row: Row) -> list[datetime]:
    return [at for at in (row.last_seen, row.last_request) if at is not None]


def _with_times(row: Row, found: tuple[datetime | None, datetime | None] | None) -> Row:
    if found is None:
        return row
    seen, request = found
    known = [at for at in (row.last_seen, seen) if at is not None]
    return replace(row, last_seen=max(known, default=None), last_request=request)


async def _newest(
    questions: Questions, asking: Asking, keys: Sequence[Key], window: Window, hours: Sequence[datetime]
) -> dict[Key, tuple[datetime | None, datetime | None]]:
    """By key: its newest event and request in the window, as far as it is in one of the hours."""
    view = questions.view(asking.query.tenant)
    rows = await questions.ask(asking.query.tenant, red_sql.newest(asking, view, keys, window, hours))
    return {
        tuple(key): (_moment(seen_us), _moment(request_us)) for *key, seen_us, request_us in cast("Sequence[Any]", rows)
    }


def _is_appended(row: Row, asking: Asking) -> bool:
    """Whether it has no event in the range."""
    return row.last_seen is None or row.last_seen < asking.window.start_time


def _rhythm(row: Row, asking: Asking, until: datetime) -> Rhythm:
    start = asking.window.start_time
    active_s = (row.last_request - start).total_seconds() if row.now.requests and row.last_request else 0.0
    return Rhythm(
        since_last=until - row.last_request if row.last_request else None,
        of_days=[0] * red_sql.DAYS,
        hours=red_sql.HOURS_OF_DAY,
        own=row.now.requests / max(active_s, 1.0),
    )


def _may_be_silent(rhythm: Rhythm, rate: float) -> bool:
    gap = rhythm.since_last
    return gap is not None and may_be_unusual(gap.total_seconds(), max(rate, rhythm.own))


def _usual(row: Row, earlier: _Earlier) -> list[Sample]:
    return [one.sample for one in (earlier.usual.get(row.key), row.last_week) if one is not None]


# ---- rows


def _row(row: Sequence[Any], course: Grid) -> Row:
    *key, is_total, requests, errors, failed, satisfied, percentiles, seen_us, request_us = row[:-5]
    count, numbers = len(course.starts_us), course.numbers
    went = Course([0] * count, [0] * count, [None] * count)
    for said, asked, failed_then, slow in zip(*row[-5:-1], strict=True):
        number = numbers[said]
        went.requests[number], went.errors[number] = asked, failed_then
        went.p95_ms[number] = slow if asked else None
    return Row(
        () if is_total else tuple(key),
        _figures(requests, errors, failed, satisfied, percentiles),
        went,
        _moment(seen_us),
        _moment(request_us),
    )


def _figures(requests: int, errors: int, failed: int, satisfied: float, percentiles: Sequence[float]) -> Figures:
    return Figures(requests, errors, failed, satisfied / requests, *percentiles) if requests else Figures()


def _moment(micros: int) -> datetime | None:
    return from_micros(micros) if micros else None


def _compared(row: Row, earlier: _Earlier) -> Row:
    return replace(row, previous=earlier.previous.get(row.key), last_week=earlier.last_week.get(row.key))
