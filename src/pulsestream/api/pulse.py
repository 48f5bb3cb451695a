"""How a tenant's events come in, as server-sent events."""

from __future__ import annotations

from litestar import get
from litestar.types import ASGIApp, Receive, Scope, Send
from msgspec.json import encode

from pulsestream.api import frames
from pulsestream.api.operation import terms
from pulsestream.api.parameters import AnyRequest, only, server_of, tenant
from pulsestream.api.wire import connection_of
from pulsestream.control.keys import Scope as KeyScope
from pulsestream.ingest.pulse import Pulse
from pulsestream.wiring import Server


@get("/query/pulse", opt=terms(KeyScope.READ, media=[frames.MEDIA], answer=Pulse))
async def query_pulse(request: AnyRequest) -> ASGIApp:
    """How events come in, once a second.

    Server-sent events: `pulse`, whose totals go on since the server began to count. `position` changes when more of the
    tenant's events can be found, and so when it is worth to ask again.
    """
    only(request, ())
    return _Told(server_of(request), tenant(request))


class _Told:
    """The answer. It ends when its reader leaves, its key is good no more, or the server stops."""

    def __init__(self, server: Server, tenant: str) -> None:
        self._server = server
        self._tenant = tenant

    async def __call__(self, scope: Scope, _receive: Receive, send: Send) -> None:
        with self._server.pulses.listening(self._tenant) as listener:
            connection_of(scope).when_left(listener.end, at_its_end=True)
            await frames.tell(self._server, scope, send, following=listener.next, written=_written)


def _written(pulse: Pulse) -> bytes:
    return frames.frame("pulse", encode(pulse))
