"""How services are: on a terminal and into a pipe."""

import json

import msgspec
import pytest
from rich.console import Console

from pulsestream.cli import services
from pulsestream.cli.question import Question
from pulsestream.client.answers import Basis, Red


def red(name, **more):
    return {
        "service": name,
        "requests": 12_345,
        "request_rate": 13.72,
        "errors": 617,
        "error_rate": 0.05,
        "p50_ms": 101.4,
        "p95_ms": 2034.0,
        "p99_ms": None,
        "apdex": 0.87,
        "health": {"state": "healthy", "reason": ""},
        "sparkline": {"step": "1m", "requests": [0, 5, 10, None], "errors": [0, 0, 1, None]},
        "change": {
            "previous": {"requests": {"change": 0.12}, "error_rate": {"change": 1.5}, "p95_ms": {"change": -0.2}}
        },
        **more,
    }


ILL = red("payment-service", health={"state": "failing", "reason": "5xx of 12 % \x1b[2J, more than 10 %"})
SERVICES = [ILL, red("notification-service")]


def screen(rows, width, of=None):
    console = Console(width=width, force_terminal=True, color_system=None, highlight=False)
    *decoded, total = msgspec.json.decode(
        msgspec.json.encode([*rows, red("", sparkline={}, change=rows[0]["change"] if rows else {})]), type=list[Red]
    )
    shown = services.Shown("Services", decoded, len(rows) if of is None else of, total, Basis(events=7))
    with console.capture() as captured:
        services._render(console, Question(url="", api_key=""), shown)
    return captured.get().splitlines()


@pytest.mark.parametrize("width", [60, 80, 100, 120, 160])
def test_services_fit_the_terminal_with_what_matters(width):
    lines = screen(SERVICES, width)
    assert all(len(line) <= width for line in lines)
    assert "\x1b" not in "".join(lines)
    for line in lines[2:5]:
        assert {"12,345", "5.0%", "2,034"} <= set(line.split())
        assert "▁▅█" in line
    assert [line.split()[1] for line in lines[2:5]][0::2] == ["payment-service", "all"]
    assert lines[2].split()[0] == "■"
    text = " ".join(" ".join(lines[6:]).split())
    assert text.startswith("■ failing payment-service 5xx of 12 % ·[2J, more than 10 %")


def test_a_wide_terminal_shows_what_changed():
    first = screen(SERVICES, 160)[2]
    assert {"▲12%", "▲2.5×", "▼20%", "13.7", "0.87"} <= set(first.split())
    assert "▲" not in screen(SERVICES, 80)[2]
    assert screen(SERVICES, 160)[1].split().count("change") == 3
    assert "change" not in screen([red("a", change={})], 160)[1]


@pytest.mark.parametrize(
    ("growth", "said"), [(None, ""), (0, ""), (-0.03, ""), (0.2, "▲20%"), (-0.6, "▼60%"), (1.0, "▲2.0×"), (-1, "▼100%")]
)
def test_a_change_is_said_as_people_say_it(growth, said):
    assert services.changed(growth, bad=True).plain == said


def test_more_errors_are_red_and_fewer_are_green():
    assert (services.changed(0.5, bad=True).style, services.changed(-0.5, bad=True).style) == ("red", "green")
    assert services.changed(0.5, bad=False).style == "dim"


def test_into_a_pipe_a_service_is_one_object_a_line_as_the_server_said_it(run, stand_in):
    stand_in.answers["services"] = [{"total": red(""), "services": SERVICES, "basis": {}}]
    code, out, _ = run("services", "-q", "env:production")
    assert code == 0
    assert [json.loads(line) for line in out.splitlines()] == SERVICES
    assert stand_in.requests[0][1].startswith("/api/v1/query/services?")


def test_endpoints_of_one_service(run, stand_in):
    endpoint = red("order-service", endpoint="/api/v1/orders/{order_id}", method="GET")
    stand_in.answers["endpoints"] = [{"total": red(""), "endpoints": [endpoint], "basis": {}}]
    _, out, _ = run("services", "--endpoints", "--service", "order-service", "-q", "a OR status:500")
    assert [json.loads(line) for line in out.splitlines()] == [endpoint]
    assert stand_in.asked()["q"] == "(a OR status_code:500) service:order-service"
    assert stand_in.requests[0][1].startswith("/api/v1/query/endpoints?")
    lines = screen([endpoint], 160)
    assert "GET /api/v1/orders/{order_id}" in lines[2]
    assert "order-service" in lines[2]


def test_a_service_without_endpoints_is_a_wrong_question(run, stand_in):
    code, _, err = run("services", "--service", "x")
    assert code == 2
    assert "needs --endpoints" in err
    assert stand_in.requests == []


def test_no_request_says_where_to_look():
    assert "No request in this time. --since 24h looks further back." in screen([], 80)[1]


def test_more_rows_than_are_shown_are_said_and_then_no_course_of_all_is_made_up():
    some, all_of_them = screen(SERVICES, 100, of=250), screen(SERVICES, 100)
    assert "2 of 250" in some[0]
    assert "█" not in some[4]
    assert "█" in all_of_them[4]


def test_services_are_sorted_and_limited_as_asked(run, stand_in):
    stand_in.answers["services"] = [{"total": red(""), "services": SERVICES, "basis": {}}]
    run("services", "--sort=-p95_ms", "-n", 3)
    assert (stand_in.asked()["sort"], stand_in.asked()["limit"]) == ("-p95_ms", "3")
