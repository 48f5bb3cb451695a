"""Whether two encodings of one id say the same: the slow question, asked only where the content hashes differ.

Not content: the id itself, what the server made (the time of receipt), and a timestamp that one of the two
did not send. Order, spacing, the zone a time is written in, and null for absent make no difference.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, cast

import msgspec
from msgspec import Struct

from pulsestream.clock import from_micros, to_micros
from pulsestream.event import OPAQUE
from pulsestream.ingest.validate import VALUE_SHOWN, cut

Content = dict[str, Any]

DIFFERENCES_MAX = 20
_PATH_SHOWN = 200  # characters of a path into a payload that an error repeats
_encode = msgspec.json.Encoder(decimal_format="number").encode

# Nested, or numbers written, beyond what can be read: what cannot be compared differs.
_UNREADABLE = (RecursionError, ValueError, ArithmeticError)


def of_line(line: bytes) -> Content | None:
    """The content of a journal line without its position; None where it cannot be read."""
    return _or_none(_content_of_line, line)


def of_stored(stored: bytes) -> Content | None:
    """The content of an event as the store gives it back; None where it cannot be read."""
    return _or_none(_content_of_stored, stored)


class Difference(Struct, frozen=True):
    """Where a field is, as in `metrics.status_code`, and what the event that was sent has there, cut."""

    path: str
    value: str


def same(one: Content | None, other: Content | None) -> bool:
    if one is None or other is None:
        return False
    try:
        return _equal(*_comparable(one, other))
    except _UNREADABLE:
        return False


def differences(known: Content | None, sent: Content | None) -> tuple[Difference, ...]:
    """The first of the fields in which they differ. Empty where that cannot be said."""
    found: list[Difference] = []
    if known is not None and sent is not None:
        try:
            _differ(found, "", *_comparable(known, sent))
        except _UNREADABLE:
            return ()
    return tuple(found)


def _comparable(one: Content, other: Content) -> tuple[Content, Content]:
    if "timestamp" in one and "timestamp" in other:
        return one, other
    without = ({name: part for name, part in content.items() if name != "timestamp"} for content in (one, other))
    return cast("tuple[Content, Content]", tuple(without))


def _or_none(read: Callable[[bytes], Content], text: bytes) -> Content | None:
    try:
        return read(text)
    except _UNREADABLE:
        return None


def _read(text: bytes) -> Any:  # noqa: ANN401 - JSON
    return json.loads(text, parse_int=Decimal, parse_float=_number)


def _number(text: str) -> float | Decimal:
    """A float, as senders mean it; exact where that would be infinite, so that 1e400 is not 1e500."""
    number = float(text)
    return number if math.isfinite(number) else Decimal(text)


def _content_of_stored(stored: bytes) -> dict[str, Any]:
    event = _read(stored)
    if event["timestamp"] == event.pop("received_at"):
        del event["timestamp"]
    return _normal(event)


def _content_of_line(line: bytes) -> dict[str, Any]:
    record = _read(b'{"position":0' + line)
    return _normal(_merged(record["event"], record.get("extra", {})))


def _merged(event: dict[str, Any], extra: dict[str, Any]) -> dict[str, Any]:
    inner = {name: event[name] | value for name, value in extra.items() if isinstance(event.get(name), dict)}
    return event | extra | {name: value for name, value in inner.items() if name not in OPAQUE}


def _normal(event: dict[str, Any]) -> dict[str, Any]:
    content = {"severity": "info"} | event
    content.pop("event_id", None)
    if "timestamp" in content:
        moment = datetime.fromisoformat(content["timestamp"])
        content["timestamp"] = to_micros(moment if moment.tzinfo else moment.replace(tzinfo=UTC))
    return content


def _equal(one: object, other: object) -> bool:
    """Equal as JSON: 1 and 1.0 are one number, 1 and true are not the same."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_equal(value, other[name]) for name, value in one.items())
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_equal, one, other))
    return isinstance(one, bool) == isinstance(other, bool) and one == other


def _differ(found: list[Difference], path: str, known: object, sent: object) -> None:
    if len(found) >= DIFFERENCES_MAX:
        return
    if isinstance(known, dict) and isinstance(sent, dict):
        for name in dict.fromkeys((*sent, *known)):
            inner = f"{path}.{name}" if path else name
            if name not in sent:
                _differs(found, inner, "absent")
            elif name not in known:
                _differs(found, inner, _text(inner, sent[name]))
            else:
                _differ(found, inner, known[name], sent[name])
    elif isinstance(known, list) and isinstance(sent, list) and len(known) == len(sent):
        for index, (one, other) in enumerate(zip(known, sent, strict=True)):
            _differ(found, f"{path}.{index}", one, other)
    elif not _equal(known, sent):
        _differs(found, path, _text(path, sent))


def _differs(found: list[Difference], path: str, value: str) -> None:
    if len(found) < DIFFERENCES_MAX:
        found.append(Difference(path if len(path) <= _PATH_SHOWN else path[:_PATH_SHOWN] + "…", value))


def _text(path: str, value: object) -> str:
    if path == "timestamp":
        return from_micros(cast("int", value)).isoformat()
    return cut(_encode(value)[: VALUE_SHOWN * 4 + 4].decode("utf-8", "ignore"))
