"""What the typed fields of an event cannot hold: unknown fields at any depth, empty strings, empty objects.

`split` takes an irregular event apart into a regular one and its `extra`, an object of the same shape that
holds only the irregular parts, as text. `merge` puts the two together again, so that what was sent comes
back as equal JSON. Almost no event needs either, which is why neither is on the hot path.
"""

from __future__ import annotations

import msgspec
from msgspec import Raw
from msgspec.structs import fields

from pulsestream.event import GROUPS, Event

# name -> the names inside it (none for a plain field)
_KNOWN = {f.name: () for f in fields(Event)} | {
    name: tuple(f.name for f in fields(group)) for name, group in GROUPS.items()
}
# Legal values that have no column of their own: a column says "absent" with its empty value.
_EMPTY_STRING_IS_LEGAL = {
    "message",
    *(f"source.{name}" for name in ("version", "environment")),
    *(f"context.{name}" for name in _KNOWN["context"] if name != "tags"),
    *(f"trace.{name}" for name in _KNOWN["trace"]),
    *(f"error_details.{name}" for name in _KNOWN["error_details"]),
}
_EMPTY_OBJECT_IS_LEGAL = {"context", "context.tags", "trace", "error_details"}
# The server makes it, so it is no content: an event that came from a search can be sent again as it is.
_MADE_BY_SERVER = "received_at"
# A group with a required field of its own stays, even when empty, so that the field is asked for.
_GROUP_IS_NEEDED = {"source", "metrics"}

Fields = dict[str, Raw]
_decode_object = msgspec.json.Decoder(dict[str, Raw]).decode


def split(raw: bytes | Raw) -> tuple[dict[str, Raw | Fields], bytes]:
    """The regular fields of one JSON object (groups as objects of their own), and its extra as text or b"".

    Nulls are dropped: null equals absent; and so is a time of receipt.
    Raises msgspec.DecodeError where `raw` is not JSON, msgspec.ValidationError where it is not an object.
    """
    regular: dict[str, Raw | Fields] = {}
    extra: dict[str, Raw | Fields] = {}
    for name, text in _decode_object(raw).items():
        value = bytes(text)
        if name == _MADE_BY_SERVER:
            continue
        if name in GROUPS and value[:1] == b"{" and not _is_odd(name, value):
            inner, rest = _split_group(name, text)
            if inner or name in _GROUP_IS_NEEDED:
                regular[name] = inner
            if rest or not (inner or name in _GROUP_IS_NEEDED):
                extra[name] = rest
        elif name not in _KNOWN or _is_odd(name, value):
            extra[name] = text
        elif value != b"null":
            regular[name] = text
    return regular, msgspec.json.encode(extra) if extra else b""


def _split_group(group: str, text: Raw) -> tuple[Fields, Fields]:
    inner: Fields = {}
    rest: Fields = {}
    for name, value in _decode_object(text).items():
        if name not in _KNOWN[group] or _is_odd(f"{group}.{name}", bytes(value)):
            rest[name] = value
        elif bytes(value) != b"null":
            inner[name] = value
    return inner, rest


def _is_odd(path: str, value: bytes) -> bool:
    if value == b'""':
        return path in _EMPTY_STRING_IS_LEGAL
    return path in _EMPTY_OBJECT_IS_LEGAL and value[:1] == b"{" and not _decode_object(value)


def merge(regular: bytes, extra: bytes | str) -> bytes:
    """The event as it was sent: `regular` with the parts of `extra` back in their places."""
    whole: dict[str, Raw | Fields] = dict(_decode_object(regular))
    for name, text in _decode_object(extra).items():
        inner = whole.get(name)
        whole[name] = _decode_object(inner) | _decode_object(text) if isinstance(inner, Raw) else text
    return msgspec.json.encode(whole)
