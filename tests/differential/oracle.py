"""What an event has, and whether a condition holds of it: by what is documented, in the plainest Python.

It knows nothing of the engine. An event is the JSON that was sent.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any

from differential.worlds import RECEIVED, Event
from pulsestream.clock import to_micros
from pulsestream.query.catalog import DIMENSIONS, TAG_DIMENSIONS, Kind
from pulsestream.query.expression import (
    All,
    Between,
    Compared,
    Either,
    Expression,
    Field,
    Has,
    Inside,
    Is,
    Not,
    Order,
    Pattern,
    Place,
    Tag,
    Text,
    Value,
)

_GROUP_OF = {
    name: group
    for group, names in {
        "source": ("service", "endpoint", "method", "version", "environment"),
        "metrics": ("status_code", "response_time_ms", "request_size_bytes", "response_size_bytes", "cache_hit"),
        "context": ("user_id", "session_id", "request_id", "ip_address", "user_agent", "referrer"),
        "trace": ("trace_id", "span_id", "parent_span_id"),
        "error_details": ("error_code", "error_message", "error_type", "stack_trace"),
    }.items()
    for name in names
}
_NUMBER = re.compile(r"-?[0-9]+([.][0-9]+)?", re.ASCII)  # a tag that can be compared
_JSON_NUMBER = re.compile(r"-?[0-9]+([.][0-9]+)?([eE][-+]?[0-9]+)?", re.ASCII)
NOWHERE = object()


# ---- what an event has


def field(event: Event, name: str) -> Any:
    """A text, "" for none; a number or None; microseconds since 1970; whether there is such a group."""
    if name in _MADE:
        return _MADE[name](event)
    if name in TAG_DIMENSIONS:
        return tags(event).get(name, "")
    whole = event.get(_GROUP_OF[name], {}) if name in _GROUP_OF else event
    return whole.get(name, None if DIMENSIONS[name].kind in (Kind.NUMBER, Kind.FLAG) else "")


_MADE: dict[str, Callable[[Event], Any]] = {
    "timestamp": lambda event: to_micros(datetime.fromisoformat(event["timestamp"])),
    "received_at": lambda _: to_micros(RECEIVED),
    "severity": lambda event: event.get("severity") or "info",
    "status_class": lambda event: f"{event['metrics']['status_code'] // 100}xx" if "metrics" in event else "",
    "response_time_ms": lambda event: float(event["metrics"]["response_time_ms"]) if "metrics" in event else None,
    "trace_id": lambda event: (
        event.get("trace", {}).get("trace_id") or called(event.get("payload", {}).get("trace_id"))
    ),
    "metrics": lambda event: "metrics" in event,
    "error": lambda event: any(event.get("error_details", {}).values()),
    "tags": lambda event: bool(tags(event)),
    "payload": lambda event: "payload" in event,
    "metadata": lambda event: "metadata" in event,
}


def tags(event: Event) -> dict[str, str]:
    return event.get("context", {}).get("tags", {})


def inside(event: Event, place: Inside) -> Any:
    """NOWHERE where there is nothing."""
    value = event.get(place.root, NOWHERE)
    for key in place.keys:
        value = value.get(key, NOWHERE) if isinstance(value, dict) else NOWHERE
    return _number_or_digits(value)


def called(value: Any) -> str:
    """What a value of JSON is called: a text as it stands, all else as JSON, with the shortest digits of a number."""
    if value is None or value is NOWHERE:
        return ""
    return value if isinstance(value, str) else _as_json(value)


def _as_json(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ",".join(f"{_as_json(key)}:{_as_json(one)}" for key, one in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(_as_json, value)) + "]"
    if isinstance(value, float):
        return repr(value).removesuffix(".0").replace("e+", "e")
    return json.dumps(_number_or_digits(value), ensure_ascii=False)


def _number_or_digits(value: Any) -> Any:
    """A whole number of more than 64 bits is no number to the engine, but its digits."""
    return str(value) if isinstance(value, int) and not -(2**63) <= value < 2**64 else value


def has(event: Event, place: Place) -> bool:
    match place:
        case Field(name) if DIMENSIONS[name].kind is Kind.GROUP:
            return field(event, name)
        case Field(name):
            return field(event, name) not in ("", None) or field(event, name) is False
        case Tag(name):
            return name in tags(event)
        case Inside():
            return inside(event, place) not in (None, NOWHERE)


# ---- conditions


def holds(event: Event, condition: Expression) -> bool:  # noqa: PLR0911 - a case each
    match condition:
        case All(parts):
            return all(holds(event, part) for part in parts)
        case Either(parts):
            return any(holds(event, part) for part in parts)
        case Not(part):
            return not holds(event, part)
        case Text(pieces):
            return any(contains(field(event, name), pieces) for name in ("title", "message", "error_message"))
        case Has(place):
            return has(event, place)
        case Is(place, values):
            return any(_is(event, place, value) for value in values)
        case Compared(place, order, bound):
            return _compared(event, place, [(order, bound)])
        case Between(place, low, high):
            return _compared(event, place, [(Order.FROM, low), (Order.UP_TO, high)])


def _is(event: Event, place: Place, value: Value) -> bool:
    match place:
        case Field(name):
            return _field_is(field(event, name), DIMENSIONS[name].kind, value)
        case Tag(name):
            if isinstance(value, Pattern):
                return name in tags(event) and matches(tags(event)[name], value.pieces)
            return tags(event).get(name) == value
        case Inside():
            return _inside_is(inside(event, place), value)


def _field_is(found: Any, kind: Kind, value: Value) -> bool:
    if kind is Kind.TEXT:
        return contains(found, value.pieces if isinstance(value, Pattern) else (str(value),))
    if kind in (Kind.NUMBER, Kind.FLAG):
        return found is not None and found == value
    if kind is Kind.FOLDED:
        found = _ascii_upper(found)
        value = Pattern(tuple(map(_ascii_upper, value.pieces))) if isinstance(value, Pattern) else _ascii_upper(value)
    return matches(found, value.pieces) if isinstance(value, Pattern) else found == value


def _inside_is(found: Any, value: Value) -> bool:
    if isinstance(value, Pattern):
        return isinstance(found, str) and matches(found, value.pieces)
    if isinstance(found, str):
        return found == value
    if isinstance(found, bool):
        return ("true" if found else "false") == value
    if isinstance(found, int | float):
        return _JSON_NUMBER.fullmatch(str(value)) is not None and float(found) == float(value)
    return False


def _compared(event: Event, place: Place, limits: Iterable[tuple[Order, int | float]]) -> bool:
    match place:
        case Field(name):
            number = field(event, name)
        case Tag(name):
            text = tags(event).get(name, "")
            number = float(text) if _NUMBER.fullmatch(text) else None
        case Inside():
            found = inside(event, place)
            number = float(found) if isinstance(found, int | float) and not isinstance(found, bool) else None
    return number is not None and all(
        {Order.OVER: number > bound, Order.FROM: number >= bound, Order.UNDER: number < bound}.get(
            order, number <= bound
        )
        for order, bound in limits
    )


# ---- texts


def contains(text: str, pieces: Sequence[str]) -> bool:
    """The pieces in this order, in any case."""
    return matches(folded(text), ("", *map(folded, pieces), ""))


def matches(text: str, pieces: Sequence[str]) -> bool:
    """The pieces with anything between them; the first begins it and the last ends it."""
    return re.fullmatch(".*".join(map(re.escape, pieces)), text, re.DOTALL) is not None


def folded(text: str) -> str:
    """Each character on its own, in lower case."""
    return "".join(one.lower() if len(one.lower()) == 1 else one for one in text)


def _ascii_upper(text: Value) -> str:
    return str(text).encode().upper().decode()
