"""One request and its answer, as uvicorn runs it, on a connection that is bounded."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterable
from typing import Any, Protocol, cast

import httptools
from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, RequestResponseCycle

from pulsestream.api import problems, request
from pulsestream.api.observer import Observer
from pulsestream.api.wire import HEAD_BYTES_MAX
from pulsestream.errors import BadRequest, HeadTooLarge, PulseStreamError


class Leaving(Protocol):
    leaving: bool

    def leave(self) -> None: ...


class Flow(FlowControl):
    """Reading goes on only while nothing that was read before still waits."""

    held = False

    def resume_reading(self) -> None:
        if not self.held:
            super().resume_reading()


# As they go over the wire, in place of the empty line behind a head. uvicorn would check and join them each time.
_SECURED = b"".join(b"%b: %b\r\n" % header for header in problems.SECURITY_HEADERS)


class Exit:
    """The transport as a request's answer sees it. `heading`: lines for the head of an answer, which is written next.

    Where the length of its body is known a head waits for that: one write is cheaper than two.
    """

    heading = b""

    def __init__(self, connection: Leaving, transport: asyncio.Transport) -> None:
        self._connection = connection
        self._transport = transport
        self._head = b""

    def write(self, data: bytes) -> None:
        if self.heading:
            self._head = b"%b%b\r\n" % (data.removesuffix(b"\r\n"), self.heading)
            self.heading = b""
            if b"content-length: " not in data:
                self.flush()
            return
        if self._head:
            data, self._head = self._head + data, b""
        if not self._transport.is_closing():
            self._transport.write(data)

    def flush(self) -> None:
        """For an answer that has no body."""
        if self._head:
            self.write(b"")

    def is_closing(self) -> bool:
        return self._connection.leaving or self._transport.is_closing()

    def close(self) -> None:
        self.flush()
        self._connection.leave()


class Exchange(RequestResponseCycle):
    """One request and its answer. `fault` is what is wrong with its body."""

    fault: PulseStreamError | None = None
    status = 0

    def begin(self, observer: Observer, named: bytes | None) -> None:
        """`named`: what the sender calls this request, if anything."""
        self._observer = observer
        self._began = observer.tick()
        self._name = observer.name(named)
        self._ended = self.on_response
        self.on_response = self._end
        request.name(self.scope["state"], self._name)

    def _end(self) -> None:
        self._observer.answered(self.scope["path"], self.status, self._began)
        self._ended()

    async def receive(self) -> Any:  # noqa: ANN401 - uvicorn's own type for it is private
        if self.fault is not None and not self.disconnected and not self.response_complete:
            raise self.fault
        message = await super().receive()
        if self.fault is not None and message["type"] != "http.disconnect":
            raise self.fault
        return message

    def send(self, message: Any) -> Coroutine[Any, Any, None]:  # noqa: ANN401 - uvicorn's own type for it is private
        if message["type"] == "http.response.start":
            self.status = message["status"]
            # Pages bring headers of safety of their own.
            secured = b"" if message.get("secured") else _SECURED
            cast("Exit", self.transport).heading = b"x-request-id: %b\r\n%b" % (self._name, secured)
        if self.more_body:
            # Answered before it was read: what still comes is no next request.
            self.keep_alive = False
        return super().send(message)


def path_and_query(url: bytes) -> tuple[str, bytes]:
    """Of a URL in any of its forms. Raises BadRequest, HeadTooLarge."""
    if len(url) >= HEAD_BYTES_MAX:  # the parser counts with 16 bits
        raise HeadTooLarge(HEAD_BYTES_MAX)
    try:
        parsed = httptools.parse_url(url)
        return (parsed.path or b"/").decode("ascii"), parsed.query or b""
    except (httptools.HttpParserInvalidURLError, UnicodeDecodeError) as error:
        raise BadRequest("the request's URL cannot be read: write it as RFC 3986 says") from error


def last_answer(answer: problems.Answer, more_headers: Iterable[tuple[bytes, bytes]]) -> bytes:
    """An answer that no application gives, as it goes over the wire. The connection ends with it."""
    lines = [(name.lower().encode(), value.encode()) for name, value in answer.headers.items()]
    lines += [*problems.SECURITY_HEADERS, *more_headers]
    lines += [(b"content-length", b"%d" % len(answer.body)), (b"connection", b"close")]
    head = b"".join(b"%b: %b\r\n" % line for line in lines)
    return b"%b%b\r\n%b" % (STATUS_LINE[answer.status], head, answer.body)


# Two different values of one of these: two programs may read two different requests.
_SINGLE = {
    *(b"host", b"content-length", b"content-type", b"content-encoding"),
    *(b"x-api-key", b"authorization", b"idempotency-key"),
}


def refuse_two_values(headers: list[tuple[bytes, bytes]]) -> None:
    seen: dict[bytes, bytes] = {}
    for name, value in headers:
        if name in _SINGLE and seen.setdefault(name, value) != value:
            raise BadRequest(f"the header {name.decode()} came with two values: send it once")
