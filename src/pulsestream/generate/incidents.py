"""Bad quarters of an hour: bursts of errors and spells of slowness, each in one service.

An incident is a property of the moment and the seed, not of the file: a day of history and the live traffic
after it, made with one seed, have the same ones.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pulsestream.generate.world import SERVICES

SPAN_BINS = 72  # six hours: every service has an incident in nearly each
_CHANCE = 0.9
_LENGTH_BINS = (2, 7)  # 10 to 30 minutes
_ERROR_FACTOR = (
    5.0,
    12.0,
)  # 12 times the payment service's 5 % is 60 %: never more calls fail than there are
_SLOW_FACTOR = (4.0, 10.0)  # of the 5 % of calls that spike
_KINDS = ((True, False), (True, False), (False, True), (False, True), (True, True))  # errors, slowness


def factors(seed: int, first_bin: int, bins: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """How many times likelier than usual errors and slow calls are; two arrays of shape (bins, services)."""
    errors, slow = np.ones((bins, len(SERVICES))), np.ones((bins, len(SERVICES)))
    # One span earlier, for what began there and goes on; none is before 1970.
    for span in range(max(first_bin // SPAN_BINS - 1, 0), (first_bin + bins - 1) // SPAN_BINS + 1):
        rng = np.random.default_rng((seed, 1, span))
        for service in range(len(SERVICES)):
            chance, start, length, kind, error, slowness = rng.random(6)
            if chance >= _CHANCE:
                continue
            begin = span * SPAN_BINS + int(start * SPAN_BINS) - first_bin
            end = begin + _LENGTH_BINS[0] + int(length * (_LENGTH_BINS[1] - _LENGTH_BINS[0]))
            here = slice(max(begin, 0), max(end, 0)), service
            fails, slows = _KINDS[int(kind * len(_KINDS))]
            if fails:
                errors[here] = _ERROR_FACTOR[0] + error * (_ERROR_FACTOR[1] - _ERROR_FACTOR[0])
            if slows:
                slow[here] = _SLOW_FACTOR[0] + slowness * (_SLOW_FACTOR[1] - _SLOW_FACTOR[0])
    return errors, slow
