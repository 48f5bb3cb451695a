"""What a search is written as means, in the store, what the search means."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from differential import worlds
from differential.oracle import holds
from differential.questions import expressions
from pulsestream.query import language
from pulsestream.query.catalog import DIMENSIONS, Kind
from pulsestream.query.expression import (
    All,
    Between,
    Compared,
    Either,
    Field,
    Has,
    Is,
    Not,
    Pattern,
    Search,
    Text,
)


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
    @filled.settings(60)
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
