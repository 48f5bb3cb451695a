"""One HTTP connection: whatever its peer sends, or does not send, costs a bounded time and a bounded memory.

uvicorn parses with httptools and knows no such bounds. What is wrong with a body is raised in the application that
reads it, which answers and counts it like any error. What has no such reader is answered here. Answers keep the order
of their requests.
"""

from __future__ import annotations

import asyncio
import enum
import logging
import socket
import struct
from collections.abc import Callable
from typing import Any, cast
from urllib.parse import unquote

import httptools
from uvicorn._types import ASGI3Application
from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle
from uvicorn.server import ServerState

from pulsestream.api import problems
from pulsestream.api.departure import Departure
from pulsestream.api.exchange import Exchange, Exit, Flow, last_answer, path_and_query, refuse_two_values
from pulsestream.api.wire import EXTENSION, HEAD_BYTES_MAX, Wire
from pulsestream.errors import BadRequest, HeadTooLarge, Overloaded, PulseStreamError, RequestTimeout

log = logging.getLogger(__name__)

_HEADER_OVERHEAD = 32  # what one header costs beyond its text (RFC 9113, 6.5.2): 2,000 headers at most
BYTES_PER_S_MIN = 1_000  # of a body, or of answers read; the slowest modem in use is several times faster
DISCARD_BYTES_MAX = 1 << 20  # what a refused peer may still send, so that it comes to read its answer
BODY_DISCARD_BYTES_MAX = 64 << 20  # or the rest of its body, where it said a length that has no more than this
LINGER_S = 2.0  # and how long it may take
KEEP_ALIVE_S = 75.0  # longer than the 60 s of the usual pools and proxies: the side that asks closes first
PIPELINE_MAX = 32  # requests of one connection that wait for the one before them
_SLICE = 4096  # what is parsed at a time; so many bytes hold some 100 requests at most
_DIGITS_MAX = 19  # of a length: the parser takes more zeros, and Python refuses to read some thousand digits
_RESET = struct.pack("ii", 1, 0)


class _Phase(enum.Enum):
    """What comes next from the peer."""

    REQUEST = enum.auto()  # if anything
    HEAD = enum.auto()
    BODY = enum.auto()


class Connection(HttpToolsProtocol):
    """One connection, from its begin to its end."""

    flow: Flow
    cycle: Exchange

    def __init__(
        self,
        wire: Wire,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self.leaving = False  # the last answer is written; what still comes is read for the peer's sake
        self._wire = wire
        self._tenant: str | None = None
        self._extensions = {EXTENSION: self}
        self._transport: asyncio.Transport
        self._exit: Exit
        self._phase = _Phase.HEAD  # a peer that connects has something to say
        self._deaf = False  # nothing more is parsed
        self._ended = False  # the peer sends nothing more
        self._unparsed = b""
        self._discarded = 0
        self._last_word: problems.Answer | None = None  # waits for the answers before it
        self._head_bytes = 0
        self._body_left = 0  # of a body whose length is known
        self._body_bytes = 0
        self._framing_bytes = 0  # since the last byte of a body
        self._waited_s = 0.0
        self._span_bytes = 0
        self._unread_s, self._unread_bytes = 0.0, 0
        self._departure = Departure()

    def when_left(self, call: Callable[[], None] | None, *, at_its_end: bool = False) -> None:
        self._departure.watch(call, at_its_end=at_its_end)

    def claim(self, tenant: str, connections_max: int) -> bool:
        counts = self._wire.of_tenant
        if tenant != self._tenant and self in self._wire.open:
            if counts[tenant] >= connections_max:
                return False
            self._release()
            self._tenant = tenant
            counts[tenant] += 1
        return True

    def _release(self) -> None:
        if self._tenant is not None:
            self._wire.of_tenant[self._tenant] -= 1
            if not self._wire.of_tenant[self._tenant]:
                del self._wire.of_tenant[self._tenant]
            self._tenant = None

    # What the transport tells.

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's own
        super().connection_made(transport)
        self._transport = transport
        self.flow = Flow(transport)
        self._exit = Exit(self, transport)
        self.transport = cast("asyncio.Transport", self._exit)
        if self._wire.admits(self):
            return
        if self._wire.turns_away(self):
            self._refuse(Overloaded("too many connections: send this again in a moment, over fewer connections"))
        else:
            transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        self._release()
        self._wire.forget(self)
        self._deaf = True
        self._unparsed = b""
        self.pipeline.clear()
        super().connection_lost(exc)
        self._departure.gone()

    def data_received(self, data: bytes) -> None:
        if self._deaf:
            self._discard(len(data))
        else:
            self._parse(self._unparsed + data if self._unparsed else data)

    def eof_received(self) -> bool:  # type: ignore[override]  # uvicorn's own never keeps it open
        """True keeps the other direction open, for the answers that are due."""
        self._ended = True
        self._departure.ended()
        if self.leaving:
            return False
        self._after_the_end()
        return not self.transport.is_closing()

    def _after_the_end(self) -> None:
        if self._unparsed or (self._deaf and self._answering):
            return
        if self._phase is _Phase.BODY:
            self._fault(BadRequest("the sender closed its side before the request was whole"))
        elif self._phase is _Phase.HEAD and self._head_bytes:
            self._refuse(BadRequest("the sender closed its side before the headers were whole"))
        elif self._answering:
            self.cycle.keep_alive = False
        else:
            self._transport.close()

    # What the parser tells.

    def _parse(self, data: bytes) -> None:
        at = 0
        while at < len(data) and not self._deaf and len(self.pipeline) < PIPELINE_MAX:
            part = data[at : at + max(_SLICE, self._body_left)]
            at += len(part)
            body_bytes = self._body_bytes
            self._feed(part)
            if self._phase is _Phase.HEAD:
                self._head_bytes += len(part)
                if self._head_bytes + _HEADER_OVERHEAD * len(self.headers or ()) > HEAD_BYTES_MAX:
                    self._refuse(HeadTooLarge(HEAD_BYTES_MAX))
            elif self._phase is _Phase.BODY:
                self._framing_bytes = self._framing_bytes + len(part) if body_bytes == self._body_bytes else 0
                if self._framing_bytes > HEAD_BYTES_MAX:
                    self._fault(BadRequest("the chunks of the body have more framing than content: send larger ones"))
        self._unparsed = b"" if self._deaf else data[at:]
        self._hold()

    def _feed(self, part: bytes) -> None:
        try:
            self.parser.feed_data(part)
        except httptools.HttpParserUpgrade:
            # Another protocol is asked for. The request is answered as it is, and the rest is not ours.
            self.cycle.keep_alive = False
            self._deaf = True
        except httptools.HttpParserError as error:
            log.debug("a request of %s cannot be parsed: %s", self.client, error)
            cause = error.__context__
            self._fault(cause if isinstance(cause, PulseStreamError) else BadRequest(f"this is not HTTP/1.1: {error}"))

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.scope["extensions"] = cast("Any", self._extensions)
        self._phase = _Phase.HEAD
        self._waited_s = 0.0
        self._head_bytes = 0
        self._body_left = 0

    def on_headers_complete(self) -> None:
        """As uvicorn's own, with our exchange in place of its cycle, and without what it does for WebSockets."""
        version = self.parser.get_http_version()
        if version not in {"1.1", "1.0"}:
            raise BadRequest("this server speaks HTTP/1.1")
        headers = dict(self.headers)
        if len(headers) != len(self.headers):
            refuse_two_values(self.headers)
        length = headers.get(b"content-length")
        if self.parser.should_upgrade() and (length is not None or b"transfer-encoding" in headers):
            # The parser would end the request here, and its body be lost.
            raise BadRequest("this server changes to no other protocol: send this again without Upgrade")
        path, query = path_and_query(self.url)
        self.scope["http_version"] = version
        self.scope["method"] = self.parser.get_method().decode("ascii")
        self.scope["path"] = unquote(path) if "%" in path else path
        self.scope["raw_path"] = path.encode("ascii")
        self.scope["query_string"] = query
        before_was_answered = not self._answering
        self.cycle = Exchange(
            scope=self.scope,
            transport=self.transport,
            flow=self.flow,
            logger=self.logger,
            access_logger=self.access_logger,
            access_log=self.access_log,
            default_headers=self.server_state.default_headers,
            message_event=asyncio.Event(),
            expect_100_continue=self.expect_100_continue,
            keep_alive=version != "1.0" and self.parser.should_keep_alive(),
            on_response=self.on_response_complete,
        )
        self.cycle.begin(self._wire.observer, headers.get(b"x-request-id"))
        self.headers = []  # trailers go there and nowhere: they come after what they could change
        self._phase = _Phase.BODY
        self._waited_s = 0.0
        self._body_left = int(length) if length is not None and len(length) < _DIGITS_MAX else 0
        self._body_bytes = self._span_bytes = self._framing_bytes = 0
        if before_was_answered:
            self._start_asgi_task(self.cycle, self.app)
        else:
            self.pipeline.appendleft((self.cycle, self.app))

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: ASGI3Application) -> None:
        self._departure.answering = cycle
        super()._start_asgi_task(cycle, app)

    def on_body(self, body: bytes) -> None:
        self._body_bytes += len(body)
        self._body_left = max(0, self._body_left - len(body))
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._phase = _Phase.REQUEST
        self._waited_s = 0.0
        if not self.cycle.keep_alive:
            self._deaf = True
        super().on_message_complete()

    # Answers and ends.

    @property
    def _answering(self) -> bool:
        """Whether a request is under way. `cycle` is the newest one; they are answered in order."""
        return self.cycle is not None and not self.cycle.response_complete

    def _fault(self, error: PulseStreamError) -> None:
        """What is wrong with what arrives: told to who reads it, or answered."""
        if self._phase is _Phase.BODY and self._answering:
            self._deaf = True
            self.cycle.fault = error
            self.cycle.message_event.set()
        else:
            self._refuse(error)

    def _refuse(self, error: PulseStreamError) -> None:
        answer = problems.answer(error)
        self._wire.observer.refused(error.code, answer.status)
        self._deaf = True
        self._last_word = answer
        if not self._answering:
            self._say_last_word(answer)

    def _say_last_word(self, answer: problems.Answer) -> None:
        named = (b"x-request-id", self._wire.observer.name(None))
        if not self.transport.is_closing():  # the peer may be gone by now
            self.transport.write(last_answer(answer, [*self.server_state.default_headers, named]))
        self._linger()

    def on_response_complete(self) -> None:
        self._exit.flush()
        self.server_state.total_requests += 1
        if self.transport.is_closing():
            return
        self._waited_s = 0.0
        if self.pipeline:
            cycle, app = self.pipeline.pop()
            self._start_asgi_task(cycle, app)
        elif self._last_word is not None:
            self._say_last_word(self._last_word)
            return
        if self._unparsed:
            self._parse(self._unparsed)
            if self._ended:
                self._after_the_end()
        self._hold()
        self.flow.resume_reading()

    def _hold(self) -> None:
        """Read no further while requests wait in line: each is whole, so that none needs more to be answered."""
        self.flow.held = bool(self.pipeline or self._unparsed)
        if self.flow.held:
            self.flow.pause_reading()

    def leave(self) -> None:
        """Close. A peer that may still be sending would lose its answer by that, so it gets a while to read it."""
        if self._phase is _Phase.BODY:
            self._linger()
        else:
            self._transport.close()

    def _linger(self) -> None:
        self._deaf = True
        if self.leaving or self._ended or self._transport.is_closing() or self._discarded > self._discard_bytes_max:
            self._transport.close()
            return
        self.leaving = True
        self._waited_s = 0.0
        self._unparsed = b""
        self.pipeline.clear()
        self._transport.write_eof()
        self.flow.held = False
        self.flow.resume_reading()

    def abort(self) -> None:
        # Without it, the kernel keeps what a peer does not read, some megabytes, for minutes after the close.
        self._transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        self._transport.abort()

    @property
    def _discard_bytes_max(self) -> int:
        left = self._body_left if self._phase is _Phase.BODY else 0
        return max(DISCARD_BYTES_MAX, left if left <= BODY_DISCARD_BYTES_MAX else 0)

    def _discard(self, size: int) -> None:
        self._discarded += size
        if self._discarded > self._discard_bytes_max:
            if self.leaving:
                self.abort()
            else:
                self.flow.pause_reading()
                self.flow.held = True

    # The passing of time.

    def pass_time(self, seconds: float) -> None:
        """Called every so many seconds. Ends what has waited for its peer too long."""
        self._departure.look(self._transport)
        if self._answers_unread(seconds):
            self.abort()
        elif self.leaving and self._waits(seconds, LINGER_S):
            self._transport.close()
        elif self.transport.is_closing() or self._deaf or self.flow.read_paused:
            pass  # it waits for us
        elif self._phase is _Phase.BODY:
            self._await_body(seconds)
        elif self._phase is _Phase.HEAD:
            timeout_s = self._wire.bounds.header_timeout_s
            if self._waits(seconds, timeout_s):
                self._refuse(RequestTimeout(f"the headers were not whole after {timeout_s:g} s: send them at once"))
        elif not self._answering and self._waits(seconds, KEEP_ALIVE_S):
            self._transport.close()

    def _waits(self, seconds: float, seconds_max: float) -> bool:
        self._waited_s += seconds
        return self._waited_s >= seconds_max

    def _await_body(self, seconds: float) -> None:
        """So many bytes a second, counted by spans of `body_timeout_s`: each has that time to bring its share."""
        span_s = self._wire.bounds.body_timeout_s
        if self._body_bytes - self._span_bytes >= BYTES_PER_S_MIN * span_s:
            self._span_bytes = self._body_bytes
            self._waited_s = 0.0
        elif self._waits(seconds, span_s):
            detail = f"the body stalled, or came slower than {BYTES_PER_S_MIN} bytes a second, for {span_s:g} s"
            self._fault(RequestTimeout(f"{detail}: send it again, in smaller batches if the way is slow"))

    def _answers_unread(self, seconds: float) -> bool:
        """Whether the peer has read too little for too long. More to read, written meanwhile, is no fault of its."""
        timeout_s = self._wire.bounds.body_timeout_s
        size = self._transport.get_write_buffer_size()
        read = self._unread_bytes - size
        if not size or read < 0 or read >= BYTES_PER_S_MIN * timeout_s:
            self._unread_bytes = size
            self._unread_s = 0.0
        else:
            self._unread_s += seconds
        return self._unread_s >= timeout_s
