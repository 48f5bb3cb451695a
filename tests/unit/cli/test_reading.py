"""stats and tail: the questions they ask and what they print."""

import json
import os
import signal
import subprocess
import sys
from urllib.parse import parse_qsl, urlsplit

import pytest

KEY = "the-key"


def event(number=1, **more):
    return {
        "event_id": f"e{number}",
        "event_type": "api_call",
        "timestamp": "2026-05-04T10:20:30.123456Z",
        "title": "GET /api/v1/orders/{id}",
        "message": "Upstream did not answer in time",
        "severity": "error",
        "source": {"service": "order-service", "endpoint": "/api/v1/orders/{id}", "method": "GET"},
        "metrics": {"response_time_ms": 1234.5, "status_code": 504},
        "received_at": "2026-05-04T10:20:31Z",
        **more,
    }


def asked(stand_in, index=-1):
    return parse_qsl(urlsplit(stand_in.requests[index][1]).query, keep_blank_values=True)


@pytest.mark.parametrize("verb", ["search", "stats", "tail", "services", "errors"])
def test_no_server_and_a_wrong_key_are_one_line_and_exit_1(run, verb):
    for more in ({"url": "http://127.0.0.1:1"}, {"key": "wrong"}):
        code, out, err = run(verb, "--json", **more)
        assert (code, out, err.count("\n")) == (1, "", 1)
        assert err.startswith("pulsestream: ")


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
    _, out, _ = run("stats", "--from", "2026-05-04", "--json")
    assert json.loads(out) == {"stats": STATS, "services": SERVICES}
    assert asked(stand_in) == [("start_time", "2026-05-04T00:00:00Z")]


def test_stats_without_services_says_where_to_look(run, stand_in):
    stand_in.answers |= {"stats": [STATS], "services": [SERVICES | {"services": []}]}
    assert "--since 24h looks further back" in run("stats")[1]


@pytest.fixture
def tail(stand_in):
    started = []

    def start(*arguments):
        environment = os.environ | {"PULSESTREAM_API_KEY": KEY, "PULSESTREAM_URL": stand_in.url}
        process = subprocess.Popen(
            [sys.executable, "-m", "pulsestream", "tail", *arguments],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def arrivals(*numbers, after):
    return {"events": [event(number) for number in numbers], "next": after, "has_more": False}


def test_tail_goes_on_after_the_last_event_and_waits_out_a_lost_server(tail, stand_in):
    stand_in.faults = [None, None, "drop", 503, None]
    stand_in.answers["tail"] = [arrivals(1, after="a"), arrivals(2, 3, after="b"), arrivals(4, after="c")]
    process = tail("-n", "1", "--service", "x")  # into a pipe, so without --json too
    assert [json.loads(process.stdout.readline())["event_id"] for _ in range(4)] == ["e1", "e2", "e3", "e4"]
    assert "Lost" in process.stderr.readline()
    assert "is back" in process.stderr.readline()
    process.send_signal(signal.SIGINT)
    assert process.wait(30) == 130
    questions = [dict(asked(stand_in, index)) for index in range(5)]
    assert [question.get("after") for question in questions] == [None, "a", "b", "b", "b"]
    assert all(question["service"] == "x" for question in questions)


def test_tail_ends_quietly_when_nobody_reads_on(tail, stand_in):
    stand_in.answers["tail"] = [arrivals(*range(10), after="a")]
    process = tail("--json")
    assert process.stdout.readline()
    process.stdout.close()
    assert process.wait(30) == 1
    assert process.stderr.read() == ""
    process.stdout = None  # closed already; the fixture reads what is left
