"""A question as a value: whose events, of what time, which of them, how many, grouped and measured how."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Annotated

from msgspec import Meta, Struct

from pulsestream.clock import from_micros
from pulsestream.errors import BadParameters
from pulsestream.event import INT_MAX
from pulsestream.query.apdex import Thresholds
from pulsestream.query.catalog import DIMENSIONS, MEASURES, Kind, measure
from pulsestream.query.expression import (
    EVERYTHING,
    All,
    Between,
    Compared,
    During,
    Either,
    Expression,
    Field,
    Inside,
    Is,
    Last,
    Not,
    Pattern,
    Place,
    Search,
    Tag,
    Text,
)

LIMIT_MAX = 100_000
TEXT_MAX = 4_000  # characters of one value or of the text searched for
TEXTS_MAX = 60_000  # characters of all of them
CONDITIONS_MAX = 1_000

_Place = Annotated[int, Meta(ge=0, le=INT_MAX)]


class Query(Struct, frozen=True, kw_only=True):
    """Cannot be built without a tenant and a limit. Raises BadParameters where a part of it makes no sense."""

    tenant: str
    limit: int
    start: datetime | None = None  # included
    end: datetime | None = None  # excluded
    where: Expression = EVERYTHING
    group_by: tuple[Place, ...] = ()
    measures: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        errors = [*_wrong(self.where), *(("by", what) for what in map(_wrong_group, self.group_by) if what)]
        errors += [
            ("measures", f"{name[:40]!r} is no measure; there are {', '.join(MEASURES)}, p50_ms or any percentile")
            for name in self.measures
            if measure(name) is None
        ]
        if not 1 <= self.limit <= LIMIT_MAX:
            errors.append(("limit", f"must be from 1 to {LIMIT_MAX}"))
        if self.start and self.end and self.start >= self.end:
            errors.append(("end_time", "must be after start_time"))
        if not self.tenant:
            errors.append(("tenant", "is needed"))
        if errors:
            raise BadParameters(errors)


_FIRST = datetime.min.replace(tzinfo=UTC)  # nothing can be before it


def about(search: Search, *, tenant: str, now: datetime, start: datetime | None, end: datetime | None) -> Query:
    """What a text of the language asks for; a time in it wins over `start` and `end`. Raises BadParameters."""
    match search.time:
        case Last(length):
            start, end = now - min(length, now - _FIRST), now
        case During(start_us, end_us):
            start = None if start_us is None else from_micros(start_us)
            end = None if end_us is None else from_micros(end_us)
        case None:
            pass
    return Query(tenant=tenant, limit=1, start=start, end=end, where=search.where)


def _wrong(where: Expression) -> Iterator[tuple[str, str]]:
    """What of a condition the catalog does not have, and what is too large: (parameter, what is wrong)."""
    characters = conditions = 0
    for one in _conditions(where):
        conditions += 1
        if isinstance(one, Text):
            name, texts = "q", list(one.pieces)
        else:
            name, texts = _name(one.place), _texts_of(one.place)
            if isinstance(one, Is):
                texts += [text for value in one.values for text in _texts(value)]
            if isinstance(one.place, Field):
                kind = DIMENSIONS[one.place.name].kind if one.place.name in DIMENSIONS else None
                if kind is None:
                    yield name, "is no dimension of an event"
                elif isinstance(one, Compared | Between) and kind not in (Kind.NUMBER, Kind.TIME):
                    yield name, "has no order: only numbers and times can be compared"
                elif isinstance(one, Is) and kind in (Kind.GROUP, Kind.TIME):
                    yield name, "has no single value to be compared with"
        if any(len(text) > TEXT_MAX for text in texts):
            yield name, f"may have {TEXT_MAX} characters at most"
        characters += sum(map(len, texts))
    if conditions > CONDITIONS_MAX or characters > TEXTS_MAX:
        yield "q", f"may have {CONDITIONS_MAX} conditions and {TEXTS_MAX} characters of values at most"


def _conditions(where: Expression) -> Iterator[Is | Compared | Between | Text]:
    waiting: list[Expression] = [where]
    while waiting:
        one = waiting.pop()
        match one:
            case All(parts) | Either(parts):
                waiting += parts
            case Not(part):
                waiting.append(part)
            case _:
                yield one  # type: ignore[misc]  # a Has is looked at like the others


def _wrong_group(place: Place) -> str:
    if not isinstance(place, Field):
        return "" if all(len(text) <= TEXT_MAX for text in _texts_of(place)) else "has too long a name"
    if place.name not in DIMENSIONS:
        return f"{place.name!r} is no dimension"
    return f"{place.name!r} is not one value" if DIMENSIONS[place.name].kind is Kind.GROUP else ""


def _name(place: Place) -> str:
    return place.name if isinstance(place, Field) else "tag" if isinstance(place, Tag) else place.root


def _texts_of(place: Place) -> list[str]:
    match place:
        case Field(_):
            return []
        case Tag(name):
            return [name]
        case Inside(_, keys):
            return [*keys]


def _texts(value: object) -> Sequence[str]:
    return value.pieces if isinstance(value, Pattern) else (value,) if isinstance(value, str) else ()


class View(Struct, frozen=True):
    """What a tenant may see of its events: none older than its retention, none that is deleted.

    `hidden`: ids of deleted events that the engine may still have. `expiring`: what is older than this time, in
    microseconds since 1970, up to this position, is being removed, also where the retention has been raised since.
    `apdex`: how fast its endpoints are to be.
    """

    oldest: datetime | None = None
    hidden: Sequence[str] = ()
    expiring: tuple[int, int] | None = None
    apdex: Thresholds = Thresholds()


class Cursor(Struct, frozen=True, kw_only=True):
    """The last event of a page, and what the first page was of.

    Events that arrived since are past `snapshot`, the highest position then, so they shift no page, however old their
    timestamps are. `matched`: how many events the first page's question matched. `value`: what the last event is sorted
    by, None where it has no such value, or is sorted by its time. `question`: what was asked, as a number; a cursor
    goes on with the same question only. `start_us`, `end_us`: its time range, which may be counted from its moment.
    """

    timestamp_us: _Place
    position: _Place
    snapshot: _Place
    matched: _Place
    value: int | float | str | None = None
    question: int = 0
    start_us: int | None = None
    end_us: int | None = None
