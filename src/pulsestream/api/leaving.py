"""Who leaves before the answer is there gets none, and costs no more: what was asked for it is ended."""

from __future__ import annotations

import asyncio

from litestar.types import ASGIApp, Receive, Scope, Send

from pulsestream.api.wire import connection_of
from pulsestream.meters import Meters
from pulsestream.metrics import REQUESTS_LEFT

_READING = ("GET", "HEAD")


class Leaving:
    """In front of what answers questions. What changes anything is carried out, whoever is there to hear of it."""

    def __init__(self, meters: Meters, beyond: ASGIApp) -> None:
        self._meters = meters
        self._beyond = beyond

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        task = asyncio.current_task()
        if task is None or scope.get("method") not in _READING:
            await self._beyond(scope, receive, send)
            return
        left = False

        def leave() -> None:
            nonlocal left
            left = True
            task.cancel()

        connection = connection_of(scope)
        connection.when_left(leave)
        try:
            await self._beyond(scope, receive, send)
        except asyncio.CancelledError:
            if not left:
                raise
            task.uncancel()
            self._meters.add(REQUESTS_LEFT)
        finally:
            connection.when_left(None)
