"""Every rule of an event: what just keeps it, what just breaks it, and what a sender is told then."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from pulsestream.errors import Reason
from pulsestream.event import EVENT_BYTES_MAX, RULES, WHOLE_BYTES_MAX
from pulsestream.ingest.content import of_line, same
from pulsestream.ingest.index import hash_id
from pulsestream.ingest.validate import VALUE_SHOWN, Admissible, Refusal
from unit.ingest.lines import NOW, checked, event

WITH = {
    "source": {"service": "s", "endpoint": "/", "method": "GET"},
    "metrics": {"response_time_ms": 1, "status_code": 200},
}


def sent(path, value):
    """An event whose field at `path` has this value; a missing one where it is `...`."""
    whole = event("a")
    group, _, name = path.rpartition(".")
    inner = whole
    if group == "context.tags":
        group, name, value = "context", "tags", {name: value}
    if group:
        inner = whole[group] = dict(WITH.get(group, {}))
    if value is ...:
        inner.pop(name, None)
    else:
        inner[name] = value
    return whole


TEXT = ["", "x", "é\n\0", "x" * 100_000]
NO_TEXT = [1, True, [], {}]
SIZES = ([0, 2**63 - 1, None], [-1, 2**63, 1.5, "1", True])
OPTIONAL_TEXTS = [
    "source.version", "source.environment",
    "context.user_id", "context.session_id", "context.request_id", "context.ip_address", "context.referrer",
    "trace.trace_id", "trace.span_id", "trace.parent_span_id",
    "error_details.error_code", "error_details.error_type", "error_details.stack_trace",
]  # fmt: skip
# Field -> (values that keep its rule, values that break it). `...`: absent.
CASES = {
    "event_id": (["x", "x" * 100, "日" * 100, None, ...], ["", "x" * 101, 1, []]),
    "event_type": (["api_call", "custom_event"], ["", "call", "API_CALL", 1, None, ...]),
    "timestamp": (
        [
            "2026-05-04T10:20:30Z",
            "2026-05-04T10:20:30",
            "2026-05-04t10:20:30.123456+05:30",
            "2026-05-04 10:20:30Z",
            None,
        ],
        ["", "yesterday", "2026-05-04", "2026-02-30T00:00:00Z", "2026-05-04T24:00:01Z", 1777890030, True, {}],
    ),
    "title": (["x", "x" * 200, "日" * 200], ["", "x" * 201, 1, None, ...]),
    "message": (["", "x", "x" * 2000, None, ...], ["x" * 2001, 1, ["x"]]),
    "severity": (["info", "critical", ...], ["", "INFO", "fatal", 3]),
    "source": ([WITH["source"]], [None, ..., "s", [], 1]),
    "source.service": (["x", "x" * 100], ["", "x" * 101, 1, None, ...]),
    "source.endpoint": (["/", "x" * 500], ["", "x" * 501, 1, None, ...]),
    "source.method": (["G", "PROPPATCH1"], ["", "PROPPATCH12", 1, None, ...]),
    "metrics": ([WITH["metrics"], None, ...], ["fast", [], 1]),
    "metrics.response_time_ms": ([0, 0.0, 1e-9, 1e300, 86_400_000], [-1, -1e-9, "1", True, None, ...]),
    "metrics.status_code": ([100, 599], [99, 600, 200.5, "200", True, None, ...]),
    "metrics.request_size_bytes": SIZES,
    "metrics.response_size_bytes": SIZES,
    "metrics.cache_hit": ([True, False, None], [0, 1, "true"]),
    "context": ([{}, {"user_id": "u"}, None], ["u", [], 1]),
    "context.user_agent": (["", "x" * 500], ["x" * 501, 1]),
    "context.tags": ([{}, {"": ""}, {"a": "b"}, None], [[], "a:b", {"a": 1}, {"a": None}, {"a": ["b"]}]),
    "trace": ([{}, {"span_id": "s"}, None], ["t", []]),
    "error_details": ([{}, {"error_code": "c"}, None], ["boom", []]),
    "error_details.error_message": (["", "x" * 1000], ["x" * 1001, 1]),
    "payload": ([{}, {"a": [1, None]}, None], [[], "text", 1, True]),
    "metadata": ([{}, {"a": {"b": 1}}, None], [[], "text", 1, False]),
    **dict.fromkeys(OPTIONAL_TEXTS, ([*TEXT, None], NO_TEXT)),
}


def test_every_field_has_its_cases():
    assert CASES.keys() == RULES.keys()


@pytest.mark.parametrize("path", CASES)
def test_what_keeps_the_rule_is_taken(path):
    for value in CASES[path][0]:
        result = checked(sent(path, value))
        assert isinstance(result, Admissible), (value, result)


@pytest.mark.parametrize("path", CASES)
def test_what_breaks_the_rule_is_told_with_field_rule_value_and_help(path):
    for value in CASES[path][1]:
        result = checked(sent(path, value))
        assert isinstance(result, Refusal), value
        assert result.reason is Reason.INVALID
        [error] = result.errors
        rule, help_ = RULES[path]
        assert (error.field, error.rule, error.help) == (path, rule, help_)
        told = "absent" if value in (None, ...) else json.dumps(value, ensure_ascii=False)
        assert error.value == (told if len(told) <= VALUE_SHOWN else told[:VALUE_SHOWN] + "…")


def test_every_broken_rule_is_told_at_once_with_the_id():
    whole = event("a", title="", severity="loud", metrics={"status_code": 99}, payload=[], source={"method": "GET"})
    result = checked(whole)
    assert [error.field for error in result.errors] == [
        "title", "source.service", "source.endpoint", "severity",
        "metrics.response_time_ms", "metrics.status_code", "payload",
    ]  # fmt: skip
    assert result.event_id == "a"


@pytest.mark.parametrize(
    ("offset", "reason"),
    [
        (timedelta(minutes=5), None),
        (timedelta(minutes=5, microseconds=1), Reason.IN_FUTURE),
        (timedelta(days=-30), None),
        (timedelta(days=-30, microseconds=-1), Reason.TOO_OLD),
    ],
)
def test_a_time_may_be_a_little_ahead_and_as_old_as_the_retention(offset, reason):
    result = checked(event("a", timestamp=(NOW + offset).isoformat()), oldest=NOW - timedelta(days=30))
    if reason is None:
        assert isinstance(result, Admissible)
    else:
        assert (result.reason, result.errors[0].field, result.event_id) == (reason, "timestamp", "a")
        assert result.errors[0].help


@pytest.mark.parametrize(
    ("time", "taken"),
    [("1970-01-01T00:00:00Z", True), ("1969-12-31T23:59:59.999999Z", False), ("0001-01-01T00:00:00+12:00", False)],
)
def test_without_a_retention_time_begins_in_1970(time, taken):
    result = checked(event("a", timestamp=time))
    assert isinstance(result, Admissible) == taken
    if not taken:
        assert (result.reason, result.errors[0].field) == (Reason.INVALID, "timestamp")


@pytest.mark.parametrize("over", [0, 1])
def test_payload_and_metadata_have_a_limit_together(over):
    half = EVENT_BYTES_MAX // 2
    whole = json.dumps(event("a"))[:-1] + ', "payload": {"a":"%s"}, "metadata": {"a":"%s"}}'
    result = checked((whole % ("x" * (half - 8), "x" * (half - 8 + over))).encode())
    if over:
        assert (result.reason, result.event_id) == (Reason.TOO_LARGE, "a")
        assert str(EVENT_BYTES_MAX) in result.errors[0].rule
    else:
        assert isinstance(result, Admissible)


@pytest.mark.parametrize("path", ["context.user_id", "unknown", "context.unknown", "title"])
def test_an_event_has_a_limit_as_a_whole(path):
    result = checked(sent(path, "x" * WHOLE_BYTES_MAX))
    assert (result.reason, result.errors[0].field) == (Reason.TOO_LARGE, "$")
    assert str(WHOLE_BYTES_MAX) in result.errors[0].rule


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{",
        b"{]}",
        b'{"a":1}x',
        b"\xff",
        b'{"title":"\xff"}',
        b"nul",
        b'{"a":' * 5000,
        b'{"a":"\x01"}',
    ],
)
def test_what_is_no_json_is_malformed(raw):
    result = checked(raw)
    assert (result.reason, result.errors[0].field) == (Reason.MALFORMED, "$")
    assert len(result.errors[0].value) <= VALUE_SHOWN + 1


@pytest.mark.parametrize("raw", [b"[]", b"1", b'"text"', b"null", b"true"])
def test_what_is_no_object_is_invalid(raw):
    result = checked(raw)
    assert (result.reason, result.errors[0].field) == (Reason.INVALID, "$")


def test_the_line_holds_the_event_and_what_the_server_added():
    result = checked(event("a", unknown={"x": 1}, message=""), tenant="zeta")
    line = json.loads(b'{"position":1' + result.line)
    assert line["tenant"] == "zeta"
    assert line["received_at"] == int(NOW.timestamp()) * 1_000_000
    assert line["timestamp"] == result.timestamp_us
    assert line["content_hash"] == result.content_hash
    assert line["extra"] == {"unknown": {"x": 1}, "message": ""}
    assert line["event"]["event_id"] == "a"
    assert "unknown" not in line["event"]


def test_a_missing_id_and_time_are_made_and_are_no_content():
    first = checked(event(None, timestamp=None), make_id=lambda index: f"made_{index}")
    later = checked(event(None, timestamp=None), make_id=lambda _: "other", received_at=NOW + timedelta(hours=1))
    assert first.event_id == "made_0"
    assert first.timestamp_us == int(NOW.timestamp()) * 1_000_000
    assert later.timestamp_us - first.timestamp_us == 3600 * 1_000_000
    assert same(of_line(first.line), of_line(later.line))


def test_the_hash_of_the_content_covers_the_id_sent_or_made():
    """So that two hashes tell an event: with what is equal but for the id, one of them would be no help."""
    made = [checked(event(None), make_id=lambda _, name=name: name) for name in ("one", "one", "two")]
    sent = [checked(event(name)) for name in ("one", "one", "two")]
    for first, again, other in (made, sent):
        assert first.content_hash == again.content_hash != other.content_hash
        assert first.id_hash == again.id_hash == hash_id("one") != other.id_hash


def test_a_time_of_receipt_that_is_sent_along_is_no_content():
    """An event that came from a search can be sent again as it is."""
    plain, exported = checked(event("a")), checked(event("a", received_at="2020-01-01T00:00:00Z"))
    assert plain.content_hash == exported.content_hash
    assert plain.line == exported.line
