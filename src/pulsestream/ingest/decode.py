"""A request's body taken apart into events: compressed or not, one JSON document or one event a line.

A body whose events are all regular costs one call of the decoder. Only where that call fails is the body
taken apart event by event, so that one bad event never sinks its neighbours.
"""

from __future__ import annotations

import re
import sys
import zlib
from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

import msgspec
from msgspec import Raw, Struct

from pulsestream.errors import BadRequest, TooLarge, UnsupportedEncoding
from pulsestream.event import Event
from pulsestream.ingest.nesting import has_more_items

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

EVENTS_MAX = 1_000_000  # in one body, whatever the settings say: each costs memory before it is looked at
MEMBERS_MAX = 10_000  # of a compressed body; each costs a decompressor, even where there is nothing in it

# Lines are decoded in pieces whose events stay in the processor's cache until they are checked: a quarter less time for
# both together than with pieces of 512 KiB. And a decoder call holds the interpreter.
_PIECE_BYTES = 64 * 1024
# What follows a member is copied; from a small piece that costs little.
_COMPRESSED_PIECE_BYTES = 64 * 1024

_LINE = re.compile(rb"\S[^\n]*+")  # one that is not blank, from its first character on

_BOM = b"\xef\xbb\xbf"  # some editors put it before UTF-8


class Decoded(Struct, frozen=True):
    """What a body held, in order. A Raw is an event that is not regular: it takes the slow path."""

    items: Sequence[Event | Raw]
    lines: Sequence[int] | None  # of each item, counted from 1; None where the body was one document
    batch_id: str | None = None


class _Envelope(Struct):
    events: list[Event]
    batch_id: str | None = None


_envelope = msgspec.json.Decoder(_Envelope)
_events = msgspec.json.Decoder(list[Event])
_raws = msgspec.json.Decoder(list[Raw])
_event = msgspec.json.Decoder(Event)
_object = msgspec.json.Decoder(dict[str, Raw])
_text = msgspec.json.Decoder(str)

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
    raise UnsupportedEncoding(f"Content-Encoding {encoding[:60]!r} is not supported: send gzip, zstd or plain")


class _Decompressor(Protocol):
    def decompress(self, data: memoryview, max_length: int, /) -> bytes: ...
    @property
    def eof(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...


def _inflate(body: bytes, name: str, decompressor: Callable[[], _Decompressor], bytes_max: int) -> bytes:
    """All members (gzip) or frames (zstd) of a body, one after the other."""
    parts: list[bytes] = []
    room = bytes_max
    rest = memoryview(body)
    members = 0
    while rest:
        members += 1
        if members > MEMBERS_MAX:
            raise BadRequest(f"the {name} body has more than {MEMBERS_MAX} parts: compress it as one")
        member = decompressor()
        while not member.eof:
            piece, rest = rest[:_COMPRESSED_PIECE_BYTES], rest[_COMPRESSED_PIECE_BYTES:]
            if not piece:
                raise BadRequest(f"the {name} body ends too soon: send it whole")
            try:
                parts.append(member.decompress(piece, room + 1))
            except (zlib.error, zstd.ZstdError) as error:
                raise BadRequest(
                    f"the body is not {name} ({error}): send it whole, or without Content-Encoding"
                ) from error
            room -= len(parts[-1])
            if room < 0:
                raise _too_large(bytes_max)
        rest = memoryview(body)[len(body) - len(rest) - len(member.unused_data) :]
    return b"".join(parts)


def _too_large(bytes_max: int) -> TooLarge:
    return TooLarge(f"a body may inflate to {bytes_max} bytes at most: send the events in smaller batches")


def _too_many(events_max: int) -> TooLarge:
    return TooLarge(
        f"a batch may hold {events_max} events, this one holds more: send smaller batches", events_max=events_max
    )


def decode_one(body: bytes) -> Decoded:
    """The body of a single-event request."""
    body = body.removeprefix(_BOM)
    if _is_utf8(body):
        try:
            return Decoded([_event.decode(body)], None)
        except NOT_REGULAR:
            pass
    return Decoded([Raw(body)], None)


def decode_batch(body: bytes, content_type: str, *, events_max: int = EVENTS_MAX) -> Decoded:
    """The pieces of a batch as one."""
    items: list[Event | Raw] = []
    lines: list[int] = []
    by_line, batch_id = False, None
    for piece in decode_pieces(body, content_type, events_max=events_max):
        items += piece.items
        lines += piece.lines or ()
        by_line, batch_id = piece.lines is not None, piece.batch_id
    return Decoded(items, lines if by_line else None, batch_id)


def decode_pieces(body: bytes, content_type: str, *, events_max: int = EVENTS_MAX) -> Iterator[Decoded]:
    """The body of a batch: `{"events": […]}`, a JSON array, or one event a line, told apart by looking.

    A document is one piece, lines are several. Raises BadRequest where none of these can be read at all, TooLarge
    where it holds more than `events_max` events.
    """
    body = body.removeprefix(_BOM)
    if not body or body.isspace():
        return
    utf8 = _is_utf8(body)
    document = _document(body, content_type, utf8=utf8, events_max=events_max)
    events = 0
    for piece in _decode_lines(body, utf8=utf8) if document is None else [document]:
        events += len(piece.items)
        if events > events_max:
            raise _too_many(events_max)
        yield piece


def count_events(body: bytes, content_type: str) -> int:
    """How many events a batch holds, at the least cost: lines are counted, documents are skipped through.

    Raises BadRequest where none can be read at all, TooLarge where a document holds more than EVENTS_MAX.
    """
    body = body.removeprefix(_BOM)
    if not body or body.isspace():
        return 0
    # Not read as UTF-8: no event is decoded then, only where it ends is found.
    document = _document(body, content_type, utf8=False, events_max=EVENTS_MAX)
    return sum(1 for _ in _LINE.finditer(body)) if document is None else len(document.items)


def _document(body: bytes, content_type: str, *, utf8: bool, events_max: int) -> Decoded | None:
    """The body as one document; None where it is one event a line."""
    named_lines = "ndjson" in content_type or "jsonl" in content_type or "json-seq" in content_type
    start = body.lstrip()[:1]
    if start == b"[":
        try:
            return _decode_array(body, utf8=utf8, events_max=events_max)
        except BadRequest:
            if named_lines:
                return None  # the first line is an array, which is no event
            raise
    if named_lines:
        return None
    if start != b"{":
        raise BadRequest(
            'the body is not JSON: send {"events": [...]}, a JSON array of events, or one event a line (NDJSON)'
        )
    return _decode_document(body, utf8=utf8, events_max=events_max)


def _is_utf8(body: bytes) -> bool:
    if body.isascii():
        return True
    try:
        body.decode()
    except UnicodeDecodeError:
        return False
    return True


def _decode_array(body: bytes, *, utf8: bool, events_max: int) -> Decoded:
    if utf8:
        try:
            return Decoded(_events.decode(body), None)
        except NOT_REGULAR:
            pass
    try:
        return Decoded(_decode_items(body, events_max), None)
    except NOT_REGULAR as error:
        raise _unreadable(error) from error


def _decode_items(array: bytes | Raw, events_max: int) -> list[Raw]:
    """The items as text. They are counted first where there may be too many: a few bytes of body each become 60."""
    text = bytes(array)
    if text.count(b",") >= events_max and has_more_items(text, events_max):
        raise _too_many(events_max)
    return _raws.decode(array)


def _decode_document(body: bytes, *, utf8: bool, events_max: int) -> Decoded | None:
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
        items = _decode_items(whole["events"], events_max)
    except msgspec.ValidationError as error:
        raise BadRequest(f'"events" must be an array of events ({error})') from error
    return Decoded(items, None, _text_of(whole.get("batch_id")))


def _text_of(value: Raw | None) -> str | None:
    try:
        return None if value is None else _text.decode(value)
    except NOT_REGULAR:
        return None


def _first_line_is_object(body: bytes) -> bool:
    first, newline, _ = body.lstrip().partition(b"\n")
    try:
        _object.decode(first)
    except NOT_REGULAR:
        return False
    return bool(newline)


def _decode_lines(body: bytes, *, utf8: bool) -> Iterator[Decoded]:
    start, line = 0, 1
    while start < len(body):
        end = body.find(b"\n", start + _PIECE_BYTES) + 1 or len(body)
        piece = body[start:end]
        count = piece.count(b"\n") + (not piece.endswith(b"\n"))
        regular = _regular_lines(piece) if utf8 else None
        if regular is not None and len(regular) == count:
            yield Decoded(regular, range(line, line + count))
        else:
            texts = [(number, text) for number, text in enumerate(piece.split(b"\n"), line) if text.strip()]
            yield Decoded([_one_line(text) for _, text in texts], [number for number, _ in texts])
        start, line = end, line + count


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
