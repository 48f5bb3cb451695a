"""Steps of time in a zone, ranked groups, and measures of both: by what is documented, one event after the other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from differential.oracle import NOWHERE, called, field, inside, tags
from differential.reckoned import in_order, measured
from differential.stored import Row
from differential.worlds import Event
from pulsestream.clock import EPOCH, from_micros, to_micros
from pulsestream.query.apdex import Thresholds
from pulsestream.query.catalog import DIMENSIONS, Kind
from pulsestream.query.expression import Field, Inside, Place, Tag
from pulsestream.query.syntax.place import write

_DAY = timedelta(days=1)
LAST = datetime(2200, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_ZERO = datetime(1, 1, 1)  # noqa: DTZ001 - what a clock shows
PER_SECOND = ("rate", "request_rate", "throughput")


# ---- steps


def starts(count: int, unit: str, start: datetime, end: datetime, zone: ZoneInfo) -> list[int]:
    """When the steps of a range begin, in microseconds since 1970: the first at its start or before."""
    start, end = max(start, EPOCH), min(end, LAST)  # no event is before or after
    if start >= end:
        return []
    seconds = {"s": 1, "m": 60, "h": 3600}.get(unit, 0) * count
    if 0 < seconds <= 3600:
        length = timedelta(seconds=seconds)
        first = start - (_shown(start, zone) - _ZERO) % length
        return [to_micros(first + number * length) for number in range(-((first - end) // length))]
    begun = sorted({to_micros(first_shown(wall, zone)) for wall in _walls(count, unit, start, end, zone)})
    before = max(at for at in begun if at <= to_micros(start))
    return [at for at in begun if before <= at < to_micros(end)]


def _shown(moment: datetime, zone: ZoneInfo) -> datetime:
    """What the clock of a zone shows."""
    return moment.astimezone(zone).replace(tzinfo=None)


def first_shown(wall: datetime, zone: ZoneInfo) -> datetime:
    """When the clock shows this first. What it skips it would have shown when it skipped it."""
    middle = wall.replace(tzinfo=UTC)
    # No zone changes its clock twice in three days.
    about = (middle - 1.5 * _DAY, middle, middle + 1.5 * _DAY)
    offsets = {_shown(moment, zone) - moment.replace(tzinfo=None) for moment in about}
    shown = [middle - offset for offset in offsets if _shown(middle - offset, zone) == wall]
    if shown:
        return min(shown)
    before, after = middle - 2 * _DAY, middle + 2 * _DAY
    while after - before > _MICROSECOND:
        between = before + (after - before) / 2
        if _shown(between, zone) < wall:
            before = between
        else:
            after = between
    return after


def _walls(count: int, unit: str, start: datetime, end: datetime, zone: ZoneInfo) -> Iterator[datetime]:
    """What the clock shows where steps begin: from some time before the range on until some time after it."""
    back = {"M": 31 * count, "w": 8}.get(unit, 2)
    day = _shown(start, zone).replace(hour=0, minute=0, second=0, microsecond=0) - back * _DAY
    while day <= _shown(end, zone) + 2 * _DAY:
        if unit == "M":
            if day.day == 1 and (day.year * 12 + day.month - 1) % count == 0:
                yield day
        elif unit != "w" or day.weekday() == 0:
            yield from (day + timedelta(hours=hour) for hour in range(0, 24, count if unit == "h" else 24))
        day += _DAY


# ---- groups


def key(event: Event, place: Place) -> Any:
    """None where there is none; of a field an empty text."""
    match place:
        case Field(name):
            return field(event, name)
        case Tag(name):
            return tags(event).get(name)
        case Inside():
            found = inside(event, place)
            return None if found is NOWHERE or found is None else called(found)


def label(place: Place, key: Any) -> Any:
    if isinstance(place, Field) and DIMENSIONS[place.name].kind is Kind.TIME:
        return from_micros(key).isoformat().replace("+00:00", "Z")
    return None if isinstance(place, Field) and key == "" else key


def labels(places: Sequence[Place], keys: Sequence[Any]) -> dict[str, Any]:
    return {write(place): label(place, one) for place, one in zip(places, keys, strict=True)}


def ranked(
    rows: Sequence[Row], places: Sequence[Place], sort: str, thresholds: Thresholds, *, descending: bool
) -> dict[tuple[Any, ...], list[Event]]:
    """The events of each group, in the order in which they rank."""
    members: dict[tuple[Any, ...], list[Event]] = {}
    for row in rows:
        members.setdefault(tuple(key(row.event, place) for place in places), []).append(row.event)

    def rank(group: tuple[tuple[Any, ...], list[Event]]) -> tuple[Any, ...]:
        value = measured(sort, group[1], thresholds, 1)
        by_value = 0 if value is None else -value if descending else value
        return value is None, by_value, -len(group[1]), [in_order(one) for one in group[0]]

    return dict(sorted(members.items(), key=rank))


def in_one_order(rows: Sequence[Row], name: str, *, descending: bool) -> list[Row]:
    """By a field; of one value the newest first; what has none last, the newest first."""

    def newest(row: Row) -> tuple[int, int]:
        return field(row.event, "timestamp"), row.position

    if name == "timestamp":
        return sorted(rows, key=newest, reverse=descending)
    choices = DIMENSIONS[name].choices

    def value(row: Row) -> Any:
        found = field(row.event, name)
        return choices.index(found) if choices else found.encode() if isinstance(found, str) else found

    latest = sorted(rows, key=newest, reverse=True)
    there = [row for row in latest if value(row) not in (None, b"")]
    # A sort that turns round keeps those of one value as they are.
    return sorted(there, key=value, reverse=descending) + [row for row in latest if value(row) in (None, b"")]
