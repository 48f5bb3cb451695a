"""What a tenant's requests cost is kept by minute, for an hour, and forgotten with the tenant."""

from __future__ import annotations

from datetime import timedelta

import pytest

from pulsestream.ingest.minutes import MINUTES_MAX, Minutes
from pulsestream.meters import Laps
from pulsestream.metrics import Stage
from unit.ingest.lines import NOW, StillClock

MINUTE = int(NOW.timestamp())


class Clock(StillClock):
    """Both of its hands move together."""

    def now(self):
        return NOW + timedelta(seconds=self.seconds)


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def minutes(clock):
    return Minutes(clock)


def request(clock, minutes, tenant="acme", **took):
    """One that is answered now, with so many seconds in each stage, which count as passed already."""
    laps = Laps(clock.monotonic)
    laps.seconds = {Stage[stage.upper()]: seconds for stage, seconds in took.items()}
    minutes.add(tenant, laps)


def test_costs_are_kept_apart_by_tenant_and_minute(clock, minutes):
    request(clock, minutes, decode=0.25, answer=0.5)
    clock.seconds = 59.9
    request(clock, minutes, decode=0.25)
    request(clock, minutes, "zeta", read=1.0)
    clock.seconds = 60.0
    request(clock, minutes, check=0.125)
    [(first, one), (second, two)] = minutes.of("acme")
    assert (first, second) == (MINUTE, MINUTE + 60)
    assert (one.requests, two.requests) == (2, 1)
    assert (one.seconds["decode"], one.seconds["answer"], one.seconds["check"]) == (0.5, 0.5, 0)
    assert two.seconds["check"] == 0.125
    assert [cost.seconds["read"] for _, cost in minutes.of("zeta")] == [1.0]
    assert [*minutes.of("nobody")] == []


def test_percentiles_are_right_to_about_a_fifth(clock, minutes):
    for number in range(1, 1001):
        request(clock, minutes, journal_wait=number / 1000)
    [(_, cost)] = minutes.of("acme")
    assert 500 <= cost.p50_ms <= 500 * 1.26
    assert 990 <= cost.p99_ms <= 990 * 1.26
    clock.seconds = 60
    request(clock, minutes, read=1e9)
    assert [*minutes.of("acme")][1][1].p50_ms == 100_000, "past all bounds"


def test_what_is_older_than_an_hour_is_forgotten_also_after_a_pause(clock, minutes):
    for number in range(MINUTES_MAX + 5):
        clock.seconds = 60.0 * number
        request(clock, minutes)
    kept = [minute for minute, _ in minutes.of("acme")]
    assert len(kept) == MINUTES_MAX
    assert kept[-1] == MINUTE + 60 * (MINUTES_MAX + 4)
    clock.seconds += 60.0 * (MINUTES_MAX - 1)
    request(clock, minutes, "zeta")
    assert len([*minutes.of("acme")]) == 1


def test_a_tenant_that_is_gone_is_forgotten(clock, minutes):
    request(clock, minutes)
    clock.seconds = 60.0
    request(clock, minutes)
    request(clock, minutes, "zeta")
    minutes.forget("acme")
    assert [*minutes.of("acme")] == []
    assert len([*minutes.of("zeta")]) == 1
    request(clock, minutes)
    assert [cost.requests for _, cost in minutes.of("acme")] == [1], "whoever has its name later begins at nothing"
