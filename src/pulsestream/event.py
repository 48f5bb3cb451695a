"""The event and its limits: the single definition.

An `Event` is what a sender may send, already checked. Types are strict on purpose: an unknown field, an
empty optional string or an empty optional object makes the one-call decode of a whole body fail, and only
then does `ingest.validate` take the event apart, keep what the typed fields cannot hold in `extra`, and
either accept it or name every rule it breaks.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Raw, Struct

EVENT_BYTES_MAX = 10 * 1024 * 1024  # payload and metadata together
WHOLE_BYTES_MAX = 12 * 1024 * 1024  # one event with everything that is in it
FUTURE_MAX = timedelta(minutes=5)
TIMESTAMP_MIN = datetime(1970, 1, 1, tzinfo=UTC)  # the engine's week partitions begin here
INT_MAX = 2**63 - 1

EVENT_TYPES = ("api_call", "user_action", "system_event", "error_event", "custom_event")
SEVERITIES = ("info", "warning", "error", "critical")

EventType = Literal["api_call", "user_action", "system_event", "error_event", "custom_event"]
Severity = Literal["info", "warning", "error", "critical"]
EventId = Annotated[str, Meta(min_length=1, max_length=100)]
Title = Annotated[str, Meta(min_length=1, max_length=200)]
Text = Annotated[str, Meta(min_length=1)]
Bytes = Annotated[int, Meta(ge=0, le=INT_MAX)]
Tags = Annotated[dict[str, str], Meta(min_length=1)]

ABSENT = Raw()


class Source(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, gc=False):
    """Where the call arrived. `endpoint` is a route template (`/orders/{id}`), not the concrete path."""

    service: Annotated[str, Meta(min_length=1, max_length=100)]
    endpoint: Annotated[str, Meta(min_length=1, max_length=500)]
    method: Annotated[str, Meta(min_length=1, max_length=10)]
    version: Text | None = None
    environment: Text | None = None


class Metrics(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, gc=False):
    response_time_ms: Annotated[float, Meta(ge=0)]
    status_code: Annotated[int, Meta(ge=100, le=599)]
    request_size_bytes: Bytes | None = None
    response_size_bytes: Bytes | None = None
    cache_hit: bool | None = None


class Context(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    user_id: Text | None = None
    session_id: Text | None = None
    request_id: Text | None = None
    ip_address: Text | None = None
    user_agent: Annotated[str, Meta(min_length=1, max_length=500)] | None = None
    referrer: Text | None = None
    tags: Tags | None = None


class Trace(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, gc=False):
    """W3C trace context, as far as it concerns one call."""

    trace_id: Text | None = None
    span_id: Text | None = None
    parent_span_id: Text | None = None


class ErrorDetails(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, gc=False):
    error_code: Text | None = None
    error_message: Annotated[str, Meta(min_length=1, max_length=1000)] | None = None
    error_type: Text | None = None
    stack_trace: Text | None = None


class Event(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, gc=False):
    """One API call, as sent. `payload` and `metadata` keep their text as sent."""

    event_type: EventType
    title: Title
    source: Source
    event_id: EventId | None = None
    timestamp: datetime | None = None
    message: Annotated[str, Meta(min_length=1, max_length=2000)] | None = None
    severity: Severity = "info"
    metrics: Metrics | None = None
    context: Context | None = None
    trace: Trace | None = None
    error_details: ErrorDetails | None = None
    payload: Raw = ABSENT
    metadata: Raw = ABSENT


# The objects inside an event whose fields have columns of their own.
GROUPS: dict[str, type[Struct]] = {
    "source": Source,
    "metrics": Metrics,
    "context": Context,
    "trace": Trace,
    "error_details": ErrorDetails,
}
# Kept as their text; must be JSON objects.
OPAQUE = ("payload", "metadata")
# Optional objects that may arrive with nothing in them. The decoder lets them pass, so they are looked for.
EMPTY_CONTEXT, EMPTY_TRACE, EMPTY_ERROR = Context(), Trace(), ErrorDetails()

# Field -> (rule, what to do). Every field of the event is here; a test holds it complete.
_OPTIONAL_TEXT = ("a string", "send text, or leave the field out")
_SIZE = (
    "a whole number of bytes, 0 or more",
    "send bytes as a number without quotes, or leave the field out",
)
RULES: dict[str, tuple[str, str]] = {
    "event_id": (
        "a string of 1 to 100 characters",
        "send your own unique id, or leave it out and the server makes one",
    ),
    "event_type": ("one of " + ", ".join(EVENT_TYPES), "send one of these words"),
    "timestamp": (
        "RFC 3339 date and time, 1970 or later, at most 5 minutes ahead",
        'send a string such as "2026-05-04T10:20:30.123456Z" (not a number), or leave it out for the time of receipt',
    ),
    "title": ("a string of 1 to 200 characters", 'send a short title such as "POST /api/v1/orders"'),
    "message": ("a string of up to 2000 characters", "shorten it; longer text fits into payload"),
    "severity": ("one of " + ", ".join(SEVERITIES), "send one of these words, or leave it out for info"),
    "source": ("an object with service, endpoint and method", "say which API was called"),
    "source.service": (
        "a string of 1 to 100 characters",
        'send the name of the service, such as "payment-service"',
    ),
    "source.endpoint": (
        "a string of 1 to 500 characters",
        'send the route template, such as "/api/v1/orders/{id}"',
    ),
    "source.method": ("a string of 1 to 10 characters", 'send the HTTP method, such as "GET"'),
    "source.version": _OPTIONAL_TEXT,
    "source.environment": _OPTIONAL_TEXT,
    "metrics": ("an object with response_time_ms and status_code", "send both, or leave metrics out"),
    "metrics.response_time_ms": (
        "a number of milliseconds, 0 or more",
        "send milliseconds as a number without quotes",
    ),
    "metrics.status_code": (
        "a whole number from 100 to 599",
        "send the HTTP status as a number without quotes",
    ),
    "metrics.request_size_bytes": _SIZE,
    "metrics.response_size_bytes": _SIZE,
    "metrics.cache_hit": ("true or false", "send true or false without quotes, or leave the field out"),
    "context": ("an object", "send an object, or leave it out"),
    "context.user_id": _OPTIONAL_TEXT,
    "context.session_id": _OPTIONAL_TEXT,
    "context.request_id": _OPTIONAL_TEXT,
    "context.ip_address": _OPTIONAL_TEXT,
    "context.user_agent": ("a string of up to 500 characters", "cut it to 500 characters, or leave it out"),
    "context.referrer": _OPTIONAL_TEXT,
    "context.tags": ("an object of strings", 'send tags as {"name": "value"}; other types fit into payload'),
    "trace": ("an object", "send an object, or leave it out"),
    "trace.trace_id": _OPTIONAL_TEXT,
    "trace.span_id": _OPTIONAL_TEXT,
    "trace.parent_span_id": _OPTIONAL_TEXT,
    "error_details": ("an object", "send an object, or leave it out"),
    "error_details.error_code": _OPTIONAL_TEXT,
    "error_details.error_message": (
        "a string of up to 1000 characters",
        "shorten it; longer text fits into stack_trace",
    ),
    "error_details.error_type": _OPTIONAL_TEXT,
    "error_details.stack_trace": _OPTIONAL_TEXT,
    "payload": ("a JSON object", "send an object, or leave it out"),
    "metadata": ("a JSON object", "send an object, or leave it out"),
}


class StoredEvent(Struct, frozen=True, omit_defaults=True):
    """An event as it comes back: what was sent, with its id, its time and the time it was received."""

    event_id: str
    event_type: str
    timestamp: datetime
    title: str
    source: Source
    received_at: datetime
    message: str | None = None
    severity: Severity | None = None
    metrics: Metrics | None = None
    context: Context | None = None
    trace: Trace | None = None
    error_details: ErrorDetails | None = None
    payload: Raw = ABSENT
    metadata: Raw = ABSENT


_encoder = msgspec.json.Encoder()


def encode(event: Event | StoredEvent) -> bytes:
    """The canonical JSON of an event: fields in order, absent ones left out, payload and metadata verbatim."""
    return _encoder.encode(event)


def encode_into(event: Event, buffer: bytearray) -> None:
    """As `encode`, in place of what `buffer` held: half the cost where the text is only copied on."""
    _encoder.encode_into(event, buffer)
