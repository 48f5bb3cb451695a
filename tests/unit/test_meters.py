"""What is counted and timed comes back by its labels, and a tenant's counts go with the tenant."""

from __future__ import annotations

import pytest

from pulsestream.meters import OTHER_TENANTS, TENANTS_MAX, Meters, Passed
from pulsestream.metrics import EVENTS, FEED_LAG, FEED_RETRIES, REQUESTS_REFUSED, Stage
from unit.ingest.lines import StillClock


@pytest.fixture
def clock():
    return StillClock()


@pytest.fixture
def meters(clock):
    return Meters(clock.monotonic)


def test_counts_are_kept_apart_by_tenant_and_label(meters):
    for tenant, label in [("acme", "a"), ("acme", "a"), ("acme", "b"), ("zeta", "a")]:
        meters.add(REQUESTS_REFUSED, tenant, label)
    assert meters.of_tenant(REQUESTS_REFUSED, "acme") == {"a": 2, "b": 1}
    assert meters.of_tenant(REQUESTS_REFUSED, "zeta") == {"a": 1}
    assert meters.of_tenant(REQUESTS_REFUSED, "nobody") == {}
    assert meters.counts(REQUESTS_REFUSED) == {("acme", "a"): 2, ("acme", "b"): 1, ("zeta", "a"): 1}
    assert [*meters.of_tenants(REQUESTS_REFUSED, {"acme", "nobody"})] == [(("acme", "a"), 2), (("acme", "b"), 1)]
    meters.forget("acme")
    assert meters.of_tenant(REQUESTS_REFUSED, "acme") == {}
    assert meters.counts(REQUESTS_REFUSED) == {("zeta", "a"): 1}


def test_tenants_past_the_first_few_share_one_label_and_its_count_never_goes_back(meters):
    names = [f"t{number}" for number in range(TENANTS_MAX)]
    for name in (*names, "late", "later"):
        meters.add(EVENTS, name, "stored", "", amount=2)
    counts = meters.counts(EVENTS)
    assert len(counts) == TENANTS_MAX + 1
    assert counts[OTHER_TENANTS, "stored", ""] == 4
    meters.forget("late")
    meters.forget("t0")
    meters.add(EVENTS, "later", "stored", "")
    meters.add(EVENTS, "newest", "stored", "")
    counts = meters.counts(EVENTS)
    assert counts[OTHER_TENANTS, "stored", ""] == 6, "a tenant keeps its label, and a deleted one its part of the sum"
    assert ("t0", "stored", "") not in counts


def test_a_stage_has_what_passed_since_the_one_before_it(meters, clock):
    for insert_s, events in [(0.25, 10), (0.5, 90)]:
        laps = meters.laps()
        clock.seconds += 1
        laps.end(Stage.FEED_READ)
        laps.events = events
        clock.seconds += insert_s / 2
        laps.end(Stage.FEED_INSERT)
        clock.seconds += insert_s / 2
        laps.end(Stage.FEED_INSERT)  # a stage can have several parts
        meters.record(laps)
    assert meters.stages() == {
        Stage.FEED_READ: Passed(seconds=2.0, times=2, events=100),
        Stage.FEED_INSERT: Passed(seconds=0.75, times=2, events=100),
    }


def test_what_never_happened_is_known_where_there_are_no_labels(meters):
    assert meters.counts(FEED_RETRIES) == {(): 0}
    assert sum(meters.histograms(FEED_LAG)[()].counts) == 0
    assert meters.counts(EVENTS) == {}


def test_a_value_on_a_bound_is_in_its_bucket_and_one_past_all_in_the_last(meters):
    for value in (FEED_LAG.bounds[0], FEED_LAG.bounds[-1], FEED_LAG.bounds[-1] + 1):
        meters.observe(FEED_LAG, value)
    counts = meters.histograms(FEED_LAG)[()].counts
    assert (counts[0], counts[-2], counts[-1], sum(counts)) == (1, 1, 1, 3)
