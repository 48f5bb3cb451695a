"""Who asks: the key in `X-API-Key` or as a bearer token, what it may do, whose it is. Looked up once, at the gate."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from litestar.connection import ASGIConnection
from litestar.handlers.base import BaseRouteHandler
from msgspec import Struct

from pulsestream.api.operation import terms_of
from pulsestream.control.keys import Key, Keys, Scope, allow
from pulsestream.errors import Unauthorized

HEADER = b"x-api-key"
_BEARER_HEADER = b"authorization"  # RFC 6750; what scrapers such as Prometheus send
_BEARER = b"bearer "
_STATE = "caller"


class Caller(Struct, frozen=True):
    """A key that is good, or why there is none."""

    key: Key | None
    refusal: Unauthorized | None = None

    def may(self, scope: Scope | None = None) -> Key:
        """The key, which has this scope. Raises Unauthorized, Forbidden."""
        if self.key is None:
            raise self.refusal or Unauthorized("this needs a key: send it in the header X-API-Key")
        if scope is not None:
            allow(self.key, scope)
        return self.key


def recognise(headers: Iterable[tuple[bytes, bytes]], keys: Keys) -> Caller:
    """Never raises: some paths need no key. With both headers, `X-API-Key` is the one that counts."""
    text = None
    for name, value in headers:
        if name == HEADER:
            text = value.decode("latin-1")
            break
        if name == _BEARER_HEADER and value[: len(_BEARER)].lower() == _BEARER:
            text = value[len(_BEARER) :].decode("latin-1").strip(" ")
    try:
        return Caller(keys.authenticate(text))
    except Unauthorized as error:
        return Caller(None, error)


def guard(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
    """Before a handler's parameters are looked at: whoever may not call it learns nothing of them.

    Raises Unauthorized, Forbidden.
    """
    terms = terms_of(handler)
    if terms.key:
        caller_of(connection.scope).may(terms.scope)


def introduce(scope: Any, caller: Caller) -> None:  # noqa: ANN401 - an ASGI scope is one of several dicts
    """Tell what stands behind the gate who asks."""
    scope.setdefault("state", {})[_STATE] = caller


def caller_of(scope: Mapping[str, Any]) -> Caller:
    caller: Caller = scope["state"][_STATE]
    return caller
