"""A tenant sends its rate on average and its burst at once, no event more; a wait as long as was said is enough."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from msgspec.structs import replace

from pulsestream.errors import RateLimited, TooLarge
from pulsestream.ingest.limit import RateLimiter
from unit.control.test_tenants import DEFAULTS
from unit.ingest.lines import StillClock


class Limited:
    """A limiter whose clock and limits a test moves."""

    def __init__(self, rate=10.0, burst=20):
        self.clock = StillClock()
        self.limits = replace(DEFAULTS, rate_events_per_s=rate, burst_events=burst)
        self.limiter = RateLimiter(lambda _: self.limits, self.clock)

    def take(self, events, tenant="a"):
        """None where they are let in, else the seconds to wait."""
        try:
            self.limiter.take(tenant, events)
        except RateLimited as refused:
            return refused.retry_after_s
        return None


def test_a_burst_is_let_in_at_once_and_then_the_rate():
    limited = Limited()
    assert limited.take(20) is None
    assert limited.take(1) == pytest.approx(0.1)
    limited.clock.seconds += 0.1
    assert limited.take(1) is None
    assert limited.take(5) == pytest.approx(0.5)


def test_a_request_is_let_in_whole_or_not_at_all():
    limited = Limited()
    limited.take(15)
    assert limited.take(6) == pytest.approx(0.1)
    assert limited.take(5) is None, "the refused request took nothing"


def test_waiting_as_long_as_was_said_is_enough():
    limited = Limited(rate=3.0, burst=7)
    for _ in range(1_000):
        wait_s = limited.take(7)
        if wait_s is not None:
            limited.clock.seconds += wait_s
            assert limited.take(7) is None


def test_what_never_fits_is_told_how_much_does():
    limited = Limited()
    with pytest.raises(TooLarge, match="20 events") as refused:
        limited.limiter.take("a", 21)
    assert refused.value.events_max == 20
    limited.limits = replace(limited.limits, batch_events_max=7)
    with pytest.raises(TooLarge) as refused:
        limited.limiter.take("a", 21)
    assert refused.value.events_max == 7


def test_nobody_is_limited_until_a_rate_is_set():
    limited = Limited(rate=None)
    assert limited.take(10**9) is None
    assert limited.limiter.quota("a") is None
    limited.limiter.give_back("a", 5)


def test_tenants_do_not_share_a_rate():
    limited = Limited()
    assert limited.take(20, "a") is None
    assert limited.take(20, "b") is None


def test_a_dry_run_costs_nothing_and_tells_the_same():
    limited = Limited()
    limited.limiter.take("a", 20, dry_run=True)
    assert limited.take(20) is None
    with pytest.raises(RateLimited):
        limited.limiter.take("a", 1, dry_run=True)


def test_what_the_server_had_no_room_for_is_given_back():
    limited = Limited()
    limited.take(20)
    limited.limiter.give_back("a", 15)
    assert limited.take(15) is None
    assert limited.take(1) is not None


def test_a_tenant_is_in_debt_while_not_one_event_fits():
    limited = Limited()
    limited.limiter.check_debt("a")
    limited.take(20)
    with pytest.raises(RateLimited):
        limited.limiter.check_debt("a")
    limited.clock.seconds += 0.1
    limited.limiter.check_debt("a")


def test_the_quota_says_where_a_tenant_stands():
    limited = Limited()
    limited.take(15)
    quota = limited.limiter.quota("a")
    assert (quota.limit, quota.remaining, quota.window_s, quota.reset_s) == (20, 5, 2.0, 1.5)
    assert quota.headers == {
        "RateLimit-Policy": '"events";q=20;qu="events";w=2',
        "RateLimit": '"events";r=5;t=2',
    }
    limited.clock.seconds += 100
    assert limited.limiter.quota("a").remaining == 20


def test_new_limits_begin_with_a_whole_burst():
    limited = Limited()
    limited.take(20)
    limited.limiter.forget("a")
    assert limited.take(20) is None


def test_the_highest_rate_lets_in_no_more_at_once_than_its_burst():
    limited = Limited(rate=1e9, burst=1)
    assert [limited.take(1) is None for _ in range(5)] == [True, False, False, False, False]


@example(rate=67.47430486810462, burst=5191, steps=[(0.0, 5191), (76.932844201484, 1)])
@given(
    rate=st.floats(0.1, 1e6),
    burst=st.integers(1, 10_000),
    steps=st.lists(st.tuples(st.floats(0, 100), st.integers(1, 10_000)), max_size=50),
)
def test_in_no_stretch_of_time_more_than_burst_and_rate_is_let_in(rate, burst, steps):
    limited = Limited(rate, burst)
    admitted = []
    for pause_s, events in steps:
        limited.clock.seconds += pause_s
        now = limited.clock.seconds
        if events <= burst and limited.take(events) is None:
            admitted.append((now, events))
        for first, (since, _) in enumerate(admitted):
            total = sum(count for _, count in admitted[first:])
            assert total <= burst + rate * (now - since) + 1e-3 * max(1.0, rate)
    quota = limited.limiter.quota("a")
    assert 0 <= quota.remaining <= burst
    if quota.remaining:
        assert limited.take(quota.remaining) is None, "what remains can be sent"
