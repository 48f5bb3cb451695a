import io

import pytest
from rich.console import Console

from pulsestream.cli.progress import Snapshot, bar, line


def shown(snapshot):
    console = Console(file=io.StringIO(), width=100)
    console.print(bar(snapshot, 100))
    return console.file.getvalue()


def snapshot(**more):
    return Snapshot(
        **{"events": 10, "fraction": 0.5, "elapsed_s": 2, "in_flight": 4, "retries": 0, "trouble": ""} | more
    )


@pytest.mark.parametrize("show", [shown, line])
def test_a_run_that_is_held_up_by_a_rate_limit_says_so(show):
    assert "waiting for the server's rate limit, 4.1 s so far" in show(snapshot(held_s=4.12))
    assert "trying again" not in show(snapshot(held_s=4.12))


@pytest.mark.parametrize("show", [shown, line])
def test_trouble_is_said_before_a_rate_limit(show):
    assert "trying again: status 503" in show(snapshot(held_s=4.12, trouble="status 503"))


@pytest.mark.parametrize("show", [shown, line])
def test_a_run_that_goes_well_says_neither(show):
    said = show(snapshot())
    assert "rate limit" not in said
    assert "trying again" not in said


@pytest.mark.parametrize("show", [shown, line])
@pytest.mark.parametrize(
    ("in_flight", "concurrency", "said"), [(4, None, "· 4 in flight"), (3, 6, "· 3 of 6 in flight"), (4, 2, "4 of 4")]
)
def test_how_many_requests_may_be_under_way_is_shown_beside_those_that_are(show, in_flight, concurrency, said):
    assert said in show(snapshot(in_flight=in_flight, concurrency=concurrency))
