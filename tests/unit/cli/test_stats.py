"""stats: the questions it asks and what it prints."""

import json
from urllib.parse import parse_qsl, urlsplit

import pytest


def asked(stand_in, index=-1):
    return parse_qsl(urlsplit(stand_in.requests[index][1]).query, keep_blank_values=True)


STATS = {
    "total_events": 1200,
    "events_today": 1100,
    "events_this_hour": 100,
    "events_this_minute": 3,
    "last_event_at": "2026-05-04T10:20:30Z",
    "processing_queue_size": 17,
    "deleted_events": 3,
    "expired_events": 1500,
    "quarantined_events": 0,
    "error_rate": 0.05,
    "received": 2000,
    "outcomes": {"stored": 1200, "duplicate": 700, "rejected": 100, "rate_limited": 0, "overloaded": 0},
    "reasons": {"too_old": 60, "invalid": 40},
    "requests_refused": {"unauthorized": 5},
    "fresh": True,
}
RED = {
    "requests": 500,
    "requests_per_second": 2.5,
    "errors": 25,
    "error_rate": 0.05,
    "p50_ms": 101.4,
    "p95_ms": 2034.0,
    "p99_ms": None,
}
SERVICES = {
    "start_time": "2026-05-04T10:00:00Z",
    "end_time": "2026-05-04T10:15:00Z",
    "total": RED,
    "services": [{"service": "order-service", **RED}],
    "fresh": True,
}


@pytest.fixture
def statistics(stand_in):
    stand_in.answers |= {"stats": [STATS], "services": [SERVICES]}


@pytest.mark.usefixtures("statistics")
def test_stats_shows_outcomes_reasons_and_services(run):
    code, out, _ = run("stats")
    assert code == 0
    words = " ".join(out.split())
    for part in (
        "present 1,200 newest 2026-05-04 10:20:30 UTC",
        "waiting 17 acknowledged, not yet searchable",
        "deleted 3 expired 1,500 past the retention Received",
        "duplicate 700 35.0%",
        "received 2,000",
        "too old 60 invalid 40",
        "unauthorized 5",
        "2026-05-04 10:00:00 to 2026-05-04 10:15:00 UTC",
        "order-service 500 2.50 25 5.0% 101 2,034 -",
        "all 500",
    ):
        assert part in words


@pytest.mark.usefixtures("statistics")
def test_stats_as_json_is_what_the_server_said(run, stand_in):
    _, out, _ = run("stats", "-q", "env:production", "--from", "2026-05-04", "--tz", "Asia/Tokyo", "--json")
    assert json.loads(out) == {"stats": STATS, "services": SERVICES}
    assert asked(stand_in) == [("q", "env:production"), ("start_time", "2026-05-03T15:00:00Z"), ("tz", "Asia/Tokyo")]


def test_stats_without_services_says_where_to_look(run, stand_in):
    stand_in.answers |= {"stats": [STATS], "services": [SERVICES | {"services": []}]}
    assert "--since 24h looks further back" in run("stats")[1]
