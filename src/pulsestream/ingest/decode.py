"""A request's body taken apart into events: compressed or not, one JSON document or one event a line.

A body whose events are all regular costs one call of the decoder. Only where that call fails is the body
taken apart event by event, so that one bad event never sinks its neighbours.
"""

from __future__ import annotations

import sys
import zlib
from collections.abc import Callable, Sequence
from typing import Protocol

import msgspec
from msgspec import Raw, Struct

from pulsestream.errors import BadRequest, TooLarge, UnsupportedEncoding
from pulsestream.event import Event

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

# A decoder call holds the interpreter; lines are decoded in pieces so that other requests get their turn.
_PIECE_BYTES = 512 * 1024


_BOM = b"\xef\xbb\xbf"  # some editors put it before UTF-8


class Decoded(Struct, frozen=True):
    """What a body held, in order. A Raw is an event that is not regular: it takes the slow path."""

    items: Sequence[Event | Raw]
    lines: Sequence[int] | None  # of each item, counted from 1; None where the body was one document
    batch_id: str | None = None


class _Envelope(Struct):
    events: list[Event]
    batch_id: str | None = None


class _LooseEnvelope(Struct):
    events: list[Raw]
    batch_id: object = None


_envelope = msgspec.json.Decoder(_Envelope)
_loose_envelope = msgspec.json.Decoder(_LooseEnvelope)
_events = msgspec.json.Decoder(list[Event])
_raws = msgspec.json.Decoder(list[Raw])
_event = msgspec.json.Decoder(Event)
_object = msgspec.json.Decoder(dict[str, Raw])

# msgspec raises UnicodeDecodeError for a string that is not UTF-8, RecursionError beyond some 1,000 levels.
NOT_REGULAR = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


def inflate(body: bytes, encoding: str, *, bytes_max: int) -> bytes:
    """The body as it was before `Content-Encoding`.

    Raises UnsupportedEncoding, BadRequest (not that encoding, or cut short), TooLarge (over `bytes_max` inflated).
    """
    if encoding in ("", "identity"):
        return body
    if encoding in ("gzip", "x-gzip"):
        return _inflate(body, "gzip", lambda: zlib.decompressobj(wbits=31), bytes_max)
    if encoding == "zstd":
        return _inflate(body, "zstd", zstd.ZstdDecompressor, bytes_max)
    raise UnsupportedEncoding(f"Content-Encoding {encoding!r} is not supported: send gzip, zstd or plain")


class _Decompressor(Protocol):
    def decompress(self, data: bytes, max_length: int, /) -> bytes: ...
    @property
    def eof(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...


def _inflate(body: bytes, name: str, decompressor: Callable[[], _Decompressor], bytes_max: int) -> bytes:
    """All members (gzip) or frames (zstd) of a body, one after the other."""
    parts: list[bytes] = []
    room = bytes_max
    while body:
        member = decompressor()
        try:
            parts.append(member.decompress(body, room + 1))
        except (zlib.error, zstd.ZstdError) as error:
            raise BadRequest(f"the body is not {name} ({error}): send it whole, or without Content-Encoding") from error
        room -= len(parts[-1])
        if room < 0:
            raise _too_large(bytes_max)
        if not member.eof:
            raise BadRequest(f"the {name} body ends too soon: send it whole")
        body = member.unused_data
    return b"".join(parts)


def _too_large(bytes_max: int) -> TooLarge:
    return TooLarge(f"a body may inflate to {bytes_max} bytes at most: send the events in smaller batches")


def decode_one(body: bytes) -> Decoded:
    """The body of a single-event request."""
    body = body.removeprefix(_BOM)
    if _is_utf8(body):
        try:
            return Decoded([_event.decode(body)], None)
        except NOT_REGULAR:
            pass
    return Decoded([Raw(body)], None)


def decode_batch(body: bytes, content_type: str) -> Decoded:
    """The body of a batch: `{"events": […]}`, a JSON array, or one event a line, told apart by looking.

    Raises BadRequest where none of these can be read at all.
    """
    body = body.removeprefix(_BOM)
    start = body.lstrip()[:1]
    if not start:
        return Decoded([], None)
    utf8 = _is_utf8(body)
    if start == b"[":
        return _decode_array(body, utf8=utf8)
    document = _document(body, start, content_type, utf8=utf8)
    return document or _decode_lines(body, utf8=utf8)


def count_events(body: bytes, content_type: str) -> int:
    """How many events a batch holds, at the least cost: lines are counted, documents are skipped through.

    Raises BadRequest where none can be read at all.
    """
    body = body.removeprefix(_BOM)
    start = body.lstrip()[:1]
    if not start:
        return 0
    # Not read as UTF-8: no event is decoded then, only where it ends is found.
    if start == b"[":
        return len(_decode_array(body, utf8=False).items)
    document = _document(body, start, content_type, utf8=False)
    if document is not None:
        return len(document.items)
    return sum(1 for line in body.split(b"\n") if line and not line.isspace())


def _document(body: bytes, start: bytes, content_type: str, *, utf8: bool) -> Decoded | None:
    """The body as one document that is no array; None where it is one event a line."""
    if "ndjson" in content_type or "jsonl" in content_type or "json-seq" in content_type:
        return None
    if start != b"{":
        raise BadRequest(
            'the body is not JSON: send {"events": [...]}, a JSON array of events, or one event a line (NDJSON)'
        )
    return _decode_document(body, utf8=utf8)


def _is_utf8(body: bytes) -> bool:
    if body.isascii():
        return True
    try:
        body.decode()
    except UnicodeDecodeError:
        return False
    return True


def _decode_array(body: bytes, *, utf8: bool) -> Decoded:
    if utf8:
        try:
            return Decoded(_events.decode(body), None)
        except NOT_REGULAR:
            pass
    try:
        return Decoded(_raws.decode(body), None)
    except NOT_REGULAR as error:
        raise _unreadable(error) from error


def _decode_document(body: bytes, *, utf8: bool) -> Decoded | None:
    """The envelope or the one event that the body is; None where it is several documents, one a line."""
    if utf8:
        try:
            envelope = _envelope.decode(body)
            return Decoded(envelope.events, None, envelope.batch_id)
        except NOT_REGULAR:
            pass
    try:
        whole = _object.decode(body)
    except NOT_REGULAR as error:
        if _first_line_is_object(body):
            return None
        raise _unreadable(error) from error
    if "events" not in whole:
        return Decoded([Raw(body)], None)
    try:
        loose = _loose_envelope.decode(body)
    except msgspec.ValidationError as error:
        raise BadRequest(f'"events" must be an array of events ({error})') from error
    return Decoded(loose.events, None, loose.batch_id if isinstance(loose.batch_id, str) else None)


def _first_line_is_object(body: bytes) -> bool:
    first, newline, _ = body.lstrip().partition(b"\n")
    try:
        _object.decode(first)
    except NOT_REGULAR:
        return False
    return bool(newline)


def _decode_lines(body: bytes, *, utf8: bool) -> Decoded:
    items: list[Event | Raw] = []
    lines: list[int] = []
    start, line = 0, 1
    while start < len(body):
        end = body.find(b"\n", start + _PIECE_BYTES) + 1 or len(body)
        piece = body[start:end]
        count = piece.count(b"\n") + (not piece.endswith(b"\n"))
        regular = _regular_lines(piece) if utf8 else None
        if regular is not None and len(regular) == count:
            items += regular
            lines += range(line, line + count)
        else:
            for number, text in enumerate(piece.split(b"\n"), line):
                if text.strip():
                    items.append(_one_line(text))
                    lines.append(number)
        start, line = end, line + count
    return Decoded(items, lines)


def _regular_lines(piece: bytes) -> list[Event] | None:
    try:
        return _event.decode_lines(piece)
    except NOT_REGULAR:
        return None


def _one_line(text: bytes) -> Event | Raw:
    try:
        text.decode()
        return _event.decode(text)
    except NOT_REGULAR:
        return Raw(text)


def _unreadable(error: Exception) -> BadRequest:
    what = "nesting is too deep" if isinstance(error, RecursionError) else str(error)
    return BadRequest(f"the body is not readable JSON ({what}): send one whole JSON document, or one event a line")
