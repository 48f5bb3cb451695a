"""Which version of a service is in use: each comes to staging first, and to production when the next one does.

Like incidents, releases are a property of the moment and the seed: a history and the live traffic after it, made with
one seed, have the same ones.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta

import numpy as np
import pyarrow as pa
from msgspec import Struct
from numpy.typing import NDArray

from pulsestream.clock import EPOCH, from_micros
from pulsestream.generate import arrow
from pulsestream.generate.rhythm import BIN_US
from pulsestream.generate.world import ENVIRONMENT_SHARES, SERVICES, VERSION_YEAR

_CHANCE = 0.45  # of a release of a service on a day
_FIRST_BIN, _LAST_BIN = 7 * 12, 17 * 12  # of a day, in UTC: when people are there who release
_DAY_BINS = 24 * 12
# So far around a range a release is sure to be found: none on all of these days once in 10^15 times.
_AROUND = timedelta(days=60)


class Releases(Struct, frozen=True):
    """`current`: for each bin and service, where in `texts` its current version begins, an entry an environment.

    The previous version stands before it, the candidate after it.
    """

    current: NDArray[np.int32]
    texts: pa.Array


def releases(seed: int, first_bin: int, bins: int) -> Releases:
    """Of these bins of five minutes since 1970."""
    days = first_bin // _DAY_BINS, (first_bin + bins - 1) // _DAY_BINS
    start = max(_day(days[0]) - _AROUND, EPOCH).date().replace(day=1)
    numbers = np.arange((start - EPOCH.date()).days, days[1] + _AROUND.days)
    drawn = np.stack([np.random.default_rng((seed, 4, day)).random((len(SERVICES), 2)) for day in numbers.tolist()])
    dates = [_day(day).date() for day in numbers.tolist()]
    current = np.empty((bins, len(SERVICES)), dtype=np.int32)
    texts: list[str] = []
    for service in range(len(SERVICES)):
        on = np.flatnonzero(drawn[:, service, 0] < _CHANCE)
        within = _FIRST_BIN + (drawn[on, service, 1] * (_LAST_BIN - _FIRST_BIN)).astype(np.int64)
        since = numbers[on] * _DAY_BINS + within
        # Each is the current one from its time on, but for the last, which is still a candidate.
        number = np.maximum(np.searchsorted(since, first_bin + np.arange(bins), side="right") - 1, 1)
        low, high = int(number[0]) - 1, int(number[-1]) + 1
        current[:, service] = len(texts) + (number - low) * len(ENVIRONMENT_SHARES)
        names = _names(service, [dates[index] for index in on])
        texts += [_text(name, environment) for name in names[low : high + 1] for environment in ENVIRONMENT_SHARES]
    return Releases(current, arrow.texts(texts))


def _day(number: int) -> datetime:
    return from_micros(number * _DAY_BINS * BIN_US)


def _names(service: int, days: list[date]) -> list[str]:
    """A minor version a month, and a patch each release in it."""
    major, minor = SERVICES[service].version
    names = []
    patch, month = 0, (0, 0)
    for day in days:
        patch = patch + 1 if (day.year, day.month) == month else 0
        month = day.year, day.month
        names.append(f"{major}.{max(minor + 12 * (day.year - VERSION_YEAR) + day.month - 1, 0)}.{patch}")
    return names


def _text(version: str, environment: str) -> str:
    """From the version to the response time."""
    return f'{version}","environment":"{environment}"}},"metrics":{{"response_time_ms":'
