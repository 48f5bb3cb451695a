from random import Random

import pytest

from pulsestream.client import RetryPolicy

POLICY = RetryPolicy(delay_s_first=0.2, delay_s_max=10)


@pytest.mark.parametrize(("failures", "ceiling_s"), [(1, 0.2), (2, 0.4), (5, 3.2), (7, 10), (1000, 10)])
def test_waits_are_spread_from_nothing_to_a_ceiling_that_doubles(failures, ceiling_s):
    rng = Random(1)
    waits = [POLICY.delay_s(failures, rng) for _ in range(500)]
    assert 0 <= min(waits) < ceiling_s * 0.05
    assert ceiling_s * 0.95 < max(waits) <= ceiling_s


@pytest.mark.parametrize("failures", [1, 4, 9])
def test_nobody_comes_back_before_retry_after(failures):
    rng = Random(1)
    waits = [POLICY.delay_s(failures, rng, retry_after_s=3) for _ in range(200)]
    assert min(waits) >= 3
    assert max(waits) <= 6
    assert len(set(waits)) > 100


def test_the_same_generator_gives_the_same_waits():
    assert POLICY.delay_s(3, Random(5)) == POLICY.delay_s(3, Random(5))
