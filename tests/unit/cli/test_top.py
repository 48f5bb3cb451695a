"""Groups on a terminal and into a pipe."""

import json

import msgspec
import pytest
from rich.console import Console

from pulsestream.cli import top
from pulsestream.cli.question import Question
from pulsestream.client.answers import Top

EVIL = "\x1b[2Jevil\x07-service"
ANSWER = {
    "groups": [
        {
            "group": {"service": "payment-service", "endpoint": "/api/v1/payments/{payment_id}/refund"},
            "values": {"count": 200, "error_rate": 0.05, "p99_ms": 1800.4},
            "share": 0.5,
        },
        {
            "group": {"service": EVIL, "endpoint": None},
            "values": {"count": 100, "error_rate": None, "p99_ms": 900.2},
            "share": 0.25,
        },
    ],
    "groups_total": 66,
    "matched": 400,
    "other": {"values": {"count": 100, "error_rate": 0.01, "p99_ms": 3000.0}, "share": 0.25},
    "basis": {"start_time": "2026-05-04T00:00:00Z", "end_time": "2026-05-05T00:00:00Z", "events": 400},
}


def screen(answer, width=100, sorted_by="count"):
    console = Console(width=width, force_terminal=True, color_system=None, highlight=False)
    decoded = msgspec.json.decode(msgspec.json.encode(answer), type=Top)
    with console.capture() as captured:
        top._render(console, Question(url="", api_key=""), decoded, sorted_by)
    return captured.get().splitlines()


@pytest.mark.parametrize("width", [64, 80, 120, 200])
def test_groups_fit_the_terminal_with_bars_and_shares(width):
    lines = screen(ANSWER, width)
    assert all(len(line) <= width for line in lines)
    first, second, other = lines[2:5]
    assert "2 of 66 groups" in screen(ANSWER, 120)[0]
    assert [word for word in first.split() if "█" not in word][-4:] == ["200", "5.0%", "1,800", "50.0%"]
    assert "(none)" in second
    assert "·-service" in second
    assert "\x1b" not in "".join(lines)
    assert other.split()[-4:] == ["100", "1.0%", "3,000", "25.0%"]
    assert "hing else" in other


def test_the_bars_are_those_of_what_it_is_sorted_by():
    def bars(sorted_by):
        return [line.count("█") for line in screen(ANSWER, 160, sorted_by)[2:4]]

    assert bars("count")[0] == 2 * bars("count")[1] > 0
    assert bars("error_rate")[0] > bars("error_rate")[1] == 0


def test_no_group_says_where_to_look():
    assert "No event matches. --since 7d looks further back." in screen(ANSWER | {"groups": []})[1]


def test_into_a_pipe_a_group_is_one_flat_object_a_line(run, stand_in):
    stand_in.answers["top"] = [ANSWER]
    code, out, err = run(
        *("top", "service,endpoint", "--measures", "count,error_rate,p99_ms"),
        *("--sort", "-p99_ms", "-n", 2, "-q", "status:>=500"),
    )
    assert (code, err) == (0, "")
    assert '"count":200,' in out  # a number of events, as the server says it, and not 200.0
    assert [json.loads(line) for line in out.splitlines()] == [
        {
            "service": "payment-service",
            "endpoint": "/api/v1/payments/{payment_id}/refund",
            "count": 200,
            "error_rate": 0.05,
            "p99_ms": 1800.4,
            "share": 0.5,
        },
        {"service": EVIL, "endpoint": None, "count": 100, "error_rate": None, "p99_ms": 900.2, "share": 0.25},
    ]
    assert stand_in.requests[0][1].startswith("/api/v1/query/top?")
    assert stand_in.asked() == {
        "q": "status:>=500",
        "by": "service,endpoint",
        "measures": "count,error_rate,p99_ms",
        "limit": "2",
        "sort": "-p99_ms",
    }


def test_the_highest_of_the_first_measure_come_first_unless_told(run, stand_in):
    stand_in.answers["top"] = [ANSWER]
    run("top", "service", "--measures", "p99_ms,count")
    assert stand_in.asked()["sort"] == "-p99_ms"


@pytest.mark.parametrize(
    ("arguments", "measures", "sort"),
    [
        (["--sort", "-p99_ms"], "count,p99_ms", "-p99_ms"),
        (["--sort", "users", "-m", "count, error_rate"], "count, error_rate,users", "users"),
        (["--sort=-count", "-m", "p99_ms,count"], "p99_ms,count", "-count"),
        (["--sort", "speed"], "count", "speed"),  # the server says that there is no such sort
    ],
)
def test_what_it_is_sorted_by_is_shown(run, stand_in, arguments, measures, sort):
    stand_in.answers["top"] = [ANSWER]
    assert run("top", "service", *arguments)[0] == 0
    assert (stand_in.asked()["measures"], stand_in.asked()["sort"]) == (measures, sort)
