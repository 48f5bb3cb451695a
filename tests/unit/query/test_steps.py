"""Steps begin where the clock of the zone says so, also on the days on which it changes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from pulsestream.clock import from_micros, to_micros
from pulsestream.errors import BadParameters
from pulsestream.query.condition import Bound
from pulsestream.query.steps import POINTS, POINTS_MAX, automatic_step, grid, read_step

BERLIN, NEW_YORK = "Europe/Berlin", "America/New_York"


def laid(step, start, end, zone="UTC"):
    """The grid between two times as the zone's clock shows them."""
    tz = ZoneInfo(zone)
    first, last = (datetime.fromisoformat(text) for text in (start, end))
    first, last = (one if one.tzinfo else one.replace(tzinfo=tz) for one in (first, last))
    return grid(read_step(step), start=first, end=last, zone=tz)


def hours(found):
    """The length of each step but the last, which the range may cut."""
    return [(after - before) / 3_600_000_000 for before, after in pairwise(found.starts_us)]


def shown(found, zone="UTC"):
    return [from_micros(at).astimezone(ZoneInfo(zone)).strftime("%m-%d %H:%M") for at in found.starts_us]


def test_a_step_is_read_as_it_is_written():
    for text in ("1s", "30s", "1m", "90s", "15m", "1h", "6h", "12h", "1d", "1w", "1M", "3M", "24M"):
        assert str(read_step(text)) == text


@pytest.mark.parametrize(
    "text",
    [
        *("", "m", "5", "0m", "-1m", "1.5h", "7m", "90m", "5h", "24h", "2d", "2w", "5M", "1y", "1 m", "99999999s"),
        *("٣m", "1212M", "36000M", "120000M"),
    ],
)
def test_a_step_that_no_clock_has_is_refused(text):
    with pytest.raises(BadParameters) as refused:
        read_step(text)
    assert [name for name, _ in refused.value.errors] == ["step"]


@pytest.mark.parametrize(
    ("length", "step"),
    [
        (timedelta(microseconds=1), "1s"),
        (timedelta(minutes=5), "1s"),
        (timedelta(minutes=15), "5s"),
        (timedelta(hours=1), "15s"),
        (timedelta(hours=6), "2m"),
        (timedelta(days=1), "5m"),
        (timedelta(days=7), "1h"),
        (timedelta(days=30), "3h"),
        (timedelta(days=365), "1w"),
        (timedelta(days=3650), "1M"),
        (timedelta(days=365 * 70), "3M"),
        (timedelta(days=365 * 229), "12M"),
    ],
)
def test_the_automatic_step_makes_a_readable_number_of_points(length, step):
    start = datetime(1970, 1, 1, tzinfo=UTC)
    found = automatic_step(start, start + length)
    assert str(found) == step
    assert len(grid(found, start=start, end=start + length, zone=ZoneInfo("UTC")).starts_us) <= POINTS + 1
    assert automatic_step(start, start + timedelta(days=1), points=100).nominal_s == 15 * 60


@pytest.mark.parametrize(
    ("zone", "day", "length"),
    [
        (BERLIN, "2026-03-29", 23),
        (BERLIN, "2026-10-25", 25),
        (NEW_YORK, "2026-03-08", 23),
        (NEW_YORK, "2026-11-01", 25),
        (BERLIN, "2026-05-04", 24),
        ("America/Sao_Paulo", "2018-11-04", 23),  # its midnight was skipped
        ("America/Havana", "2026-11-01", 25),  # its midnight is shown twice
    ],
)
def test_a_day_has_as_many_hours_as_the_clock_says(zone, day, length):
    first = datetime.fromisoformat(day)
    before, after = (str((first + timedelta(days=more)).date()) for more in (-1, 2))
    days = laid("1d", f"{before}T12:00", f"{after}T12:00", zone)
    assert hours(days) == [24, length, 24]
    assert days.seconds == [12 * 3600, length * 3600, 24 * 3600, 12 * 3600]
    midnight, next_midnight = days.times[1:3]
    by_hour = grid(read_step("1h"), start=midnight, end=next_midnight, zone=ZoneInfo(zone))
    assert hours(by_hour) == [1.0] * (length - 1)
    assert len(by_hour.starts_us) == length


def test_steps_of_hours_go_by_the_clock():
    assert shown(laid("6h", "2026-03-29T00:00", "2026-03-30T00:00", BERLIN), BERLIN) == [
        f"03-29 {hour}:00" for hour in ("00", "06", "12", "18")
    ]
    assert hours(laid("6h", "2026-03-29T00:00", "2026-03-30T00:00", BERLIN)) == [5, 6, 6]
    assert hours(laid("6h", "2026-10-25T00:00", "2026-10-26T00:00", BERLIN)) == [7, 6, 6]
    # Two o'clock is skipped in spring, and shown twice in autumn.
    assert hours(laid("2h", "2026-03-29T00:00", "2026-03-29T06:00", BERLIN)) == [2, 1]
    assert hours(laid("2h", "2026-10-25T00:00", "2026-10-25T06:00", BERLIN)) == [2, 3]
    assert hours(laid("12h", "2011-12-29T00:00", "2012-01-01T00:00", "Pacific/Apia")) == [12, 12, 12]  # no 30th there


def test_weeks_begin_on_monday():
    found = laid("1w", "2026-03-25T08:00", "2026-04-08T00:00", BERLIN)
    assert shown(found, BERLIN) == ["03-23 00:00", "03-30 00:00", "04-06 00:00"]
    assert hours(found) == [7 * 24 - 1, 7 * 24]
    assert shown(laid("1w", "2026-05-04T00:00", "2026-05-11T00:00", BERLIN), BERLIN) == ["05-04 00:00"]
    assert shown(laid("1w", "2026-05-03T23:59:59", "2026-05-04T00:00:01", BERLIN), BERLIN) == [
        "04-27 00:00",
        "05-04 00:00",
    ]


def test_months_begin_on_their_first():
    found = laid("1M", "2026-01-31T10:00", "2026-05-01T00:00", NEW_YORK)
    assert shown(found, NEW_YORK) == [f"0{month}-01 00:00" for month in (1, 2, 3, 4)]
    assert hours(found) == [31 * 24, 28 * 24, 31 * 24 - 1]
    assert [at.month for at in laid("3M", "2026-05-04", "2027-01-01").times] == [4, 7, 10]
    assert [at.year for at in laid("12M", "2026-05-04", "2028-01-01").times] == [2026, 2027]
    assert [at.year for at in laid("24M", "2026-05-04", "2029-01-01").times] == [2026, 2028]


@pytest.mark.parametrize(
    ("zone", "minutes"), [("Asia/Kolkata", 30), ("Asia/Kathmandu", 15), ("UTC", 0), ("Australia/Lord_Howe", 30)]
)
def test_hours_of_a_zone_begin_where_its_clock_says(zone, minutes):
    found = laid("1h", "2026-05-04T10:20:00Z", "2026-05-04T12:10:00Z", zone)
    assert {at.minute for at in found.times} == {minutes}
    assert sum(found.seconds) == 110 * 60
    assert {at.astimezone(ZoneInfo(zone)).hour for at in laid("6h", "2026-05-04", "2026-05-06", zone).times} == {
        0,
        6,
        12,
        18,
    }


def test_the_first_and_the_last_step_count_for_what_of_them_is_in_the_range():
    found = laid("1h", "2026-05-04T10:20:00Z", "2026-05-04T12:00:01Z")
    assert shown(found) == ["05-04 10:00", "05-04 11:00", "05-04 12:00"]
    assert found.seconds == [40 * 60, 3600, 1]
    assert laid("1h", "2026-05-04T10:20:00Z", "2026-05-04T10:20:01Z").seconds == [1]
    assert laid("1w", "2026-05-04T10:20:00Z", "2026-05-04T10:20:01Z").seconds == [1]
    assert shown(laid("1h", "2026-05-04T10:00:00Z", "2026-05-04T11:00:00Z")) == ["05-04 10:00"]


def test_a_range_without_any_time_that_events_have_has_no_steps():
    for step in ("1m", "1d", "1M"):
        assert laid(step, "0001-01-01T00:00Z", "1970-01-01T00:00Z").starts_us == ()
        assert laid(step, "2300-01-01T00:00Z", "9999-12-31T00:00Z").times == []
    assert laid("1d", "1960-01-01T00:00Z", "1970-01-01T00:00:01Z", NEW_YORK).seconds == [1]
    whole = laid("12M", "0001-01-01T00:00Z", "9999-12-31T23:59:59Z", BERLIN)
    assert len(whole.starts_us) == 231
    everything = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
    assert str(automatic_step(*everything)) == "12M"


@pytest.mark.parametrize("zone", ["UTC", "Pacific/Kiritimati", "America/Adak"])
def test_the_longest_step_holds_all_times_that_there_are(zone):
    found = laid("1200M", "0001-01-03T00:00+00:00", "9999-12-30T00:00+00:00", zone)
    assert [one.astimezone(ZoneInfo(zone)).year for one in found.times][:3] == [1900, 2000, 2100]


def test_too_many_steps_are_refused():
    for step, start, end in (("1s", "2026-05-04", "2026-05-05"), ("2h", "1970-01-01", "2026-05-04")):
        with pytest.raises(BadParameters, match=f"there may be {POINTS_MAX}"):
            laid(step, start, end)


def test_every_moment_of_a_range_is_in_the_step_that_the_engine_is_told():
    for step, zone in (("15m", "Asia/Kathmandu"), ("2h", BERLIN), ("1d", "Pacific/Apia"), ("1M", NEW_YORK)):
        found = laid(step, "2026-03-20T08:00", "2026-04-20T09:30", zone)
        bound = Bound()
        sql = found.sql(bound)
        assert set(bound.parameters) == {name for name in bound.parameters if f"{{{name}:" in sql}
        assert [*found.numbers.values()] == [*range(len(found.starts_us))]
        assert found.starts_us[0] <= to_micros(datetime(2026, 3, 20, 8, tzinfo=ZoneInfo(zone))) < found.starts_us[1]
        assert sum(found.seconds) == pytest.approx((found.end_us - found.start_us) / 1e6)
