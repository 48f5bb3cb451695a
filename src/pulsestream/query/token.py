"""Where a page ended, as a token that says nothing to who holds it."""

from __future__ import annotations

import base64
import binascii
import hmac
import struct
from collections.abc import Callable
from hashlib import blake2b

from pulsestream.errors import BadParameters
from pulsestream.query.model import Cursor

NONCE_BYTES = 8
_TAG_BYTES = 8
_NUMBER = struct.Struct(">q")
_DOUBLE = struct.Struct(">d")
_BLOCK_BYTES = 64  # of one BLAKE2b
_BLOCK = struct.Struct(">Q")
_NUMBERS = struct.Struct(">7q")  # of a cursor; all that there is of a position is of one size
_NO_TIME = -(2**63)
_INTEGER, _FLOAT, _TEXT = b"i", b"f", b"t"


class Tokens:
    """Seals places for one tenant, and opens what it sealed for the same one.

    Positions of the journal count the events of all tenants: a tenant that could read them would learn how much the
    others send. A token is a random nonce of 8 bytes, the place XORed with a keystream (BLAKE2b of the nonce), and a
    tag of 8 bytes (BLAKE2b of nonce and sealed place); the key is derived from the server's secret, the tenant and
    what the token is for. So a token of another tenant, of another purpose or with a bit changed does not open.
    It hides and guards a place in a list, nothing more: a nonce that comes twice, likely after billions of tokens of
    one tenant, tells the difference of two places, and a forged token opens no event that a filter would not.
    """

    def __init__(self, secret: bytes, nonce: Callable[[], bytes]) -> None:
        self._secret = secret
        self._nonce = nonce

    def of_cursor(self, tenant: str, cursor: Cursor) -> str:
        return self._seal(tenant, "cursor", _written(cursor))

    def cursor(self, tenant: str, token: str, question: int = 0) -> Cursor:
        """Raises BadParameters, also for one of another question."""
        written = self._open(tenant, "cursor", token)
        if written is None:
            raise BadParameters([("cursor", "is not one of ours: pass on `next_cursor` as it was given")])
        cursor = _read(written)
        if cursor.question != question:
            what = "is of another question: pass it on with the same filter, time range and sort, or begin without it"
            raise BadParameters([("cursor", what)])
        return cursor

    def of_position(self, tenant: str, position: int) -> str:
        return self._seal(tenant, "after", _NUMBER.pack(position))

    def position(self, tenant: str, token: str, *, at: str = "after", given: str = "`next`") -> int:
        """`at`: where it stood. `given`: what should have stood there. Raises BadParameters."""
        written = self._open(tenant, "after", token)
        if written is None or len(written) != _NUMBER.size:
            raise BadParameters([(at, f"is not one of ours: pass on {given} as it was given")])
        [position] = _NUMBER.unpack(written)
        return int(position)

    def _seal(self, tenant: str, purpose: str, written: bytes) -> str:
        key, nonce = self._key(tenant, purpose), self._nonce()
        sealed = nonce + _masked(key, nonce, written)
        return _text(sealed + _tag(key, sealed))

    def _open(self, tenant: str, purpose: str, token: str) -> bytes | None:
        try:
            whole = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
        except (binascii.Error, ValueError):
            return None
        sealed, tag = whole[:-_TAG_BYTES], whole[-_TAG_BYTES:]
        key = self._key(tenant, purpose)
        # The last character has bits that decoding passes over.
        if len(sealed) < NONCE_BYTES or _text(whole) != token:
            return None
        if not hmac.compare_digest(tag, _tag(key, sealed)):
            return None
        return _masked(key, sealed[:NONCE_BYTES], sealed[NONCE_BYTES:])

    def _key(self, tenant: str, purpose: str) -> bytes:
        return blake2b(f"{purpose}\0{tenant}".encode(), key=self._secret).digest()


def _masked(key: bytes, nonce: bytes, written: bytes) -> bytes:
    blocks = range(0, len(written), _BLOCK_BYTES)
    stream = b"".join(blake2b(nonce, key=key, salt=_BLOCK.pack(block), person=b"stream").digest() for block in blocks)
    return bytes(a ^ b for a, b in zip(written, stream, strict=False))


def _tag(key: bytes, sealed: bytes) -> bytes:
    return blake2b(sealed, key=key, digest_size=_TAG_BYTES, person=b"tag").digest()


def _text(whole: bytes) -> str:
    return base64.urlsafe_b64encode(whole).decode().rstrip("=")


def _written(cursor: Cursor) -> bytes:
    numbers = _NUMBERS.pack(
        *(cursor.timestamp_us, cursor.position, cursor.snapshot, cursor.matched, cursor.question),
        *(_NO_TIME if time_us is None else time_us for time_us in (cursor.start_us, cursor.end_us)),
    )
    match cursor.value:
        case None:
            return numbers
        case str(text):
            return numbers + _TEXT + text.encode()
        case float(number):
            return numbers + _FLOAT + _DOUBLE.pack(number)
        case number:
            return numbers + _INTEGER + _NUMBER.pack(number)


def _read(written: bytes) -> Cursor:
    """What `_written` made: nobody else can have sealed it."""
    *places, question, start_us, end_us = _NUMBERS.unpack_from(written)
    kind, rest = written[_NUMBERS.size : _NUMBERS.size + 1], written[_NUMBERS.size + 1 :]
    value: int | float | str | None = None
    if kind == _TEXT:
        value = rest.decode()
    elif kind:
        [value] = (_DOUBLE if kind == _FLOAT else _NUMBER).unpack(rest)
    return Cursor(
        **dict(zip(("timestamp_us", "position", "snapshot", "matched"), places, strict=True)),
        value=value,
        question=question,
        start_us=None if start_us == _NO_TIME else start_us,
        end_us=None if end_us == _NO_TIME else end_us,
    )
