"""Ids for events that have none, made by the sender, so that sending again is never a second copy.

The server can derive ids from an `Idempotency-Key` and the index in the request, but an index changes as soon
as a batch is split, cut differently or only partly sent again. So the client names the events itself, before
the first attempt, and every later request carries the same names.
"""

from __future__ import annotations

import msgspec
from msgspec import Raw, Struct
from xxhash import xxh3_128_hexdigest

READY = (b'{"event_id":"', b'{"event_id": "')  # how nearly every line with an id begins
_ABSENT = Raw()
_objects = msgspec.json.Decoder(dict[str, Raw])


class _Probe(Struct, gc=False):
    event_id: Raw = _ABSENT


_probe = msgspec.json.Decoder(_Probe)


def derived_id(key: bytes, place: int) -> str:
    """The id of the event at `place` (0 or more) of what `key` names: equal input, equal id.

    128 bits of XXH3: two different events of one sender meet with a probability of about n^2 / 2^129.
    """
    return "evt_" + xxh3_128_hexdigest(key, seed=place)


def identified(line: bytes, place: int, key: bytes | None = None) -> bytes:
    """The event's text with an id: as it is when it has one, else with `derived_id(key or line, place)`.

    Without a `key` the id comes from the event's own text and its place. The same file sent again, with any
    batch size, or mended in other lines, gives the same ids; two equal events in one file stay two.

    Text that is not a JSON object comes back as it is, for the server to refuse.
    """
    if line.startswith(READY):
        return line
    text = line.strip()
    if not text.startswith(b"{"):
        return line
    sent = _sent_id(text)
    if sent not in (b"", b"null") or text[1:].lstrip() == b"}":
        return line
    made = derived_id(text if key is None else key, place).encode()
    if not sent:
        return b'{"event_id":"%b",%b' % (made, text[1:])
    members = _objects.decode(text)
    members["event_id"] = Raw(b'"%b"' % made)
    return msgspec.json.encode(members)


def _sent_id(text: bytes) -> bytes:
    """The JSON value of event_id at the top level, empty when there is none. Of broken text: all of it."""
    try:
        return bytes(_probe.decode(text).event_id)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return text
