"""Where calls come from: countries, regions or cities, measured."""

from __future__ import annotations

from enum import StrEnum
from typing import cast

from msgspec import UNSET, Struct, UnsetType
from msgspec.structs import replace

from pulsestream.query.expression import Field
from pulsestream.query.model import Query
from pulsestream.query.run import Basis, Questions
from pulsestream.query.top import Number, Sort, top


class Level(StrEnum):
    COUNTRY = "country"
    REGION = "region"
    CITY = "city"


# Cities of one name in two countries are two.
_PLACES = {
    Level.COUNTRY: ("country",),
    Level.REGION: ("region",),
    Level.CITY: ("country", "region", "city"),
}


class Location(Struct, frozen=True, kw_only=True):
    """A city's row has its country and its region too. null: calls that do not say where they come from.

    `share`: of the events that match, those from here, 0 to 1.
    """

    country: str | UnsetType | None = UNSET
    region: str | UnsetType | None = UNSET
    city: str | UnsetType | None = UNSET
    values: dict[str, Number]
    share: float


class Geo(Struct, frozen=True):
    """`places_total`: how many there are, `matched`: how many events, in all of them."""

    places: list[Location]
    places_total: int
    matched: int
    basis: Basis


async def geo(questions: Questions, query: Query, *, level: Level, sort: Sort, seconds: float) -> Geo:
    """The `limit` places that rank highest. `seconds`: the length of the range."""
    names = _PLACES[level]
    found = await top(questions, replace(query, group_by=tuple(map(Field, names))), sort=sort, seconds=seconds)
    places = [
        Location(**cast("dict[str, str | None]", one.group), values=one.values, share=one.share) for one in found.groups
    ]
    return Geo(places, found.groups_total, found.matched, found.basis)
