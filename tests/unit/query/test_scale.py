"""Buckets have round bounds, and every value is in exactly one."""

from __future__ import annotations

import random
from bisect import bisect_right

import pytest

from pulsestream.query.scale import Extent, Scale, bounds, suitable


def extent(*values):
    return Extent(min(values), max(values), min((value for value in values if value > 0), default=None))


@pytest.mark.parametrize(
    ("values", "buckets", "expected"),
    [
        ((1, 9.99), 10, [1, 1.25, 1.6, 2, 2.5, 3.15, 4, 5, 6.3, 8, 10]),
        ((1, 10), 10, [1, 1.6, 2.5, 4, 6.3, 10, 16]),  # 10 is on a bound: it needs the bucket above
        ((1, 9), 4, [1, 2, 5, 10]),
        ((0.3, 4000), 20, [0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000]),
        ((0.3, 4000), 5, [0.1, 1, 10, 100, 1000, 10000]),
        ((0.3, 4000), 2, [0.0001, 1, 10000]),
        ((0, 5, 300), 4, [0, 1, 10, 100, 1000]),
        ((0, 0), 4, [0, 1]),
        ((7, 7), 4, [6.3, 7.1]),
    ],
)
def test_a_logarithmic_scale_has_preferred_numbers(values, buckets, expected):
    assert bounds(Scale.LOG, extent(*values), buckets=buckets) == expected


@pytest.mark.parametrize(
    ("values", "buckets", "expected"),
    [
        ((0, 9), 10, [*range(11)]),
        ((0, 10), 10, [0, 2, 4, 6, 8, 10, 12]),
        ((200, 504), 4, [200, 300, 400, 500, 600]),
        ((0.1, 0.35), 3, [0.1, 0.2, 0.3, 0.4]),
        ((-7, 12), 5, [-10, -5, 0, 5, 10, 15]),
        ((200, 200), 5, [200, 201]),
        ((2**63 - 1, 2**63 - 1), 2, None),
    ],
)
def test_a_linear_scale_has_round_widths(values, buckets, expected):
    found = bounds(Scale.LINEAR, extent(*values), buckets=buckets)
    assert found == expected or (expected is None and found[0] <= values[0] < found[-1])


def test_below_zero_there_is_no_logarithm():
    assert bounds(Scale.LOG, extent(-7, 12), buckets=5) == bounds(Scale.LINEAR, extent(-7, 12), buckets=5)


def test_values_of_different_sizes_have_a_logarithmic_scale():
    assert suitable(extent(1, 100)) is Scale.LOG
    assert suitable(extent(0, 0.001, 5)) is Scale.LOG
    assert suitable(extent(1, 99)) is Scale.LINEAR
    assert suitable(extent(-1, 1, 500)) is Scale.LINEAR
    assert suitable(extent(0, 0)) is Scale.LINEAR


def test_every_value_is_between_two_bounds():
    rng = random.Random(7)
    odd = [0.0, 5e-324, 1e-200, 0.1, 0.3, 1, 1.0000000000000002, 10, 2**53, 2.0**63, 1e200, -3.5, -1e-9]
    for _ in range(3_000):
        values = rng.sample(odd, 2)
        values += [rng.choice((-1, 1, 1, 1)) * 10 ** rng.uniform(-12, 20) for _ in range(rng.choice((0, 3)))]
        buckets = rng.choice((3, 4, 10, 40, 200))
        for scale in Scale:
            found = bounds(scale, extent(*values), buckets=buckets)
            assert 1 <= len(found) - 1 <= buckets
            assert found == sorted(set(found))
            assert all(0 < bisect_right(found, value) < len(found) for value in values), (values, found)
            # No finer scale than is needed: the outermost buckets have values in them.
            assert found[1] > min(values) or found[1] > 0 == found[0]
            assert found[-2] <= max(values)
