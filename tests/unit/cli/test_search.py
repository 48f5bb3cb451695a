"""search: what it asks for and what it prints."""

import json
from zoneinfo import ZoneInfo

import pytest
from rich.console import Console

from pulsestream.cli import listing


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


def page(events, *, total=None, cursor=None, **basis):
    count = len(events) if total is None else total
    return {"events": events, "matched": count, "next_cursor": cursor, "basis": {"events": 10, **basis}}


@pytest.mark.parametrize(
    ("arguments", "query"),
    [
        (["timed", "out"], '"timed out"'),
        (["declined", "-q", "status:>=500 last 1h"], "status_code:>=500 declined last 1h"),
        (["-q", "a OR b", "--service", "c"], "(a OR b) service:c"),
        (["--service", "a", "--service", "b"], "service:(a OR b)"),
        (["--service", "a b*"], 'service:"a b*"'),
        (["--method", "post"], "method:post"),
        (["--status-code", "404"], "status_code:404"),
        (["--status-code", "404", "--status-code", "5XX"], "status_code:404 OR status_class:5xx"),
        (["--tag", "city=São Paulo", "--tag", "a=b=c"], 'tag.city:"São Paulo" tag.a:"b=c"'),
        (["--severity", "error", "--event-type", "api_call"], "event_type:api_call severity:error"),
        (
            ["--user-id", "u", "--session-id", "s", "--request-id", "r", "--trace-id", "t", "--ip-address", "1.2.3.4"],
            "user_id:u session_id:s request_id:r trace_id:t ip_address:1.2.3.4",
        ),
        (["--endpoint", "/x", "--environment", "prod", "--version", "1"], "endpoint:/x environment:prod version:1"),
    ],
)
def test_query_text_and_filters_are_one_query(run, stand_in, arguments, query):
    stand_in.answers["events"] = [page([])]
    assert run("search", *arguments)[0] == 0
    assert sorted(stand_in.asked()["q"].split()) == sorted(query.split())
    assert stand_in.requests[0][1].startswith("/api/v1/query/events?")


def test_a_query_alone_goes_as_it_was_written(run, stand_in):
    """The server may know more of the language than this program does."""
    stand_in.answers["events"] = [page([])]
    run("search", "-q", "some:thing that | is new", "--sort", "-response_time_ms", "--since", "1h")
    assert stand_in.asked()["q"] == "some:thing that | is new"
    assert stand_in.asked()["sort"] == "-response_time_ms"
    assert stand_in.asked()["start_time"].endswith("Z")


def test_a_query_that_cannot_be_combined_is_drawn_like_one_that_the_server_does_not_understand(run, stand_in):
    code, out, err = run("search", "declined", "-q", "status:>=500 (service:auth")
    assert (code, out, stand_in.requests) == (2, "", [])
    lines = err.splitlines()
    assert lines[0].startswith("pulsestream: ")
    assert lines[1] == "  status:>=500 (service:auth"
    assert lines[2].strip(" ") in ("^", "^" * 13)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--status-code", "teapot"], "'teapot' is neither a status such as 404 nor a class such as 5xx"),
        (["--tag", "city"], "'city' is not of the form NAME=VALUE"),
        (["--since", "soon"], "'soon' is not a length of time: write 90s, 15m, 1.5h, 7d or 2w"),
        (["--from", "someday"], "--from: 'someday' is no time"),
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


@pytest.mark.parametrize("arguments", [[], ["--json"]])
def test_into_a_pipe_it_prints_whole_events_one_a_line(run, stand_in, arguments):
    events = [event(1, payload={"amount": 65.630}), event(2, message="\x1b[2J")]
    stand_in.answers["events"] = [page(events, total=7)]
    code, out, err = run("search", *arguments)
    assert code == 0
    assert [json.loads(line) for line in out.splitlines()] == events
    assert "\x1b" not in out
    assert ("2 of 7 events that match" in err) == (not arguments)


def test_more_than_a_page_is_fetched_page_by_page_up_to_the_limit(run, stand_in):
    stand_in.answers["events"] = [
        page([event(n) for n in range(1000)], total=5000, cursor="second"),
        page([event(n) for n in range(1000, 1500)], total=5000, cursor="third"),
    ]
    _, out, _ = run("search", "--limit", 1500, "--json")
    assert len(out.splitlines()) == 1500
    assert [stand_in.asked(i).get("cursor") for i in (0, 1)] == [None, "second"]
    assert [stand_in.asked(i)["limit"] for i in (0, 1)] == ["1000", "500"]


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
    stand_in.answers["events"] = [answer]
    assert message in run("search")[2]


def test_search_says_by_what_it_is_sorted(run, stand_in):
    stand_in.answers["events"] = [page([event(), event(2)])]
    assert "sorted by -response_time_ms" in run("search", "--sort", "-response_time_ms")[2]


@pytest.fixture
def terminal(monkeypatch, capsys):
    """What Lines prints on a terminal of some width."""

    def show(events, width, *zone):
        monkeypatch.setattr(
            listing, "Console", lambda **more: Console(force_terminal=True, width=width, color_system=None, **more)
        )
        lines = listing.Lines(*zone)
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


def test_an_event_cannot_steer_the_terminal(terminal):
    shown = "\n".join(terminal([event(message="\x1b[2Jgone\r\nHTTP 200\x07")], 200))
    assert "\x1b" not in shown
    assert "·[2Jgone··HTTP 200·" in shown


@pytest.mark.parametrize("width", [60, 80, 120])
def test_times_are_those_of_the_zone(terminal, width):
    header, line = terminal([event()], width, ZoneInfo("America/Sao_Paulo"))
    assert "time (" in header
    assert "07:20:30" in line
    assert "10:20:30" in terminal([event()], width)[1]
