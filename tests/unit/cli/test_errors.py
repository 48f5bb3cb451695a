"""What fails, in groups, on a terminal and into a pipe."""

import json
from datetime import UTC, datetime

import msgspec
import pytest
from rich.console import Console

from pulsestream.cli import errors
from pulsestream.cli.question import Question
from pulsestream.client.answers import Failures

NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)
GROUP = {
    "id": "a1b2",
    "service": "payment-service",
    "endpoint": "/api/v1/payments/{payment_id}/refund",
    "method": "POST",
    "status_code": 502,
    "message": "Card declined by issuer <n>",
    "count": 12_403,
    "users": 1,
    "first_seen": "2026-05-01T12:00:00Z",
    "last_seen": "2026-05-04T11:57:00Z",
    "new": True,
    "trend": [0, 0, 1, 9],
    "example": "evt_8f3a",
}
EVIL = GROUP | {"message": "\x1b[2J" + "x" * 300, "new": False, "users": 830, "status_code": None}
ANSWER = {
    "groups": [GROUP, EVIL],
    "groups_total": 31,
    "matched": 24_806,
    "step": "1h",
    "times": [],
    "basis": {"events": 500_000},
}


def screen(answer, width=100):
    console = Console(width=width, force_terminal=True, color_system=None, highlight=False)
    decoded = msgspec.json.decode(msgspec.json.encode(answer), type=Failures)
    with console.capture() as captured:
        errors._render(console, Question(url="", api_key=""), decoded, NOW)
    return captured.get().splitlines()


@pytest.mark.parametrize("width", [60, 80, 120])
def test_a_group_says_how_often_where_what_since_when_and_whom(width):
    lines = screen(ANSWER, width)
    assert all(len(line) <= width for line in lines)
    assert "\x1b" not in "".join(lines)
    assert "24,806 errors, 2 of 31 groups" in screen(ANSWER, 120)[0]
    first, said, facts = lines[2:5]
    assert first.split()[:4] == ["12.4k", "▁▁▂█", "502", "payment-service"]
    assert said.split(maxsplit=1) == ["NEW", "Card declined by issuer <n>"]
    assert facts.strip().startswith("1 user · first 3d ago · last 3m ago")
    assert "NEW" not in lines[7]
    assert "830 users" in lines[8]


def test_the_example_can_be_looked_up():
    assert screen(ANSWER, 100)[4].endswith("example evt_8f3a")


def test_nothing_that_failed_is_good_news():
    assert "Nothing failed in this time." in screen(ANSWER | {"groups": [], "groups_total": 0})[1]


def test_into_a_pipe_a_group_is_one_object_a_line_as_the_server_said_it(run, stand_in):
    stand_in.answers["errors"] = [ANSWER]
    code, out, _ = run("errors", "-n", 3, "--since", "7d", "--sort=-users")
    assert code == 0
    assert [json.loads(line) for line in out.splitlines()] == [GROUP, EVIL]
    asked = stand_in.asked()
    assert asked.keys() == {"start_time", "limit", "sort"}
    assert (asked["limit"], asked["sort"]) == ("3", "-users")
