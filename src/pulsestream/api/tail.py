"""Events as they arrive, as server-sent events."""

from __future__ import annotations

from typing import Annotated

from litestar import get
from litestar.params import Parameter
from litestar.types import ASGIApp, Receive, Scope, Send

from pulsestream.api import frames, problems
from pulsestream.api.asked import Asked, asking
from pulsestream.api.operation import ASKING, terms
from pulsestream.api.parameters import AnyRequest, server_of
from pulsestream.api.wire import connection_of
from pulsestream.control.keys import Scope as KeyScope
from pulsestream.errors import BadParameters, PulseStreamError
from pulsestream.metrics import TAIL_DROPPED, TAIL_EVENTS
from pulsestream.query.model import Query
from pulsestream.query.tail import Batch, Listener
from pulsestream.wiring import Server

LAST_MAX = 1_000
HEARTBEAT_S = 15.0  # proxies close what says nothing for a minute or so
_RESUME = "last-event-id"
_GIVEN = "the `id` of the last message"


@get("/query/tail", opt=terms(KeyScope.READ, raises=ASKING, media=[frames.MEDIA]), dependencies=asking(None))
async def query_tail(
    request: AnyRequest,
    asked: Asked,
    last: Annotated[int, Parameter(ge=0, le=LAST_MAX, description="how many of the newest events come first")] = 10,
    after: str | None = None,
) -> ASGIApp:
    """Events that match, as they arrive.

    Server-sent events: `events` with the newest, `dropped` with the number of those that this reader was too slow for.
    The `id` of each goes into `Last-Event-ID`, or `after`, to go on where a connection ended; `last` counts for nothing
    then. A comment every 15 s says that nothing happened.
    """
    if asked.query.start is not None or asked.query.end is not None:
        raise BadParameters([("start_time", "a tail is of what arrives from now on: leave out every time range")])
    server, query = server_of(request), asked.query
    resumed = request.headers.get(_RESUME)
    token, at = (resumed, "Last-Event-ID") if resumed else (after, "after")
    since = server.tokens.position(query.tenant, token, at=at, given=_GIVEN) if token else None
    return Tail(server, query, since, last)


class Tail:
    """The answer. It ends when its reader leaves, its key or session is good no more, or the server stops."""

    def __init__(self, server: Server, query: Query, after: int | None, last: int) -> None:
        self._server = server
        self._query = query
        self._after = after
        self._last = last

    async def __call__(self, scope: Scope, _receive: Receive, send: Send) -> None:
        tails = self._server.tails
        try:
            async with tails.listening(self._query, after=self._after, last=self._last) as listener:
                connection_of(scope).when_left(listener.end, at_its_end=True)
                await self._tell(listener, scope, send)
        except PulseStreamError as error:
            await problems.send(send, problems.answer(error))

    async def _tell(self, listener: Listener, scope: Scope, send: Send) -> None:
        patience_s = 0.0  # at once, so that the reader knows that it is connected, and where it is

        async def following() -> Batch | None:
            nonlocal patience_s
            batch = await listener.next(patience_s)
            patience_s = HEARTBEAT_S
            return None if listener.ended else batch

        await frames.tell(self._server, scope, send, following=following, written=self._written)

    def _written(self, batch: Batch) -> bytes:
        server, tenant = self._server, self._query.tenant
        named = b"id: %b\n" % server.tokens.of_position(tenant, batch.position).encode()
        if batch.dropped:
            server.meters.add(TAIL_DROPPED, amount=batch.dropped)
        dropped = frames.frame("dropped", b'{"count":%d}' % batch.dropped) if batch.dropped else b""
        if not batch.events:
            return dropped + named + b": nothing since\n\n"
        server.meters.add(TAIL_EVENTS, amount=len(batch.events))
        return dropped + named + frames.frame("events", b'{"events":[%b]}' % b",".join(batch.events))
