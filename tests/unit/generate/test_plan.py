from datetime import datetime, timedelta

import numpy as np
import pytest

from pulsestream.clock import to_micros
from pulsestream.generate import odds
from pulsestream.generate.plan import CITY_TABLE, plan
from pulsestream.generate.world import CITIES, REGION_SHARES, SERVICES

END = datetime.fromisoformat("2026-11-20T12:00:00Z")
RANGES = {"a minute": 1 / 60, "an hour": 1, "a day": 24, "a week": 168, "a year": 8_760}


@pytest.fixture(params=RANGES.values(), ids=RANGES)
def made(request):
    hours = timedelta(hours=request.param)
    return plan(11, to_micros(END - hours), to_micros(END))


def test_error_rates_and_spikes_average_to_the_stated_ones_over_the_range(made):
    weights = np.diff(made.passed)

    assert weights @ (made.fails_below / 2**32) == pytest.approx([s.error_rate for s in SERVICES], rel=1e-6)
    assert weights @ (made.slow_below / 2**32) == pytest.approx(np.full(len(SERVICES), 0.05), rel=1e-6)


def test_bursts_are_many_times_the_usual_rate():
    made = plan(11, to_micros(END - timedelta(days=2)), to_micros(END))
    rates = made.fails_below / 2**32

    for service in range(len(SERVICES)):
        burst = made.moods[:, service] == 1
        if burst.any():
            assert rates[burst, service].min() > 4.9 * rates[~burst, service].max()


def test_regions_have_their_shares_over_the_range(made):
    weights = np.diff(made.passed)
    shares = {}
    for index, city in enumerate(CITIES):
        held = (made.cities == index).sum(axis=1) / CITY_TABLE
        shares[city.region] = shares.get(city.region, 0) + weights @ held[made.city_row]

    assert shares == pytest.approx(REGION_SHARES, abs=0.002)


def test_the_range_is_covered_without_gaps(made):
    assert made.edges_us[-1] == to_micros(END)
    assert (np.diff(made.edges_us) > 0).all()
    assert (np.diff(made.passed) > 0).all()
    assert (made.passed[0], made.passed[-1]) == (0, 1)


def test_slow_routes_are_slower_than_quick_ones_of_their_service():
    made = plan(1, to_micros(END - timedelta(days=1)), to_micros(END))
    times = {(o.route.path, o.method): ms for o, ms in zip(odds.OPERATIONS, made.time_ms, strict=True)}

    assert times["/api/v1/auth/register", "POST"] > 3 * times["/api/v1/auth/logout", "POST"]
