"""Whether the peer of a connection is still there, for who makes an answer that takes a while."""

from __future__ import annotations

from asyncio import WriteTransport
from collections.abc import Callable

from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


class Departure:
    """Of one connection. `answering`: its request that is being answered, the only one that can listen."""

    def __init__(self) -> None:
        self.answering: RequestResponseCycle | None = None
        self._call: Callable[[], None] | None = None
        self._at_its_end = False
        self._has_ended = False
        self._is_gone = False

    def watch(self, call: Callable[[], None] | None, *, at_its_end: bool) -> None:
        """What to call once the peer is gone, at once if it is; None: nothing.

        `at_its_end`: also when the peer says that it sends no more, and may still listen.
        """
        self._call, self._at_its_end = call, at_its_end
        if self._is_gone or (self._has_ended and at_its_end):
            self._tell()

    def ended(self) -> None:
        """The peer sends no more."""
        self._has_ended = True
        if self._at_its_end:
            self._tell()

    def gone(self) -> None:
        self._is_gone = True
        if self.answering is not None:
            self.answering.disconnected = True  # uvicorn says so to the newest request only
        self._tell()

    def look(self, transport: WriteTransport) -> None:
        """To be called now and then.

        A peer that has closed looks like one that has said all it has to say, until something is sent to it. Who waits
        passes over an interim answer (RFC 9110, 15.2). Where nobody does, the next one finds that out.
        """
        cycle = self.answering
        if not self._has_ended or self._call is None or cycle is None or transport.is_closing():
            return
        if not cycle.response_started and cycle.scope["http_version"] == "1.1":
            transport.write(_CONTINUE)

    def _tell(self) -> None:
        if self._call is not None:
            self._call()
