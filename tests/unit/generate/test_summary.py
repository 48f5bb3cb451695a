from collections import Counter
from datetime import UTC, datetime

import pytest

from pulsestream.generate import generate

END = datetime(2026, 11, 20, 12, tzinfo=UTC)


def test_the_summary_says_what_is_in_the_events(sample):
    said = sample.summary
    times = sorted(event.metrics.response_time_ms for event in sample.events)
    errors = sum(event.metrics.status_code >= 400 for event in sample.events)

    assert (said.events, said.errors) == (len(sample.events), errors)
    assert said.error_rate == errors / len(sample.events)
    assert said.statuses == Counter(f"{event.metrics.status_code // 100}xx" for event in sample.events)
    assert said.mean_ms == pytest.approx(sum(times) / len(times))
    for value, share in ((said.p50_ms, 0.50), (said.p95_ms, 0.95), (said.p99_ms, 0.99)):
        assert value == int(times[int(share * len(times)) - 1])


def test_it_says_so_for_each_service(sample):
    for row in sample.summary.services:
        own = [event for event in sample.events if event.source.service == row.service]
        assert row.events == len(own)
        assert row.errors == sum(event.metrics.status_code >= 400 for event in own)
        assert row.mean_ms == pytest.approx(sum(event.metrics.response_time_ms for event in own) / len(own))


def test_nothing_made_yet_is_all_zeros():
    summary = generate(10, start=END.replace(hour=1), end=END, seed=1).summary

    assert (summary.events, summary.error_rate, summary.mean_ms, summary.statuses) == (0, 0, 0, {})
