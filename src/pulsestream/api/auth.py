"""Who asks: a key in `X-API-Key` or as a bearer token, or the session of a cookie. Looked up once, at the gate."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from typing import Any

from litestar.connection import ASGIConnection
from litestar.handlers.base import BaseRouteHandler
from msgspec import Struct

from pulsestream.api import cookie, origin
from pulsestream.api.operation import terms_of
from pulsestream.control.keys import Key, Keys, Scope, allow
from pulsestream.control.sessions import Session, Sessions
from pulsestream.errors import Forbidden, Unauthorized

HEADER = b"x-api-key"
_BEARER_HEADER = b"authorization"  # RFC 6750; what scrapers such as Prometheus send
_BEARER = b"bearer "
_CSRF_HEADER = b"x-csrf-token"
_SAFE = ("GET", "HEAD", "OPTIONS")  # they change nothing
_STATE = "caller"


class Caller(Struct, frozen=True):
    """A key that is good, or why there is none. `session`: where a cookie said whose it is."""

    key: Key | None
    refusal: Unauthorized | Forbidden | None = None
    session: Session | None = None

    def may(self, scope: Scope | None = None) -> Key:
        """The key, which has this scope. Raises Unauthorized, Forbidden."""
        if self.key is None:
            raise self.refusal or Unauthorized("this needs a key: send it in the header X-API-Key")
        if scope is not None:
            allow(self.key, scope)
        return self.key


def recognise(scope: Mapping[str, Any], keys: Keys, sessions: Sessions) -> Caller:
    """Never raises: some paths need no key. With both headers, `X-API-Key` is the one that counts, and with either the
    cookie is not looked at.
    """
    text = None
    has_cookie = False
    for name, value in scope["headers"]:
        if name == HEADER:
            text = value.decode("latin-1")
            break
        if name == _BEARER_HEADER and value[: len(_BEARER)].lower() == _BEARER:
            text = value[len(_BEARER) :].decode("latin-1").strip(" ")
        elif name == cookie.HEADER:
            has_cookie = True
    try:
        if text is None and has_cookie:
            headers = dict(scope["headers"])
            if (token := cookie.token(headers)) is not None:
                return _of_session(scope["method"], headers, token, sessions)
        return Caller(keys.authenticate(text))
    except (Unauthorized, Forbidden) as error:
        return Caller(None, error)


def _of_session(method: str, headers: origin.Headers, token: bytes, sessions: Sessions) -> Caller:
    """A browser sends the cookie by itself, whoever made it ask. Raises Unauthorized, Forbidden."""
    if not origin.is_own(headers):
        raise Forbidden("this came from a page of another site, which may not use your session: send a key instead")
    session, key = sessions.find(token)
    sent = headers.get(_CSRF_HEADER, b"")
    if method not in _SAFE and not hmac.compare_digest(sent, session.csrf.encode()):
        what = "is another" if sent else "is missing"
        raise Forbidden(
            f"the header X-CSRF-Token {what}: with a session, {method} needs the `csrf` of GET /api/v1/session in it"
        )
    return Caller(key, session=session)


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
