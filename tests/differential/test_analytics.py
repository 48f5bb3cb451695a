"""Measures over time and ranked groups are those that the events themselves give."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from datetime import timedelta
from itertools import product
from zoneinfo import ZoneInfo

import pytest
from hypothesis import strategies as st
from msgspec.structs import replace

from differential import courses, reckoned, worlds
from differential.oracle import field
from differential.questions import STEPS, in_a_range, sorts, steps_of, views, zones
from differential.reckoned import alike, measured
from pulsestream.clock import EPOCH, to_micros
from pulsestream.query.facets import facets
from pulsestream.query.steps import grid
from pulsestream.query.syntax.place import write
from pulsestream.query.timeseries import timeseries
from pulsestream.query.top import Sort, top

# ---- steps


@pytest.mark.parametrize("zone", worlds.ZONES)
def test_steps_begin_where_the_clock_of_the_zone_says(zone):
    zone = ZoneInfo(zone)
    for anchor, step in product(worlds.ANCHORS, STEPS):
        length = timedelta(seconds=step.nominal_s)
        start = anchor - 2.3 * length if anchor - 3 * length > EPOCH else anchor
        end = anchor + 1.6 * length
        begun = courses.starts(step.count, step.unit.value, start, end, zone)
        assert list(grid(step, start=start, end=end, zone=zone).starts_us) == begun, (anchor, step)


# ---- over time


def test_measures_over_time_are_those_of_the_events(filled):
    def asked(world):
        queries = in_a_range(world, by=0).map(lambda query: replace(query, measures=query.measures[:6]))
        return {
            "drawn": queries.flatmap(lambda query: st.tuples(st.just(query), steps_of(query))),
            "zone": zones,
            "sort": st.none() | sorts,
            "view": views(world),
        }

    filled.agrees(40, _over_time, asked)


def _over_time(filled, tenant, *, drawn, zone, sort, view):
    query, step = replace(drawn[0], tenant=tenant), drawn[1]
    view, rows = filled.seen(tenant, view), filled.worlds[tenant]
    found = filled.run(timeseries(filled.questions, query, step=step, zone=zone, sort=sort))
    mine = reckoned.asked_about(rows, query, view)
    begun = courses.starts(step.count, step.unit.value, query.start, query.end, zone)
    assert [to_micros(at) for at in found.times] == begun
    assert found.step == f"{step.count}{step.unit.value}"
    assert found.basis.events == reckoned.basis_events(rows, query, view)

    sort = sort or Sort()
    groups = courses.ranked(mine, query.group_by, sort.measure, view.apdex, descending=sort.descending)
    assert found.groups_total == (len(groups) if query.group_by else 1)
    listed = dict([*groups.items()][: query.limit]) if query.group_by else {(): [row.event for row in mine]}
    expected = [(courses.labels(query.group_by, keys), False, events) for keys, events in listed.items()]
    rest = [row.event for row in mine if query.group_by and _key(query, row) not in listed]
    expected += [({}, True, rest)] if rest else []
    assert [(one.group, one.other) for one in found.series] == [(group, other) for group, other, _ in expected]

    ends = [*begun[1:], to_micros(min(query.end, courses.LAST))] if begun else []
    first = to_micros(max(query.start, EPOCH))  # there is no time before it
    seconds = [(end - max(at, first)) / 1e6 for at, end in zip(begun, ends, strict=True)]
    for one, (group, _, events) in zip(found.series, expected, strict=True):
        assert list(one.values) == list(query.measures)
        steps = [[] for _ in begun]
        for event in events:
            steps[bisect_right(begun, field(event, "timestamp")) - 1].append(event)
        for measure in query.measures:
            for at, length, inside, value in zip(begun, seconds, steps, one.values[measure], strict=True):
                right = measured(measure, inside, view.apdex, length)
                assert alike(value, right), (measure, group, at, value, right)


def _key(query, row):
    return tuple(courses.key(row.event, place) for place in query.group_by)


# ---- ranked


def test_the_groups_that_rank_highest_are_those_of_the_events(filled):
    def asked(world):
        return {"query": in_a_range(world, by=1), "sort": sorts, "other": st.booleans(), "view": views(world)}

    filled.agrees(40, _top, asked)


def _top(filled, tenant, *, query, sort, other, view):
    query, view, rows = replace(query, tenant=tenant), filled.seen(tenant, view), filled.worlds[tenant]
    seconds = (query.end - query.start).total_seconds()
    found = filled.run(top(filled.questions, query, sort=sort, seconds=seconds, other=other))
    mine = reckoned.asked_about(rows, query, view)
    groups = courses.ranked(mine, query.group_by, sort.measure, view.apdex, descending=sort.descending)
    listed = dict([*groups.items()][: query.limit])
    assert (found.groups_total, found.matched) == (len(groups), len(mine))
    assert found.basis.events == reckoned.basis_events(rows, query, view)
    assert [one.group for one in found.groups] == [courses.labels(query.group_by, keys) for keys in listed]
    rest = [row.event for row in mine if _key(query, row) not in listed]
    assert (found.other is not None) == bool(other and rest)
    shown = [(one, events) for one, events in zip(found.groups, listed.values(), strict=True)]
    for one, events in [*shown, *([(found.other, rest)] if found.other else [])]:
        assert one.share == len(events) / len(mine)
        assert list(one.values) == list(query.measures)
        for measure in query.measures:
            right = measured(measure, events, view.apdex, seconds)
            assert alike(one.values[measure], right), (measure, one, right)


# ---- facets


def test_facets_count_the_values_that_events_have(filled):
    filled.agrees(25, _facets, lambda world: {"query": in_a_range(world, by=1), "view": views(world)})


def _facets(filled, tenant, query, view):
    query, view, rows = replace(query, tenant=tenant), filled.seen(tenant, view), filled.worlds[tenant]
    found = filled.run(facets(filled.questions, query))
    mine = reckoned.asked_about(rows, query, view)
    assert found.basis.events == reckoned.basis_events(rows, query, view)
    assert found.matched == len(mine)
    for place, facet in zip(query.group_by, found.facets, strict=True):
        keys = [courses.key(row.event, place) for row in mine]
        counts = Counter(key for key in keys if courses.label(place, key) is not None)
        ordered = sorted(counts.items(), key=lambda pair: (-pair[1], reckoned.in_order(pair[0])))
        assert [(one.value, one.count) for one in facet.values] == [
            (courses.label(place, key), count) for key, count in ordered[: query.limit]
        ]
        assert (facet.field, facet.distinct) == (write(place), len(counts))
        assert facet.missing == len(mine) - counts.total()
