"""A question about events, as a value: the same for search, statistics, export, alert and command line."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

from msgspec import Meta, Struct

from pulsestream.errors import BadParameters
from pulsestream.event import INT_MAX
from pulsestream.query.catalog import DIMENSIONS, MEASURES

LIMIT_MAX = 100_000
TEXT_MAX = 4_000  # characters of one value or of the text searched for

_Place = Annotated[int, Meta(ge=0, le=INT_MAX)]


class Filter(Struct, frozen=True):
    """The dimension has any of these values."""

    dimension: str
    values: tuple[str | int, ...]


class Query(Struct, frozen=True, kw_only=True):
    """Cannot be built without a tenant and a limit. Raises BadParameters where a part of it makes no sense."""

    tenant: str
    limit: int
    start: datetime | None = None  # included
    end: datetime | None = None  # excluded
    where: tuple[Filter, ...] = ()  # all must hold
    tags: tuple[tuple[str, str], ...] = ()  # all must hold
    text: str = ""  # in title or message, in any case
    group_by: tuple[str, ...] = ()
    measures: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        errors = [
            (filter_.dimension, "is no dimension of an event")
            for filter_ in self.where
            if filter_.dimension not in DIMENSIONS
        ]
        errors += [("group_by", f"{name!r} is no dimension") for name in self.group_by if name not in DIMENSIONS]
        errors += [("measures", f"{name!r} is no measure") for name in self.measures if name not in MEASURES]
        values = [(filter_.dimension, value) for filter_ in self.where for value in filter_.values]
        for name, value in [*values, *(("tag", part) for tag in self.tags for part in tag), ("q", self.text)]:
            if isinstance(value, str) and len(value) > TEXT_MAX:
                errors.append((name, f"may have {TEXT_MAX} characters at most"))
        if not 1 <= self.limit <= LIMIT_MAX:
            errors.append(("limit", f"must be from 1 to {LIMIT_MAX}"))
        if self.start and self.end and self.start >= self.end:
            errors.append(("end_time", "must be after start_time"))
        if not self.tenant:
            errors.append(("tenant", "is needed"))
        if errors:
            raise BadParameters(errors)


class View(Struct, frozen=True):
    """What a tenant may see of its events: none older than its retention, none that is deleted.

    `hidden`: ids of deleted events that the engine may still have. `expiring`: what is older than this time, in
    microseconds since 1970, up to this position, is being removed, also where the retention has been raised since.
    """

    oldest: datetime | None = None
    hidden: Sequence[str] = ()
    expiring: tuple[int, int] | None = None


class Cursor(Struct, frozen=True, array_like=True):
    """The last event of a page, and the highest position when the first page was read.

    Events that arrived since are past `snapshot`, so they shift no page, however old their timestamps are.
    """

    timestamp_us: _Place
    position: _Place
    snapshot: _Place
