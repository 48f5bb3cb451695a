"""One group of the journal as bytes: a frame, written with one append and made durable with one fdatasync.

    header   72 bytes, little-endian: magic, counts, first position, lengths of the sections, the time range
             of the events, xxh3 of the body, xxh3 of the header before it
    lengths  u32 per event: a payload may hold line breaks, so lines are not told apart by them
    events   the events' lines, `{"position":N,"tenant":…,"event":{…}}` and a line break, ready for the engine
    records  a JSON array of deletes and outcome counts, in order

Positions are given in that order: the events' first, then the records'.
"""

from __future__ import annotations

import struct
from array import array
from collections.abc import Sequence

import msgspec
from msgspec import Struct
from xxhash import xxh3_64_intdigest

MAGIC = b"PSJ1"
_HEADER = struct.Struct("<4sIIIQQQqqQ")
_HASH = struct.Struct("<Q")
HEADER_BYTES = _HEADER.size + _HASH.size


class Deleted(Struct, frozen=True, tag="deleted"):
    """From here on this event is gone, and its id is never stored again."""

    position: int
    tenant: str
    event_id: str


class Counted(Struct, frozen=True, tag="counted"):
    """What became of the events of this group."""

    position: int
    tenant: str
    minute: int
    outcome: str
    reason: str
    events: int


Record = Deleted | Counted


class Header(Struct, frozen=True):
    events: int
    records: int
    first: int
    lengths_bytes: int
    events_bytes: int
    records_bytes: int
    timestamp_min: int
    timestamp_max: int
    body_hash: int

    @property
    def last(self) -> int:
        return self.first + self.events + self.records - 1

    @property
    def body_bytes(self) -> int:
        return self.lengths_bytes + self.events_bytes + self.records_bytes


class Frame(Struct, frozen=True):
    header: Header
    lengths: Sequence[int]
    events: bytes
    records: Sequence[Record]


_decode_records = msgspec.json.Decoder(list[Record]).decode


def pack(first: int, lines: Sequence[bytes], records: Sequence[Record], timestamps: tuple[int, int]) -> bytes:
    """The whole frame. `lines` are complete, with their positions; `timestamps` are the least and the greatest."""
    lengths = array("I", map(len, lines)).tobytes()
    recorded = msgspec.json.encode(records)
    body = b"".join((lengths, *lines, recorded))
    header = _HEADER.pack(
        MAGIC,
        len(lines),
        len(records),
        len(lengths),
        first,
        len(body) - len(lengths) - len(recorded),
        len(recorded),
        *timestamps,
        xxh3_64_intdigest(body),
    )
    return b"".join((header, _HASH.pack(xxh3_64_intdigest(header)), body))


def read_header(data: bytes, offset: int = 0) -> Header | None:
    """The header at `offset`, or None where there is no whole and sound one."""
    if len(data) - offset < HEADER_BYTES or data[offset : offset + 4] != MAGIC:
        return None
    packed = data[offset : offset + _HEADER.size]
    if _HASH.unpack_from(data, offset + _HEADER.size)[0] != xxh3_64_intdigest(packed):
        return None
    _, events, records, lengths_bytes, first, events_bytes, records_bytes, low, high, body_hash = _HEADER.unpack(packed)
    return Header(events, records, first, lengths_bytes, events_bytes, records_bytes, low, high, body_hash)


def unpack(data: bytes) -> Frame | None:
    """The frame that `data` is, or None where it is not whole or not sound."""
    header = read_header(data)
    body = data[HEADER_BYTES:]
    if header is None or len(body) != header.body_bytes or xxh3_64_intdigest(body) != header.body_hash:
        return None
    lengths = array("I", body[: header.lengths_bytes])
    events_end = header.lengths_bytes + header.events_bytes
    return Frame(header, lengths, body[header.lengths_bytes : events_end], _decode_records(body[events_end:]))
