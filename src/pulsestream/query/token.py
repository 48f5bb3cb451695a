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


class Tokens:
    """Seals numbers for one tenant, and opens what it sealed for the same one.

    Positions of the journal count the events of all tenants: a tenant that could read them would learn how much the
    others send. A token is a random nonce of 8 bytes, the numbers XORed with a keystream (BLAKE2b of the nonce), and a
    tag of 8 bytes (BLAKE2b of nonce and sealed numbers); the key is derived from the server's secret, the tenant and
    what the token is for. So a token of another tenant, of another purpose or with a bit changed does not open.
    It hides and guards a place in a list, nothing more: a nonce that comes twice, likely after billions of tokens of
    one tenant, tells the difference of two places, and a forged token opens no event that a filter would not.
    """

    def __init__(self, secret: bytes, nonce: Callable[[], bytes]) -> None:
        self._secret = secret
        self._nonce = nonce

    def of_cursor(self, tenant: str, cursor: Cursor) -> str:
        return self._seal(tenant, "cursor", (cursor.timestamp_us, cursor.position, cursor.snapshot))

    def cursor(self, tenant: str, token: str) -> Cursor:
        """Raises BadParameters."""
        numbers = self._open(tenant, "cursor", token, count=3)
        if numbers is None:
            raise BadParameters([("cursor", "is not one of ours: pass on `next_cursor` as it was given")])
        return Cursor(*numbers)

    def of_position(self, tenant: str, position: int) -> str:
        return self._seal(tenant, "after", (position,))

    def position(self, tenant: str, token: str) -> int:
        """Raises BadParameters."""
        numbers = self._open(tenant, "after", token, count=1)
        if numbers is None:
            raise BadParameters([("after", "is not one of ours: pass on `next` as it was given")])
        return numbers[0]

    def _seal(self, tenant: str, purpose: str, numbers: tuple[int, ...]) -> str:
        key, nonce = self._key(tenant, purpose), self._nonce()
        sealed = nonce + _masked(key, nonce, b"".join(map(_NUMBER.pack, numbers)))
        return _text(sealed + _tag(key, sealed))

    def _open(self, tenant: str, purpose: str, token: str, *, count: int) -> tuple[int, ...] | None:
        try:
            whole = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
        except (binascii.Error, ValueError):
            return None
        sealed, tag = whole[:-_TAG_BYTES], whole[-_TAG_BYTES:]
        key = self._key(tenant, purpose)
        # The last character has bits that decoding passes over.
        if len(sealed) != NONCE_BYTES + count * _NUMBER.size or _text(whole) != token:
            return None
        if not hmac.compare_digest(tag, _tag(key, sealed)):
            return None
        plain = _masked(key, sealed[:NONCE_BYTES], sealed[NONCE_BYTES:])
        return tuple(number for (number,) in _NUMBER.iter_unpack(plain))

    def _key(self, tenant: str, purpose: str) -> bytes:
        return blake2b(f"{purpose}\0{tenant}".encode(), key=self._secret).digest()


def _masked(key: bytes, nonce: bytes, numbers: bytes) -> bytes:
    stream = blake2b(nonce, key=key, digest_size=len(numbers), person=b"stream").digest()
    return bytes(a ^ b for a, b in zip(numbers, stream, strict=True))


def _tag(key: bytes, sealed: bytes) -> bytes:
    return blake2b(sealed, key=key, digest_size=_TAG_BYTES, person=b"tag").digest()


def _text(whole: bytes) -> str:
    return base64.urlsafe_b64encode(whole).decode().rstrip("=")
