"""What is counted and timed comes back by its labels, and a tenant's counts go with the tenant."""

from __future__ import annotations

import pytest

from pulsestream.meters import OTHER_TENANTS, TENANTS_MAX, Meters
from pulsestream.metrics import (
    EVENTS,
    FEED_LAG,
    REQUESTS_REFUSED,
    STAGE_EVENTS,
    STAGE_SECONDS,
    Stage,
)
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
    for decode_s, events in [(0.002, 10), (0.3, 90)]:
        laps = meters.laps()
        clock.seconds += 1
        laps.end(Stage.READ)
        laps.events = events
        clock.seconds += decode_s / 2
        laps.end(Stage.DECODE)
        clock.seconds += decode_s / 2
        laps.end(Stage.DECODE)  # a stage can have several parts
        meters.record(laps)
    histograms = meters.histograms(STAGE_SECONDS)
    decode = histograms["decode",]
    assert decode.sum == pytest.approx(0.302)
    assert {bound: count for bound, count in zip(decode.bounds, decode.counts, strict=False) if count} == {
        0.0025: 1,
        0.5: 1,
    }
    assert sum(histograms["read",].counts) == 2
    assert sum(histograms["feed_insert",].counts) == 0
    assert meters.counts(STAGE_EVENTS)["decode",] == 100
    assert meters.counts(STAGE_EVENTS)["feed_insert",] == 0


def test_a_value_on_a_bound_is_in_its_bucket_and_one_past_all_in_the_last(meters):
    for value in (FEED_LAG.bounds[0], FEED_LAG.bounds[-1], FEED_LAG.bounds[-1] + 1):
        meters.observe(FEED_LAG, value)
    counts = meters.histograms(FEED_LAG)[()].counts
    assert (counts[0], counts[-2], counts[-1], sum(counts)) == (1, 1, 1, 3)
