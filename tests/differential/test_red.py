"""Rate, errors, duration are those that the events themselves give: by service and endpoint, by step, and before."""

from __future__ import annotations

import math
from datetime import timedelta

from hypothesis import strategies as st
from msgspec.structs import replace

from differential import courses, reckoned
from differential.oracle import field
from differential.questions import in_a_range, near, views, zones
from differential.reckoned import alike, measured
from pulsestream.clock import EPOCH, from_micros, to_micros
from pulsestream.query import red
from pulsestream.query.expression import Field
from pulsestream.query.red_sql import Asking, Window

_HOUR, _DAY, _WEEK = timedelta(hours=1), timedelta(days=1), timedelta(days=7)
_TIMED = (_DAY, 12 * _HOUR)  # the longest ranges of which earlier response times are told
_FIGURES = (
    "requests",
    "errors",
    "errors_5xx",
    "error_rate",
    "rate_5xx",
    "apdex",
    "p50_ms",
    "p75_ms",
    "p90_ms",
    "p95_ms",
    "p99_ms",
)


def test_rate_errors_and_duration_are_those_of_the_events(filled):
    def asked(world):
        return {
            "query": in_a_range(world, by=0, most=8),
            "by": st.sampled_from((red.BY_SERVICE, red.BY_ENDPOINT)),
            "sort": st.sampled_from(red.SORTS),
            "descending": st.booleans(),
            "now": near(world),
            "zone": zones,
            "view": views(world),
        }

    filled.agrees(30, _agree, asked)


def _agree(filled, tenant, *, query, by, sort, descending, now, zone, view):
    query = replace(query, tenant=tenant, group_by=(), measures=())
    view, rows = filled.seen(tenant, view), filled.worlds[tenant]
    if any(field(row.event, "timestamp") == 0 for row in rows):
        return  # the first microsecond of 1970 stands for no event here
    asking = Asking(query, by, sort, descending, compare=True)
    found = filled.run(red.table(filled.questions, asking, now=now, zone=zone))
    places = tuple(Field(name) for name in by)

    def within(start, end):
        return reckoned.asked_about(rows, replace(query, start=start, end=end), view)

    def grouped(mine):
        return courses.ranked(mine, places, "count", view.apdex, descending=True)

    mine = within(query.start, query.end)
    groups = grouped(mine)
    assert found.basis.events == reckoned.basis_events(rows, query, view)
    assert found.groups == len(groups)
    _same(found.total.now, [row.event for row in mine], view)

    windows = _windows(query, view)
    assert (found.previous, found.last_week) == windows[:2]
    before = [grouped(within(one.start_time, one.end_time)) if one else {} for one in windows]
    timed = [query.end - query.start <= longest or windows[at] == windows[2] for at, longest in enumerate(_TIMED)]
    present = [row for row in found.rows if row.key in groups]
    assert [row.key for row in present] == _in_order(groups, sort, view, descending=descending)[: query.limit]
    for row in present:
        events = groups[row.key]
        _same(row.now, events, view)
        assert row.last_seen == _last(events)
        _same_course(found, row, events, query, zone)
        for at, figures in enumerate((row.previous, row.last_week)):
            _same_or_none(figures, before[at].get(row.key, []), view, timed=timed[at])


def _windows(query, view):
    """The period before, the same a week ago, the day before: as far as they are to be seen."""
    oldest = max(view.oldest or EPOCH, EPOCH)
    length, seen = query.end - query.start, query.start - oldest
    return (
        Window(query.start - length, query.start) if seen >= length else None,
        Window(query.start - _WEEK, query.end - _WEEK) if seen >= _WEEK >= length else None,
        Window(query.start - min(seen, _DAY), query.start) if seen > timedelta() else None,
    )


def _same(figures, events, view):
    for name in _FIGURES:
        assert alike(getattr(figures, name), measured(name, events, view.apdex, 1)), (name, figures, events)


def _same_or_none(figures, events, view, *, timed):
    """None where there was no request. `timed`: with response times."""
    if not measured("requests", events, view.apdex, 1):
        assert figures is None
    elif timed:
        _same(figures, events, view)
    else:
        counts = {name: measured(name, events, view.apdex, 1) for name in ("requests", "errors", "errors_5xx")}
        assert figures == red.Figures(**counts)


def _last(events):
    return from_micros(max(field(event, "timestamp") for event in events))


def _in_order(groups, sort, view, *, descending):
    def rank(key):
        value = (
            max(field(event, "timestamp") for event in groups[key])
            if sort == "last_seen"
            else measured(sort, groups[key], view.apdex, 1)
        )
        by_value = 0 if value is None else -value if descending else value
        return value is None, by_value, [reckoned.in_order(one) for one in key]

    return sorted(groups, key=rank)


def _same_course(table, row, events, query, zone):
    step, times = table.steps.step, [to_micros(at) for at in table.steps.times]
    assert times == courses.starts(step.count, step.unit.value, query.start, query.end, zone)
    ends = [*times[1:], math.inf]
    for at, end, requests, errors, p95 in zip(
        times, ends, row.course.requests, row.course.errors, row.course.p95_ms, strict=True
    ):
        inside = [event for event in events if at <= field(event, "timestamp") < end]
        assert (requests, errors, p95) == tuple(
            measured(name, inside, None, 1) for name in ("requests", "errors", "p95_ms")
        ), (at, inside)
