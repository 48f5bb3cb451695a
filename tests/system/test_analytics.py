"""Questions that count and measure, as a client asks them: of what was just sent, with wrong parameters named."""

from __future__ import annotations

import re
from urllib.parse import urlencode

import pytest

from system.program import event

pytestmark = pytest.mark.slow

HOUR = {"start_time": "2026-05-04T10:00:00Z", "end_time": "2026-05-04T11:00:00Z"}


@pytest.fixture(scope="module")
def filled(server):
    assert server.send([event(number, metrics={"response_time_ms": number, "status_code": 200}) for number in (1, 2)])
    late = event(
        3, timestamp="2026-05-04T10:59:59Z", severity="error", metrics=None, context={"tags": {"city": "Paris"}}
    )
    assert server.send([late])["stored"] == 1
    return server


def test_measures_over_time(filled):
    found = filled.get("/query/timeseries", measures="count,p50_ms", step="30m", **HOUR)
    assert found["times"] == ["2026-05-04T10:00:00Z", "2026-05-04T10:30:00Z"]
    assert found["series"] == [{"group": {}, "other": False, "values": {"count": [2, 1], "p50_ms": [2, None]}}]
    assert (found["basis"]["events"], found["basis"]["exact"], found["basis"]["fresh"]) == (3, True, True)
    by_city = filled.get("/query/timeseries", by="tag.city,sev", q="service:order-service", limit=1, **HOUR)
    assert by_city["step"] == "15s"
    assert [(one["group"], one["other"]) for one in by_city["series"]] == [
        ({"tag.city": None, "severity": "info"}, False),
        ({}, True),
    ]


def test_the_highest_groups(filled):
    found = filled.get("/query/top", by="city", measures="count,max_ms", sort="max_ms", other="true", limit=1, **HOUR)
    assert found["groups"] == [{"group": {"city": None}, "values": {"count": 2, "max_ms": 2.0}, "share": 2 / 3}]
    assert found["other"] == {"values": {"count": 1, "max_ms": None}, "share": 1 / 3}
    assert (found["groups_total"], found["matched"]) == (2, 3)


def test_facets(filled):
    found = filled.get("/query/facets", q="service:order-service", **HOUR)
    facets = {one["field"]: one for one in found["facets"]}
    assert facets["city"] == {"field": "city", "values": [{"value": "Paris", "count": 1}], "distinct": 1, "missing": 2}
    assert {"service", "endpoint", "severity", "status_class", "cache_hit", "error_code"} < set(facets)
    assert found["matched"] == 3
    [only] = filled.get("/query/facets", fields="tag.city", limit=1, **HOUR)["facets"]
    assert only["field"] == "tag.city"


def test_how_many_are_of_which_size(filled):
    found = filled.get("/query/histogram", by="severity", buckets=4, scale="log", **HOUR)
    assert (found["field"], found["unit"], found["scale"]) == ("response_time_ms", "ms", "log")
    assert found["bounds"] == [1.0, 1.25, 1.6, 2.0, 2.5]
    assert found["series"] == [
        {"group": {"severity": "info"}, "other": False, "counts": [1, 0, 0, 1]},
        {"group": {"severity": "error"}, "other": False, "counts": [0, 0, 0, 0]},
    ]
    assert (found["matched"], found["missing"]) == (3, 1)
    times = filled.get("/query/histogram", field="timestamp", buckets=4, **HOUR)
    assert times["scale"] == "time"
    assert times["bounds"] == [f"2026-05-04T1{at}:00Z" for at in ("0:00", "0:15", "0:30", "0:45", "1:00")]
    assert times["series"] == [{"group": {}, "other": False, "counts": [0, 2, 0, 1]}]
    heat = filled.get("/query/heatmap", step="30m", buckets=10, **HOUR)
    assert (heat["scale"], heat["step"], [sum(counts) for counts in heat["counts"]]) == ("linear", "30m", [2, 0])


def test_where_calls_come_from(filled):
    found = filled.get("/query/geo", by="city", measures="requests,max_ms", **HOUR)
    assert [(one["country"], one["city"], one["values"]) for one in found["places"]] == [
        (None, None, {"requests": 2, "max_ms": 2.0}),
        (None, "Paris", {"requests": 0, "max_ms": None}),
    ]
    assert (found["places_total"], found["matched"]) == (2, 3)


@pytest.mark.parametrize(
    ("path", "parameters", "name"),
    [
        ("timeseries", {"step": "7m"}, "step"),
        ("timeseries", {"step": "1s", "start_time": "2026-05-01T00:00:00Z"}, "step"),
        ("timeseries", {"measures": "speed"}, "measures"),
        ("timeseries", {"measures": ""}, "measures"),
        ("timeseries", {"by": "colour"}, "by"),
        ("timeseries", {"by": "service,svc"}, "by"),
        ("timeseries", {"by": "error"}, "by"),
        ("timeseries", {"limit": "51"}, "limit"),
        ("timeseries", {"tz": "Mars/Olympus"}, "tz"),
        ("timeseries", {"fields": "service"}, "fields"),
        ("top", {"by": ""}, "by"),
        ("top", {"by": "service", "sort": "-speed"}, "sort"),
        ("top", {"by": "service", "sort": "--count"}, "sort"),
        ("top", {"by": "service", "limit": "0"}, "limit"),
        ("facets", {"fields": ""}, "fields"),
        ("facets", {"fields": "colour"}, "fields"),
        ("facets", {"fields": "error"}, "fields"),
        ("histogram", {"field": "service"}, "field"),
        ("histogram", {"field": "tag.n"}, "field"),
        ("histogram", {"buckets": "3"}, "buckets"),
        ("histogram", {"scale": "sqrt"}, "scale"),
        ("histogram", {"scale": "null"}, "scale"),
        ("histogram", {"scale": "log", "field": "timestamp"}, "scale"),
        ("heatmap", {"field": "timestamp"}, "field"),
        ("geo", {"by": "service"}, "by"),
        ("geo", {"sort": "city"}, "sort"),
        ("heatmap", {"step": "10s", "start_time": "2026-05-04T01:00:00Z", "buckets": "200"}, "step"),
    ],
)
def test_a_wrong_parameter_is_named(filled, path, parameters, name):
    query = "&".join(f"{key}={value}" for key, value in (HOUR | parameters).items())
    answer = filled.ask("GET", f"/query/{path}?{query}")
    assert answer.status == 422
    assert [error["field"] for error in answer.json["errors"]] == [name], answer.json
    assert not re.search("Expected|Invalid|`", answer.json["detail"]), "it says how a program would put it"


@pytest.mark.parametrize(
    ("asked", "at"),
    [({"start_time": "2999-01-01"}, "start_time"), ({"q": "since 2999-01-01", "start_time": "now-1h"}, "q")],
)
def test_a_range_that_would_begin_when_it_is_over_is_refused_by_what_was_sent(filled, asked, at):
    for path in ("/query/top", "/query/services"):
        answer = filled.ask("GET", f"{path}?{urlencode(asked)}")
        assert (answer.status, [error["field"] for error in answer.json["errors"]]) == (422, [at])
        assert "without an end the range ends now" in answer.json["detail"]
    assert filled.get("/query/events", **asked)["matched"] == 0  # it has no end unless told
