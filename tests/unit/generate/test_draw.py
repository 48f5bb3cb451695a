import math
from collections import Counter

import pytest

from pulsestream.generate.world import DEVICES, REGION_SHARES, SERVICES


def is_error(event):
    return event.metrics.status_code >= 400


def mean_ms(events):
    return sum(event.metrics.response_time_ms for event in events) / len(events)


@pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.name)
def test_a_service_fails_and_takes_its_time_as_stated(sample, service):
    own = [event for event in sample.events if event.source.service == service.name]
    errors = [event for event in own if is_error(event)]

    # Five standard deviations of a count; times have a heavy tail, so more room.
    room = 5 * math.sqrt(service.error_rate * len(own))
    assert abs(len(errors) - service.error_rate * len(own)) < room
    assert mean_ms(own) == pytest.approx(service.mean_ms, rel=0.06)
    assert mean_ms(errors) > 1.1 * mean_ms([event for event in own if not is_error(event)])


def test_about_97_4_percent_of_all_calls_succeed(sample):
    assert sample.shares(is_error)[False] == pytest.approx(0.974, abs=0.003)


@pytest.mark.parametrize(
    ("key", "shares"),
    [
        (lambda e: e.source.method, {"GET": 0.60, "POST": 0.25, "PUT": 0.08, "DELETE": 0.04, "PATCH": 0.03}),
        (lambda e: e.source.environment, {"production": 0.70, "staging": 0.20, "development": 0.10}),
        (lambda e: e.context.tags["device_type"], {device.name: device.share for device in DEVICES}),
        (lambda e: e.context.tags["region"], REGION_SHARES),
        (lambda e: e.source.service, {service.name: service.share for service in SERVICES}),
    ],
    ids=["methods", "environments", "devices", "regions", "services"],
)
def test_shares_come_out_as_stated(sample, key, shares):
    assert sample.shares(key) == pytest.approx(shares, abs=0.006)


def test_response_times_have_a_heavy_tail(sample):
    own = sorted(e.metrics.response_time_ms for e in sample.events if e.source.service == "user-service")
    p50, p95, p99 = (own[int(len(own) * share)] for share in (0.50, 0.95, 0.99))

    assert p95 > 3 * p50
    assert p99 > 7 * p50
    assert own[-1] <= 60_000


def test_a_fifth_of_the_users_make_half_of_the_calls(sample):
    counts = sorted(Counter(event.context.user_id for event in sample.events).values(), reverse=True)

    assert 30_000 < len(counts) <= 50_000
    assert sum(counts[:10_000]) / len(sample.events) == pytest.approx(0.53, abs=0.05)
    assert counts[0] < len(sample.events) / 100


def test_reads_are_cached_and_quicker_for_it(sample):
    reads = [e for e in sample.events if e.source.endpoint == "/api/v1/users/me" and e.metrics.status_code == 200]
    cached, fresh = ([e for e in reads if e.metrics.cache_hit is hit] for hit in (True, False))

    assert mean_ms(cached) < 0.8 * mean_ms(fresh)
    assert not any(e.metrics.cache_hit for e in sample.events if e.source.method == "POST" or is_error(e))


def test_errors_come_in_bursts(sample):
    """In the worst ten minutes of a day a service fails many times as often as usual."""
    payments = [event for event in sample.events if event.source.service == "payment-service"]
    calls, errors = Counter(), Counter()
    for event in payments:
        slot = int(event.timestamp.timestamp()) // 600
        calls[slot] += 1
        errors[slot] += is_error(event)

    rates = [errors[slot] / calls[slot] for slot in calls if calls[slot] >= 15]
    assert max(rates) > 0.3
    assert sum(rate > 0.2 for rate in rates) < len(rates) / 10
