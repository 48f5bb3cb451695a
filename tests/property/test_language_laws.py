"""Laws of the query language: what is written is read as the same, and no text is anything but read or refused."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from hypothesis import example, given
from hypothesis import strategies as st

from property.searches import language_like, searches
from pulsestream.errors import BadParameters, BadQuery
from pulsestream.query import language
from pulsestream.query.expression import Field
from pulsestream.query.model import Query
from pulsestream.query.syntax.moment import Present
from pulsestream.query.syntax.typed import typed

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
UTC_ZONE = ZoneInfo("UTC")
zones = st.sampled_from([UTC_ZONE, ZoneInfo("Europe/Berlin"), ZoneInfo("Pacific/Kiritimati"), ZoneInfo("Asia/Beirut")])


def read(text, zone=UTC_ZONE):
    return language.read(text, now=NOW, zone=zone)


@given(search=searches(), zone=zones)
def test_a_search_that_is_written_is_read_as_the_same(search, zone):
    assert read(language.write(search), zone) == search


@given(text=language_like | st.text(), zone=zones)
@example(text="a" * 1_000_000, zone=UTC_ZONE)
@example(text="(" * 30_000, zone=UTC_ZONE)
@example(text="-(" * 30_000, zone=UTC_ZONE)
@example(text="NOT " * 15_000 + "a", zone=UTC_ZONE)
@example(text="-" * 59_000 + "a", zone=UTC_ZONE)
@example(text='"' * 59_999, zone=UTC_ZONE)
@example(text="a " * 30_000, zone=UTC_ZONE)
@example(text="status:(" + "1 OR " * 10_000 + "1)", zone=UTC_ZONE)
@example(text="payload" + ".a" * 29_000 + ":1", zone=UTC_ZONE)
@example(text="a" + "*a" * 29_000, zone=UTC_ZONE)
@example(text="latency:" + "1h" * 29_000, zone=UTC_ZONE)
@example(text="latency:1e999999999", zone=UTC_ZONE)
@example(text="latency:" + "9" * 59_000, zone=UTC_ZONE)
@example(text="\ud800", zone=UTC_ZONE)
def test_any_text_is_read_or_refused_with_its_place(text, zone):
    search = refused = None
    try:
        search = read(text, zone)
    except BadQuery as error:
        refused = error
    if refused is not None:
        assert 0 <= refused.position <= len(text)
        assert 0 <= refused.length <= len(text) - refused.position
        assert len(str(refused)) < 400
        assert len(refused.suggestion) < 300
        return
    assert read(language.write(search), zone) == search
    Query(tenant="acme", limit=1, where=search.where)  # nothing that the engine would have to refuse


@given(text=language_like | st.text())
def test_any_name_is_a_place_or_refused_with_its_parameter(text):
    place = refused = None
    try:
        place = language.place("by", text)
    except BadParameters as error:
        refused = error
    if refused is not None:
        assert [name for name, _ in refused.errors] == ["by"]
    elif not isinstance(place, Field):
        Query(tenant="acme", limit=1, group_by=(place,))


@given(text=language_like | st.text(), cut=st.floats(0, 1))
def test_what_is_typed_at_any_place_of_any_text_is_a_part_of_it(text, cut):
    at = round(cut * len(text))
    found = typed(text, at, Present(NOW, UTC_ZONE))
    assert 0 <= found.start <= at <= found.end <= len(text)
    assert read(language.write(found.rest)) == found.rest
