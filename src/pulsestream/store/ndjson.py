"""A row of the `events` table as the line of JSON that `record.event_json` makes of it, made by the engine.

A hundred times as fast as a loop over rows. What the engine would write otherwise than we do (unknown fields, which are
put back in their places; control characters; some numbers) it hands over as columns, and the few such lines are made
here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import cast

import msgspec

from pulsestream.store import record

# Around the columns, in front of a line that is to be made of them. No line of JSON has this character in it.
_ODD = b"\0"
_LINE_BREAKS = bytes.maketrans(b"\r\n", b"  ")  # between the tokens of a payload; in a text they are escaped
_RESPONSE_TIME = 12  # which of the columns

_decode_row = msgspec.json.Decoder(list).decode


def _time(column: str) -> str:
    """RFC 3339, without a fraction where it is zero."""
    return (
        f"if(toUnixTimestamp64Micro({column}) % 1000000 = 0, formatDateTime({column}, '%Y-%m-%dT%H:%i:%SZ', 'UTC'),"
        f" formatDateTime({column}, '%Y-%m-%dT%H:%i:%S.%fZ', 'UTC'))"
    )


def _text(name: str, column: str = "") -> str:
    """A member, unless it is empty."""
    column = column or name
    return f"if({column} = '', '', concat(',\"{name}\":', toJSONString({column})))"


def _nullable(name: str, text: str) -> str:
    return f"if(isNull({name}), '', concat(',\"{name}\":', {text}))"


def _group(name: str, members: Iterable[str]) -> str:
    """An object of those members that there are; nothing where there is none."""
    inner = f"concat({', '.join(members)})"
    return f"if({inner} = '', '', concat(',\"{name}\":{{', substring({inner}, 2), '}}'))"


def _opaque(name: str) -> str:
    """As it was sent, on one line."""
    return f"if({name} = '', '', concat(',\"{name}\":', translate({name}, '\\r\\n', '  ')))"


_ASSUMED = "assumeNotNull({})"
_METRICS = (
    "if(status_code = 0, '', concat(',\"metrics\":{\"response_time_ms\":', toString(response_time_ms),"
    " if(response_time_ms = floor(response_time_ms), '.0', ''), ',\"status_code\":', toString(status_code), "
    + ", ".join(
        _nullable(name, f"toString({_ASSUMED.format(name)})") for name in ("request_size_bytes", "response_size_bytes")
    )
    + f", {_nullable('cache_hit', _ASSUMED.format('cache_hit'))}, '}}'))"
)
_CONTEXT = _group(
    "context",
    [
        *map(_text, ("user_id", "session_id", "request_id", "ip_address", "user_agent", "referrer")),
        "if(empty(tags), '', concat(',\"tags\":', toJSONString(tags)))",
    ],
)
_TRACE = _group(
    "trace",
    [_text("trace_id", "if(trace_from_payload, '', trace_id)"), _text("span_id"), _text("parent_span_id")],
)
_ERROR = _group("error_details", map(_text, ("error_code", "error_message", "error_type", "stack_trace")))
_TYPED = (
    f'concat(\'{{"event_id":\', toJSONString(event_id), \',"event_type":"\', event_type,'
    f' \'","timestamp":"\', {_time("timestamp")}, \'","title":\', toJSONString(title),'
    ' \',"source":{"service":\', toJSONString(service), \',"endpoint":\', toJSONString(endpoint),'
    f" ',\"method\":', toJSONString(method), {_text('version')}, {_text('environment')},"
    f" '}},\"received_at\":\"', {_time('received_at')}, '\"', {_text('message')}, ',\"severity\":\"', severity, '\"',"
    f" {_METRICS}, {_CONTEXT}, {_TRACE}, {_ERROR})"
)
# The engine writes whole numbers of some length in full, and small ones otherwise than msgspec; of characters, \u and
# four digits. A payload is as it was sent, whatever is in it.
_IS_ODD = (
    f"extra != '' OR response_time_ms >= 1e15 OR (response_time_ms > 0 AND response_time_ms < 1e-5)"
    f" OR position({_TYPED}, '\\\\u') > 0"
)

# What is odd comes before the line, not in place of it: only so does the engine not make each line in two halves.
LINE = (
    f"concat(if({_IS_ODD}, concat(char(0), toJSONString(tuple({record.COLUMNS})), char(0)), ''),"
    f" {_TYPED}, {_opaque('payload')}, {_opaque('metadata')}, '}}\n')"
)


def lines(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """What the engine wrote for `LINE`, as lines of JSON. Chunks may begin and end anywhere."""
    unended = b""  # of an odd line
    for chunk in chunks:
        text = unended + chunk if unended else chunk
        if _ODD not in text:
            yield text
            continue
        parts, unended = _replaced(text)
        yield b"".join(parts)


def _replaced(text: bytes) -> tuple[list[bytes], bytes]:
    parts: list[bytes] = []
    at = 0
    while (odd := text.find(_ODD, at)) >= 0:
        parts.append(text[at:odd])
        middle = text.find(_ODD, odd + 1)
        end = text.find(b"\n", middle)
        if middle < 0 or end < 0:
            return parts, text[odd:]
        parts += [_line(text[odd + 1 : middle]), b"\n"]
        at = end + 1
    return [*parts, text[at:]], b""


def _line(columns: bytes) -> bytes:
    row = cast("list[object]", _decode_row(columns))
    row[_RESPONSE_TIME] = float(cast("float", row[_RESPONSE_TIME]))  # a whole number looks like an integer
    return one_line(record.event_json(cast("Sequence[object]", row)))


def one_line(event: bytes) -> bytes:
    """Equal JSON without line breaks: of what was sent, they can only be between tokens."""
    return event.translate(_LINE_BREAKS)
