"""Where the lines of an axis are: at round numbers, and at round times of a zone."""

from __future__ import annotations

import math
from datetime import datetime, timedelta, tzinfo

from msgspec import Struct

from pulsestream.report.figures import day

_HOURS = (1, 2, 3, 6, 12)
_MINUTES = (1, 2, 5, 10, 15, 30)
_DAYS = (1, 2, 7, 14, 28, 91, 182, 365)
_ROUND = (1, 2, 2.5, 5, 10)


# Steps of a course, in seconds and as the server calls them. Half a day is none: it draws day and night as teeth.
_STEPS = (
    *((1, "1s"), (5, "5s"), (10, "10s"), (30, "30s"), (60, "1m"), (300, "5m"), (900, "15m"), (1_800, "30m")),
    *((3_600, "1h"), (7_200, "2h"), (10_800, "3h"), (21_600, "6h"), (86_400, "1d"), (604_800, "1w")),
)


class Tick(Struct, frozen=True):
    """`at`: from 0, where the axis begins, to 1."""

    at: float
    label: str


def numbers(top: float, most: int = 4) -> list[float]:
    """0 and round steps up to the first that is not below `top`."""
    if not top > 0 or not math.isfinite(top):
        return [0.0, 1.0]
    rough = top / most
    size = 10.0 ** math.floor(math.log10(rough))
    step = next(size * one for one in _ROUND if size * one >= rough * (1 - 1e-9))
    return [step * number for number in range(math.ceil(top / step - 1e-9) + 1)]


def step(length: timedelta, most: int = 100) -> str:
    """Of a course that is to be seen as a whole: at most so many values, else it is noise. The longest is a month."""
    return next((name for seconds, name in _STEPS if length <= timedelta(seconds=seconds) * most), "1M")


def times(start: datetime, end: datetime, zone: tzinfo, most: int = 8) -> list[Tick]:
    """Times that are round in the zone, days by their names."""
    length = end - start
    for minutes in (*_MINUTES, *(hours * 60 for hours in _HOURS)):
        if length <= timedelta(minutes=minutes) * most:
            return _ticks(_within_days(start, end, zone, minutes), start, end)
    days = next((days for days in _DAYS if length <= timedelta(days=days) * most), _DAYS[-1])
    return _ticks(_midnights(start, end, zone, days), start, end)


def _midnights(start: datetime, end: datetime, zone: tzinfo, days: int) -> list[datetime]:
    # Wall clock, so that a day of 23 or 25 hours is one day.
    at = start.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0, fold=0)
    found = []
    while at <= end:
        found.append(at)
        at += timedelta(days=days)
    return found


def _within_days(start: datetime, end: datetime, zone: tzinfo, minutes: int) -> list[datetime]:
    return [
        midnight + timedelta(minutes=minutes * number)
        for midnight in _midnights(start, end, zone, 1)
        for number in range(24 * 60 // minutes)
    ]


def _ticks(moments: list[datetime], start: datetime, end: datetime) -> list[Tick]:
    length = (end - start) / timedelta(seconds=1)
    found = []
    for moment in moments:
        place = (moment.timestamp() - start.timestamp()) / length
        if 0 <= place <= 1:
            midnight = (moment.hour, moment.minute) == (0, 0)
            found.append(Tick(place, day(moment) if midnight else f"{moment:%H:%M}"))
    return found
