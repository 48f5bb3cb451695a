"""Who asks: the key in `X-API-Key`, what it may do, and whose it is. Looked up once, at the gate."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from msgspec import Struct

from pulsestream.control.keys import Key, Keys, Scope, allow
from pulsestream.errors import Unauthorized

HEADER = b"x-api-key"
_STATE = "caller"


class Caller(Struct, frozen=True):
    """A key that is good, or why there is none."""

    key: Key | None
    refusal: Unauthorized | None = None

    def may(self, scope: Scope) -> Key:
        """Raises Unauthorized, Forbidden."""
        if self.key is None:
            raise self.refusal or Unauthorized("this needs a key: send it in the header X-API-Key")
        allow(self.key, scope)
        return self.key


def recognise(headers: Iterable[tuple[bytes, bytes]], keys: Keys) -> Caller:
    """Never raises: some paths need no key."""
    text = next((value.decode("latin-1") for name, value in headers if name == HEADER), None)
    try:
        return Caller(keys.authenticate(text))
    except Unauthorized as error:
        return Caller(None, error)


def introduce(scope: Any, caller: Caller) -> None:  # noqa: ANN401 - an ASGI scope is one of several dicts
    """Tell what stands behind the gate who asks."""
    scope.setdefault("state", {})[_STATE] = caller


def caller_of(scope: Mapping[str, Any]) -> Caller:
    caller: Caller = scope["state"][_STATE]
    return caller
