"""What events are counted and measured to is what one counts by hand, on every store."""

from __future__ import annotations

import asyncio
import contextlib
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from msgspec import UNSET

from pulsestream.errors import BadParameters
from pulsestream.query.catalog import DIMENSIONS, MEASURES, Kind
from pulsestream.query.expression import Field, Inside, Tag, one_of
from pulsestream.query.facets import FACETS, Count, Facet, facets
from pulsestream.query.geo import Level, geo
from pulsestream.query.histogram import Counts, heatmap, histogram
from pulsestream.query.model import Query, View
from pulsestream.query.run import Questions
from pulsestream.query.scale import Scale
from pulsestream.query.steps import read_step
from pulsestream.query.timeseries import timeseries
from pulsestream.query.top import Sort, top
from pulsestream.store.connect import connect
from unit.ingest.lines import StillClock, event, line

UTC_ZONE = ZoneInfo("UTC")
TEN = datetime(2026, 5, 4, 10, tzinfo=UTC)
HOUR = {"start": TEN, "end": TEN + timedelta(hours=1)}
SERVICE, CITY, PLAN = Field("service"), Field("city"), Tag("plan")

EVERYTHING = View()

# minute after ten, service, ms and status (of requests), user, tags, payload
EVENTS = [
    (0, "orders", (10, 200), "ann", {"plan": "gold", "city": "Berlin", "country": "DE"}, {"n": 1}),
    (0, "orders", (30, 200), "bob", {"plan": "", "city": "Berlin", "country": "DE"}, {"n": "1"}),
    (1, "orders", (50, 500), "ann", {"city": "Paris", "country": "FR", "region": "EU"}, {"n": None}),
    (10, "search", (100, 200), "cid", {"plan": "gold"}, None),
    (20, "search", (5, 404), "cid", {}, {"n": ""}),
    (59, "search", None, None, {}, {"n": 2.5}),
    (30, "billing", None, None, {}, {"n": {"a": 1}}),
    (70, "orders", (9000, 200), "dan", {}, None),  # in the next hour
]


# Texts that no bound value can be.
LONG = [(0, "orders", None, None, {"plan": "gold", "x": "x" * 150_000 + end}, {"n": "y" * 150_000}) for end in "aab"]


def sent(number, row, tenant="acme"):
    minute, service, request, user, tags, payload = row
    metrics = {"response_time_ms": request[0], "status_code": request[1]} if request else None
    return line(
        number,
        event(
            f"e{number}",
            timestamp=(TEN + timedelta(minutes=minute)).isoformat(),
            source={"service": service, "endpoint": "/", "method": "GET"},
            metrics=metrics,
            context={"user_id": user, "tags": tags} if user else {"tags": tags},
            payload=payload,
        ),
        tenant=tenant,
    )


# The embedded engine of a folder is the one in memory; what differs is a server.
@pytest.fixture(scope="module", params=["memory", pytest.param("http", marks=pytest.mark.slow)])
def asks(request):
    """Asks a question of a store with the events above; the view can hide some."""
    name = "analytics_test"
    with contextlib.ExitStack() as stack:
        dsn = "chdb://memory"
        if request.param == "http":
            node = request.getfixturevalue("clickhouse_node")
            node.ask(f"CREATE DATABASE {name}")
            stack.callback(node.ask, f"DROP DATABASE {name} SYNC")
            dsn = node.dsn(name)
        store = stack.enter_context(contextlib.closing(connect(dsn, clock=StillClock(), memory_bytes_max=1 << 30)))
        store.migrate()
        with contextlib.closing(store.session(threads=1)) as session:
            session.insert_events(b"".join(sent(number, one) for number, one in enumerate(EVENTS, 1)))
            session.insert_events(b"".join(sent(100 + n, one, tenant="long") for n, one in enumerate(LONG)))
        views = {}
        questions = Questions(
            open_session=lambda: store.session(threads=2), view=views.__getitem__, threads=2, mark="test"
        )
        stack.enter_context(contextlib.closing(questions))
        runner = stack.enter_context(asyncio.Runner())

        def asks(question, *, view=EVERYTHING, **parts):
            of_query = {"tenant": "acme", "limit": 10, **HOUR}
            of_query |= {name: parts.pop(name) for name in [*parts] if name in Query.__struct_fields__}
            views[of_query["tenant"]] = view
            return runner.run(question(questions, Query(**of_query), **parts))

        yield asks


def over(asks, step="30m", **parts):
    return asks(timeseries, step=read_step(step), **{"zone": UTC_ZONE, "measures": ("count",)} | parts)


def ranked(asks, **parts):
    return asks(top, **{"sort": Sort(), "seconds": 3600, "measures": ("count",), "group_by": (SERVICE,)} | parts)


def test_measures_over_time_have_a_value_for_every_step(asks):
    names = ("count", "rate", "requests", "errors", "error_rate", "p50_ms", "mean_ms", "max_ms", "users")
    found = over(asks, "10m", measures=names)
    assert found.step == "10m"
    assert found.times == [TEN + timedelta(minutes=10 * number) for number in range(6)]
    [series] = found.series
    assert (series.group, series.other, found.groups_total) == ({}, False, 1)
    assert series.values == {
        "count": [3, 1, 1, 1, 0, 1],
        "rate": [3 / 600, 1 / 600, 1 / 600, 1 / 600, 0, 1 / 600],
        "requests": [3, 1, 1, 0, 0, 0],
        "errors": [1, 0, 1, 0, 0, 0],
        "error_rate": [1 / 3, 0, 1, None, None, None],
        "p50_ms": [30, 100, 5, None, None, None],
        "mean_ms": [30, 100, 5, None, None, None],
        "max_ms": [50, 100, 5, None, None, None],
        "users": [2, 1, 1, 0, 0, 0],
    }
    assert (found.basis.events, found.basis.exact) == (7, True)


def test_a_percentile_is_the_same_alone_and_among_others(asks, monkeypatch):
    names = ("p50_ms", "p95", "p99.9_ms", "p50", "p0.5_ms", "p05")
    for estimated in (False, True):
        if estimated:
            monkeypatch.setattr("pulsestream.query.run.EXACT_EVENTS_MAX", 1)
        together = ranked(asks, measures=("count", *names, "users"))
        alone = [ranked(asks, measures=(name,)) for name in names]
        assert set(together.basis.estimated) == ({*names, "users"} if estimated else set())
        for at, group in enumerate(together.groups):
            assert group.values == {
                "count": group.values["count"],
                "users": group.values["users"],
            } | {name: one.groups[at].values[name] for name, one in zip(names, alone, strict=True)}
        # Of 10, 30 and 50. An estimate may be of the rank before.
        expected = [30, 30, 30, 30, 10, 10] if estimated else [30, 50, 50, 30, 10, 10]
        orders = together.groups[0].values
        assert [orders[name] for name in names] == pytest.approx(expected, rel=0.005)


def test_a_step_without_events_says_what_the_engine_says_of_none(asks):
    names = (*MEASURES, "p50_ms", "p99.9")
    nobody = ranked(asks, measures=names, tenant="nobody")
    assert (nobody.groups, nobody.groups_total, nobody.matched, nobody.other) == ([], 0, 0, None)
    [filled] = over(asks, "1h", measures=names, tenant="nobody").series
    # The one event of this hour is no request: here the engine itself says what it makes of it.
    [measured] = over(asks, "1h", measures=names, where=one_of(SERVICE, ("billing",))).series
    for name in names:
        if name not in ("count", "rate"):
            assert filled.values[name] == measured.values[name], name
    assert (filled.values["count"], filled.values["rate"]) == ([0], [0])


def test_the_first_and_the_last_step_are_those_seconds_that_are_in_the_range(asks):
    within = {"start": TEN - timedelta(seconds=30), "end": TEN + timedelta(minutes=1, seconds=15)}
    found = over(asks, "1m", measures=("count", "rate"), **within)
    assert [at.minute for at in found.times] == [59, 0, 1]
    assert found.series[0].values == {"count": [0, 2, 1], "rate": [0, 2 / 60, 1 / 15]}


def test_days_of_a_zone_hold_the_events_of_its_days(asks):
    # In Berlin the clocks change on the 25th; in the zone of the answer midnight is two hours before that of UTC.
    berlin = {"zone": ZoneInfo("Europe/Berlin"), "start": TEN.replace(month=1), "end": TEN.replace(month=12)}
    found = over(asks, "1M", **berlin)
    assert [(at.month, at.hour) for at in found.times[:4]] == [(12, 23), (1, 23), (2, 23), (3, 22)]
    assert found.series[0].values == {"count": [0, 0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0]}
    kolkata = over(asks, "1h", zone=ZoneInfo("Asia/Kolkata"))
    assert [at.minute for at in kolkata.times] == [30, 30]
    assert kolkata.series[0].values == {"count": [5, 2]}


def test_groups_over_time_are_the_largest_and_all_others_together(asks):
    names = ("count", "p50_ms", "users")
    whole = over(asks, measures=names, group_by=(SERVICE,))
    assert [(one.group, one.other, one.values["count"]) for one in whole.series] == [
        ({"service": "orders"}, False, [3, 0]),
        ({"service": "search"}, False, [2, 1]),
        ({"service": "billing"}, False, [0, 1]),
    ]
    one = over(asks, measures=names, group_by=(SERVICE,), limit=1)
    assert [(series.group, series.other) for series in one.series] == [({"service": "orders"}, False), ({}, True)]
    assert one.groups_total == 3
    # Of all others' events, not of the others' figures.
    assert one.series[1].values == {"count": [2, 2], "p50_ms": [100, None], "users": [1, 0]}
    slowest = over(asks, group_by=(SERVICE,), limit=1, sort=Sort("p50_ms"))
    assert slowest.series[0].group == {"service": "search"}
    none = over(asks, group_by=(SERVICE,), where=one_of(SERVICE, ("nobody",)))
    assert (none.series, none.groups_total, len(none.times)) == ([], 0, 2)


PLACES = [
    (Field("user_id"), "user_id", {"ann": 2, "cid": 2, None: 2, "bob": 1}),
    (Field("status_code"), "status_code", {200: 3, None: 2, 404: 1, 500: 1}),
    (Field("response_time_ms"), "response_time_ms", {None: 2, 5.0: 1, 10.0: 1, 30.0: 1, 50.0: 1, 100.0: 1}),
    (Field("cache_hit"), "cache_hit", {None: 7}),
    (CITY, "city", {None: 4, "Berlin": 2, "Paris": 1}),
    (PLAN, "tag.plan", {None: 4, "gold": 2, "": 1}),
    (Inside("payload", ("n",)), "payload.n", {None: 2, "1": 2, "": 1, "2.5": 1, '{"a":1}': 1}),
    (
        Field("timestamp"),
        "timestamp",
        {"2026-05-04T10:00:00Z": 2} | {f"2026-05-04T10:{minute}:00Z": 1 for minute in ("01", "10", "20", "30", "59")},
    ),
]


@pytest.mark.parametrize(("place", "name", "counts"), PLACES, ids=[name for _, name, _ in PLACES])
def test_a_group_is_named_by_its_value_and_one_without_by_null(asks, place, name, counts):
    found = ranked(asks, group_by=(place,))
    assert {one.group[name]: one.values["count"] for one in found.groups} == counts
    # The same groups over time, by two places; those that are not listed are the others.
    both = {tuple(one.group.values()): one.values["count"] for one in ranked(asks, group_by=(place, SERVICE)).groups}
    for limit in (1, 2, 7):
        series = over(asks, group_by=(place, SERVICE), limit=limit).series
        assert sum(sum(one.values["count"]) for one in series) == 7
        listed = [one for one in series if not one.other]
        assert len(listed) == min(limit, len(both))
        assert {tuple(one.group.values()): sum(one.values["count"]) for one in listed}.items() <= both.items()


def test_groups_of_long_texts_are_told_apart(asks):
    for place, counts in ((Tag("x"), [2, 1]), (Inside("payload", ("n",)), [3])):
        found = over(asks, "1h", group_by=(place, PLAN), tenant="long")
        assert [one.values["count"] for one in found.series] == [[count] for count in counts]
        assert all(len(text) > 100_000 for one in found.series for text in one.group.values() if text != "gold")
    [first, other] = over(asks, "1h", group_by=(Tag("x"),), tenant="long", limit=1).series
    assert (first.values["count"], other.other, other.values["count"]) == ([2], True, [1])


def test_the_highest_of_a_measure_are_first_and_those_without_it_last(asks):
    found = ranked(asks, measures=("p99_ms", "error_rate"), sort=Sort("p99_ms"))
    assert [(one.group["service"], one.values) for one in found.groups] == [
        ("search", {"p99_ms": 100, "error_rate": 0.5}),
        ("orders", {"p99_ms": 50, "error_rate": 1 / 3}),
        ("billing", {"p99_ms": None, "error_rate": None}),
    ]
    assert [one.share for one in found.groups] == [3 / 7, 3 / 7, 1 / 7]
    assert (found.groups_total, found.matched, found.other) == (3, 7, None)
    lowest = ranked(asks, measures=("count",), sort=Sort("error_rate", descending=False))
    assert [one.group["service"] for one in lowest.groups] == ["orders", "search", "billing"]
    rates = ranked(asks, measures=("rate", "request_rate"))
    assert rates.groups[1].values == {"rate": 3 / 3600, "request_rate": 2 / 3600}


def test_all_other_events_are_measured_together(asks):
    names = ("count", "rate", "p50_ms", "error_rate", "users")
    found = ranked(asks, measures=names, limit=1, other=True)
    assert found.groups[0].group == {"service": "orders"}
    assert found.other.values == {"count": 4, "rate": 4 / 3600, "p50_ms": 100, "error_rate": 0.5, "users": 1}
    assert found.other.share == 4 / 7
    assert ranked(asks, measures=names, limit=3, other=True).other is None
    by_two = ranked(asks, group_by=(PLAN, CITY), limit=2, other=True)
    assert [one.group for one in by_two.groups] == [
        {"tag.plan": None, "city": None},
        {"tag.plan": "", "city": "Berlin"},
    ]
    assert by_two.other.values == {"count": 3}


def test_facets_count_every_value_and_what_has_none(asks):
    places = [place for place, _, _ in PLACES] + [Field("status_class"), SERVICE]
    found = asks(facets, group_by=tuple(places))
    assert found.matched == 7
    for one, (_, name, counts) in zip(found.facets, PLACES, strict=False):
        there = {value: count for value, count in counts.items() if value is not None}
        assert one.field == name
        assert {value.value: value.count for value in one.values} == there, name
        assert (one.distinct, one.missing) == (len(there), counts.get(None, 0)), name
        assert [value.count for value in one.values] == sorted(there.values(), reverse=True)
    classes, services = found.facets[-2:]
    assert classes == Facet("status_class", [Count("2xx", 3), Count("4xx", 1), Count("5xx", 1)], 3, 2)
    assert services == Facet("service", [Count("orders", 3), Count("search", 3), Count("billing", 1)], 3, 0)
    [one] = asks(facets, group_by=(Field("user_id"),), limit=1).facets
    assert one == Facet("user_id", [Count("ann", 2)], 3, 2)


def test_facets_of_no_events_have_no_values(asks):
    found = asks(facets, group_by=FACETS, tenant="nobody")
    assert [one.field for one in found.facets] == [place.name for place in FACETS]
    assert {(*one.values, one.distinct, one.missing) for one in found.facets} == {(0, 0)}
    assert found.matched == 0


def spread(asks, **parts):
    return asks(histogram, **{"field": Field("response_time_ms"), "buckets": 10, "zone": UTC_ZONE} | parts)


def test_a_histogram_counts_the_numbers_between_its_bounds(asks):
    # 5, 10, 30, 50, 100; a number on a bound is in the bucket that begins there.
    found = spread(asks, scale=Scale.LOG)
    assert (found.field, found.unit, found.scale) == ("response_time_ms", "ms", "log")
    assert found.bounds == [4, 6.3, 10, 16, 25, 40, 63, 100, 160]
    assert found.series == [Counts({}, other=False, counts=[1, 0, 1, 0, 1, 1, 0, 1])]
    assert (found.matched, found.missing, found.basis.exact) == (7, 2, True)
    assert spread(asks, scale=None) == spread(asks, scale=Scale.LINEAR)  # they differ by less than a hundred times
    linear = spread(asks, scale=Scale.LINEAR, buckets=4)
    assert (linear.bounds, linear.series[0].counts) == ([0, 50, 100, 150], [3, 1, 1])
    all_time = spread(asks, start=TEN - timedelta(days=9), end=TEN + timedelta(days=9))
    assert (all_time.scale, sum(all_time.series[0].counts), all_time.missing) == ("log", 6, 2)
    inside = spread(asks, field=Inside("payload", ("n",)), buckets=4)
    assert (inside.bounds, inside.series[0].counts, inside.missing) == ([1, 1.5, 2, 2.5, 3], [1, 0, 0, 1], 5)


def test_a_histogram_of_groups_shares_its_bounds(asks):
    found = spread(asks, scale=Scale.LOG, buckets=3, group_by=(SERVICE,), limit=1)
    assert found.bounds == [1, 10, 100, 1000]
    assert found.series == [
        Counts({"service": "orders"}, other=False, counts=[0, 3, 0]),
        Counts({}, other=True, counts=[1, 0, 1]),
    ]
    by_time = spread(asks, field=Field("timestamp"), buckets=4, group_by=(Field("status_class"),), limit=2)
    assert by_time.bounds == [TEN + timedelta(minutes=15 * number) for number in range(5)]
    assert [(one.group, one.counts) for one in by_time.series] == [
        ({"status_class": "2xx"}, [3, 0, 0, 0]),
        ({"status_class": None}, [0, 0, 1, 1]),
        ({}, [1, 1, 0, 0]),
    ]
    off = {"start": TEN + timedelta(minutes=5), "end": TEN + timedelta(minutes=65)}
    cut = spread(asks, field=Field("timestamp"), buckets=4, **off)  # of a quarter of an hour it would be five
    assert cut.bounds == [TEN, TEN + timedelta(minutes=30), TEN + timedelta(minutes=60), off["end"]]
    assert [one.counts for one in cut.series] == [[2, 2, 0]]


def test_a_histogram_of_no_numbers_has_no_buckets(asks):
    for parts in ({"tenant": "nobody"}, {"where": one_of(SERVICE, ("billing",))}):
        found = spread(asks, group_by=(SERVICE,), **parts)
        assert (found.bounds, sum(len(one.counts) for one in found.series)) == ([], 0)
        heat = heated(asks, **parts)
        assert (heat.bounds, heat.counts, heat.matched, heat.missing) == ([], [[], []], found.matched, found.missing)
    with pytest.raises(BadParameters, match="service is no number"):
        spread(asks, field=SERVICE)


def heated(asks, step="30m", **parts):
    given = {"field": Field("response_time_ms"), "buckets": 10, "zone": UTC_ZONE, "scale": Scale.LOG}
    return asks(heatmap, step=read_step(step), **given | parts)


def test_a_heatmap_is_a_histogram_for_each_step(asks):
    found = heated(asks, "10m", buckets=3)
    assert (found.step, found.scale, found.bounds) == ("10m", "log", [1, 10, 100, 1000])
    assert found.times == [TEN + timedelta(minutes=10 * number) for number in range(6)]
    assert found.counts == [[0, 3, 0], [0, 0, 1], [1, 0, 0], [0, 0, 0], [0, 0, 0], [0, 0, 0]]
    assert (found.matched, found.missing) == (7, 2)
    whole = heated(asks, "1M", buckets=3, zone=ZoneInfo("Europe/Berlin"), start=TEN - timedelta(days=40))
    assert whole.counts == [[0, 0, 0], [0, 0, 0], [1, 3, 1]]
    assert (
        heated(asks, view=View(hidden=["e2", "e4"])).counts[0]
        == spread(asks, scale=Scale.LOG, view=View(hidden=["e2", "e4"])).series[0].counts
    )


def test_a_city_names_its_country_and_its_region(asks):
    def places(level, **parts):
        given = {"measures": ("count", "max_ms"), "sort": Sort(), "seconds": 3600} | parts
        return asks(geo, level=level, **given)

    found = places(Level.CITY)
    assert [(one.country, one.region, one.city, one.values["count"]) for one in found.places] == [
        (None, None, None, 4),
        ("DE", None, "Berlin", 2),
        ("FR", "EU", "Paris", 1),
    ]
    assert (found.places_total, found.matched, found.places[1].share) == (3, 7, 2 / 7)
    slowest = places(Level.COUNTRY, sort=Sort("max_ms"), limit=2)
    assert [(one.country, one.region, one.values["max_ms"]) for one in slowest.places] == [
        (None, UNSET, 100),
        ("FR", UNSET, 50),
    ]
    assert [(one.region, one.city) for one in places(Level.REGION).places] == [(None, UNSET), ("EU", UNSET)]
    assert places(Level.CITY, tenant="nobody").places == []


def test_a_long_range_is_read_by_its_hours_and_has_the_same_answers(asks):
    # Events in the hour in which it begins, in the one in which it ends, outside of both, and some between.
    minute, days = timedelta(minutes=1), timedelta(days=3)
    for start, end, count in (
        (TEN - days, TEN + days, 8),
        (TEN + minute, TEN + days, 6),
        (TEN + minute - timedelta(microseconds=1), TEN + days, 6),
        (TEN - days, TEN + minute, 2),
        (TEN - days, TEN + timedelta(hours=1), 7),
        (TEN - days, TEN + minute + timedelta(microseconds=1), 3),
    ):
        whole = {"start": start, "end": end}
        assert ranked(asks, **whole).matched == count
        assert sum(over(asks, "1d", **whole).series[0].values["count"]) == count
        assert sum(over(asks, "1h", zone=ZoneInfo("Asia/Kolkata"), **whole).series[0].values["count"]) == count
    for place, name, counts in PLACES:
        if name != "timestamp":
            long = ranked(asks, group_by=(place,), start=TEN - days, end=TEN + timedelta(hours=1))
            assert {one.group[name]: one.values["count"] for one in long.groups} == counts
    for name, one in DIMENSIONS.items():
        if one.kind is not Kind.GROUP:
            wide, narrow = (
                ranked(asks, group_by=(Field(name),), limit=9, start=start, end=TEN + timedelta(hours=1))
                for start in (TEN - days, TEN)
            )
            assert wide.groups == narrow.groups, name
    hidden = View(oldest=TEN + minute, hidden=["e4"])
    assert ranked(asks, view=hidden, start=TEN - days, end=TEN + days).matched == 5
    assert ranked(asks, where=one_of(CITY, ("Berlin",)), start=TEN - days, end=TEN + days).matched == 2


def test_what_a_tenant_may_not_see_counts_nowhere(asks):
    view = View(oldest=TEN + timedelta(seconds=1), hidden=["e4", "e6"])
    [series] = over(asks, view=view).series
    assert series.values == {"count": [2, 1]}
    found = ranked(asks, view=view, limit=1, other=True)
    assert (found.matched, found.groups_total, found.other.values, found.basis.events) == (3, 3, {"count": 2}, 3)


def test_an_answer_that_would_be_too_large_is_refused(asks):
    with pytest.raises(BadParameters, match="fewer groups or measures"):
        over(asks, "1s", measures=tuple(f"p{level}" for level in range(99)), group_by=(SERVICE,))
