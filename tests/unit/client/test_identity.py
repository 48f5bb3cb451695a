import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import json

from pulsestream.client.identity import derived_id, identified

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@pytest.mark.parametrize(
    "line",
    [
        b'{"event_id":"e1","title":"x"}',
        b'{"event_id": "e1"}',
        b'{"title":"x","event_id":"e1"}',
        b'{"title":"x", "event_id" : 17}',
        b"not json, event_id",
        b'["event_id"]',
        b'{"event_id":"cut off',
        b'{"title":"event_id", "cut',
        b"{}",
        b"{ }",
        b"17",
    ],
)
def test_text_with_an_id_and_text_that_is_no_object_go_out_as_they_are(line):
    assert identified(line, 1) == line


@pytest.mark.parametrize(
    "line",
    [
        b'{"title":"x"}',
        b' {"title":"x"}\r',
        b'{"event_id":null,"title":"x"}',
        b'{"title":"x","event_id": null}',
        b'{"title":"x","payload":{"event_id":"inner"}}',
        b'{"title":"about event_id"}',
    ],
)
def test_an_event_without_an_id_gets_one_and_keeps_the_rest(line):
    sent, before = json.decode(identified(line, 7)), json.decode(line)
    assert sent.pop("event_id").startswith("evt_")
    before.pop("event_id", None)
    assert sent == before


def test_the_same_text_at_the_same_place_is_the_same_event_whatever_its_line_ends_with():
    assert json.decode(identified(b'{"a":1}', 3)) == json.decode(identified(b'{"a":1}\r', 3))


def test_equal_events_at_two_places_are_two_events():
    assert identified(b'{"a":1}', 3) != identified(b'{"a":1}', 4)


def test_with_a_key_the_id_comes_from_key_and_place_alone():
    first, second = identified(b'{"a":1}', 0, b"key"), identified(b'{"a":2}', 0, b"key")
    assert json.decode(first)["event_id"] == json.decode(second)["event_id"] == derived_id(b"key", 0)


@given(st.dictionaries(st.text(max_size=8), JSON, min_size=1, max_size=4))
def test_any_object_keeps_its_members(event):
    event.pop("event_id", None)
    line = json.encode(event)
    sent = json.decode(identified(line, 1))
    if event:
        assert sent.pop("event_id")
    assert sent == event


@given(st.text(alphabet='{}[]":,\\ a1', max_size=12))
def test_wrong_json_goes_out_as_it_is(text):
    line = b"{" + text.encode()
    try:
        json.decode(line)
    except msgspec.DecodeError:
        assert identified(line, 1) == line
