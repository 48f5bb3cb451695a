"""What every request passes: who asks, and how much of that tenant is under way."""

from __future__ import annotations

from collections import Counter

from litestar.types import ASGIApp, Receive, Scope, Send
from msgspec.structs import replace

from pulsestream.api import problems, request
from pulsestream.api.auth import introduce, recognise
from pulsestream.api.wire import connection_of
from pulsestream.errors import TooManyRequests
from pulsestream.metrics import REQUESTS_REFUSED
from pulsestream.wiring import Server


class Gate:
    """In front of everything. `beyond` finds the caller in the scope."""

    def __init__(self, server: Server, beyond: ASGIApp) -> None:
        self._server = server
        self._beyond = beyond
        self._under_way = server.under_way

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        caller = recognise(scope, self._server.keys, self._server.sessions)
        introduce(scope, caller)
        if caller.key is None:
            request.enter(scope["state"], "")
            await self._beyond(scope, receive, send)
            return
        tenant = caller.key.tenant
        request.enter(scope["state"], tenant)
        limits = self._server.tenants.limits(tenant)
        if not connection_of(scope).claim(tenant, limits.connections_max):
            answer = self._refused(
                tenant,
                f"this tenant has {limits.connections_max} connections open, as many as it may: "
                "send more requests over each, or close some",
            )
            # What there is no room for must not stay open.
            await problems.send(send, replace(answer, headers=answer.headers | {"Connection": "close"}))
            return
        if self._under_way[tenant] >= limits.requests_max:
            what = f"this tenant has {limits.requests_max} requests under way, as many as it may: "
            await problems.send(send, self._refused(tenant, what + "send fewer at one time"))
            return
        self._under_way[tenant] += 1
        try:
            await self._beyond(scope, receive, send)
        finally:
            _leave(self._under_way, tenant)

    def _refused(self, tenant: str, what: str) -> problems.Answer:
        self._server.meters.add(REQUESTS_REFUSED, tenant, TooManyRequests.code)
        return problems.answer(TooManyRequests(what))


def _leave(under_way: Counter[str], tenant: str) -> None:
    under_way[tenant] -= 1
    if not under_way[tenant]:
        del under_way[tenant]
