"""What every answer must be: a refusal of the documented shape, or an event that comes back as equal JSON."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from sys import getrecursionlimit, setrecursionlimit
from typing import Any

from msgspec.structs import fields

from pulsestream.event import GROUPS, Event
from pulsestream.ingest.validate import VALUE_SHOWN

BATCH = "/ingestion/events/batch"

_KNOWN = {field.name for field in fields(Event)}
_IN_GROUP = {group: {field.name for field in fields(struct)} for group, struct in GROUPS.items()}
_FRACTION = re.compile(r"(?<=:\d\d)\.(\d+)")


@contextmanager
def deep() -> Iterator[None]:
    """Python's own reader gives up at some 1,000 levels."""
    before = getrecursionlimit()
    setrecursionlimit(20_000)
    try:
        yield
    finally:
        setrecursionlimit(before)


def exact(text: bytes | str) -> Any:
    """JSON with its numbers as they are written: 1e400 is no infinity, and 30 digits are 30 digits."""
    with deep():
        return json.loads(text, parse_float=Decimal, parse_int=Decimal)


def came_back(sent: bytes | str, back: dict[str, Any]) -> None:
    """Asserts it. `sent`: the text of the event; `back`: what `exact` made of the answer."""
    received = back["received_at"]
    whole, back = without_what_may_change(exact(sent)), without_what_may_change(back)
    if "event_id" not in whole:
        assert back.pop("event_id").startswith("evt_")
    if "timestamp" not in whole:
        assert back.pop("timestamp") == instant(received)
    with deep():
        assert equal(whole, back), f"sent {str(whole)[:500]}\nback {str(back)[:500]}"


def without_what_may_change(event: dict[str, Any]) -> dict[str, Any]:
    """The event without nulls for absent, the zone and the spelling of its time, and what the server adds."""
    whole = {"severity": "info"} | _without_nulls(event)
    whole.pop("received_at", None)
    if "timestamp" in whole:
        whole["timestamp"] = instant(whole["timestamp"])
    if "metrics" in whole:  # a 64-bit float
        whole["metrics"] = whole["metrics"] | {"response_time_ms": float(whole["metrics"]["response_time_ms"])}
    return whole


def instant(text: str) -> datetime:
    """To the microsecond, rounded."""
    fraction = _FRACTION.search(text)
    whole = datetime.fromisoformat(_FRACTION.sub("", text).upper().replace(" ", "T"))
    micros = int((Decimal("0." + fraction[1]) * 1_000_000).to_integral_value(ROUND_HALF_UP)) if fraction else 0
    return (whole if whole.tzinfo else whole.replace(tzinfo=UTC)) + timedelta(microseconds=micros)


def _without_nulls(event: dict[str, Any]) -> dict[str, Any]:
    whole = {name: value for name, value in event.items() if not (value is None and name in _KNOWN)}
    for group, inside in _IN_GROUP.items():
        if group in whole:
            whole[group] = {
                name: value for name, value in whole[group].items() if not (value is None and name in inside)
            }
    return whole


def equal(one: object, other: object) -> bool:
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(equal(value, other[name]) for name, value in one.items())
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(equal, one, other))
    return isinstance(one, bool) == isinstance(other, bool) and one == other


def outcome(result):
    return result.get("reason", result["status"])


def has_the_shape_of_a_refusal(errors):
    return errors and all(
        error.keys() == {"field", "rule", "value", "help"}
        and error["rule"]
        and error["help"]
        and len(error["value"]) <= VALUE_SHOWN + 1
        for error in errors
    )


def come_back(server, sent):
    """Each of {id: text} is found, whole and once."""
    found = {}
    cursor = {}
    while True:
        query = "&".join(f"{name}={value}" for name, value in cursor.items())
        answer = server.ask("GET", f"/ingestion/events/search?limit=1000&{query}")
        assert answer.status == 200, answer.body[:500]
        page = exact(answer.body)
        for each in page["events"]:
            assert each["event_id"] not in found, "found twice"
            found[each["event_id"]] = each
        if not page["has_more"]:
            break
        cursor = {"cursor": page["next_cursor"]}
    for name, text in sent.items():
        assert name in found, text[:300]
        came_back(text, found[name])
