"""What a tenant's requests cost is kept by minute, for an hour, and forgotten with the tenant."""

from __future__ import annotations

from datetime import timedelta

import pytest

from pulsestream.ingest.minutes import MINUTES_MAX, STAGES, Minutes, Timing
from pulsestream.meters import Passed
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


def request(clock, minutes, tenant="acme", events=1, **took):
    """One that begins now, with so many seconds in each stage, which are in order."""
    timing, at = Timing(clock.seconds, events), clock.seconds
    for name, seconds in took.items():
        at += seconds
        setattr(timing, name, at)
    timing.answer = at
    minutes.add(tenant, timing)


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


def test_every_stage_of_a_request_has_its_own_time(clock, minutes):
    assert Timing.__struct_fields__[2:] == tuple(stage.label for stage in STAGES)
    took = {stage.label: 2.0 ** (index - 8) for index, stage in enumerate(STAGES)}
    request(clock, minutes, **took)
    [(_, cost)] = minutes.of("acme")
    assert dict(cost.seconds) == {label: round(seconds, 6) for label, seconds in took.items()}
    assert {stage.label: passed.seconds for stage, passed in minutes.stages().items()} == took


def test_the_sums_of_all_tenants_only_grow(clock, minutes):
    request(clock, minutes, events=100, decode=0.25)
    request(clock, minutes, "zeta", events=10, decode=0.25, check=0.5)
    assert minutes.stages()[Stage.DECODE] == Passed(seconds=0.5, times=2, events=110)
    clock.seconds = 60.0
    request(clock, minutes, "zeta", decode=0.5)
    minutes.forget("zeta")
    minutes.forget("acme")
    clock.seconds = 7_200.0
    request(clock, minutes, decode=1.0)
    assert minutes.stages()[Stage.DECODE] == Passed(seconds=2.0, times=4, events=112)
    assert minutes.stages()[Stage.CHECK] == Passed(seconds=0.5, times=4, events=112)


def test_percentiles_are_right_to_about_a_fifth(clock, minutes):
    for number in range(1, 1001):
        request(clock, minutes, journal_wait=number / 1000)
    [(_, cost)] = minutes.of("acme")
    assert cost.requests == 1_000
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
