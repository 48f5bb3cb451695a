"""Scales of numbers: bounds of buckets that are round numbers.

A bucket holds its lower bound and not its upper one: a value on a bound is in the bucket that begins there.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from enum import StrEnum
from functools import partial
from itertools import count

from msgspec import Struct

# Preferred numbers of ISO 3, from fine to coarse: a decade in equal ratios, rounded. Then what people count in.
_DECADES: tuple[tuple[str, ...], ...] = (
    (
        *("1", "1.12", "1.25", "1.4", "1.6", "1.8", "2", "2.24", "2.5", "2.8"),
        *("3.15", "3.55", "4", "4.5", "5", "5.6", "6.3", "7.1", "8", "9"),
    ),
    ("1", "1.25", "1.6", "2", "2.5", "3.15", "4", "5", "6.3", "8"),
    ("1", "1.6", "2.5", "4", "6.3"),
    ("1", "2", "5"),
)
_WIDTHS = (1, 2, 5)
_RATIO_MIN = 100  # of the largest to the smallest value, from which on a logarithm is the better scale
_FINEST = 1_000  # buckets
_DIGITS = 14  # by which a bound is told from the next
TINY, HUGE = 1e-200, 1e200  # numbers between them have round ones above and below


class Scale(StrEnum):
    LOG = "log"
    LINEAR = "linear"


class Extent(Struct, frozen=True):
    """Of some values: the lowest and the highest, and the lowest of those above 0, if there is one."""

    low: float
    high: float
    least: float | None


def suitable(extent: Extent) -> Scale:
    """A logarithm where the values are of different sizes, and none is below 0."""
    wide = extent.least is not None and extent.high / extent.least >= _RATIO_MIN
    return Scale.LOG if wide and extent.low >= 0 else Scale.LINEAR


def bounds(scale: Scale, extent: Extent, *, buckets: int) -> list[float]:
    """Of at most so many buckets (3 or more) that hold all the values, one more than there are buckets, in order.

    On a logarithmic scale a value of 0 is in a bucket of its own, from 0 to the lowest bound above it. Below 0 there is
    no logarithm: then the scale is linear.
    """
    if scale is Scale.LINEAR or extent.low < 0:
        return _first_that_fits(_linear(extent), extent.low, extent.high, buckets)
    if extent.least is None or extent.high < TINY:
        return [0.0, 1.0]
    low = max(extent.least, TINY)
    zero = [0.0] if extent.low < low else []
    return zero + _first_that_fits(_logarithmic(), low, extent.high, buckets - len(zero))


class _Marks(Struct, frozen=True):
    """Numbers without end, each a round one: `at` of any whole number, ascending, and about which one a value is."""

    at: Callable[[int], float]
    near: Callable[[float], float]

    def around(self, low: float, high: float) -> range:
        """From the last one that is not above `low` to the first that is above `high`."""
        first = math.floor(self.near(low))
        while self.at(first) > low:
            first -= 1
        while self.at(first + 1) <= low:
            first += 1
        last = max(math.floor(self.near(high)), first)
        while self.at(last) <= high:
            last += 1
        while self.at(last - 1) > high:
            last -= 1
        return range(first, last + 1)


def _first_that_fits(scales: Iterator[_Marks], low: float, high: float, buckets: int) -> list[float]:
    return next(
        [marks.at(number) for number in numbers]
        for marks, numbers in ((marks, marks.around(low, high)) for marks in scales)
        if len(numbers) - 1 <= buckets
    )


def _linear(extent: Extent) -> Iterator[_Marks]:
    """From fine to coarse: multiples of 1, 2 and 5 in a decade."""
    largest = max(abs(extent.low), abs(extent.high), TINY)
    finest = (extent.high - extent.low) / _FINEST or 1.0
    for exponent in count(max(_exponent(finest), _exponent(largest) - _DIGITS)):
        for width in _WIDTHS:
            yield _Marks(partial(_multiple, width, exponent), partial(_times, float(f"{width}e{exponent}")))


def _logarithmic() -> Iterator[_Marks]:
    """From fine to coarse: parts of a decade, then decades."""
    for decade in _DECADES:
        yield _Marks(partial(_preferred, decade), partial(_decades, len(decade)))
    for decades in count(1):
        yield _Marks(partial(_multiple_of_ten, decades), partial(_decades, 1 / decades))


# Bounds are read from their digits, as a person would write them: 3 * 0.1 is another number than 0.3.


def _multiple(width: int, exponent: int, number: int) -> float:
    return float(f"{width * number}e{exponent}")


def _preferred(decade: tuple[str, ...], number: int) -> float:
    exponent, place = divmod(number, len(decade))
    return float(f"{decade[place]}e{exponent}")


def _multiple_of_ten(decades: int, number: int) -> float:
    return float(f"1e{decades * number}")


def _times(width: float, value: float) -> float:
    return value / width


def _decades(parts: float, value: float) -> float:
    return math.log10(value) * parts


def _exponent(value: float) -> int:
    return math.floor(math.log10(value))
