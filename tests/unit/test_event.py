"""The event is defined once, and everything that speaks of its fields speaks of all of them."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import msgspec
import pytest
from msgspec.structs import fields

from pulsestream.event import (
    EVENT_TYPES,
    GROUPS,
    OPAQUE,
    RULES,
    SEVERITIES,
    Event,
    EventType,
    Severity,
    StoredEvent,
    encode,
)


def test_every_field_has_a_rule_and_what_to_do():
    paths = {field.name for field in fields(Event)}
    paths |= {f"{group}.{field.name}" for group, struct in GROUPS.items() for field in fields(struct)}
    assert RULES.keys() == paths
    assert all(rule and help_ for rule, help_ in RULES.values())


def test_a_stored_event_has_every_field_of_a_sent_one_and_its_time_of_receipt():
    sent, stored = ({field.name for field in fields(struct)} for struct in (Event, StoredEvent))
    assert stored - sent == {"received_at"}
    assert sent - stored == set()
    assert set(OPAQUE) < sent


@pytest.mark.parametrize(("words", "literal"), [(EVENT_TYPES, EventType), (SEVERITIES, Severity)])
def test_the_words_are_those_of_the_type(words, literal):
    assert words == literal.__args__


@pytest.mark.parametrize("group", GROUPS)
def test_no_group_takes_an_unknown_field(group):
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(b'{"colour": 1}', type=GROUPS[group])


def test_what_is_absent_is_left_out_and_payload_is_verbatim():
    raw = b'{"event_type":"api_call","title":"t","source":{"service":"s","endpoint":"/","method":"GET"},"payload":%b}'
    payload = b'{ "a" : 1.0,\n "a": "\\u00e9" }'
    assert encode(msgspec.json.decode(raw % payload, type=Event)) == raw % payload


def test_a_stored_event_says_its_severity_even_when_it_is_the_usual_one():
    moment = datetime(2026, 5, 4, tzinfo=UTC)
    source = GROUPS["source"]("s", "/", "GET")
    stored = StoredEvent("a", "api_call", moment, "t", source, moment, severity="info")
    assert json.loads(encode(stored))["severity"] == "info"
