"""The verbs that ask, as the program that people run, of a real server."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from system.program import KEY, event

pytestmark = pytest.mark.slow

DAY = ("--from", "2026-05-04", "--to", "2026-05-04")
HOSTILE = "<script>alert(1)</script>"


def call(number, service, milliseconds, status, **changes):
    source = {"service": service, "endpoint": f"/api/v1/{service}", "method": "GET"}
    metrics = {"response_time_ms": milliseconds, "status_code": status}
    return event(number, source=source, metrics=metrics, **changes)


@pytest.fixture(scope="module")
def filled(server):
    events = [call(number, "fast", 10 + number, 200) for number in range(20)]
    events += [call(number, "slow", 1_000 + number, 200) for number in range(20, 25)]
    failed = {"message": f"Card declined {HOSTILE}", "severity": "error", "context": {"user_id": "u1"}}
    events += [call(number, "slow", 2_000 + number, 502, **failed) for number in range(25, 30)]
    assert server.send(events)["stored"] == 30
    return server


def program(server, *arguments, **environment):
    """(exit code, stdout, stderr) of the program, whose output goes into pipes."""
    told = {"PULSESTREAM_URL": server.url, "PULSESTREAM_API_KEY": KEY} | environment
    done = subprocess.run(
        [sys.executable, "-m", "pulsestream", *arguments],
        env=os.environ | told,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


def rows(server, *arguments):
    code, out, err = program(server, *arguments)
    assert code == 0, err
    return [json.loads(line) for line in out.splitlines()]


def test_search_by_query_text_and_filter_in_any_order(filled):
    found = rows(filled, "search", "-q", "status:>=500 OR response_time:<11ms", "--sort=-response_time_ms", *DAY)
    assert [one["metrics"]["response_time_ms"] for one in found] == [2029, 2028, 2027, 2026, 2025, 10]
    both = rows(filled, "search", "declined", "-q", "response_time:>2027 OR user:nobody", "--status-code", "5xx")
    assert {one["event_id"] for one in both} == {"evt_28", "evt_29"}


def test_top_is_ranked_by_any_measure(filled):
    found = rows(filled, "top", "service", "--measures", "count,max_ms", "--sort=-max_ms", *DAY)
    assert found == [
        {"service": "slow", "count": 10, "max_ms": 2029.0, "share": 1 / 3},
        {"service": "fast", "count": 20, "max_ms": 29.0, "share": 2 / 3},
    ]


def test_services_and_endpoints_have_rate_errors_and_duration(filled):
    found = {one["service"]: one for one in rows(filled, "services", *DAY)}
    assert {name: (one["requests"], one["error_rate"]) for name, one in found.items()} == {
        "fast": (20, 0.0),
        "slow": (10, 0.5),
    }
    [endpoint] = rows(filled, "services", "--endpoints", "--service", "slow", "-q", "status:502 OR status:200", *DAY)
    assert (endpoint["endpoint"], endpoint["method"], endpoint["requests"]) == ("/api/v1/slow", "GET", 10)


def test_a_terminal_gets_columns_and_no_colours_if_so_wished(filled):
    code, out, _ = program(filled, "services", *DAY, FORCE_COLOR="1", COLUMNS="80", NO_COLOR="1")
    assert code == 0
    assert "slow" in out
    assert "█" in out
    assert "\x1b[3" not in out
    assert all(len(line) <= 80 + line.count("\x1b") * 8 for line in out.splitlines())


def test_a_query_that_makes_no_sense_is_drawn_with_what_may_be_meant(filled):
    code, out, err = program(filled, "search", "-q", "servce:slow")
    assert (code, out) == (2, "")
    assert err.splitlines()[1:] == ["  servce:slow", "  ^^^^^^", "  service"]


def test_what_fails_is_told_in_groups(filled):
    [group] = rows(filled, "errors", "-q", "service:slow", *DAY)
    assert (group["count"], group["users"], group["status_code"]) == (5, 1, 502)
    assert group["message"].startswith("Card declined")
    assert rows(filled, "search", "-q", f"id:{group['example']}")[0]["event_id"] == group["example"]


def test_a_report_is_a_page_of_what_was_sent(filled, tmp_path):
    path = tmp_path / "report.html"
    code, out, err = program(filled, "report", "-o", str(path), "--tz", "Europe/Berlin", *DAY)
    assert (code, out) == (0, "")
    assert "30 requests" in err
    written = path.read_text()
    for part in ("30 requests, of which 83.3 % succeeded", "/<wbr>slow", "Card declined", "(Europe/Berlin)"):
        assert part in written
    assert HOSTILE not in written
    assert "&lt;script&gt;" in written


def test_tail_shows_what_arrives_and_matches(filled):
    told = {"PULSESTREAM_URL": filled.url, "PULSESTREAM_API_KEY": KEY}
    command = [sys.executable, "-m", "pulsestream", "tail", "-n", "1", "-q", "service:slow"]
    with subprocess.Popen(command, env=os.environ | told, stdout=subprocess.PIPE, text=True) as process:
        assert json.loads(process.stdout.readline())["event_id"] == "evt_29"  # now it listens
        filled.send([call("quick", "fast", 1, 200), call("late", "slow", 1, 200)])
        assert json.loads(process.stdout.readline())["event_id"] == "evt_late"
        process.kill()
