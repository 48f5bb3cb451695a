"""Steps of time: where each begins in a time zone, and which one an event is in.

Steps up to an hour have one length, and begin where the zone's clock shows a multiple of it at the start of the range.
Longer ones go by the clock and the calendar: a day has 23 or 25 hours where the clocks change, weeks begin on Monday.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from itertools import pairwise
from zoneinfo import ZoneInfo

from msgspec import Struct

from pulsestream.clock import EPOCH, from_micros, to_micros
from pulsestream.errors import BadParameters
from pulsestream.query.condition import Bound

POINTS = 300  # at most, where nobody says how long a step is
POINTS_MAX = 50_000  # a month by the minute

_SECOND_US = 1_000_000
_HOUR_S = 3600
_HOUR_US = _HOUR_S * _SECOND_US
_DAY = timedelta(days=1)
_DAY_S = 24 * _HOUR_S
_YEAR_MONTHS = 12
_MONTHS_MAX = 100 * _YEAR_MONTHS  # with longer ones a calendar would have to go beyond its years from 1 to 9999
# No event is before, and none can come that is after; a zone's clock can show both.
_FIRST, _LAST = EPOCH, datetime(2200, 1, 1, tzinfo=UTC)
_WRITTEN = re.compile(r"([1-9][0-9]{0,5})([smhdwM])")
_ALLOWED = (
    "must be a part of a day such as 10s, 1m or 6h (up to an hour, a part of an hour; then, whole hours), 1d, 1w, 1M, "
    "or months that make up a year or are years, such as 3M and 12M, up to 1200M"
)


class Unit(StrEnum):
    SECOND = "s"
    MINUTE = "m"
    HOUR = "h"
    DAY = "d"
    WEEK = "w"
    MONTH = "M"


# Of a month about as long as one is.
_UNIT_S = {
    Unit.SECOND: 1,
    Unit.MINUTE: 60,
    Unit.HOUR: _HOUR_S,
    Unit.DAY: _DAY_S,
    Unit.WEEK: 7 * _DAY_S,
    Unit.MONTH: 365.2425 * _DAY_S / _YEAR_MONTHS,
}


class Step(Struct, frozen=True):
    """Raises BadParameters where the clock and the calendar have no such steps."""

    count: int
    unit: Unit

    def __post_init__(self) -> None:
        if not self._possible():
            raise BadParameters([("step", f"{self}: {_ALLOWED}")])

    def __str__(self) -> str:
        return f"{self.count}{self.unit}"

    @property
    def nominal_s(self) -> float:
        """Where no clock changes; of months, the mean."""
        return self.count * _UNIT_S[self.unit]

    @property
    def is_of_one_length(self) -> bool:
        return self.nominal_s <= _HOUR_S

    def _possible(self) -> bool:
        if self.unit is Unit.MONTH:
            years = self.count % _YEAR_MONTHS == 0 and self.count <= _MONTHS_MAX
            return years or _YEAR_MONTHS % self.count == 0
        if self.unit in (Unit.DAY, Unit.WEEK):
            return self.count == 1
        seconds = int(self.nominal_s)
        return _HOUR_S % seconds == 0 or (seconds % _HOUR_S == 0 and _DAY_S % seconds == 0 and seconds < _DAY_S)


class Grid(Struct, frozen=True):
    """The steps that a range touches. Times are microseconds since 1970; `starts_us` may begin before the range does.

    `length_us`: of every step, where all have the same.
    """

    step: Step
    starts_us: tuple[int, ...]
    start_us: int
    end_us: int
    length_us: int | None

    @property
    def times(self) -> list[datetime]:
        return [from_micros(start_us) for start_us in self.starts_us]

    @property
    def seconds(self) -> list[float]:
        """How much of each step lies in the range."""
        begins = [max(start_us, self.start_us) for start_us in self.starts_us]
        return [(end - begin) / _SECOND_US for begin, end in pairwise([*begins, self.end_us])]

    def sql(self, bound: Bound) -> str:
        """The step that an event is in, as `numbers` takes it."""
        if not self.starts_us:
            return "toUInt16(0)"  # of no event
        at, unit_us = self._at, self._unit_us
        if self.length_us is not None:
            # A key of two bytes is looked up in a table, without hashing.
            first, length = bound(self.starts_us[0] // unit_us, "Int64"), bound(self.length_us // unit_us, "Int64")
            return f"toUInt16(intDiv({at} - {first}, {length}))"
        starts = [start_us // unit_us for start_us in self.starts_us]
        return f"roundDown({at}, {bound(starts, 'Array(Int64)')})"

    @property
    def of_hours(self) -> bool:
        """The hour of an event decides; it is read in a tenth of the time that its timestamp takes."""
        return all(start_us % _HOUR_US == 0 for start_us in self.starts_us)

    @property
    def _at(self) -> str:
        return "toInt64(toUnixTimestamp(hour))" if self.of_hours else "toUnixTimestamp64Micro(timestamp)"

    @property
    def _unit_us(self) -> int:
        return _SECOND_US if self.of_hours else 1

    @property
    def numbers(self) -> Mapping[int, int]:
        """By what `sql` says: which step that is, from 0 on."""
        if self.length_us is not None:
            return {number: number for number in range(len(self.starts_us))}
        unit_us = self._unit_us
        return {start_us // unit_us: number for number, start_us in enumerate(self.starts_us)}


_NICE = tuple(
    Step(count, unit)
    for unit, counts in {
        Unit.SECOND: (1, 5, 10, 15, 30),
        Unit.MINUTE: (1, 2, 5, 10, 15, 30),
        Unit.HOUR: (1, 2, 3, 6, 12),
        Unit.DAY: (1,),
        Unit.WEEK: (1,),
        Unit.MONTH: (1, 3, 12),
    }.items()
    for count in counts
)


def read_step(text: str) -> Step:
    """`30s`, `5m`, `2h`, `1d`, `1w` or `1M`. Raises BadParameters."""
    match = _WRITTEN.fullmatch(text)
    if match is None:
        raise BadParameters([("step", f"{text[:20]!r} {_ALLOWED}")])
    return Step(int(match[1]), Unit(match[2]))


def automatic_step(start: datetime, end: datetime, *, points: int = POINTS) -> Step:
    """The shortest nice one that makes at most about so many points of the range."""
    seconds = (min(end, _LAST) - max(start, _FIRST)).total_seconds()
    return next((step for step in _NICE if step.nominal_s * points >= seconds), _NICE[-1])


def grid(step: Step, *, start: datetime, end: datetime, zone: ZoneInfo) -> Grid:
    """The steps between two times. Raises BadParameters where they are too many."""
    start, end = max(start, _FIRST), min(end, _LAST)
    start_us, end_us = to_micros(start), to_micros(end)
    length_us = int(step.nominal_s) * _SECOND_US if step.is_of_one_length else None
    if start >= end:
        return Grid(step, (), start_us, start_us, length_us)
    points = (end - start).total_seconds() / step.nominal_s
    if points > POINTS_MAX:
        what = f"{step} makes {points:.0f} steps of this time range, and there may be {POINTS_MAX}: choose a longer one"
        raise BadParameters([("step", what)])
    if length_us is None:
        return Grid(step, _by_the_clock(step, start, end, zone), start_us, end_us, None)
    offset = start.astimezone(zone).utcoffset() or timedelta()
    into_us = (start_us + offset // timedelta(microseconds=1)) % length_us
    return Grid(step, tuple(range(start_us - into_us, end_us, length_us)), start_us, end_us, length_us)


def _by_the_clock(step: Step, start: datetime, end: datetime, zone: ZoneInfo) -> tuple[int, ...]:
    start_us, end_us = to_micros(start), to_micros(end)
    # A time that the clock shows twice is the first one. One that it skips is when it skipped, which may be later in
    # this list than what follows it: then it is as early as that.
    shown = [to_micros(wall.replace(tzinfo=zone)) for wall in _walls(step, start, end, zone)]
    for at in reversed(range(len(shown) - 1)):
        shown[at] = min(shown[at], shown[at + 1])
    begun = max(at_us for at_us in shown if at_us <= start_us)
    return tuple(sorted({at_us for at_us in shown if begun <= at_us < end_us}))


def _walls(step: Step, start: datetime, end: datetime, zone: ZoneInfo) -> Iterator[datetime]:
    """What the clock shows where a step begins: from one before the range on, for more than a day after it."""
    wall = start.astimezone(zone).replace(tzinfo=None)
    last = end.astimezone(zone).replace(tzinfo=None) + 2 * _DAY
    midnight = wall.replace(hour=0, minute=0, second=0, microsecond=0)
    if step.unit is Unit.MONTH:
        month = (midnight.year * _YEAR_MONTHS + midnight.month - 1) // step.count * step.count
        while (wall := datetime(month // _YEAR_MONTHS, month % _YEAR_MONTHS + 1, 1)) <= last:  # noqa: DTZ001 - a clock's
            yield wall
            month += step.count
        return
    length = timedelta(seconds=step.nominal_s)
    if step.unit is Unit.WEEK:
        wall = midnight - midnight.weekday() * _DAY
    else:
        wall = midnight + (wall - midnight) // length * length
    while wall <= last:
        yield wall
        wall += length
