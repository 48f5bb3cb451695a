"""The world's shares as lookup tables: a draw is one index by random bits.

A table of 2^16 entries holds a share to 1/65,536, and costs 2 ns a draw where a search costs 50. Tables are
also the same on every machine, which `exp` and `pow` over arrays are not: their last bit depends on the CPU.
"""

from __future__ import annotations

import math
from statistics import NormalDist

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pulsestream.generate.failures import SLOWNESS, Failure, failures, weight
from pulsestream.generate.rhythm import CITY_SHARES
from pulsestream.generate.world import (
    DEVICES,
    ENVIRONMENT_SHARES,
    SERVICES,
    USERS,
    VERSION_SHARES,
    operations,
)

OPERATIONS = operations()
SERVICE_OF = np.array([operation.service for operation in OPERATIONS], dtype=np.uint8)

# How a call comes out: one of the successes, or one of its service's failures. (operation, outcome) is
# numbered as one `call`, so that everything a call decides is one table.
SUCCESSES = (200, 201, 202, 204, 304)
_NOT_MODIFIED = SUCCESSES.index(304)
FAILURES: tuple[tuple[Failure, ...], ...] = tuple(failures(service.name) for service in SERVICES)
OUTCOMES = len(SUCCESSES) + max(map(len, FAILURES))
CALLS = len(OPERATIONS) * OUTCOMES

NOT_MODIFIED_SHARE = 0.06  # of successful GETs
CACHED_SHARE = 0.30  # of the other successful GETs
CACHED_SPEED = 0.5  # a cached answer takes half the time
SLOW_SHARE = 0.05
_SIGMA = 0.55
_QUANTILES = 1 << 14


def lookup(shares: ArrayLike, size: int = 1 << 16) -> NDArray[np.uint8]:
    """A table in which each index takes its share of the places."""
    places = np.rint(np.cumsum(shares) / np.sum(shares) * size).astype(np.int64)
    return np.repeat(np.arange(len(places), dtype=np.uint8), np.diff(places, prepend=0))


def failure_of(call: int) -> Failure | None:
    """What went wrong in a call, None if nothing did (or the number stands for no call)."""
    operation, outcome = divmod(call, OUTCOMES)
    own = FAILURES[OPERATIONS[operation].service]
    index = outcome - len(SUCCESSES)
    return own[index] if 0 <= index < len(own) else None


def _status(call: int) -> int:
    failure = failure_of(call)
    outcome = call % OUTCOMES
    if failure is not None:
        return failure.status
    return SUCCESSES[outcome] if outcome < len(SUCCESSES) else 0


STATUS_OF = np.array([_status(call) for call in range(CALLS)], dtype=np.int16)
SLOWNESS_OF = np.array([SLOWNESS.get(int(status), 1.0) for status in STATUS_OF], dtype=np.float32)

OPERATION = lookup([operation.share for operation in OPERATIONS])
DEVICE = lookup([device.share for device in DEVICES])
# From the place of a service's current version in `Releases.texts` to that of a call's version and environment. Each
# service's three versions (current, previous, candidate) are rolled out alike.
_VERSIONS = (0, -1, 1)
RELEASE_OFF = np.array(
    [at + off * len(ENVIRONMENT_SHARES) for at in range(len(ENVIRONMENT_SHARES)) for off in _VERSIONS], dtype=np.int32
)[lookup([share * part for name, share in ENVIRONMENT_SHARES.items() for part in VERSION_SHARES[name]])]

IS_GET = np.array([operation.method == "GET" for operation in OPERATIONS])
SUCCESS_CALL = np.array(
    [index * OUTCOMES + SUCCESSES.index(operation.success) for index, operation in enumerate(OPERATIONS)],
    dtype=np.int32,
)
NOT_MODIFIED_CALL = np.where(
    IS_GET, np.arange(len(OPERATIONS), dtype=np.int32) * OUTCOMES + _NOT_MODIFIED, SUCCESS_CALL
)
# Compared with 16 random bits: below the first a 304, below the second a cached 200.
NOT_MODIFIED_BELOW = int(NOT_MODIFIED_SHARE * 65536)
CACHED_BELOW = NOT_MODIFIED_BELOW + int((1 - NOT_MODIFIED_SHARE) * CACHED_SHARE * 65536)


def _failure_shares(*, burst: bool) -> NDArray[np.float64]:
    """The share of each failure in those of an operation; shape (operations, failures), rows add up to 1."""
    shares = np.zeros((len(OPERATIONS), OUTCOMES - len(SUCCESSES)))
    for row, operation in zip(shares, OPERATIONS, strict=True):
        name = SERVICES[operation.service].name
        for index, failure in enumerate(FAILURES[operation.service]):
            row[index] = weight(failure, service=name, method=operation.method, path=operation.route.path, burst=burst)
    shares /= shares.sum(axis=1, keepdims=True)
    return shares


_BY_MOOD = np.stack([_failure_shares(burst=False), _failure_shares(burst=True)])
FAILURE_CDF = np.cumsum(_BY_MOOD, axis=2)  # (usual or burst, operation, failure)
FIRST_FAILURE = np.arange(len(OPERATIONS), dtype=np.int32) * OUTCOMES + len(SUCCESSES)
LAST_FAILURE = np.array([len(FAILURES[operation.service]) - 1 for operation in OPERATIONS])

# Time, relative to the service's: a mean of 1 over successes and failures is what `plan` scales to.
ROUTE_TIME = np.array([operation.route.slowness for operation in OPERATIONS])
_SHARE = np.array([operation.share for operation in OPERATIONS])
_FAILURE_TIME = SLOWNESS_OF.reshape(len(OPERATIONS), OUTCOMES)[:, len(SUCCESSES) :]
_SUCCESS_TIME = np.where(IS_GET, 1.0 - (CACHED_BELOW / 65536) * (1.0 - CACHED_SPEED), 1.0)


def _service_mean(times: NDArray[np.float64]) -> NDArray[np.float64]:
    sums = np.bincount(SERVICE_OF, weights=_SHARE * times, minlength=len(SERVICES))
    return sums / np.bincount(SERVICE_OF, weights=_SHARE, minlength=len(SERVICES))


SUCCESS_MEAN = _service_mean(ROUTE_TIME * _SUCCESS_TIME)
FAILURE_MEAN = np.stack([_service_mean(ROUTE_TIME * (mood * _FAILURE_TIME).sum(axis=1)) for mood in _BY_MOOD])

# A spike is 3 to 12 times as slow, the milder the likelier: 3 + 9 u^2, which averages 6.
SPIKE_MIN, SPIKE_RANGE = 3.0, 9.0
SPIKE_MEAN = SPIKE_MIN + SPIKE_RANGE / 3


def quantiles(sigma: float, count: int) -> list[float]:
    """Evenly spaced quantiles of the log-normal distribution with median 1, the outermost cut to 1/4 step."""
    normal = NormalDist()
    edges = [min(max(i / count, 0.25 / count), 1 - 0.25 / count) for i in range(count + 1)]
    return [math.exp(sigma * normal.inv_cdf(edge)) for edge in edges]


_TIMES = np.array(quantiles(_SIGMA, _QUANTILES))
_TIMES /= ((_TIMES[1:] + _TIMES[:-1]) / 2).mean()
# Rounded: what is left of the C library's last bit is gone.
TIME_AT = np.round(_TIMES[:-1], 7).astype(np.float32)
TIME_STEP = np.round(np.diff(_TIMES), 7).astype(np.float32)
TIME_SHIFT = 32 - 14  # of 32 random bits, the upper 14 choose the quantile, the rest the place to the next

# Users live in one city each; the busy ones come first.
_POPULATION = np.floor(CITY_SHARES * USERS).astype(np.int64)
USERS_IN = _POPULATION.astype(np.float64)
FIRST_USER_IN = np.cumsum(_POPULATION) - _POPULATION
