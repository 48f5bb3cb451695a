"""What a search is written as means, in the store, what the search means."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, time, timedelta
from itertools import product
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from differential import reckoned, worlds
from differential.courses import first_shown, key
from differential.oracle import folded, has, holds
from differential.questions import expressions, ranges, texts_of, views
from pulsestream.clock import to_micros
from pulsestream.query import language
from pulsestream.query.catalog import DIMENSIONS, Kind
from pulsestream.query.complete import suggestions
from pulsestream.query.expression import (
    All,
    Between,
    Compared,
    During,
    Either,
    Field,
    Has,
    Is,
    Not,
    Pattern,
    Search,
    Tag,
    Text,
)
from pulsestream.query.model import Query
from pulsestream.query.syntax.place import write
from pulsestream.query.syntax.typed import Typed, What


def _canonical(where):
    """Whether a text can say it as it stands. A time is none of its conditions, but its range."""
    match where:
        case All(parts) | Either(parts):
            return all(map(_canonical, parts))
        case Not(part):
            return _canonical(part)
        case Compared(place) | Has(place):
            return place != Field("timestamp")
        case Between(place, low, high):
            return place != Field("timestamp") and low <= high
        case Text(pieces):
            return all(pieces)
        case Is(place, values):
            within = isinstance(place, Field) and DIMENSIONS[place.name].kind is Kind.TEXT
            return all(_whole(one, within=within) for one in values)


def _whole(value, *, within):
    if isinstance(value, str):
        return bool(value) or not within
    if not isinstance(value, Pattern):
        return True
    first, *inner, last = value.pieces
    return all(inner) and (all((first, last)) if within else bool(first or last or inner)) and len(value.pieces) > 1


def test_a_search_means_the_same_when_it_was_written_and_read(filled):
    @filled.settings(25)
    @given(
        wheres=st.lists(expressions.filter(_canonical), min_size=1, max_size=6),
        zone=st.sampled_from(worlds.ZONES).map(ZoneInfo),
    )
    def agree(wheres, zone):
        texts = [language.write(Search(where)) for where in wheres]
        read = [language.read(text, now=worlds.RECEIVED, zone=zone).where for text in texts]
        found = filled.holding(read)
        for row in filled.rows():
            for where, text, store in zip(wheres, texts, found[row.position], strict=True):
                assert store == holds(row.event, where), f"{where}\nis written {text}\nof {row.event}"

    agree()


# ---- days


@pytest.mark.parametrize("zone", [*worlds.ZONES, "America/St_Johns", "Africa/Casablanca", "Asia/Beirut"])
def test_a_day_goes_from_its_first_moment_to_that_of_the_next(zone):
    zone = ZoneInfo(zone)
    for anchor, off in product(worlds.ANCHORS, (-1, 0, 1)):
        wall = datetime.combine(anchor.date() + timedelta(days=off), time())
        start, end = (to_micros(first_shown(one, zone)) for one in (wall, wall + timedelta(days=1)))
        read = language.read(f"timestamp:{wall.date()}", now=worlds.RECEIVED, zone=zone)
        assert read.time == During(start, max(end, start + 1)), "a day that was left out has one microsecond"


# ---- what may be typed


def test_values_that_are_suggested_find_as_many_events_as_they_say(filled):
    def asked(world):
        return {
            "drawn": st.sampled_from(_SUGGESTED).flatmap(_typed),
            "ends": ranges(world),
            "limit": st.sampled_from((1, 2, 20)),
            "view": views(world),
        }

    filled.agrees(25, _suggested, asked)


_SUGGESTED = (
    *(Field(name) for name, one in DIMENSIONS.items() if one.kind in (Kind.WORD, Kind.CHOICE, Kind.FLAG)),
    *map(Tag, worlds.TAGS),
)


def _typed(place):
    """Something that a value may begin with, in any case."""
    if isinstance(place, Tag):
        texts = worlds.TAGS[place.name]
    else:
        texts = (
            DIMENSIONS[place.name].choices or texts_of(place.name) if place.name != "cache_hit" else ("true", "false")
        )
    begun = st.builds(lambda text, length: text[:length], st.sampled_from(texts), st.integers(1, 4))
    return st.tuples(st.just(place), st.just("") | begun | begun.map(str.swapcase))


def _suggested(filled, tenant, *, drawn, ends, limit, view):
    place, typed = drawn
    asked = Query(tenant=tenant, limit=limit, start=ends[0], end=ends[1])
    view, rows = filled.seen(tenant, view), filled.worlds[tenant]
    mine = reckoned.asked_about(rows, asked, view)
    hole = Typed(What.VALUE, 0, 0, typed, Search(), place=place)
    found = filled.run(suggestions(filled.questions, asked, hole))
    values = Counter(_as_text(key(row.event, place)) for row in mine if has(row.event, place))
    expected = Counter({one: count for one, count in values.items() if folded(one).startswith(folded(typed))})
    ordered = sorted(expected.items(), key=lambda pair: (-pair[1], pair[0].encode()))[:limit]
    told = [one for one in found if one.count]
    assert [one.count for one in told] == [count for _, count in ordered]
    for one, (value, count) in zip(told, ordered, strict=True):
        read = language.read(f"{write(place)}:{one.text}", now=worlds.RECEIVED, zone=ZoneInfo("UTC")).where
        assert sum(holds(row.event, read) for row in mine) == count, (one, value)


def _as_text(value):
    return str(value).lower() if isinstance(value, bool) else value
