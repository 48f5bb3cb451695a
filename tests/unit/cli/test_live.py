from datetime import UTC, datetime, timedelta

import pytest
from rich.console import Console

from pulsestream.cli import live
from pulsestream.cli.listing import Row
from pulsestream.cli.stats import Service

NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)
NAMES = ["auth", "payment", "user", "product", "order", "notification", "analytics", "search"]
RED = {"requests": 300, "requests_per_second": 5.0, "errors": 36, "error_rate": 0.12, "p50_ms": 100.0}


def service(name, **more):
    return Service(**RED, p95_ms=1000.0, p99_ms=None, service=name, **more)


@pytest.fixture
def view():
    shown = live.View("http://127.0.0.1:8000", "a-key", NOW - timedelta(seconds=3725), NOW)
    shown.total = service("")
    shown.services = [service(f"{name}-service") for name in NAMES]
    shown.stored = 123_456
    for second in range(100):
        shown.tick([service(f"{name}-service") for name in NAMES[second % 3 :]], service(""))
    shown.errors = [
        Row(event_id=f"e{n}", timestamp=NOW, message=f"\x1b]0;failure {n}", severity="error") for n in range(50)
    ]
    return shown


def screen(view, width, height):
    console = Console(width=width, height=height, force_terminal=True, color_system=None)
    with console.capture() as captured:
        console.print(live.render(view, width, height))
    return captured.get().splitlines()


@pytest.mark.parametrize(("width", "height"), [(160, 50), (100, 30), (80, 24), (70, 24), (60, 24)])
def test_the_view_fits_its_terminal_and_shows_everything_that_matters(view, width, height):
    lines = screen(view, width, height)
    text = "\n".join(lines)
    assert len(lines) <= height
    assert all(len(line.rstrip()) <= width for line in lines)
    for part in ("http://127.0.0.1:8000", "5.0", "12.0%", "1,000", "123,456", "Ctrl-C stops", "failure 2", "█"):
        assert part in text
    for name in NAMES:
        assert f"{name}-service" in text
    services = [line for line in lines if "-service" in line and "5.0" in line]
    assert len(services) == len(NAMES)
    assert not any("…" in line for line in services)
    assert "".join(lines[-2:]).replace("\n", "").find("curl -H X-API-Key:a-key") >= 0
    assert "\x1b" not in text


def test_a_larger_terminal_shows_more_errors(view):
    assert sum("failure" in line for line in screen(view, 100, 50)) > sum(
        "failure" in line for line in screen(view, 100, 30)
    )


def test_before_the_first_answer_the_view_says_that_it_waits():
    empty = live.View("http://127.0.0.1:9000", "a-key", NOW, NOW)
    text = "\n".join(screen(empty, 80, 24))
    assert "waiting for events" in text
    assert "pulsestream tail --url http://127.0.0.1:9000" in text
    assert "no requests yet" in live.line(empty)


def test_trouble_takes_the_place_of_the_clock(view):
    assert "up 01:02:05" in screen(view, 100, 30)[0]
    view.trouble = "connection refused"
    assert "connection refused" in screen(view, 100, 30)[0]
    assert "connection refused" in live.line(view)


def test_the_line_for_a_log_has_rate_errors_and_duration(view):
    assert live.line(view) == (
        "5.0 requests/s · errors 12.0% · p50 100 ms · p95 1,000 ms · p99 - · 123,456 events stored"
    )


def test_a_service_that_falls_silent_gets_zeroes(view):
    view.tick([service("user-service")], service(""))
    assert view.ticks["auth-service"][-1] == 0
    assert view.ticks["user-service"][-1] == 5


@pytest.mark.parametrize(("width", "height"), [(160, 50), (100, 30), (80, 24), (60, 24)])
def test_the_view_says_where_the_dashboard_is_and_how_far(view, width, height):
    view.pages = "live charts after 21 s, of which 9 s were downloads"
    [line] = [line for line in screen(view, width, height) if "live charts after" in line]
    assert "http://127.0.0.1:8000" in line
