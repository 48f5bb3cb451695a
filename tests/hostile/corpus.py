"""What nobody should send and somebody will: events, each with what must become of it.

An `Odd` is the text of one event; ID stands where its id goes, so that it can be sent in several forms. To add a case,
add a line to the table it belongs to. Whole requests are in `bodies`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import NamedTuple

from pulsestream.event import EVENT_BYTES_MAX, RULES

ID = b"@ID@"


class Odd(NamedTuple):
    """`outcome`: stored, or the reason of the refusal; `field`: what the refusal names."""

    name: str
    raw: bytes
    outcome: str
    field: str | None = None
    one_line: bool = True  # False: only in an array or alone


WHOLE = {
    "event_id": "@ID@",
    "event_type": "api_call",
    "timestamp": "2026-05-04T10:20:30.123456Z",
    "title": "GET /orders",
    "source": {"service": "hostile", "endpoint": "/orders", "method": "GET"},
}
_FOR_GROUP = {
    "source": WHOLE["source"],
    "metrics": {"response_time_ms": 1, "status_code": 200},
}
_MARK = "@VALUE@"


def with_text(path: str, text: str | bytes) -> bytes:
    """A good event whose field at `path` (it may be an unknown one) is exactly this JSON text."""
    group, _, name = path.rpartition(".")
    changed = {group: _FOR_GROUP.get(group, {}) | {name: _MARK}} if group else {name: _MARK}
    whole = WHOLE | changed
    before, after = json.dumps(whole).encode().split(b'"%b"' % _MARK.encode())
    return before + (text if isinstance(text, bytes) else text.encode()) + after


def plus(text: str | bytes) -> bytes:
    """A good event with this text before its last brace."""
    return json.dumps(WHOLE).encode()[:-1] + (text if isinstance(text, bytes) else text.encode()) + b"}"


# --- wrong types -----------------------------------------------------------------------------------------------------

_NEEDED = {
    "event_type", "title", "source", "source.service", "source.endpoint", "source.method",
    "metrics.response_time_ms", "metrics.status_code",
}  # fmt: skip
_NOT_EMPTY = {
    "event_id",
    "event_type",
    "timestamp",
    "title",
    "severity",
    *(name for name in _NEEDED if "source" in name),
}
_NUMBERS = {"metrics.response_time_ms", "metrics.request_size_bytes", "metrics.response_size_bytes"}
_NO_STRINGS = {
    "source", "metrics", "context", "context.tags", "trace", "error_details", "payload", "metadata",
    "metrics.response_time_ms", "metrics.status_code", "metrics.request_size_bytes", "metrics.response_size_bytes",
    "metrics.cache_hit",
}  # fmt: skip
_OBJECTS = {"context", "context.tags", "trace", "error_details", "payload", "metadata"}


def _is_right(path: str, text: str) -> bool:
    if text == "null":
        return path not in _NEEDED
    if text == '""':
        return path not in _NOT_EMPTY | _NO_STRINGS
    return (
        path
        in {
            "true": {"metrics.cache_hit"},
            "0": _NUMBERS,
            "1.5": {"metrics.response_time_ms"},
            "[]": set(),
            "{}": _OBJECTS,
        }[text]
    )


def wrong_types() -> Iterator[Odd]:
    for path in RULES:
        for text in ("null", "true", "0", "1.5", '""', "[]", "{}"):
            right = _is_right(path, text)
            # An empty object lacks every field that it needs; the first one is named.
            field = {"source": "source.service", "metrics": "metrics.response_time_ms"}.get(path, path)
            named = None if right else field if text == "{}" else path
            yield Odd(f"{path}={text}", with_text(path, text), "stored" if right else "invalid", named)


# --- numbers ---------------------------------------------------------------------------------------------------------

_NO_NUMBERS = [
    "NaN",
    "nan",
    "Infinity",
    "-Infinity",
    "inf",
    "07",
    "+1",
    "0x10",
    ".5",
    "5.",
    "1e",
    "1_000",
    "--1",
    "1e+",
]
# Text -> is it a response time, a status, a size
_ODD_NUMBERS = {
    "1e400": (False, False, False),
    "-1e400": (False, False, False),
    "1e999999999": (False, False, False),
    "1e-400": (True, False, False),
    "1e308": (True, False, False),
    "5e-324": (True, False, False),
    "-0": (True, False, True),
    "-0.0": (True, False, False),
    "0.1e1": (True, False, False),
    "200.0": (True, False, False),
    "2e2": (True, False, False),
    "200": (True, True, True),
    "99": (True, False, True),
    "600": (True, False, True),
    "65735": (True, False, True),  # 200 in 16 bits
    "-1": (False, False, False),
    "-1e-9": (False, False, False),
    "123456789012345678901234567890": (True, False, False),
    "9223372036854775807": (True, False, True),
    "9223372036854775808": (True, False, False),
    "18446744073709551616": (True, False, False),
    "0." + "1" * 400: (True, False, False),
    "1" * 400: (False, False, False),
    "1" * 5_000: (False, False, False),  # more digits than Python reads
}


def numbers() -> Iterator[Odd]:
    fields = ("metrics.response_time_ms", "metrics.status_code", "metrics.request_size_bytes")
    for text in _NO_NUMBERS:
        for path in (*fields, "payload.x", "unknown"):
            yield Odd(f"{path}={text}", with_text(path, text), "malformed", "$")
    for text, takes in _ODD_NUMBERS.items():
        for path, right in zip(fields, takes, strict=True):
            yield Odd(
                f"{path}={text[:40]}", with_text(path, text), "stored" if right else "invalid", None if right else path
            )
        for path in ("payload.x", "metadata.x", "unknown", "source.unknown"):
            yield Odd(f"{path}={text[:40]}", with_text(path, text), "stored")


# --- times -----------------------------------------------------------------------------------------------------------

TIMES = {
    "2025-01-01T00:00:00Z": "stored",
    "1970-01-01T00:00:00Z": "stored",
    "1970-01-01T00:00:00.000001Z": "stored",
    "1969-12-31T23:59:59.999999Z": "invalid",
    "1969-12-31T23:00:00-01:00": "stored",
    "1970-01-01T00:00:00+00:01": "invalid",
    "0000-01-01T00:00:00Z": "invalid",
    "0001-01-01T00:00:00Z": "invalid",
    "0001-01-01T00:00:00+23:59": "invalid",
    "1899-12-31T23:59:59Z": "invalid",
    "1900-01-01T00:00:00Z": "invalid",
    "2262-04-12T00:00:00Z": "in_future",  # past 64 bits of nanoseconds
    "2299-12-31T23:59:59.999999Z": "in_future",
    "2300-01-01T00:00:00Z": "in_future",
    "9999-12-31T23:59:59.999999Z": "in_future",
    "9999-12-31T23:59:59-23:59": "in_future",
    "9999-12-31T23:59:59.9999999Z": "invalid",
    "2025-12-31T23:59:60Z": "invalid",
    "2016-12-31T23:59:60Z": "invalid",  # there was one; RFC 3339 allows it, no type of ours holds it
    "2025-12-31T24:00:00Z": "invalid",
    "2025-02-29T00:00:00Z": "invalid",
    "2024-02-29T00:00:00Z": "stored",
    "2025-01-01T00:00:00+14:00": "stored",
    "2025-01-01T00:00:00-12:00": "stored",
    "2025-01-01T00:00:00+23:59": "stored",
    "2025-01-01T00:00:00-23:59": "stored",
    "2025-01-01T00:00:00+24:00": "invalid",
    "2025-01-01T00:00:00+00:60": "invalid",
    "2025-01-01T00:00:00-00:00": "stored",
    "2025-01-01t00:00:00z": "stored",
    "2025-01-01 00:00:00Z": "stored",
    "2025-01-01T00:00:00+0100": "stored",
    "2025-01-01T00:00:00+01": "invalid",
    "2025-01-01T00:00:00.Z": "invalid",
    "2025-01-01T00:00:00.1Z": "stored",
    "2025-01-01T00:00:00.123456Z": "stored",
    "2025-01-01T00:00:00.1234567Z": "stored",
    "2025-01-01T00:00:00.999999999Z": "stored",
    "2025-01-01T00:00:00." + "1" * 30 + "Z": "stored",
    "2025-01-01": "invalid",
    "2025-W01-1": "invalid",
    "2025-001": "invalid",
    "20250101T000000Z": "invalid",
    "2025-01-01T00:00Z": "invalid",
    "2025-01-01T00:00:00,5Z": "invalid",
    " 2025-01-01T00:00:00Z": "invalid",
    "2025-01-01T00:00:00Z ": "invalid",
    "+2025-01-01T00:00:00Z": "invalid",
    "2025-01-01T00:00:00Z\0": "invalid",
    "\u0662025-01-01T00:00:00Z": "invalid",
    "1735689600": "invalid",
    "now": "invalid",
}


def times() -> Iterator[Odd]:
    for text, outcome in TIMES.items():
        field = None if outcome == "stored" else "timestamp"
        yield Odd(f"timestamp={text[:40]}", with_text("timestamp", json.dumps(text)), outcome, field)
    for number in ("1735689600", "1735689600.5", "-1", "1e18"):
        yield Odd(f"timestamp={number}", with_text("timestamp", number), "invalid", "timestamp")


# --- what JSON text may and may not be ------------------------------------------------------------------------------

_NO_STRINGS_OF_JSON = [
    r"\ud800", r"\udfff", r"\udc00\ud800", r"\ud800x", r"\ud800\u0041", r"\x41", r"\u12", r"\u{41}",
    "\\", "\t", "\x01", "\x1f",
]  # fmt: skip
_NO_UTF8 = {
    "ff": b"\xff",
    "continuation": b"\x80",
    "cut short": b"\xe2\x82",
    "overlong slash": b"\xc0\xaf",
    "overlong zero": b"\xc0\x80",
    "surrogate": b"\xed\xa0\x80",
    "past the last": b"\xf4\x90\x80\x80",
    "five bytes": b"\xf8\x88\x80\x80\x80",
}


def texts() -> Iterator[Odd]:
    for text in _NO_STRINGS_OF_JSON:
        for path in ("message", "source.version", "payload.x", "unknown", "trace.unknown"):
            yield Odd(f"{path}={text!r}", with_text(path, f'"{text}"'), "malformed", "$")
        for path in ("payload", "unknown", "context.tags"):
            yield Odd(f"name in {path}={text!r}", with_text(path, f'{{"{text}":"v"}}'), "malformed", "$")
        yield Odd(f"name={text!r}", plus(f',"{text}":1'), "malformed", "$")
    for name, raw in _NO_UTF8.items():
        for path in ("title", "payload.x", "unknown", "event_id"):
            yield Odd(f"{path} with {name}", with_text(path, b'"' + raw + b'"'), "malformed", "$")
        yield Odd(f"name with {name}", plus(b',"' + raw + b'":1'), "malformed", "$")
        yield Odd(f"between tokens {name}", plus(b"," + raw), "malformed", "$")
        yield Odd(f"before {name}", raw + plus(b""), "malformed", "$")
        yield Odd(f"after {name}", plus(b"") + raw, "malformed", "$")


# --- names given twice: the last one counts, in what is checked, stored and answered ---------------------------------

REPEATED = [
    Odd("title twice, the last is good", plus(',"title":"the last"'), "stored"),
    Odd("title twice, the last is bad", plus(',"title":""'), "invalid", "title"),
    Odd("title twice, the first is bad", b'{"title":5,' + plus(b"")[1:], "stored"),
    Odd("id twice", b'{"event_id":"never this one",' + plus(b"")[1:], "stored"),
    Odd("source twice", plus(',"source":{"service":"last","endpoint":"/","method":"PUT"}'), "stored"),
    Odd("source twice, the last is bad", plus(',"source":{"service":"last"}'), "invalid", "source.endpoint"),
    Odd("service twice", with_text("source", '{"service":"a","endpoint":"/","method":"G","service":"b"}'), "stored"),
    Odd("null the second time", plus(',"message":"m","message":null'), "stored"),
    Odd("empty the second time", plus(',"message":"m","message":""'), "stored"),
    Odd("group, then null", plus(',"context":{"user_id":"u"},"context":null'), "stored"),
    Odd("group, then empty", plus(',"context":{"user_id":"u"},"context":{}'), "stored"),
    Odd("unknown twice", plus(',"x":1,"x":{"y":2}'), "stored"),
    Odd("unknown in a group twice", plus(',"context":{"x":1,"x":2}'), "stored"),
    Odd("in payload", with_text("payload", '{"a":1,"a":2,"trace_id":"first","trace_id":"second"}'), "stored"),
    Odd("payload twice", plus(',"payload":{"a":1},"payload":{"b":2}'), "stored"),
    Odd("tag twice", with_text("context.tags", '{"a":"first","a":"last"}'), "stored"),
    Odd("tag twice, the first is bad", with_text("context.tags", '{"a":1,"a":"last"}'), "invalid", "context.tags"),
    Odd("written with escapes", plus(r',"\u0074itle":"the last"'), "stored"),
    Odd("a name of the journal's", plus(',"position":9,"tenant":"other","content_hash":1,"timestamp_us":2'), "stored"),
    Odd("extra", plus(',"extra":{"title":"no"},"event":{"title":"no"}'), "stored"),
    Odd("received_at", plus(',"received_at":"2001-01-01T00:00:00Z"'), "stored"),
    Odd("received_at of a wrong type", plus(',"received_at":[1]'), "stored"),
    Odd("received_at in a group", plus(',"context":{"received_at":1}'), "stored"),
]

# --- depth -----------------------------------------------------------------------------------------------------------


def nested(levels: int, kind: str = "[") -> str:
    return "[" * levels + "]" * levels if kind == "[" else '{"a":' * levels + "1" + "}" * levels


def depths() -> Iterator[Odd]:
    paths = ("payload.x", "metadata.x", "unknown", "context.unknown")
    for kind in ("[", "{"):
        for path in paths:
            for levels in (498, 499):
                yield Odd(f"{levels} {kind} in {path}", with_text(path, nested(levels, kind)), "stored")
            for levels in (501, 900, *range(950, 1_005), 1_100, 100_000):
                yield Odd(f"{levels} {kind} in {path}", with_text(path, nested(levels, kind)), "malformed", "$")
        yield Odd(f"event_type of 100,000 {kind}", with_text("event_type", nested(100_000, kind)), "malformed", "$")
        yield Odd(f"tags of 500 {kind}", with_text("context.tags", nested(500, kind)), "invalid", "context.tags")
    yield Odd("never closed", b'{"a":' * 100_000, "malformed", "$")


# --- size ------------------------------------------------------------------------------------------------------------


def payload_of(size: int) -> str:
    return '{"a":"' + "x" * (size - 8) + '"}'


def sizes() -> Iterator[Odd]:
    yield Odd("payload of 10 MiB", with_text("payload", payload_of(EVENT_BYTES_MAX)), "stored")
    yield Odd("payload of 10 MiB + 1", with_text("payload", payload_of(EVENT_BYTES_MAX + 1)), "too_large", "payload")
    half = payload_of(EVENT_BYTES_MAX // 2)
    both = with_text("payload", half)[:-1] + b',"metadata":' + half.encode() + b"}"
    yield Odd("payload and metadata of 10 MiB", both, "stored")
    yield Odd("name of 1 MB", plus(f',"{"k" * 1_000_000}":1'), "stored")
    yield Odd("name of 1 MB in payload", with_text("payload", f'{{"{"k" * 1_000_000}":1}}'), "stored")
    yield Odd("tag of 1 MB", with_text("context.tags", f'{{"{"k" * 1_000_000}":"{"v" * 1_000_000}"}}'), "stored")
    yield Odd("user_id of 1 MB", with_text("context.user_id", f'"{"u" * 1_000_000}"'), "stored")
    tags = json.dumps({f"tag_{number}": str(number) for number in range(10_000)})
    yield Odd("10,000 tags", with_text("context.tags", tags), "stored")
    yield Odd("10,000 unknown fields", plus("".join(f',"u{number}":{number}' for number in range(10_000))), "stored")
    yield Odd("1 MB of blanks", with_text("payload", " " * 1_000_000 + "{}" + " " * 1_000_000), "stored")
    yield Odd("line breaks in payload", with_text("payload", '{\n"a"\r\n:\t1\n}'), "stored", one_line=False)


TAGS = [
    Odd("empty name", with_text("context.tags", '{"":"v"}'), "stored"),
    Odd("empty value", with_text("context.tags", '{"n":""}'), "stored"),
    Odd("both empty", with_text("context.tags", '{"":""}'), "stored"),
    Odd("null value", with_text("context.tags", '{"a":null}'), "invalid", "context.tags"),
    Odd("colons", with_text("context.tags", '{"a:b":"c:d",":":":"}'), "stored"),
    Odd("zero characters", with_text("context.tags", r'{"a\u0000b":"c","a":"b\u0000c"}'), "stored"),
    Odd("case", with_text("context.tags", '{"a":"1","A":"2"," a":"3"}'), "stored"),
]


def odds() -> list[Odd]:
    """Every event that is small enough to be sent beside all others."""
    return [*wrong_types(), *numbers(), *times(), *texts(), *REPEATED, *depths(), *TAGS]
