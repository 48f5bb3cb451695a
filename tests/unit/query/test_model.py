"""A question is a value that cannot be built wrong, and a cursor one that cannot be made up."""

from __future__ import annotations

import base64
import contextlib
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pulsestream.errors import BadParameters
from pulsestream.query.model import LIMIT_MAX, Cursor, Filter, Query

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
places = st.integers(0, 2**63 - 1)


@pytest.mark.parametrize(
    ("parts", "named"),
    [
        ({"tenant": ""}, "tenant"),
        ({"limit": 0}, "limit"),
        ({"limit": LIMIT_MAX + 1}, "limit"),
        ({"where": (Filter("colour", ("red",)),)}, "colour"),
        ({"group_by": ("service", "colour")}, "group_by"),
        ({"measures": ("events", "p51_ms")}, "measures"),
        ({"start": NOON, "end": NOON}, "end_time"),
    ],
)
def test_a_part_that_makes_no_sense_is_named(parts, named):
    with pytest.raises(BadParameters) as refused:
        Query(**{"tenant": "acme", "limit": 1} | parts)
    assert [name for name, _ in refused.value.errors] == [named]


def test_everything_wrong_is_named_at_once():
    with pytest.raises(BadParameters) as refused:
        Query(tenant="", limit=0, group_by=("colour",), measures=("loudness",))
    assert [name for name, _ in refused.value.errors] == ["group_by", "measures", "limit", "tenant"]


@pytest.mark.parametrize("missing", ["tenant", "limit"])
def test_no_question_without_a_tenant_and_a_limit(missing):
    parts = {"tenant": "acme", "limit": 1}
    del parts[missing]
    with pytest.raises(TypeError, match=missing):
        Query(**parts)


@pytest.mark.parametrize("limit", [1, LIMIT_MAX])
def test_a_question_at_its_limits_is_taken(limit):
    assert Query(tenant="acme", limit=limit, start=NOON).limit == limit


@given(places, places, places)
def test_a_cursor_comes_back_from_its_token(timestamp_us, position, snapshot):
    cursor = Cursor(timestamp_us, position, snapshot)
    assert Cursor.from_token(cursor.to_token()) == cursor


@pytest.mark.parametrize(
    "text",
    ["", "[]", "[1,2]", "[1,2,-1]", "[-1,2,3]", f"[1,{2**63},3]", '["1",2,3]', "[1.5,2,3]", "{}", "null"],
)
def test_a_cursor_that_is_not_ours_is_refused(text):
    with pytest.raises(BadParameters, match="next_cursor"):
        Cursor.from_token(base64.urlsafe_b64encode(text.encode()).decode())


@given(st.text())
def test_no_text_breaks_the_reading_of_a_cursor(text):
    with contextlib.suppress(BadParameters):
        assert isinstance(Cursor.from_token(text), Cursor)
