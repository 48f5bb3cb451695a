"""The session of a person at the pages: opened with a key, kept in a cookie that no script can read."""

from __future__ import annotations

from datetime import datetime
from importlib.metadata import version
from typing import Annotated

from litestar import Response, delete, get, post
from litestar.params import Body
from msgspec import Meta, Struct

from pulsestream.api import cookie, origin
from pulsestream.api.auth import caller_of
from pulsestream.api.operation import terms
from pulsestream.api.parameters import AnyRequest, only, server_of
from pulsestream.control.keys import DEMO_KEY, GIVEN, Key, Scope, allow
from pulsestream.control.sessions import LIFETIME_MAX, OpenedSession, Session
from pulsestream.errors import Forbidden, StoreError, Unauthorized
from pulsestream.wiring import Server

_VERSION = version("pulsestream")


class SignIn(Struct, frozen=True, forbid_unknown_fields=True):
    """The key to sign in with. It needs the scope `read`."""

    key: Annotated[str, Meta(min_length=1)]


class SessionKey(Struct, frozen=True):
    """The key that a session was opened with. `prefix`: what it begins with."""

    id: str
    name: str
    prefix: str


class SessionAnswer(Struct, frozen=True, kw_only=True):
    """Who is signed in. `csrf`: what goes into the header `X-CSRF-Token` of everything that changes something.

    `operator`: whether the key manages every tenant. `demo_key`: the key itself, where everybody knows it.
    `expires_at`: when the session ends if it is not used any more.
    """

    signed_in: bool
    tenant: str | None
    scopes: list[Scope]
    key: SessionKey | None
    operator: bool
    csrf: str | None
    demo_key: str | None
    expires_at: datetime | None
    version: str


_SIGNED_OUT = SessionAnswer(
    signed_in=False,
    tenant=None,
    scopes=[],
    key=None,
    operator=False,
    csrf=None,
    demo_key=None,
    expires_at=None,
    version=_VERSION,
)


@get("/session", opt=terms(key=False, raises=(Forbidden, StoreError), answer=SessionAnswer))
async def get_session(request: AnyRequest) -> Response[SessionAnswer]:
    """Who is signed in.

    Needs no key: it is asked with the cookie of the session, or without.
    """
    only(request, ())
    server, caller, headers = server_of(request), caller_of(request.scope), _headers(request)
    if isinstance(caller.refusal, Forbidden):
        raise caller.refusal
    if caller.session is not None:
        return Response(_answer(server, caller.session, caller.may()))
    if caller.key is None and _opens_by_itself(server, headers):
        key = server.keys.authenticate(server.settings.api_key)
        return _opened(server, headers, key, await _open(server, key))
    return Response(_SIGNED_OUT)


@post(
    "/session",
    status_code=200,
    opt=terms(key=False, raises=(Unauthorized, Forbidden, StoreError), answer=SessionAnswer),
)
async def open_session(
    request: AnyRequest, data: Annotated[SignIn, Body(title="What to sign in with")]
) -> Response[SessionAnswer]:
    """Sign in.

    The answer sets a cookie, with which requests are the key's: for as long as the key is good, for 12 hours after the
    last one, and for 7 days at most. What changes something needs the header `X-CSRF-Token` besides.
    """
    only(request, ())
    server, headers = server_of(request), _headers(request)
    _refuse_other_sites(headers)
    key = server.keys.authenticate(data.key.strip())
    allow(key, Scope.READ)
    opened = await _open(server, key, instead_of=cookie.token(headers))
    return _opened(server, headers, key, opened)


@delete("/session", status_code=200, opt=terms(key=False, raises=(Forbidden, StoreError), answer=SessionAnswer))
async def close_session(request: AnyRequest) -> Response[SessionAnswer]:
    """Sign out.

    The session ends on the server, and the cookie is removed.
    """
    only(request, ())
    server, caller, headers = server_of(request), caller_of(request.scope), _headers(request)
    _refuse_other_sites(headers)
    if isinstance(caller.refusal, Forbidden):
        raise caller.refusal
    token = cookie.token(headers)
    if caller.session is not None and token is not None:
        await server.administration.run(caller.may().tenant, lambda: server.sessions.end(token))
    return Response(_SIGNED_OUT, headers={"Set-Cookie": cookie.made(headers, "", LIFETIME_MAX)})


async def _open(server: Server, key: Key, *, instead_of: bytes | None = None) -> OpenedSession:
    def opened() -> OpenedSession:
        if instead_of is not None:
            server.sessions.end(instead_of)
        return server.sessions.open(key)

    return await server.administration.run(key.tenant, opened)


def _opened(server: Server, headers: origin.Headers, key: Key, opened: OpenedSession) -> Response[SessionAnswer]:
    sets = {"Set-Cookie": cookie.made(headers, opened.token, LIFETIME_MAX)}
    return Response(_answer(server, opened.session, key), headers=sets)


def _answer(server: Server, session: Session, key: Key) -> SessionAnswer:
    is_demo = key.id == GIVEN and server.settings.api_key == DEMO_KEY
    return SessionAnswer(
        signed_in=True,
        tenant=key.tenant,
        scopes=list(key.scopes),
        key=SessionKey(key.id, key.name, key.prefix),
        operator=key.is_operator,
        csrf=session.csrf,
        demo_key=DEMO_KEY if is_demo else None,
        expires_at=server.sessions.ends_at(session),
        version=_VERSION,
    )


def _opens_by_itself(server: Server, headers: origin.Headers) -> bool:
    """With `sign_in` open, whoever has the page open on this machine. `serve` sees to it that nobody else can."""
    return server.settings.sign_in == "open" and origin.is_own(headers) and origin.is_of_this_machine(headers)


def _refuse_other_sites(headers: origin.Headers) -> None:
    """Nobody is signed in or out by a page of somebody else's. Raises Forbidden."""
    if not origin.is_own(headers):
        raise Forbidden("this came from a page of another site: sign in and out on the pages of this server")


def _headers(request: AnyRequest) -> origin.Headers:
    return dict(request.scope["headers"])
