from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from pulsestream.clock import to_micros
from pulsestream.generate.plan import plan
from pulsestream.generate.rhythm import BIN_US, CITY_SHARES, HOURS, WEEKEND, busyness, intensity
from pulsestream.generate.world import CITIES

NAMES = [city.name for city in CITIES]


def busy(city: str, local: str) -> float:
    """How busy the city is at its local time."""
    index = NAMES.index(city)
    moment = datetime.fromisoformat(local).replace(tzinfo=ZoneInfo(CITIES[index].zone))
    return float(intensity(np.array([to_micros(moment) // BIN_US * BIN_US]))[0, index])


def test_business_hours_carry_twice_the_others():
    assert np.mean(HOURS[9:17]) == pytest.approx(2 * np.mean(HOURS[:9] + HOURS[17:]))


@pytest.mark.parametrize("city", NAMES)
@pytest.mark.parametrize("day", ["2026-01-14", "2026-07-15"], ids=["winter", "summer"])
@pytest.mark.parametrize("hour", [0, 8, 9, 16, 17, 23])
def test_each_city_lives_by_its_own_clock_in_winter_and_summer(city, day, hour):
    assert busy(city, f"{day}T{hour:02d}:00") == HOURS[hour]
    assert busy(city, f"{day}T{hour:02d}:55") == HOURS[hour]


@pytest.mark.parametrize("city", ["New York", "Tokyo"])
def test_weekends_are_at_60_percent(city):
    assert busy(city, "2026-11-20T23:55") == HOURS[23]  # a Friday
    assert busy(city, "2026-11-21T00:00") == pytest.approx(HOURS[0] * 0.6)
    assert busy(city, "2026-11-22T12:00") == pytest.approx(HOURS[12] * 0.6)
    assert busy(city, "2026-11-23T00:00") == HOURS[0]
    assert WEEKEND == 0.6


def test_the_hour_of_a_change_of_clocks_is_right_on_both_sides():
    # London, 29 March 2026: 01:00 UTC is 02:00 local.
    bins = np.array([to_micros(datetime.fromisoformat(f"2026-03-29T{h:02d}:30Z")) for h in (0, 1)])
    london = intensity(bins // BIN_US * BIN_US)[:, NAMES.index("London")]

    assert list(london) == pytest.approx([HOURS[0] * 0.6, HOURS[2] * 0.6])


def test_a_bin_is_the_same_alone_and_within_a_year():
    start = to_micros(datetime.fromisoformat("2026-01-01T00:00Z"))
    year = start + np.arange(365 * 288, dtype=np.int64) * BIN_US
    levels = intensity(year)

    for index in range(0, len(year), 1_234):
        assert np.array_equal(levels[index], intensity(year[index : index + 1])[0])


def test_calls_of_the_week_follow_the_local_clock(sample):
    business = weekday_other = weekend = 0
    zones = {city.name: ZoneInfo(city.zone) for city in CITIES}
    for event in sample.events:
        local = event.timestamp.astimezone(zones[event.context.tags["city"]])
        if local.weekday() >= 5:
            weekend += 1
        elif 9 <= local.hour < 17:
            business += 1
        else:
            weekday_other += 1

    # 5 days of 8 and of 16 hours; a weekend day has 60 % of a weekday.
    assert (business / 8) / (weekday_other / 16) == pytest.approx(2, rel=0.03)
    assert (weekend / 2) / ((business + weekday_other) / 5) == pytest.approx(0.6, rel=0.03)


def test_the_shares_of_cities_add_up():
    assert CITY_SHARES.sum() == pytest.approx(1)
    assert timedelta(microseconds=BIN_US) == timedelta(minutes=5)


@pytest.mark.parametrize("hours", [0, 7, 15.5])
def test_live_traffic_goes_on_as_a_day_of_history_ends(hours):
    end_us = to_micros(datetime.fromisoformat("2026-11-20T00:00:00+00:00") + timedelta(hours=hours))
    start_us = end_us - to_micros(datetime.fromisoformat("1970-01-02T00:00:00+00:00"))

    of_the_last_bin = np.diff(plan(1, start_us, end_us).passed)[-1]

    assert busyness(end_us - 1, start_us) == pytest.approx(of_the_last_bin * 24 * 12, rel=0.01)
