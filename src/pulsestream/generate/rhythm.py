"""When people call: the hours of their day and the days of their week, by the clock of their own city."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from pulsestream.clock import from_micros
from pulsestream.generate.world import CITIES, REGION_SHARES

BIN_US = 300_000_000  # 5 minutes: every offset from UTC is a multiple of 15
_HOUR_US = 3_600_000_000
_DAY_HOURS = 24
_SATURDAY = 5

# Calls in each local hour, relative. Hours 9 to 16 average 2.0, the others 1.0: business hours carry twice.
HOURS = (
    0.70, 0.60, 0.55, 0.50, 0.55, 0.65, 0.90, 1.20, 1.50,
    1.80, 2.05, 2.15, 2.05, 1.80, 1.95, 2.10, 2.10,
    1.60, 1.50, 1.40, 1.30, 1.20, 1.00, 0.85,
)  # fmt: skip
WEEKEND = 0.60

CITY_SHARES = np.array([REGION_SHARES[city.region] * city.share for city in CITIES])

_WEEK = np.array([hour * (WEEKEND if day >= _SATURDAY else 1.0) for day in range(7) for hour in HOURS])
_MONDAY_US = 4 * _DAY_HOURS * _HOUR_US  # 1970-01-05


def intensity(bins_us: NDArray[np.int64]) -> NDArray[np.float64]:
    """How busy each city is in each bin, 1.0 being a weekday hour outside business; shape (bins, cities)."""
    hours, back = np.unique(bins_us // _HOUR_US, return_inverse=True)
    levels = np.empty((len(bins_us), len(CITIES)))
    for index, city in enumerate(CITIES):
        local_us = bins_us + _offsets_us(ZoneInfo(city.zone), hours)[back]
        levels[:, index] = _WEEK[(local_us - _MONDAY_US) // _HOUR_US % len(_WEEK)]
    return levels


def busyness(moment_us: int, since_us: int) -> float:
    """How many calls there are at this moment, beside the mean of the time since: 1.0 is as many."""
    bins_us = np.arange(since_us // BIN_US, moment_us // BIN_US + 1, dtype=np.int64) * BIN_US
    levels = intensity(bins_us)
    return float(levels[-1] / levels.mean(axis=0) @ CITY_SHARES)


def _offsets_us(zone: ZoneInfo, hours: NDArray[np.int64]) -> NDArray[np.int64]:
    """The zone's offset from UTC in each of the given hours since 1970, which are sorted.

    A day that begins and ends with the same offset is taken to have it throughout: asking for each hour of
    ten years costs seconds.
    """
    offsets = np.empty(len(hours), dtype=np.int64)
    days = hours // _DAY_HOURS
    for day in np.unique(days):
        here = slice(*np.searchsorted(days, (day, day + 1)))
        first, last = (_offset_us(zone, int(day + step) * _DAY_HOURS) for step in (0, 1))
        if first == last:
            offsets[here] = first
        else:
            offsets[here] = [_offset_us(zone, int(hour)) for hour in hours[here]]
    return offsets


def _offset_us(zone: ZoneInfo, hour: int) -> int:
    offset = datetime.astimezone(from_micros(hour * _HOUR_US), zone).utcoffset()
    assert offset is not None  # noqa: S101 - a zone always has one
    return offset // timedelta(microseconds=1)
