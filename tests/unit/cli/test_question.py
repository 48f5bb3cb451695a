"""What all verbs that ask have in common: parameters, a query that is not understood, what an answer rests on."""

import json
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from pulsestream.cli import options, question
from pulsestream.client.answers import Basis
from pulsestream.query import language
from pulsestream.query.syntax.moment import Present

START, END = datetime(2026, 11, 20, 11, 45, tzinfo=UTC), datetime(2026, 11, 20, 12, tzinfo=UTC)


def test_a_query_that_is_not_understood_is_drawn_with_a_mark_under_what_is_wrong(run, stand_in):
    problem = {"code": "bad_query", "detail": "there is no field servce", "position": 13, "length": 6}
    stand_in.faults = [(problem | {"suggestion": "service"}, 422)]
    code, out, err = run("top", "service", "-q", "status:>=500 servce:auth")
    assert (code, out) == (2, "")
    assert err.splitlines() == [
        "pulsestream: there is no field servce",
        "  status:>=500 servce:auth",
        "               ^^^^^^",
        "               service",
    ]


@pytest.mark.parametrize(
    ("query", "position", "length", "lines"),
    [
        ("a b", 2, 1, ["a b", "  ^"]),
        ("a (b", 4, 0, ["a (b", "    ^"]),  # at the end: a mark where something is missing
        ("中文:x y", 5, 1, ["中文:x y", "       ^"]),  # wide letters take two cells
        ("a\tb \x1b[2J", 4, 1, ["a·b ·[2J", "    ^"]),
        ("", 0, 0, ["", "^"]),
        ("x" * 300 + "!" + "y" * 300, 300, 1, ["…" + "x" * 50 + "!" + "y" * 49 + "…", " " * 51 + "^"]),
    ],
)
def test_the_mark_stands_under_what_is_wrong(query, position, length, lines):
    assert [line.plain for line in question.marked(query, position, length)] == lines


@pytest.mark.parametrize("verb", [["top", "service"], ["services"], ["errors"]])
def test_every_question_has_a_query_a_time_and_a_zone(run, stand_in, verb):
    run(*verb, "-q", "env:production", "--from", "2026-05-04", "--to", "2026-05-04", "--tz", "Europe/Berlin", "--json")
    asked = stand_in.asked()
    assert asked["q"] == "env:production"
    assert (asked["start_time"], asked["end_time"]) == ("2026-05-03T22:00:00Z", "2026-05-04T22:00:00Z")
    assert asked["tz"] == "Europe/Berlin"


@pytest.mark.parametrize(
    ("end", "sent"),
    [
        ("2026-10-25", "2026-10-25T23:00:00Z"),  # the whole of the day, of 25 hours
        ("2026-10-25T00:00", "2026-10-24T22:00:00Z"),
        ("2026-10-25T00:00Z", "2026-10-25T00:00:00Z"),
    ],
)
def test_a_day_at_the_end_is_included_and_an_instant_is_not(run, stand_in, end, sent):
    run("top", "service", "--to", end, "--tz", "Europe/Berlin", "--json")
    assert stand_in.asked()["end_time"] == sent


@pytest.mark.parametrize("text", ["now", "today", "yesterday", "now-15m", "2026-05-04", "2026-05-04T10:00"])
def test_a_time_means_what_it_means_to_the_server(text):
    now, zone = datetime(2026, 11, 20, 23, 30, tzinfo=UTC), ZoneInfo("Europe/Berlin")
    sent = options.range_parameters(None, text, None, zone, now=now)
    sent += options.range_parameters(None, None, text, zone, now=now)
    present = Present(now, zone)
    assert sent == [
        (name, options.rfc3339(language.moment(name, text, present, ends=name == "end_time")))
        for name in ("start_time", "end_time")
    ]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--from", "2026-05-05", "--to", "2026-05-04"], "--to 2026-05-04 is not after --from 2026-05-05"),
        (["--from", "now", "--to", "now"], "--to now is not after --from now"),
        (["--since", "1h", "--to", "2h"], "--to 2h is not after the beginning of --since 1h"),
        (["--since", "0s"], "--since 0s is no time: write 90s, 15m, 1.5h, 7d or 2w"),
        (["--since", "0.0000001s"], "--since 0.0000001s is no time"),
        (["--to", "soon"], "--to: 'soon' is no time: write one as 2026-11-01, 2026-11-01T10:00, now-15m"),
        (["--from", "0001-01-01", "--tz", "Asia/Tokyo"], "--from: there is no time '0001-01-01'"),
        (["--from", "999999999999w"], "'999999999999w' is too long"),
    ],
)
def test_a_range_that_makes_no_sense_is_told_by_the_options(run, stand_in, arguments, said):
    code, out, err = run("services", *arguments)
    assert (code, out) == (2, "")
    assert said in err
    assert "end_time" not in err
    assert stand_in.requests == []


def test_a_length_beyond_all_of_the_time_is_all_of_it(run, stand_in):
    run("top", "service", "--since", "999999w", "--json")
    assert stand_in.asked()["start_time"] == "0001-01-01T00:00:00Z"


@pytest.mark.parametrize("zone", ["Mars/Olympus", "../etc/passwd", "x" * 5000])
def test_a_zone_that_there_is_not_is_named(run, stand_in, zone):
    code, _, err = run("services", "--tz", zone)
    assert code == 2
    assert "is no time zone: write a name such as Europe/Berlin" in err
    assert stand_in.requests == []


def test_json_is_what_the_server_said(run, stand_in):
    said = {"groups": [], "basis": {"events": 3}, "more": [1.50]}
    stand_in.answers |= {"top": [said], "errors": [said], "services": [said]}
    for verb in (["top", "service"], ["services"], ["errors"]):
        assert json.loads(run(*verb, "--json")[1]) == said


@pytest.mark.parametrize(
    ("start", "end", "zone", "said"),
    [
        (START, END, UTC, "2026-11-20 11:45 to 12:00 UTC"),
        (START, END, ZoneInfo("Europe/Berlin"), "2026-11-20 12:45 to 13:00 Europe/Berlin"),
        (START.replace(day=19), END, UTC, "2026-11-19 11:45 to 2026-11-20 12:00 UTC"),
        (START.replace(second=7), END, UTC, "2026-11-20 11:45:07 to 12:00 UTC"),
        (None, None, UTC, "all of the time"),
        (START, None, UTC, "since 2026-11-20 11:45 UTC"),
        (None, END, UTC, "until 2026-11-20 12:00 UTC"),
    ],
)
def test_a_time_range_is_said_shortly(start, end, zone, said):
    assert question.span(start, end, zone) == said


def test_an_answer_says_what_it_rests_on():
    assert question.footing(Basis(events=14_031, took_ms=23.4)) == "Of 14,031 events, exact, in 23 ms."
    bounds = {"p95_ms": "within 0.5 % of the value", "p99_ms": "within 0.5 % of the value", "users": "error 0.3 %"}
    said = question.footing(Basis(events=1, exact=False, estimated=bounds, fresh=False, took_ms=2))
    assert said == (
        "Of 1 event, estimated: p95_ms, p99_ms within 0.5 % of the value; users error 0.3 %, in 2 ms."
        " The newest may be missing: the server is still filing them."
    )


@pytest.mark.parametrize("verb", [["top", "service"], ["services"], ["errors"], ["report", "-o", "-"]])
def test_an_answer_of_another_version_is_one_line(run, stand_in, verb):
    stand_in.answers |= {name: [{"services": 3, "groups": "x"}] for name in ("top", "services", "errors")}
    code, out, err = run(*verb)
    assert (code, out, err.count("\n")) == (1, "", 1)
    assert "are they of one version?" in err


@pytest.mark.parametrize("verb", ["search", "stats", "tail", "services", "errors"])
def test_no_server_and_a_wrong_key_are_one_line_and_exit_1(run, verb):
    for more in ({"url": "http://127.0.0.1:1"}, {"key": "wrong"}):
        code, out, err = run(verb, "--json", **more)
        assert (code, out, err.count("\n")) == (1, "", 1)
        assert err.startswith("pulsestream: ")
