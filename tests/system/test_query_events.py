"""Events by the query language, in any order, by id, by trace and by session, from a real server."""

from __future__ import annotations

import json
from urllib.parse import quote

import pytest

from system.program import event

pytestmark = pytest.mark.slow


def call(number, **changes):
    return event(
        number,
        timestamp=f"2026-05-04T10:{number:02}:00Z",
        source={"service": f"service-{number % 3}", "endpoint": "/", "method": "GET"},
        metrics={"response_time_ms": (number * 7) % 20 + 0.1, "status_code": 500 if number % 4 == 0 else 200},
        **changes,
    )


EVENTS = [
    *(call(number) for number in range(20)),
    *(call(number, trace={"trace_id": "trace/ü 1"}) for number in range(20, 26)),
    *(call(number, context={"session_id": "sess_1"}) for number in range(26, 30)),
    event("from/../payload", timestamp="2026-05-04T10:40:00Z", metrics=None, payload={"trace_id": "trace_2"}),
]


@pytest.fixture(scope="module")
def filled(server):
    assert server.send(EVENTS)["stored"] == len(EVENTS)
    return server


def ids(answer):
    return [one["event_id"] for one in answer["events"]]


def every(server, path, **parameters):
    """All pages."""
    found, cursor = [], {}
    while True:
        page = server.get(path, **parameters, **cursor)
        found += ids(page)
        assert page["has_more"] == (page["next_cursor"] is not None)
        if not page["has_more"]:
            return found
        cursor = {"cursor": page["next_cursor"]}


def test_events_come_newest_first_with_what_they_rest_on(filled):
    answer = filled.get("/query/events", limit=2)
    assert ids(answer) == ["evt_from/../payload", "evt_29"]
    assert (answer["matched"], answer["has_more"]) == (len(EVENTS), True)
    basis = answer["basis"]
    assert (basis["events"], basis["exact"], basis["fresh"]) == (len(EVENTS), True, True)
    assert (basis["start_time"], basis["end_time"]) == (None, None)
    narrow = filled.get("/query/events", start_time="2026-05-04T10:05:00Z", end_time="2026-05-04T10:09:00Z")
    assert ids(narrow) == ["evt_8", "evt_7", "evt_6", "evt_5"]
    assert narrow["basis"]["events"] == 4
    assert narrow["next_cursor"] is None


@pytest.mark.parametrize("sort", ["-timestamp", "timestamp", "-response_time_ms", "latency", "service", "-status"])
def test_pages_of_every_order_have_each_event_once(filled, sort):
    everything = filled.get("/query/events", limit=1000, sort=sort)
    assert sorted(ids(everything)) == sorted(one["event_id"] for one in EVENTS)
    assert every(filled, "/query/events", limit=4, sort=sort) == ids(everything)


def test_the_slowest_come_first_and_those_without_a_time_last(filled):
    found = filled.get("/query/events", sort="-response_time_ms", q="service:service-1")["events"]
    times = [one["metrics"]["response_time_ms"] for one in found]
    assert times == sorted(times, reverse=True)
    assert len(times) == 10
    assert filled.get("/query/events", sort="response_time_ms")["events"][-1]["event_id"] == "evt_from/../payload"


def test_pages_do_not_shift_when_events_arrive(tenant):
    tenant.send([call(number) for number in range(20)])
    for sort in ("-timestamp", "timestamp", "-response_time_ms", "service"):
        expected = ids(tenant.get("/query/events", sort=sort))
        page = tenant.get("/query/events", sort=sort, limit=6)
        found = ids(page)
        for number in range(3):
            later = [call(one, event_id=f"late_{sort}_{one}") for one in (number, 15, 30)]
            tenant.send(later, "?ack=searchable")
            page = tenant.get("/query/events", sort=sort, limit=6, cursor=page["next_cursor"])
            assert page["matched"] == len(expected)
            found += ids(page)
        assert found == expected
        for one in (*range(3), 15, 30):
            tenant.ask("DELETE", f"/ingestion/events/late_{sort}_{one}")


def test_a_cursor_goes_on_with_its_own_question_only(filled):
    asked = {"sort": "service", "q": "status:200", "end_time": "2026-05-04T10:30:00Z", "limit": 3}
    cursor = filled.get("/query/events", **asked)["next_cursor"]
    assert filled.get("/query/events", **asked | {"limit": 5}, cursor=cursor, fresh="false")["events"]
    others = [
        {"sort": "-service"},
        {"q": "status:500"},
        {"end_time": "2026-05-04T10:31:00Z"},
        {"start_time": "2026-05-04T10:00:00Z"},
        {"tz": "Europe/Berlin"},
    ]
    for other in others:
        query = "&".join(f"{name}={quote(str(value))}" for name, value in (asked | other | {"cursor": cursor}).items())
        answer = filled.ask("GET", f"/query/events?{query}")
        assert answer.status == 422
        assert "of another question" in answer.json["errors"][0]["rule"]
    for path in ("/ingestion/events/search", "/query/traces/trace_2"):
        assert filled.ask("GET", f"{path}?cursor={cursor}").status == 422


@pytest.mark.parametrize(
    ("query", "named"),
    [
        ("limit=0", "limit"),
        ("limit=1001", "limit"),
        ("sort=nothing", "sort"),
        ("sort=payload", "sort"),
        ("sort=", "sort"),
        ("sort=service&sort=method", "sort"),
        ("cursor=nonsense", "cursor"),
        ("start_time=whenever", "start_time"),
        ("offset=3", "offset"),
        ("service=service-1", "service"),
    ],
)
def test_a_wrong_parameter_is_named(filled, query, named):
    answer = filled.ask("GET", f"/query/events?{query}")
    assert answer.status == 422
    assert named in [error["field"] for error in answer.json["errors"]]


def test_one_event_has_all_that_was_sent(filled):
    for sent in EVENTS[-2:]:
        found = filled.get(f"/query/event/{quote(sent['event_id'], safe='')}")
        assert found.pop("received_at").endswith("Z")
        assert found == sent | {"severity": "info"}
    assert filled.ask("GET", "/query/event/nothing").status == 404
    assert filled.ask("GET", "/query/event/evt_1?limit=3").status == 422


def test_a_trace_is_told_in_order_with_what_it_comes_to(filled):
    path = "/query/traces/" + quote("trace/ü 1", safe="")
    found = filled.get(path)
    assert ids(found) == [f"evt_{number}" for number in range(20, 26)]
    assert found["services"] == ["service-2", "service-0", "service-1"]
    assert (found["matched"], found["errors"]) == (6, 2)
    assert found["start_time"] == "2026-05-04T10:20:00Z"
    assert found["end_time"] == "2026-05-04T10:25:00.015100Z"
    assert found["duration_ms"] == 300_015.1
    assert every(filled, path, limit=4) == ids(found)
    assert ids(filled.get(path, q="status:500")) == ["evt_20", "evt_24"]
    assert ids(filled.get("/query/traces/trace_2")) == ["evt_from/../payload"]


def test_a_session_is_told_in_order(filled):
    found = filled.get("/query/sessions/sess_1")
    assert ids(found) == [f"evt_{number}" for number in range(26, 30)]
    assert (found["matched"], found["errors"]) == (4, 1)


@pytest.mark.parametrize(
    "path", ["/query/traces/sess_1", "/query/sessions/trace_2", "/query/sessions/sess_1?q=status:404"]
)
def test_what_there_is_nothing_of_is_not_found(filled, path):
    answer = filled.ask("GET", path)
    assert answer.status == 404
    assert answer.json["code"] == "not_found"


def test_what_was_received_is_told_by_minute_and_what_is_stored_by_week(filled):
    before = filled.get("/query/stats")
    answer = filled.send([EVENTS[1], event("broken", title=None), event("new", timestamp="2026-05-11T00:00:00Z")])
    assert (answer["duplicate"], answer["rejected"], answer["stored"]) == (1, 1, 1)
    after = filled.get("/query/stats", minutes=90)
    assert after["received"] - before["received"] == 3
    grown = {name: after["outcomes"][name] - before["outcomes"][name] for name in after["outcomes"]}
    assert grown == {"stored": 1, "duplicate": 1, "rejected": 1, "rate_limited": 0, "overloaded": 0}
    assert len(after["minutes"]) == 90
    for minute in after["minutes"]:
        assert minute["received"] == sum(minute[name] for name in grown)
    assert sum(minute["received"] for minute in after["minutes"]) == after["received"]
    assert after["weeks"][-1] == {"week": "2026-05-11", "events": 1}
    stored = filled.get("/ingestion/stats")["total_events"]
    assert sum(week["events"] for week in after["weeks"]) == stored
    assert sum(week["events"] for week in after["store"]["weeks"]) >= stored  # of all tenants
    assert after["store"]["columns"][0]["compressed_bytes"] > 0
    for wrong in ("minutes=0", "minutes=1441", "minutes=1&minutes=2", "weeks=3"):
        assert filled.ask("GET", f"/query/stats?{wrong}").status == 422
    filled.ask("DELETE", "/ingestion/events/evt_new")


def test_who_is_not_the_operator_learns_nothing_of_what_others_store(filled):
    filled.ask("POST", "/tenants", b'{"name": "acme"}')
    for scopes, tenant in ((["read", "admin"], "acme"), (["read"], "default")):
        made = filled.ask("POST", "/keys", json.dumps({"scopes": scopes, "tenant": tenant}).encode()).json
        found = filled.ask("GET", "/query/stats", key=made["key"]).json
        assert found["store"] is None
        if tenant == "acme":
            assert (found["received"], found["weeks"]) == (0, [])


def test_a_parameter_that_is_not_utf8_is_named(filled):
    for path, name in (
        *(("/query/events", name) for name in ("q", "sort", "cursor", "start_time")),
        *(("/query/top?by=service&measures=requests", "q"), ("/query/tail", "q"), ("/ingestion/events/search", "q")),
        *(("/ingestion/events/search", "service"), ("/query/complete", "q"), ("/export?format=csv", "q")),
    ):
        for sent in ("%ff", "a%ed%a0%80", "%c3"):
            answer = filled.ask("GET", f"{path}{'&' if '?' in path else '?'}{name}={sent}")
            assert answer.status == 422, (path, name)
            assert [(one["field"], one["rule"]) for one in answer.json["errors"]] == [
                (name, "is not UTF-8: send it as UTF-8, percent-encoded")
            ]
    assert filled.get("/query/events", q="ü \ufffd é")["matched"] == 0


def test_a_range_may_end_with_the_last_moment_there_is(filled):
    assert filled.get("/query/events", end_time="9999-12-31T23:59:59.999999Z")["matched"] >= len(EVENTS)
    assert filled.get("/query/events", start_time="9999-12-31T23:59:59.999998Z")["matched"] == 0
