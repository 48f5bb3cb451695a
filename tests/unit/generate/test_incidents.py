import numpy as np

from pulsestream.generate.incidents import SPAN_BINS, factors
from pulsestream.generate.world import SERVICES

DAY_BINS = 288
FIRST = 5_900_000  # of bins, in 2026


def test_every_service_has_bursts_of_errors_and_spells_of_slowness_in_a_week():
    errors, slow = factors(3, FIRST, 7 * DAY_BINS)

    assert errors.shape == slow.shape == (7 * DAY_BINS, len(SERVICES))
    assert (errors.max(axis=0) >= 5).all()
    assert (slow.max(axis=0) >= 4).all()


def test_most_of_the_time_nothing_is_wrong():
    errors, slow = factors(3, FIRST, 30 * DAY_BINS)

    assert 0.90 < np.mean((errors == 1) & (slow == 1)) < 0.98


def test_no_factor_can_make_more_calls_fail_than_there_are():
    errors, slow = factors(4, FIRST, 90 * DAY_BINS)

    assert errors.max() * max(service.error_rate for service in SERVICES) < 1
    assert slow.max() * 0.05 < 1
    assert errors.min() == slow.min() == 1


def test_a_moment_has_the_same_incidents_in_every_range():
    errors, slow = factors(5, FIRST, 4 * SPAN_BINS)

    for begin in range(0, 4 * SPAN_BINS - 30, 17):
        part = factors(5, FIRST + begin, 30)
        assert np.array_equal(part[0], errors[begin : begin + 30])
        assert np.array_equal(part[1], slow[begin : begin + 30])


def test_another_seed_has_other_incidents():
    assert not np.array_equal(factors(1, FIRST, DAY_BINS)[0], factors(2, FIRST, DAY_BINS)[0])
