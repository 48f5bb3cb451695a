"""One request and its answer, as uvicorn runs it, on a connection that is bounded."""

from __future__ import annotations

import asyncio
from typing import Any, Protocol

from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from pulsestream.errors import PulseStreamError


class Leaving(Protocol):
    leaving: bool

    def leave(self) -> None: ...


class Flow(FlowControl):
    """Reading goes on only while nothing that was read before still waits."""

    held = False

    def resume_reading(self) -> None:
        if not self.held:
            super().resume_reading()


class Exit:
    """The transport as a request's answer sees it."""

    def __init__(self, connection: Leaving, transport: asyncio.Transport) -> None:
        self._connection = connection
        self._transport = transport

    def write(self, data: bytes) -> None:
        if not self._transport.is_closing():
            self._transport.write(data)

    def is_closing(self) -> bool:
        return self._connection.leaving or self._transport.is_closing()

    def close(self) -> None:
        self._connection.leave()


class Exchange(RequestResponseCycle):
    """One request and its answer. `fault` is what is wrong with its body."""

    fault: PulseStreamError | None = None

    async def receive(self) -> Any:  # noqa: ANN401 - uvicorn's own type for it is private
        if self.fault is not None and not self.disconnected and not self.response_complete:
            raise self.fault
        message = await super().receive()
        if self.fault is not None and message["type"] != "http.disconnect":
            raise self.fault
        return message

    async def send(self, message: Any) -> None:  # noqa: ANN401 - uvicorn's own type for it is private
        if self.more_body:
            # Answered before it was read: what still comes is no next request.
            self.keep_alive = False
        await super().send(message)
