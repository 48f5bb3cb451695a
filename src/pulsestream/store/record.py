"""A row of the `events` table back as the event that was sent."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar, cast

import msgspec
from msgspec import Raw

from pulsestream.clock import from_micros
from pulsestream.event import ABSENT, Context, ErrorDetails, Metrics, Source, StoredEvent, Trace, encode
from pulsestream.extra import merge

_NAMES = (
    "event_id", "event_type", "title", "message", "severity",
    "service", "endpoint", "method", "version", "environment",
    "response_time_ms", "status_code", "request_size_bytes", "response_size_bytes", "cache_hit",
    "user_id", "session_id", "request_id", "ip_address", "user_agent", "referrer", "tags",
    "trace_id", "trace_from_payload", "span_id", "parent_span_id",
    "error_code", "error_message", "error_type", "stack_trace",
    "payload", "metadata", "extra", "position",
)  # fmt: skip

# What to select, in order, for `event_json`. Times are microseconds since 1970.
COLUMNS = ", ".join(
    (
        "toUnixTimestamp64Micro(timestamp) AS timestamp_us",
        "toUnixTimestamp64Micro(received_at) AS received_at_us",
        *_NAMES,
    )
)

# The texts of an event that can have megabytes, and what an event comes to, the rest of it at a guess.
_LARGE = ("stack_trace", "payload", "metadata", "extra")
BYTES = " + ".join((*(f"length({name})" for name in _LARGE), "1000"))
LARGE_BYTES_MIN = 16_384
# As COLUMNS, behind the bytes of the event; where those are many, without its large texts. No alias has the name of a
# column: a condition would mean it.
TRIMMED = ", ".join(
    (
        f"{BYTES} AS event_bytes",
        "toUnixTimestamp64Micro(timestamp) AS timestamp_us",
        "toUnixTimestamp64Micro(received_at) AS received_at_us",
        *(f"if(event_bytes >= {LARGE_BYTES_MIN}, '', {name})" if name in _LARGE else name for name in _NAMES),
    )
)
# What trims before it sorts: a sort of whole events would hold all of them.
TRIMMED_SOON = "SETTINGS query_plan_execute_functions_after_sorting = 0"
_WIDTH = len(_NAMES) + 2

Row = Sequence[object]  # it may begin with more than an event: what is trimmed does
Group = TypeVar("Group", Context, Trace, ErrorDetails)


def event_id(row: Row) -> str:
    return cast("str", row[2 - _WIDTH])


def event_bytes(trimmed: Row) -> int:
    return cast("int", trimmed[-_WIDTH - 1])


def sorted_by(trimmed: Row) -> object:
    """What stands before all else; None where nothing does."""
    return trimmed[0] if len(trimmed) > _WIDTH + 1 else None


def place(row: Row) -> tuple[int, int]:
    """(timestamp in microseconds, position): where the event stands in a newest-first list."""
    return cast("int", row[-_WIDTH]), cast("int", row[-1])


def event_json(row: Row) -> bytes:
    """The event as JSON. An empty column is an absent field; what was sent empty is in `extra`."""
    timestamp_us, received_at_us, *values = cast("Sequence[Any]", row[-_WIDTH:])
    of = dict(zip(_NAMES, values, strict=True))

    def given(*names: str) -> list[Any]:
        return [of[name] or None for name in names]

    event = StoredEvent(
        event_id=of["event_id"],
        event_type=of["event_type"],
        timestamp=from_micros(timestamp_us),
        title=of["title"],
        source=Source(of["service"], of["endpoint"], of["method"], *given("version", "environment")),
        received_at=from_micros(received_at_us),
        message=of["message"] or None,
        severity=of["severity"],
        metrics=_metrics(of),
        context=_unless_empty(_context(of)),
        trace=_unless_empty(
            Trace(
                None if of["trace_from_payload"] else of["trace_id"] or None,
                *given("span_id", "parent_span_id"),
            )
        ),
        error_details=_unless_empty(ErrorDetails(*given("error_code", "error_message", "error_type", "stack_trace"))),
        payload=_raw(of["payload"]),
        metadata=_raw(of["metadata"]),
    )
    return merge(encode(event), of["extra"]) if of["extra"] else encode(event)


def _metrics(of: dict[str, Any]) -> Metrics | None:
    if not of["status_code"]:  # 0 is no status: the event has no metrics
        return None
    return Metrics(
        of["response_time_ms"],
        of["status_code"],
        of["request_size_bytes"],
        of["response_size_bytes"],
        of["cache_hit"],
    )


def _context(of: dict[str, Any]) -> Context:
    names = ("user_id", "session_id", "request_id", "ip_address", "user_agent", "referrer", "tags")
    return Context(**{name: of[name] or None for name in names})


def _unless_empty(group: Group) -> Group | None:
    return None if all(value is None for value in msgspec.structs.astuple(group)) else group


def _raw(text: str) -> Raw:
    return Raw(text) if text else ABSENT
