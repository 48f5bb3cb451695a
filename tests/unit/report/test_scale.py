"""Axes: round numbers and round times."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from pulsestream.report import scale

END = datetime(2026, 11, 20, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("top", "levels"),
    [
        (1_234, [0, 500, 1_000, 1_500]),
        (0.03, [0, 0.01, 0.02, 0.03]),
        (10, [0, 2.5, 5, 7.5, 10]),
        (0, [0, 1]),
        (float("inf"), [0, 1]),
        (1e-9, None),
        (1e15, None),
    ],
)
def test_the_levels_are_round_and_reach_over_the_top(top, levels):
    found = scale.numbers(top)
    assert levels is None or found == pytest.approx(levels)
    assert 2 <= len(found) <= 6
    assert found[-1] >= top * (1 - 1e-9) or levels == [0, 1]


def labels(length, zone="UTC", most=8, end=END):
    return [tick.label for tick in scale.times(end - length, end, ZoneInfo(zone), most)]


@pytest.mark.parametrize(
    ("length", "zone", "said"),
    [
        (timedelta(minutes=15), "UTC", ["11:46", "11:48", "11:50", "11:52", "11:54", "11:56", "11:58", "12:00"]),
        (
            timedelta(hours=24),
            "UTC",
            ["12:00", "15:00", "18:00", "21:00", "Nov 20", "03:00", "06:00", "09:00", "12:00"],
        ),
        (
            timedelta(hours=24),
            "Asia/Kolkata",
            ["18:00", "21:00", "Nov 20", "03:00", "06:00", "09:00", "12:00", "15:00"],
        ),
        (timedelta(days=7), "UTC", [f"Nov {day}" for day in range(14, 21)]),
        (timedelta(days=30), "UTC", ["Oct 28", "Nov 4", "Nov 11", "Nov 18"]),
    ],
)
def test_the_times_are_round_in_the_zone(length, zone, said):
    assert labels(length, zone) == said


@pytest.mark.parametrize("days", [1, 2, 5, 12, 45, 100, 400, 3_000])
def test_there_are_never_too_many(days):
    assert len(labels(timedelta(days=days))) <= 10


def test_a_day_of_23_hours_is_one_day():
    end = datetime(2026, 4, 1, tzinfo=UTC)
    ticks = scale.times(end - timedelta(days=5), end, ZoneInfo("Europe/Berlin"))
    assert [tick.label for tick in ticks] == ["Mar 28", "Mar 29", "Mar 30", "Mar 31", "Apr 1"]
    gaps = [round((b.at - a.at) * 5 * 24) for a, b in pairwise(ticks)]
    assert gaps == [24, 23, 24, 24]


@pytest.mark.parametrize(
    ("length", "step"),
    [
        (timedelta(minutes=1), "1s"),
        (timedelta(minutes=15), "10s"),
        (timedelta(hours=24), "15m"),
        (timedelta(days=7), "2h"),
        (timedelta(days=25), "6h"),
        (timedelta(days=30), "1d"),
        (timedelta(days=365), "1w"),
        (timedelta(days=3_650), "1M"),
    ],
)
def test_a_course_has_at_most_a_hundred_values(length, step):
    assert scale.step(length) == step
