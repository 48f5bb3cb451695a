"""Find again: every filter really filters, pages do not shift, wrong parameters are named."""

from __future__ import annotations

import pytest

from system.program import event

pytestmark = pytest.mark.slow

RICH = event(
    "rich",
    event_type="error_event",
    severity="critical",
    title="POST /api/v1/payments/capture",
    message="Card DECLINED by issuer",
    source={
        "service": "payment-service",
        "endpoint": "/api/v1/payments/capture",
        "method": "POST",
        "version": "1.8.2",
        "environment": "production",
    },
    metrics={"response_time_ms": 466.87, "status_code": 502},
    context={
        "user_id": "user_7",
        "session_id": "sess_7",
        "request_id": "req_7",
        "ip_address": "192.0.2.7",
        "tags": {"city": "São Paulo", "plan": "gold"},
    },
    trace={"trace_id": "trace_7"},
    error_details={"error_code": "card_declined", "error_type": "PaymentError"},
)
PLAIN = event("plain", timestamp="2026-05-04T11:00:00Z")
FROM_PAYLOAD = event("payload", timestamp="2026-05-04T12:00:00Z", payload={"trace_id": "trace_8", "amount": 3})
EVENTS = [RICH, PLAIN, FROM_PAYLOAD]


@pytest.fixture(scope="module")
def filled(server):
    assert server.send(EVENTS)["stored"] == len(EVENTS)
    return server


def found(server, **filters):
    return {hit["event_id"].removeprefix("evt_") for hit in server.get("/ingestion/events/search", **filters)["events"]}


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({}, {"rich", "plain", "payload"}),
        ({"event_type": "error_event"}, {"rich"}),
        ({"event_type": ["error_event", "api_call"]}, {"rich", "plain", "payload"}),
        ({"severity": "critical"}, {"rich"}),
        ({"severity": "info"}, {"plain", "payload"}),
        ({"service": "payment-service"}, {"rich"}),
        ({"service": ["payment-service", "order-service"]}, {"rich", "plain", "payload"}),
        ({"endpoint": "/api/v1/payments/capture"}, {"rich"}),
        ({"method": "POST"}, {"rich"}),
        ({"version": "1.8.2"}, {"rich"}),
        ({"environment": "production"}, {"rich"}),
        ({"status_code": 502}, {"rich"}),
        ({"status_code": [200, 502]}, {"rich", "plain", "payload"}),
        ({"status_code": 404}, set()),
        ({"user_id": "user_7"}, {"rich"}),
        ({"session_id": "sess_7"}, {"rich"}),
        ({"request_id": "req_7"}, {"rich"}),
        ({"ip_address": "192.0.2.7"}, {"rich"}),
        ({"trace_id": "trace_7"}, {"rich"}),
        ({"trace_id": "trace_8"}, {"payload"}),
        ({"error_code": "card_declined"}, {"rich"}),
        ({"error_type": "PaymentError"}, {"rich"}),
        ({"tag": "city:São Paulo"}, {"rich"}),
        ({"tag": ["city:São Paulo", "plan:gold"]}, {"rich"}),
        ({"tag": ["city:São Paulo", "plan:silver"]}, set()),
        ({"tag": "city:Paulo"}, set()),
        ({"q": "declined"}, {"rich"}),
        ({"q": "API/v1/orders"}, {"plain", "payload"}),
        ({"q": "%"}, set()),
        ({"start_time": "2026-05-04T11:00:00Z"}, {"plain", "payload"}),
        ({"end_time": "2026-05-04T11:00:00Z"}, {"rich"}),
        ({"start_time": "2026-05-04T13:00:00+02:00", "end_time": "2026-05-04T11:00:00.000001Z"}, {"plain"}),
        ({"service": "payment-service", "status_code": 200}, set()),
        ({"service": "x' OR 1=1 --"}, set()),
        ({"q": "' OR '1'='1"}, set()),
    ],
)
def test_every_filter_filters(filled, filters, expected):
    assert found(filled, **filters) == expected
    answer = filled.get("/ingestion/events/search", **filters)
    assert (answer["filtered_count"], answer["total_count"]) == (len(expected), len(EVENTS))
    assert answer["fresh"] is True
    tail = filled.get("/ingestion/events/tail", **filters)
    assert {hit["event_id"].removeprefix("evt_") for hit in tail["events"]} == expected


def test_a_plus_sign_that_a_url_turned_into_a_space_is_understood(filled):
    answer = filled.ask("GET", "/ingestion/events/search?end_time=2026-05-04T13:00:00+02:00")
    assert [hit["event_id"] for hit in answer.json["events"]] == ["evt_rich"]


def test_what_was_sent_comes_back(filled):
    back = filled.get("/ingestion/events/evt_rich")
    assert back.pop("received_at").endswith("Z")
    assert back == RICH
    assert filled.get("/ingestion/events/evt_payload")["payload"] == FROM_PAYLOAD["payload"]
    assert "trace" not in filled.get("/ingestion/events/evt_payload")


@pytest.mark.parametrize(
    ("query", "named"),
    [
        ("limit=0", "limit"),
        ("limit=1001", "limit"),
        ("limit=many", "limit"),
        ("offset=-1", "offset"),
        ("status_code=abc", "status_code"),
        ("status_code=99", "status_code"),
        ("severity=loud", "severity"),
        ("event_type=call", "event_type"),
        ("start_time=yesterday", "start_time"),
        ("end_time=1699999999", "end_time"),
        ("start_time=2026-05-05T00:00:00Z&end_time=2026-05-04T00:00:00Z", "end_time"),
        ("tag=city", "tag"),
        ("cursor=nonsense", "cursor"),
        ("cursor=e30", "cursor"),
        ("cursor=WzEsMiwzXQ&offset=5", "offset"),
        ("servce=x", "servce"),
        ("fresh=perhaps", "fresh"),
    ],
)
def test_a_wrong_parameter_is_named(filled, query, named):
    answer = filled.ask("GET", f"/ingestion/events/search?{query}")
    assert answer.status == 422
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert named in [error["field"] for error in answer.json["errors"]]


def test_pages_do_not_shift_when_older_and_newer_events_arrive(tenant):
    def at(minute, name):
        return event(name, timestamp=f"2026-05-04T10:{minute:02}:00Z")

    tenant.send([at(minute, f"first_{minute}") for minute in range(10, 30)])
    page = tenant.get("/ingestion/events/search", limit=7)
    seen = [hit["event_id"] for hit in page["events"]]
    arrivals = iter(range(100))
    while page["has_more"]:
        number = next(arrivals)
        tenant.send([at(50, f"newer_{number}"), at(12, f"between_{number}"), at(1, f"older_{number}")])
        page = tenant.get("/ingestion/events/search", limit=7, cursor=page["next_cursor"])
        assert page["filtered_count"] == 20
        seen += [hit["event_id"] for hit in page["events"]]
    assert seen == [f"evt_first_{minute}" for minute in range(29, 9, -1)]


def test_offset_pages_cover_everything_once(tenant):
    tenant.send([event(number, timestamp=f"2026-05-0{1 + number % 3}T10:00:00Z") for number in range(25)])
    pages = [tenant.get("/ingestion/events/search", limit=10, offset=offset) for offset in (0, 10, 20, 30)]
    assert [len(page["events"]) for page in pages] == [10, 10, 5, 0]
    assert [page["has_more"] for page in pages] == [True, True, False, False]
    assert len({hit["event_id"] for page in pages for hit in page["events"]}) == 25
    times = [hit["timestamp"] for page in pages for hit in page["events"]]
    assert times == sorted(times, reverse=True)


def test_the_tail_brings_each_arrival_once_in_order(tenant):
    tenant.send([event(number) for number in range(3)], "?ack=searchable")
    page = tenant.get("/ingestion/events/tail", limit=2)
    assert [hit["event_id"] for hit in page["events"]] == ["evt_1", "evt_2"]
    tenant.send([event(number, timestamp="2026-05-01T00:00:00Z") for number in range(3, 8)], "?ack=searchable")
    seen = []
    while True:
        page = tenant.get("/ingestion/events/tail", limit=2, after=page["next"])
        seen += [hit["event_id"] for hit in page["events"]]
        if not page["has_more"]:
            break
    assert seen == [f"evt_{number}" for number in range(3, 8)]
    assert tenant.get("/ingestion/events/tail", after=page["next"])["events"] == []
    for other in ("junk", "LTU"):  # the second is -5
        assert tenant.ask("GET", f"/ingestion/events/tail?after={other}").status == 422


def test_a_write_is_read_at_once(tenant):
    for number in range(20):
        tenant.send_one(event(number))
        assert tenant.get(f"/ingestion/events/evt_{number}")["event_id"] == f"evt_{number}"


def test_a_searchable_acknowledgement_needs_no_wait(tenant):
    answer = tenant.send([event("now")], "?ack=searchable")
    assert answer["ack"] == "searchable"
    assert tenant.get("/ingestion/events/search", fresh="false")["filtered_count"] == 1


def test_services_are_counted_with_their_rates(tenant):
    def call(number, service, milliseconds, status):
        return event(
            number,
            timestamp="2026-05-04T10:00:00Z",
            source={"service": service, "endpoint": "/", "method": "GET"},
            metrics={"response_time_ms": milliseconds, "status_code": status},
        )

    tenant.send(
        [call(number, "a", number, 500 if number < 5 else 200) for number in range(1, 101)]
        + [call("b", "b", 7, 404), event("no-metrics", metrics=None, timestamp="2026-05-04T10:00:00Z")]
    )
    answer = tenant.get("/query/services", start_time="2026-05-04T10:00:00Z", end_time="2026-05-04T10:01:40Z")
    by_name = {service["service"]: service for service in answer["services"]}
    [only] = tenant.get("/query/endpoints", q="service:a", start_time="2026-05-04T10:00:00Z")["endpoints"]
    assert [*by_name["a"]][:2] == ["service", "requests"]  # who reads it sees first what it is about
    assert [*only][:4] == ["service", "endpoint", "method", "requests"]
    expected = {"requests": 100, "requests_per_second": 1.0, "request_rate": 1.0, "errors": 4, "error_rate": 0.04}
    assert {name: by_name["a"][name] for name in expected} == expected
    assert by_name["a"]["p50_ms"] == pytest.approx(50.5, abs=1)
    assert by_name["a"]["p95_ms"] == pytest.approx(95, abs=1)
    assert by_name["b"]["error_rate"] == 1.0
    assert by_name["order-service"]["requests"] == 0
    assert by_name["order-service"]["p50_ms"] is None
    assert answer["total"]["requests"] == 101
    assert answer["total"]["errors"] == 5


def test_a_value_too_long_to_look_for_is_refused(filled):
    for name in ("q", "user_id"):
        answer = filled.ask("GET", f"/ingestion/events/search?{name}={'x' * 4_001}")
        assert answer.status == 422
        assert answer.json["errors"][0]["field"] == name
