"""Histograms, heatmaps and places on the map are those that the events themselves give."""

from __future__ import annotations

from bisect import bisect_right
from itertools import pairwise

from hypothesis import strategies as st
from msgspec import UNSET
from msgspec.structs import replace

from differential import courses, reckoned
from differential.oracle import NOWHERE, field, inside
from differential.questions import in_a_range, insides, sorts, steps_of, views, zones
from pulsestream.clock import to_micros
from pulsestream.query.expression import Field
from pulsestream.query.geo import Level, geo
from pulsestream.query.histogram import heatmap, histogram
from pulsestream.query.scale import HUGE, Scale

_NUMBERS = ("response_time_ms", "status_code", "request_size_bytes", "response_size_bytes")
numbers = st.sampled_from(_NUMBERS).map(Field) | insides
scales = st.none() | st.sampled_from(Scale)
_PLACES = {Level.COUNTRY: ("country",), Level.REGION: ("region",), Level.CITY: ("country", "region", "city")}


def _number(event, place):
    """None where an event has none."""
    if isinstance(place, Field):
        found = field(event, place.name)
        return None if found is None else float(found)
    found = inside(event, place)
    if found is NOWHERE or isinstance(found, bool) or not isinstance(found, int | float) or abs(found) > HUGE:
        return None
    return float(found)


def _same_scale(found, there, buckets, scale):
    """Whether the bounds hold all the numbers, are not too many, and are on a scale that suits them."""
    if not there:
        assert found.bounds == []
        return
    low, high, positive = min(there), max(there), [one for one in there if one > 0]
    wide = bool(positive) and high / min(positive) >= 100 and low >= 0
    chosen = scale if scale is not None and low >= 0 else Scale.LOG if wide else Scale.LINEAR
    assert found.scale == chosen
    assert all(one < other for one, other in pairwise(found.bounds)), found.bounds
    assert found.bounds[0] <= low
    assert high < found.bounds[-1]
    assert len(found.bounds) - 1 <= buckets


def _counted(bounds, values):
    counts = [0] * max(len(bounds) - 1, 0)
    for value in values:
        counts[bisect_right(bounds, value) - 1] += 1
    return counts


# ---- of all events, or of groups


def test_a_histogram_counts_the_numbers_that_events_have(filled):
    def asked(world):
        return {
            "query": in_a_range(world, by=0),
            "place": numbers,
            "buckets": st.sampled_from((4, 5, 10, 30, 200)),
            "scale": scales,
            "zone": zones,
            "view": views(world),
        }

    filled.agrees(25, _histogram, asked)


def _histogram(filled, tenant, *, query, place, buckets, scale, zone, view):
    query, view, rows = replace(query, tenant=tenant), filled.seen(tenant, view), filled.worlds[tenant]
    found = filled.run(histogram(filled.questions, query, field=place, buckets=buckets, zone=zone, scale=scale))
    mine = reckoned.asked_about(rows, query, view)
    assert found.basis.events == reckoned.basis_events(rows, query, view)
    values = {row.position: _number(row.event, place) for row in mine}
    there = [value for value in values.values() if value is not None]
    assert (found.matched, found.missing) == (len(mine), len(mine) - len(there))
    _same_scale(found, there, buckets, scale)
    listed = _listed(query, mine, view)
    shown = [(courses.labels(query.group_by, key), False, members) for key, members in listed.items()]
    known = {row.position for members in listed.values() for row in members}
    shown.append(({}, True, [row for row in mine if row.position not in known]))
    expected = []
    for group, other, members in shown:
        sizes = [values[row.position] for row in members if values[row.position] is not None]
        if there and (sizes or not other):
            expected.append((group, other, _counted(found.bounds, sizes)))
    assert [(one.group, one.other, one.counts) for one in found.series] == expected


def _listed(query, mine, view):
    if not query.group_by:
        return {(): mine}
    groups = courses.ranked(mine, query.group_by, "count", view.apdex, descending=True)
    members = {}
    for row in mine:
        members.setdefault(tuple(courses.key(row.event, place) for place in query.group_by), []).append(row)
    return {key: members[key] for key in [*groups][: query.limit]}


# ---- over time


def test_a_heatmap_counts_them_step_by_step(filled):
    def asked(world):
        drawn = in_a_range(world, by=0).flatmap(lambda query: st.tuples(st.just(query), steps_of(query)))
        return {
            "drawn": drawn,
            "place": numbers,
            "buckets": st.sampled_from((4, 10, 30)),
            "scale": scales,
            "zone": zones,
            "view": views(world),
        }

    filled.agrees(20, _heatmap, asked)


def _heatmap(filled, tenant, *, drawn, place, buckets, scale, zone, view):
    query, step = replace(drawn[0], tenant=tenant, group_by=()), drawn[1]
    view, rows = filled.seen(tenant, view), filled.worlds[tenant]
    found = filled.run(
        heatmap(filled.questions, query, field=place, step=step, buckets=buckets, zone=zone, scale=scale)
    )
    mine = [row.event for row in reckoned.asked_about(rows, query, view)]
    values = [(field(event, "timestamp"), _number(event, place)) for event in mine]
    there = [(at, value) for at, value in values if value is not None]
    assert (found.matched, found.missing) == (len(mine), len(mine) - len(there))
    _same_scale(found, [value for _, value in there], buckets, scale)
    begun = courses.starts(step.count, step.unit.value, query.start, query.end, zone)
    assert [to_micros(at) for at in found.times] == begun
    inside_of = [[] for _ in begun]
    for at, value in there:
        inside_of[bisect_right(begun, at) - 1].append(value)
    assert found.counts == [_counted(found.bounds, of_step) for of_step in inside_of]


# ---- places


def test_places_are_those_that_events_say(filled):
    def asked(world):
        query = in_a_range(world, by=0, most=4)
        return {"query": query, "level": st.sampled_from(Level), "sort": sorts, "view": views(world)}

    filled.agrees(12, _geo, asked)


def _geo(filled, tenant, *, query, level, sort, view):
    names = _PLACES[level]
    query = replace(query, tenant=tenant, group_by=())
    view, rows = filled.seen(tenant, view), filled.worlds[tenant]
    seconds = (query.end - query.start).total_seconds()
    found = filled.run(geo(filled.questions, query, level=level, sort=sort, seconds=seconds))
    mine = reckoned.asked_about(rows, query, view)
    places = tuple(map(Field, names))
    groups = courses.ranked(mine, places, sort.measure, view.apdex, descending=sort.descending)
    assert (found.places_total, found.matched) == (len(groups), len(mine))
    for one, (key, events) in zip(found.places, [*groups.items()][: query.limit], strict=True):
        told = {name: getattr(one, name) for name in ("country", "region", "city") if getattr(one, name) is not UNSET}
        assert told == {name: text or None for name, text in zip(names, key, strict=True)}
        assert one.share == len(events) / len(mine)
        for measure in query.measures:
            right = reckoned.measured(measure, events, view.apdex, seconds)
            assert reckoned.alike(one.values[measure], right), (measure, one, right)
