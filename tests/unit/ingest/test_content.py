"""One id may be sent again with the same content, however it is written; another content is a conflict."""

from __future__ import annotations

import json

import pytest

from pulsestream.ingest import content
from unit.ingest.lines import checked, event

FULL = event(
    "a",
    severity="info",
    metrics={"response_time_ms": 10, "status_code": 200},
    context={"user_id": "u", "tags": {"b": "2", "a": "1"}},
    payload={"n": 1, "list": [1, True, None]},
    odd={"x": ""},
)


def same_content(line, other):
    return content.same(content.of_line(line), content.of_line(other))


def same_as_stored(line, stored):
    return content.same(content.of_line(line), content.of_stored(stored))


SAME = [
    dict(reversed(FULL.items())),
    FULL | {"timestamp": "2026-05-04T12:20:30.123456+02:00"},
    FULL | {"timestamp": "2026-05-04T10:20:30.123456"},
    {name: value for name, value in FULL.items() if name != "severity"},
    {name: value for name, value in FULL.items() if name != "timestamp"},
    FULL | {"message": None, "trace": None},
    FULL | {"metrics": {"response_time_ms": 10.0, "status_code": 200, "cache_hit": None}},
    FULL | {"context": {"tags": {"a": "1", "b": "2"}, "user_id": "u"}},
    FULL | {"payload": {"list": [1.0, True, None], "n": 1.0}},
    FULL | {"received_at": "2020-01-01T00:00:00Z"},
]
OTHER = [
    FULL | {"title": "other"},
    FULL | {"severity": "warning"},
    FULL | {"timestamp": "2026-05-04T10:20:30.123457Z"},
    FULL | {"message": ""},
    FULL | {"context": {"user_id": "u"}},
    FULL | {"payload": {"n": 1, "list": [1, 1, None]}},
    FULL | {"payload": {"n": 1, "list": [1, True, 0]}},
    FULL | {"payload": {"n": 1, "list": [True, 1, None]}},
    FULL | {"payload": {"n": "1", "list": [1, True, None]}},
    FULL | {"payload": {"n": 1, "list": [1, True]}},
    FULL | {"payload": {"n": 1, "list": [1, True, None], "more": None}},
    FULL | {"metadata": {}},
    FULL | {"odd": {"x": None}},
    {name: value for name, value in FULL.items() if name != "odd"},
]


def _written(sent):
    return checked(json.dumps(sent, indent=1).encode()).line


def _stored(sent):
    """As a store gives it back."""
    whole = {"severity": "info", "timestamp": "2026-05-04T12:00:00Z"} | sent
    return json.dumps(whole | {"received_at": "2026-05-04T12:00:00Z"}).encode()


@pytest.mark.parametrize("sent", SAME)
def test_the_same_written_otherwise_is_the_same(sent):
    assert same_content(_written(sent), _written(FULL))
    assert same_content(_written(FULL), _written(sent))
    assert same_as_stored(_written(sent), _stored(FULL))


@pytest.mark.parametrize("sent", OTHER)
def test_another_content_is_another(sent):
    assert not same_content(_written(sent), _written(FULL))
    assert not same_content(_written(FULL), _written(sent))
    assert not same_as_stored(_written(sent), _stored(FULL))


def test_the_id_and_what_the_server_made_are_no_content():
    timeless = {name: value for name, value in FULL.items() if name not in ("event_id", "timestamp")}
    first = checked(timeless, make_id=lambda _: "one")
    second = checked(timeless | {"event_id": "two"}, tenant="zeta")
    assert same_content(first.line, second.line)
    assert same_as_stored(first.line, _stored(timeless | {"event_id": "two"}))


@pytest.mark.parametrize("value", ["1e400", "-1e999", "1" * 5_000, "123456789012345678901234567890"])
def test_numbers_of_any_size_are_compared(value):
    """Python reads 1e400 as infinite, as it does 1e500, and no whole number of 5,000 digits at all."""
    raw = json.dumps(event("a"))[:-1] + ', "payload": {%s}}'
    one = checked((raw % f'"a": {value}, "b": 1').encode()).line
    assert same_content(one, checked((raw % f'"b": 1, "a": {value}').encode()).line)
    assert not same_content(one, checked((raw % f'"a": {value}1, "b": 1').encode()).line)


def test_what_cannot_be_compared_differs():
    raw = json.dumps(event("a"))[:-1] + ', "payload": {"a": 1e9999999999999999999, "b": %d}}'
    one, other = (checked((raw % number).encode()).line for number in (1, 2))
    assert not same_content(one, other)


# ---- where they differ

DIFFERING = [
    ({"title": "other"}, [("title", '"other"')]),
    ({"severity": "warning", "message": "x"}, [("message", '"x"'), ("severity", '"warning"')]),
    ({"timestamp": "2026-05-04T10:20:30.5+00:00"}, [("timestamp", "2026-05-04T10:20:30.500000+00:00")]),
    ({"timestamp": None}, []),
    ({"metrics": {"response_time_ms": 10.5, "status_code": 500}},
     [("metrics.response_time_ms", "10.5"), ("metrics.status_code", "500")]),
    ({"context": {"user_id": "u", "tags": {"b": "2", "a": "3"}}}, [("context.tags.a", '"3"')]),
    ({"context": None}, [("context", "absent")]),
    ({"metadata": {"a": 1}}, [("metadata", '{"a":1}')]),
    ({"payload": {"n": 1, "list": [1, True, 7]}}, [("payload.list.2", "7")]),
    ({"payload": {"n": 1, "list": [1, True]}}, [("payload.list", "[1,true]")]),
    ({"payload": {"n": 12345678901234567890123, "list": [1, True, None]}}, [("payload.n", "12345678901234567890123")]),
    ({"odd": {"x": "", "y": None}}, [("odd.y", "null")]),
]  # fmt: skip


@pytest.mark.parametrize(("changes", "expected"), DIFFERING)
def test_the_fields_that_differ_are_named_with_what_was_sent(changes, expected):
    sent = checked(FULL | changes)
    known = content.of_stored(_stored(FULL))
    told = [(one.path, one.value) for one in content.differences(known, content.of_line(sent.line))]
    assert sorted(told) == sorted(expected)
    assert bool(told) != content.same(known, content.of_line(sent.line))


def test_a_great_difference_is_told_in_a_few_words():
    sent = checked(FULL | {"payload": {f"{'n' * 300}{number}": "é" * 500 for number in range(100)}})
    told = content.differences(content.of_line(_written(FULL)), content.of_line(sent.line))
    assert len(told) == content.DIFFERENCES_MAX
    assert all(len(one.path) <= 201 and len(one.value) <= 61 for one in told)
    assert told[0].value.startswith('"ééé')


@pytest.mark.parametrize("payload", ['{"a": 1e9999999999999999999, "b": 1}', '{"a":' * 400 + "1" + "}" * 400])
def test_what_cannot_be_read_differs_without_a_name(payload):
    raw = json.dumps(event("a"))[:-1] + ', "payload": %s}'
    known, sent = (content.of_line(checked((raw % text).encode()).line) for text in (payload, payload[:-1] + ',"c":1}'))
    assert not content.same(known, sent)
    assert len(content.differences(known, sent)) <= 1
