"""The odds of every moment of a time range, made so that over all of it the world's figures hold."""

from __future__ import annotations

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from pulsestream.generate import incidents, odds
from pulsestream.generate.releases import Releases, releases
from pulsestream.generate.rhythm import BIN_US, CITY_SHARES, intensity
from pulsestream.generate.world import SERVICES

CITY_TABLE = 1 << 12


class Plan(Struct, frozen=True):
    """Bins of at most 5 minutes from `edges_us[0]` to `edges_us[-1]`.

    `passed` is the share of all calls before each edge: 0 at the first, 1 at the last. The arrays of shape
    (bins, services) are thresholds for 32 random bits; `moods` says where errors burst.
    """

    edges_us: NDArray[np.int64]
    passed: NDArray[np.float64]
    city_row: NDArray[np.int64]
    cities: NDArray[np.uint8]
    fails_below: NDArray[np.uint32]
    slow_below: NDArray[np.uint32]
    moods: NDArray[np.uint8]
    releases: Releases
    time_ms: NDArray[np.float32]


def plan(seed: int, start_us: int, end_us: int) -> Plan:
    """The plan of [start, end), microseconds since 1970; `time_ms` is each operation's usual time.

    Region shares, error rates, the share of spikes and mean times hold over the range, bursts included.
    """
    first, last = start_us // BIN_US, -(-end_us // BIN_US)
    bins_us = np.arange(first, last, dtype=np.int64) * BIN_US
    edges_us = np.append(np.maximum(bins_us, start_us), end_us)
    width_us = np.diff(edges_us)

    calls = intensity(bins_us) * width_us[:, None]
    calls *= CITY_SHARES / calls.sum(axis=0)
    in_bin = calls.sum(axis=1)
    passed = np.append(0.0, np.cumsum(in_bin))
    passed /= passed[-1]
    mixes, city_row = np.unique(np.round(calls / in_bin[:, None], 6), axis=0, return_inverse=True)

    error_factor, slow_factor = incidents.factors(seed, int(first), len(bins_us))
    weights = np.diff(passed)
    fails = error_factor * (_column("error_rate") / (weights @ error_factor))
    slow = slow_factor * (odds.SLOW_SHARE / (weights @ slow_factor))
    moods = (error_factor > 1.0).astype(np.uint8)

    failed_time = np.where(moods, odds.FAILURE_MEAN[1], odds.FAILURE_MEAN[0])
    time = ((1 - fails) * odds.SUCCESS_MEAN + fails * failed_time) * (1 + slow * (odds.SPIKE_MEAN - 1))
    usual_ms = _column("mean_ms") / (weights @ time)
    return Plan(
        edges_us=edges_us,
        passed=passed,
        city_row=city_row.reshape(-1),
        cities=np.stack([odds.lookup(mix, CITY_TABLE) for mix in mixes]),
        fails_below=(fails * 2**32).astype(np.uint32),
        slow_below=(slow * 2**32).astype(np.uint32),
        moods=moods,
        releases=releases(seed, int(first), len(bins_us)),
        time_ms=(usual_ms[odds.SERVICE_OF] * odds.ROUTE_TIME).astype(np.float32),
    )


def _column(name: str) -> NDArray[np.float64]:
    return np.array([getattr(service, name) for service in SERVICES], dtype=np.float64)
