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
from typing import Any

from pulsestream.clock import to_micros
from pulsestream.event import OPAQUE

Content = dict[str, Any]

# Nested, or numbers written, beyond what can be read: what cannot be compared differs.
_UNREADABLE = (RecursionError, ValueError, ArithmeticError)


def of_line(line: bytes) -> Content | None:
    """The content of a journal line without its position; None where it cannot be read."""
    return _or_none(_content_of_line, line)


def of_stored(stored: bytes) -> Content | None:
    """The content of an event as the store gives it back; None where it cannot be read."""
    return _or_none(_content_of_stored, stored)


def same(one: Content | None, other: Content | None) -> bool:
    if one is None or other is None:
        return False
    if "timestamp" not in one or "timestamp" not in other:
        one, other = ({name: part for name, part in content.items() if name != "timestamp"} for content in (one, other))
    try:
        return _equal(one, other)
    except _UNREADABLE:
        return False


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
