"""One event against its rules: an `Admissible` that the journal can keep, or a `Refusal` that says why not."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import msgspec
from msgspec import Raw, Struct
from msgspec.structs import fields, force_setattr
from xxhash import xxh3_64_intdigest

from pulsestream.clock import to_micros
from pulsestream.errors import Reason
from pulsestream.event import (
    ABSENT,
    EMPTY_CONTEXT,
    EMPTY_ERROR,
    EMPTY_TRACE,
    EVENT_BYTES_MAX,
    FUTURE_MAX,
    GROUPS,
    OPAQUE,
    RULES,
    TIMESTAMP_MIN,
    WHOLE_BYTES_MAX,
    Event,
    encode_into,
)
from pulsestream.extra import Fields, split
from pulsestream.ingest.index import hash_id
from pulsestream.ingest.nesting import NESTING_MAX, SHALLOW_BYTES, is_too_deep

_WHOLE = f"an event of at most {WHOLE_BYTES_MAX} bytes as a whole"
_OPAQUE = f"payload and metadata of at most {EVENT_BYTES_MAX} bytes together"
_BRACE = ord("{")
VALUE_SHOWN = 60  # characters of a wrong value that an error repeats


class FieldError(Struct, frozen=True):
    """One broken rule: where, what the rule is, the value as sent (cut), and what to do."""

    field: str
    rule: str
    value: str
    help: str


class Refusal(Struct, frozen=True):
    reason: Reason
    errors: tuple[FieldError, ...]
    event_id: str | None = None


class Admissible(Struct, frozen=True, gc=False):
    """A valid event, encoded once. `line` is its journal line without the position that it gets last."""

    event_id: str
    timestamp_us: int
    content_hash: int
    line: bytes
    id_hash: int


class Terms(Struct, frozen=True):
    """What one request's events are checked against, and what the server adds to them."""

    tenant: str
    received_at: datetime
    oldest: datetime
    make_id: Callable[[int], str]
    # What every event of the request needs, made once.
    received_us: int = 0
    oldest_us: int = 0
    newest_us: int = 0
    origin: bytes = b""  # how each journal line begins, behind its position
    scratch: bytearray = msgspec.field(default_factory=bytearray)  # an event's text before it is part of its line

    def __post_init__(self) -> None:
        received_us = to_micros(self.received_at)
        force_setattr(self, "received_us", received_us)
        force_setattr(self, "oldest_us", to_micros(self.oldest))
        force_setattr(self, "newest_us", received_us + FUTURE_MAX // timedelta(microseconds=1))
        origin = b',"tenant":"%b","received_at":%d,"timestamp":' % (self.tenant.encode(), received_us)
        force_setattr(self, "origin", origin)


def refuse(
    reason: Reason, field: str, value: str = "", *, rule: str, help_: str, event_id: str | None = None
) -> Refusal:
    return Refusal(reason, (FieldError(field, rule, cut(value), help_),), event_id)


def cut(value: str) -> str:
    return value if len(value) <= VALUE_SHOWN else value[:VALUE_SHOWN] + "…"


def check(event: Event, index: int, terms: Terms, extra: bytes = b"") -> Admissible | Refusal:
    """Apply the rules that types cannot hold, and encode. `index` is the event's place in its request."""
    body = terms.scratch
    encode_into(event, body)
    large = len(extra) > SHALLOW_BYTES or len(body) + len(extra) > WHOLE_BYTES_MAX
    for opaque in (event.payload, event.metadata):
        if opaque is not ABSENT:
            text = memoryview(opaque)
            if text[0] != _BRACE:
                return _check_not_object(event, bytes(body), index, terms)
            large = large or len(text) > SHALLOW_BYTES
    if large:
        refusal = _over_limits(event, bytes(body), extra)
        if refusal is not None:
            return refusal
    if not extra and (
        event.context == EMPTY_CONTEXT
        or (event.trace is not None and event.trace == EMPTY_TRACE)
        or (event.error_details is not None and event.error_details == EMPTY_ERROR)
    ):
        return check_irregular(bytes(body), index, terms)
    timestamp = event.timestamp
    if timestamp is None:
        timestamp_us = terms.received_us
    else:
        timestamp_us = to_micros(timestamp if timestamp.tzinfo is not None else timestamp.replace(tzinfo=UTC))
        if not terms.oldest_us <= timestamp_us <= terms.newest_us:
            return _outside(timestamp.replace(tzinfo=timestamp.tzinfo or UTC), event, terms)
    event_id = event.event_id
    made = b""
    if event_id is None:
        event_id = terms.make_id(index)
        made = b'"event_id":"%b",' % event_id.encode()
    odd = b'"extra":%b,' % extra if extra else b""
    beside = extra + made
    content_hash = xxh3_64_intdigest(body + beside if beside else body)  # with the id, sent or made
    about = b'%d,"content_hash":%d,%b%b"event":' % (timestamp_us, content_hash, made, odd)
    line = b"".join((terms.origin, about, body, b"}\n"))
    return Admissible(event_id, timestamp_us, content_hash, line, hash_id(event_id))


def _check_not_object(event: Event, body: bytes, index: int, terms: Terms) -> Admissible | Refusal:
    """A payload or metadata that is null, as if it was not there, or that is wrong."""
    for name, opaque in (("payload", event.payload), ("metadata", event.metadata)):
        text = bytes(memoryview(opaque)[: VALUE_SHOWN * 4])
        if text and text[0] != _BRACE and text != b"null":
            rule, what = RULES[name]
            shown = text.decode("utf-8", "replace")
            return refuse(Reason.INVALID, name, shown, rule=rule, help_=what, event_id=event.event_id)
    return check_irregular(body, index, terms)


def _over_limits(event: Event, body: bytes, extra: bytes) -> Refusal | None:
    payload, metadata = memoryview(event.payload), memoryview(event.metadata)
    if len(payload) + len(metadata) > EVENT_BYTES_MAX:
        return _too_large("payload", len(payload) + len(metadata), _OPAQUE, event.event_id)
    if len(body) + len(extra) > WHOLE_BYTES_MAX:
        return _too_large("$", len(body) + len(extra), _WHOLE, event.event_id)
    # `extra` itself is one level around the fields in it.
    if is_too_deep(payload) or is_too_deep(metadata) or is_too_deep(extra, levels_max=NESTING_MAX + 1):
        return malformed(body, RecursionError(), event_id=event.event_id)
    return None


def check_irregular(raw: bytes | Raw, index: int, terms: Terms) -> Admissible | Refusal:
    """The slow path, for an event that did not decode as it stands: accept it with its extra, or say why not."""
    size = len(memoryview(raw))
    if size > WHOLE_BYTES_MAX:
        return _too_large("$", size, _WHOLE, None)
    try:
        bytes(raw).decode()
        regular, extra = split(raw)
        event = _event_decoder.decode(msgspec.json.encode(regular))
    except msgspec.ValidationError:
        return _explain(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        return malformed(raw, error)
    return check(event, index, terms, extra)


def malformed(raw: bytes | Raw, error: Exception, *, event_id: str | None = None) -> Refusal:
    shown = bytes(memoryview(raw)[: VALUE_SHOWN * 4]).decode("utf-8", "replace")
    what = f"nested {NESTING_MAX} levels deep at most" if isinstance(error, RecursionError) else str(error)
    return refuse(
        Reason.MALFORMED,
        "$",
        shown,
        rule=f"one JSON object in UTF-8 ({what})",
        help_="send each event as one complete JSON object",
        event_id=event_id,
    )


def _too_large(field: str, size: int, what: str, event_id: str | None) -> Refusal:
    return refuse(
        Reason.TOO_LARGE,
        field,
        f"{size} bytes",
        rule=what,
        help_="send less, or put the large part elsewhere and its address into payload",
        event_id=event_id,
    )


def _outside(timestamp: datetime, event: Event, terms: Terms) -> Refusal:
    shown = timestamp.isoformat()
    if timestamp > terms.received_at:
        return refuse(
            Reason.IN_FUTURE,
            "timestamp",
            shown,
            rule=f"at most {FUTURE_MAX.seconds // 60} minutes ahead of the server's {terms.received_at.isoformat()}",
            help_="check the sender's clock and time zone; the same event is accepted once its time has come",
            event_id=event.event_id,
        )
    kept = terms.oldest > TIMESTAMP_MIN
    return refuse(
        Reason.TOO_OLD if kept else Reason.INVALID,
        "timestamp",
        shown,
        rule=f"not before {terms.oldest.isoformat()}" + (", the tenant's retention" if kept else ""),
        help_="send newer events, or raise the retention"
        if kept
        else "check the sender's clock and the unit of its times",
        event_id=event.event_id,
    )


_event_decoder = msgspec.json.Decoder(Event)
_text = msgspec.json.Decoder(str)


def _decoders(struct: type[Struct]) -> dict[str, tuple[msgspec.json.Decoder[object], bool]]:
    return {f.name: (msgspec.json.Decoder(f.type), f.required) for f in fields(struct)}


_TOP = _decoders(Event)
_INNER = {name: _decoders(group) for name, group in GROUPS.items()}


def _explain(raw: bytes | Raw) -> Refusal:
    """Every broken rule of one event, field by field."""
    try:
        regular, _ = split(raw)
    except msgspec.ValidationError:
        return refuse(
            Reason.INVALID,
            "$",
            bytes(raw).decode("utf-8", "replace"),
            rule="a JSON object",
            help_="send each event as an object",
        )
    errors: list[FieldError] = []
    for name, (decoder, required) in _TOP.items():
        value = regular.get(name)
        if isinstance(value, dict):
            errors += _explain_group(name, value)
        elif value is None:
            if required:
                errors.append(_broken(name, "absent"))
        elif not _fits(decoder, value) or (name in OPAQUE and bytes(value)[:1] != b"{"):
            errors.append(_broken(name, bytes(value).decode("utf-8", "replace")))
    event_id = regular.get("event_id")
    known_id = _text.decode(event_id) if isinstance(event_id, Raw) and _fits(_TOP["event_id"][0], event_id) else None
    return Refusal(Reason.INVALID, tuple(errors), known_id)


def _explain_group(group: str, inner: Fields) -> list[FieldError]:
    errors = []
    for name, (decoder, required) in _INNER[group].items():
        value = inner.get(name)
        if value is None:
            if required:
                errors.append(_broken(f"{group}.{name}", "absent"))
        elif not _fits(decoder, value):
            errors.append(_broken(f"{group}.{name}", bytes(value).decode("utf-8", "replace")))
    return errors


def _fits(decoder: msgspec.json.Decoder[object], text: Raw) -> bool:
    try:
        decoder.decode(text)
    except (msgspec.ValidationError, msgspec.DecodeError, UnicodeDecodeError):
        return False
    return True


def _broken(path: str, value: str) -> FieldError:
    rule, what = RULES[path]
    return FieldError(path, rule, cut(value), what)
