"""What the typed fields cannot hold is taken out of an event and put back, and nothing is lost on the way."""

from __future__ import annotations

import json

import msgspec
import pytest
from hypothesis import given, settings
from msgspec.structs import fields

from property import strategies
from pulsestream.event import GROUPS, Event
from pulsestream.extra import merge, split

_event = msgspec.json.Decoder(Event).decode


def apart(sent):
    regular, extra = split(json.dumps(sent).encode())
    return msgspec.json.encode(regular), extra


def without_nulls(sent):
    """Null equals absent, in the fields that an event has."""
    whole = {name: value for name, value in sent.items() if value is not None or name not in Event.__struct_fields__}
    for group, struct in GROUPS.items():
        if isinstance(whole.get(group), dict):
            names = {field.name for field in fields(struct)}
            whole[group] = {
                name: value for name, value in whole[group].items() if value is not None or name not in names
            }
    return whole


@given(strategies.events)
@settings(deadline=None)
def test_split_and_merge_give_back_what_was_sent(sent):
    regular, extra = apart(sent)
    _event(regular)  # a valid event is regular without its extra
    whole = merge(regular, extra) if extra else regular
    assert json.loads(whole) == without_nulls(sent)


SOURCE = {"service": "s", "endpoint": "/", "method": "GET"}


@pytest.mark.parametrize(
    ("sent", "extra"),
    [
        ({"title": "t", "message": "m"}, {}),
        ({"title": "t", "message": None}, {}),
        ({"message": ""}, {"message": ""}),
        ({"colour": None}, {"colour": None}),
        ({"colour": {"a": [1]}}, {"colour": {"a": [1]}}),
        ({"context": {}}, {"context": {}}),
        ({"context": {"user_id": None}}, {"context": {}}),
        ({"context": {"user_id": "u", "age": 7}}, {"context": {"age": 7}}),
        ({"context": {"user_id": ""}}, {"context": {"user_id": ""}}),
        ({"context": {"tags": {}}}, {"context": {"tags": {}}}),
        ({"source": SOURCE | {"version": "", "zone": 1}}, {"source": {"version": "", "zone": 1}}),
        ({"payload": {}, "metadata": {}}, {}),
        ({"received_at": "2020-01-01T00:00:00Z"}, {}),
    ],
)
def test_only_what_is_irregular_is_extra(sent, extra):
    _, found = apart(sent)
    assert (json.loads(found) if found else {}) == extra


@pytest.mark.parametrize("sent", [{"title": ""}, {"event_id": ""}, {"source": {}}, {"metrics": {}}, {"context": []}])
def test_what_breaks_a_rule_stays_to_be_refused(sent):
    regular, extra = apart(sent)
    assert json.loads(regular) == sent
    assert extra == b""


def test_texts_are_kept_as_they_were():
    raw = b'{"odd": { "a" : 1.0,\n "a": "\\u00e9" }, "title": "t"}'
    regular, extra = split(raw)
    assert extra == b'{"odd":{ "a" : 1.0,\n "a": "\\u00e9" }}'
    assert bytes(regular["title"]) == b'"t"'


@pytest.mark.parametrize("raw", [b"[]", b"1", b'"a"', b"null"])
def test_only_an_object_can_be_taken_apart(raw):
    with pytest.raises(msgspec.ValidationError):
        split(raw)
