"""search, stats and tail: the questions they ask and what they print."""

import json
import os
import signal
import subprocess
import sys
from urllib.parse import parse_qsl, urlsplit

import pytest
from rich.console import Console

from pulsestream.cli import listing

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


def page(events, *, total=None, cursor=None, **more):
    count = len(events) if total is None else total
    return {"events": events, "filtered_count": count, "next_cursor": cursor, "fresh": True, **more}


def asked(stand_in, index=-1):
    return parse_qsl(urlsplit(stand_in.requests[index][1]).query, keep_blank_values=True)


@pytest.mark.parametrize(
    ("arguments", "parameters"),
    [
        (["timed", "out"], [("q", "timed out")]),
        (["--service", "a", "--service", "b"], [("service", "a"), ("service", "b")]),
        (["--method", "post"], [("method", "POST")]),
        (["--status-code", "404"], [("status_code", "404")]),
        (["--tag", "city=São Paulo", "--tag", "a=b=c"], [("tag", "city:São Paulo"), ("tag", "a:b=c")]),
        (["--severity", "error", "--event-type", "api_call"], [("severity", "error"), ("event_type", "api_call")]),
        (
            ["--user-id", "u", "--session-id", "s", "--request-id", "r", "--trace-id", "t", "--ip-address", "i"],
            [("user_id", "u"), ("session_id", "s"), ("request_id", "r"), ("trace_id", "t"), ("ip_address", "i")],
        ),
        (["--endpoint", "/x", "--environment", "prod", "--version", "1"], None),
        (["--from", "2026-05-04", "--to", "2026-05-04T12:00:00+02:00"], None),
    ],
)
def test_search_asks_for_what_was_asked(run, stand_in, arguments, parameters):
    stand_in.answers["search"] = [page([])]
    assert run("search", *arguments)[0] == 0
    if "--from" in arguments:
        parameters = [("start_time", "2026-05-04T00:00:00Z"), ("end_time", "2026-05-04T10:00:00Z")]
    if "--endpoint" in arguments:
        parameters = [("endpoint", "/x"), ("environment", "prod"), ("version", "1")]
    assert sorted(asked(stand_in)) == sorted([*parameters, ("limit", "100")])


def test_a_class_of_statuses_is_each_of_them(run, stand_in):
    stand_in.answers["search"] = [page([])]
    run("search", "--status-code", "5xx")
    codes = [value for name, value in asked(stand_in) if name == "status_code"]
    assert codes == [str(code) for code in range(500, 600)]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--status-code", "teapot"], "'teapot' is neither a status such as 404 nor a class such as 5xx"),
        (["--tag", "city"], "'city' is not of the form NAME=VALUE"),
        (["--since", "soon"], "'soon' is not a length of time: write 90s, 15m, 1.5h, 7d or 2w"),
        (["--from", "yesterday"], "'yesterday' is not a time"),
        (["--since", "1h", "--from", "2h"], "--since and --from both say where to begin"),
        (["--severity", "bad"], "'bad' is not one of"),
        (["--limit", "0"], "0 is not in the range"),
    ],
)
def test_a_wrong_filter_is_named_and_exit_2(run, stand_in, arguments, message):
    code, _, err = run("search", *arguments)
    assert code == 2
    assert message in err
    assert stand_in.requests == []


def test_into_a_pipe_search_prints_columns_between_tabs_and_the_count_beside(run, stand_in):
    stand_in.answers["search"] = [page([event(), event(2, metrics=None, message=None)], total=7)]
    code, out, err = run("search")
    assert code == 0
    assert [line.split("\t") for line in out.splitlines()] == [
        [
            "2026-05-04T10:20:30.123456Z",
            "error",
            "504",
            "1234.5",
            "order-service",
            "GET",
            "/api/v1/orders/{id}",
            "e1",
            "Upstream did not answer in time",
        ],
        [
            "2026-05-04T10:20:30.123456Z",
            "error",
            "-",
            "-",
            "order-service",
            "GET",
            "/api/v1/orders/{id}",
            "e2",
            "-",
        ],
    ]
    assert "2 of 7 events that match" in err


def test_json_gives_whole_events_one_a_line(run, stand_in):
    events = [event(1, payload={"amount": 65.630}), event(2)]
    stand_in.answers["search"] = [page(events)]
    _, out, err = run("search", "--json")
    assert [json.loads(line) for line in out.splitlines()] == events
    assert err == ""


def test_more_than_a_page_is_fetched_page_by_page_up_to_the_limit(run, stand_in):
    stand_in.answers["search"] = [
        page([event(n) for n in range(1000)], total=5000, cursor="second"),
        page([event(n) for n in range(1000, 1500)], total=5000, cursor="third"),
    ]
    _, out, _ = run("search", "--limit", 1500, "--json")
    assert len(out.splitlines()) == 1500
    assert [dict(asked(stand_in, i)).get("cursor") for i in (0, 1)] == [None, "second"]
    assert [dict(asked(stand_in, i))["limit"] for i in (0, 1)] == ["1000", "500"]


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (page([]), "No event matches."),
        (page([event()]), "The only event that matches."),
        (page([event(), event(2)]), "All 2 events that match, newest first."),
        (page([event()], fresh=False), "The newest may be missing"),
    ],
)
def test_search_says_how_much_of_it_was_shown(run, stand_in, answer, message):
    stand_in.answers["search"] = [answer]
    assert message in run("search")[2]


@pytest.mark.parametrize("verb", ["search", "stats", "tail"])
def test_no_server_and_a_wrong_key_are_one_line_and_exit_1(run, verb):
    for more in ({"url": "http://127.0.0.1:1"}, {"key": "wrong"}):
        code, out, err = run(verb, "--json", **more)
        assert (code, out, err.count("\n")) == (1, "", 1)
        assert err.startswith("pulsestream: ")


@pytest.fixture
def terminal(monkeypatch, capsys):
    """What Lines prints on a terminal of some width."""

    def show(events, width):
        monkeypatch.setattr(
            listing, "Console", lambda **more: Console(force_terminal=True, width=width, color_system=None, **more)
        )
        lines = listing.Lines()
        lines.print_header()
        lines.print([json.dumps(one).encode() for one in events])
        return capsys.readouterr().out.splitlines()

    return show


@pytest.mark.parametrize("width", [40, 60, 80, 100, 120, 200])
def test_on_a_terminal_every_line_fits(terminal, width):
    long = event(source={"service": "a-service-with-a-very-long-name", "endpoint": "/x" * 200, "method": "GET"})
    lines = terminal([event(), long, event(title="中文" * 80, message="中文" * 80)], width)
    assert len(lines) == 4
    assert all(len(line) <= width for line in lines)
    assert "504" in lines[1]


def test_an_event_cannot_steer_the_terminal(terminal, run, stand_in):
    evil = event(message="\x1b[2Jgone\r\nHTTP 200\x07", event_id="e\t1")
    stand_in.answers["search"] = [page([evil])]
    shown = run("search")[1] + "\n".join(terminal([evil], 200))
    assert "\x1b" not in shown
    assert "·[2Jgone··HTTP 200·" in shown
    assert "\te·1\t" in shown


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
    process = tail("--json", "-n", "1", "--service", "x")
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
