"""Server-sent events: how they are written, and how long a reader is told them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

from litestar.types import Scope, Send

from pulsestream.api.auth import recognise
from pulsestream.control.keys import Scope as KeyScope
from pulsestream.errors import Forbidden, Unauthorized
from pulsestream.wiring import Server

MEDIA = "text/event-stream"

T = TypeVar("T")


def frame(event: str, data: bytes) -> bytes:
    """`data`: on one line."""
    return b"event: %b\ndata: %b\n\n" % (event.encode(), data)


async def tell(
    server: Server,
    scope: Scope,
    send: Send,
    *,
    following: Callable[[], Awaitable[T | None]],
    written: Callable[[T], bytes],
) -> None:
    """Answer with what is following, written, until that is None or the reader's key is good no more."""
    headers = [(b"content-type", MEDIA.encode()), (b"x-accel-buffering", b"no")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    while (found := await following()) is not None and _may(server, scope):
        await send({"type": "http.response.body", "body": written(found), "more_body": True})
    await send({"type": "http.response.body", "body": b"", "more_body": False})


def _may(server: Server, scope: Scope) -> bool:
    """A key can be revoked, or expire, and a session end, while somebody listens."""
    try:
        recognise(scope, server.keys, server.sessions).may(KeyScope.READ)
    except (Unauthorized, Forbidden):
        return False
    return True
