"""One server, spoken to over HTTP: requests, their answers, and what a failed one means."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from http import HTTPStatus
from typing import TYPE_CHECKING, Self, TypeVar

import aiohttp
import msgspec
from msgspec import Struct

from pulsestream.client.body import PART_BYTES, Body
from pulsestream.client.frames import Frame, frames
from pulsestream.client.packing import Packing
from pulsestream.client.receipt import Problem, read_problem
from pulsestream.client.retry import LOST_STATUSES, PASSING_STATUSES, Backoff, RetryPolicy
from pulsestream.errors import (
    BadParameters,
    BadQuery,
    ConfigError,
    Forbidden,
    NotFound,
    Overloaded,
    PulseStreamError,
    RateLimited,
    RemoteError,
    RequestTimeout,
    ServerUnreachable,
    TooLarge,
    TooManyRequests,
    Unauthorized,
)

if TYPE_CHECKING:
    from random import Random
    from types import TracebackType

    from pulsestream.client.batch import Text
    from pulsestream.client.packing import Compress
    from pulsestream.clock import Clock

T = TypeVar("T")
Params = Sequence[tuple[str, str]]

_SHOWN = 200  # characters of a stranger's answer that an error repeats
_SILENCE_S = 45.0  # a server that sends events says at least every 15 s that it is there


class Attempt(Struct, frozen=True):
    """One HTTP request as it went. `status` is None when no answer came; `trouble` says why.

    `over_rate`: refused because the tenant's rate has no room for it at the moment.
    """

    status: int | None
    latency_s: float
    events: int = 0
    retry: bool = False
    trouble: str = ""
    over_rate: bool = False


class Reply(Struct, frozen=True):
    """`fits_in_s`: of a request over the rate limit, when it fits; None for every other answer."""

    status: int
    body: bytes
    retry_after_s: float | None = None
    fits_in_s: float | None = None


class NoAnswer(Exception):
    """A request got no answer. `lost`: it may have reached the server. `final`: trying again cannot help."""

    def __init__(self, trouble: str, *, lost: bool, final: bool = False) -> None:
        super().__init__(trouble)
        self.lost = lost
        self.final = final


def _ignore(said: str) -> None:
    """Nobody is there to be told."""


class Connection:
    """A pool of connections to one server, and the rules for trying again.

    `observe` is told of every request, `tell` of what a person should know. `sleep` is how it waits between
    attempts. `compress`: whether batches go out as zstd; `auto`: unless the server is on this machine.
    """

    def __init__(
        self,
        url: str,
        api_key: str,
        *,
        clock: Clock,
        rng: Random,
        policy: RetryPolicy | None = None,
        connections: int = 8,
        timeout_s: float = 60.0,
        observe: Callable[[Attempt], None] | None = None,
        compress: Compress = "auto",
        tell: Callable[[str], None] | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.url = _base(url)
        self.policy = policy or RetryPolicy()
        self._api_key = api_key
        self._clock = clock
        self._rng = rng
        self._connections = connections
        self._timeout_s = timeout_s
        self._observers = [] if observe is None else [observe]
        self.packing = Packing(self.url, compress, tell or _ignore)
        self._sleep = sleep
        self._stopping = asyncio.Event()
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=self._connections),
            timeout=aiohttp.ClientTimeout(total=self._timeout_s),
            headers={"X-API-Key": self._api_key, "User-Agent": "pulsestream-client"},
            cookie_jar=aiohttp.DummyCookieJar(),
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    def listen(self, observe: Callable[[Attempt], None]) -> None:
        """Have one more told of every request."""
        self._observers.append(observe)

    def _observe(self, attempt: Attempt) -> None:
        for observe in self._observers:
            observe(attempt)

    def stop(self) -> None:
        """Try nothing again: waits between attempts end at once, requests under way are left to finish."""
        self._stopping.set()

    def backoff(self) -> Backoff:
        return Backoff(self.policy, self._clock, self._rng, self.pause)

    async def request(
        self,
        method: str,
        path: str,
        *,
        params: Params = (),
        body: Text | None = None,
        headers: Mapping[str, str] | None = None,
        events: int = 0,
        retry: bool = False,
    ) -> Reply:
        """Send one request, once. Raises NoAnswer."""
        if self._session is None:
            raise RuntimeError("use the client in an `async with` block")
        data = Body(body) if body is not None and len(body) > PART_BYTES else body
        started = self._clock.monotonic()
        try:
            async with self._session.request(
                method,
                f"{self.url}/api/v1{path}",
                params=list(params),
                data=data,
                headers=headers,
                allow_redirects=False,
            ) as response:
                reply = _reply(response.status, await response.read(), response.headers.get("Retry-After"))
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            failure = _no_answer(error, self._timeout_s)
            self._observe(Attempt(None, self._clock.monotonic() - started, events, retry, str(failure)))
            raise failure from error
        latency_s = self._clock.monotonic() - started
        self._observe(Attempt(reply.status, latency_s, events, retry, over_rate=reply.fits_in_s is not None))
        return reply

    async def open(self, path: str, params: Params = (), *, silence_s: float) -> aiohttp.ClientResponse:
        """Ask once; the caller reads the body and closes it. `silence_s`: the longest pause in it.

        Raises what `unreachable` and `refusal` return.
        """
        if self._session is None:
            raise RuntimeError("use the client in an `async with` block")
        try:
            response = await self._session.get(
                f"{self.url}/api/v1{path}",
                params=list(params),
                timeout=aiohttp.ClientTimeout(total=None, connect=self._timeout_s, sock_read=silence_s),
                allow_redirects=False,
                read_bufsize=PART_BYTES,
            )
            if response.status == HTTPStatus.OK:
                return response
            async with response:
                reply = _reply(response.status, await response.read(), response.headers.get("Retry-After"))
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            failure = _no_answer(error, silence_s)
            raise self.unreachable(failure) from failure
        raise self.refusal(reply)

    async def get_json(self, path: str, params: Params = (), *, shape: type[T]) -> T:
        """Ask, and decode the answer as `shape`; tries again while that can help.

        Raises what `unreachable` and `refusal` return.
        """
        backoff = self.backoff()
        while True:
            try:
                reply = await self.request("GET", path, params=params, retry=backoff.begun)
            except NoAnswer as failure:
                if failure.final or not await backoff.wait():
                    raise self.unreachable(failure) from failure
                continue
            if reply.status == HTTPStatus.OK:
                return self._decode(reply.body, shape)
            if reply.status in PASSING_STATUSES | LOST_STATUSES and await backoff.wait(reply.retry_after_s):
                continue
            raise self.refusal(reply)

    async def listen_to(self, path: str, params: Params = ()) -> AsyncIterator[Frame]:
        """Server-sent events as they come, until the server ends the answer. Nothing is tried again.

        Raises what `unreachable` and `refusal` return.
        """
        if self._session is None:
            raise RuntimeError("use the client in an `async with` block")
        patience = aiohttp.ClientTimeout(total=None, sock_connect=self._timeout_s, sock_read=_SILENCE_S)
        try:
            async with self._session.get(
                f"{self.url}/api/v1{path}", params=list(params), timeout=patience, allow_redirects=False
            ) as response:
                if response.status != HTTPStatus.OK:
                    body, after = await response.read(), response.headers.get("Retry-After")
                    raise self.refusal(_reply(response.status, body, after))
                async for frame in frames(response.content.iter_any()):
                    yield frame
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            failure = _no_answer(error, _SILENCE_S)
            raise self.unreachable(failure) from failure

    async def act(self, method: str, path: str, body: object = None, *, shape: type[T], params: Params = ()) -> T:
        """Have something changed, once: `body` goes as JSON, the answer is decoded as `shape`.

        Nothing is tried again: an act whose answer was lost may have been done. Raises as `get_json` does.
        """
        data = None if body is None else msgspec.json.encode(body)
        headers = {} if body is None else {"Content-Type": "application/json"}
        try:
            reply = await self.request(method, path, params=params, body=data, headers=headers)
        except NoAnswer as failure:
            raise self.unreachable(failure) from failure
        if HTTPStatus.OK <= reply.status < HTTPStatus.MULTIPLE_CHOICES:
            return self._decode(reply.body, shape)
        raise self.refusal(reply)

    def unreachable(self, failure: NoAnswer) -> ServerUnreachable:
        return ServerUnreachable(
            f"no answer from {self.url}: {failure}. Is the server running (`pulsestream serve`), "
            "and is this its address (--url, PULSESTREAM_URL)?"
        )

    def refusal(self, reply: Reply) -> PulseStreamError:
        """The error that an answer other than 200 means to the person who asked."""
        problem = read_problem(reply.body)
        said = problem.detail or problem.title
        if reply.status == HTTPStatus.TOO_MANY_REQUESTS:
            return self._too_much(reply, said)
        if reply.status == HTTPStatus.SERVICE_UNAVAILABLE:
            waits = max(1, round(reply.retry_after_s or 1))
            return Overloaded(f"{self.url} takes no more for the moment ({said or reply.status})", waits)
        if reply.status == HTTPStatus.REQUEST_TIMEOUT:
            return RequestTimeout(
                f"{self.url} did not get the whole request in time ({said or 'status 408'}): "
                "send fewer events a request, or over a faster connection"
            )
        if reply.status in LOST_STATUSES:
            return self.unreachable(NoAnswer(f"status {reply.status} from a proxy", lost=True))
        return self._final_refusal(reply, problem, said)

    def _too_much(self, reply: Reply, said: str) -> PulseStreamError:
        if reply.fits_in_s is not None:
            return RateLimited(
                f"{self.url} has no room in this tenant's rate for {reply.fits_in_s:.3g} s "
                f"({said or 'status 429'}): send it again then",
                reply.fits_in_s,
            )
        return TooManyRequests(
            f"{self.url} takes no further request for the moment ({said or 'status 429'}): "
            "have fewer under way at once, or try again later"
        )

    def _final_refusal(self, reply: Reply, problem: Problem, said: str) -> PulseStreamError:  # noqa: PLR0911 - a case each
        if reply.status == HTTPStatus.UNAUTHORIZED:
            return Unauthorized(
                f"{self.url} does not accept this API key ({said or 'status 401'}): "
                "pass the right one with --api-key or PULSESTREAM_API_KEY"
            )
        if reply.status == HTTPStatus.FORBIDDEN and problem.code:
            return Forbidden(f"{said} (--api-key, PULSESTREAM_API_KEY)")
        if reply.status == HTTPStatus.NOT_FOUND and problem.code:
            return NotFound(said)
        if reply.status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
            return TooLarge(said or f"{self.url} answered 413: the request is too large", problem.events_max)
        if problem.code == BadQuery.code:
            at, length = problem.position, problem.length
            return BadQuery(problem.detail, position=at, length=length, suggestion=problem.suggestion)
        if reply.status == HTTPStatus.UNPROCESSABLE_ENTITY and problem.errors:
            return BadParameters(
                [(broken.field, _advice(problem, broken.rule, broken.help)) for broken in problem.errors]
            )
        if not problem.code and not problem.title:
            text = reply.body[: _SHOWN * 4].decode("utf-8", "replace").strip()
            said = f"{' '.join(text.split())[:_SHOWN]!r}, which is not PulseStream's; check --url" if text else ""
        return RemoteError(f"{self.url} answered {reply.status}" + (f": {said}" if said else ""))

    def _decode(self, body: bytes, shape: type[T]) -> T:
        try:
            return msgspec.json.decode(body, type=shape)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise self.junk(body, error) from error

    def junk(self, body: bytes, error: Exception) -> RemoteError:
        shown = " ".join(body[: _SHOWN * 4].decode("utf-8", "replace").split())[:_SHOWN]
        return RemoteError(
            f"{self.url} answered 200 with something that is not PulseStream's ({error}): {shown!r}; check --url"
        )

    async def pause(self, seconds: float) -> bool:
        """Wait; False when `stop` cut the wait short."""
        if self._stopping.is_set():
            return False
        waits = {asyncio.ensure_future(self._sleep(seconds)), asyncio.ensure_future(self._stopping.wait())}
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.gather(*waits, return_exceptions=True)
        return not self._stopping.is_set()


def _base(url: str) -> str:
    base = url.rstrip("/").removesuffix("/api/v1")
    if not base.startswith(("http://", "https://")) or not base.split("://", 1)[1]:
        raise ConfigError(f"{url!r} is not a server's address: write it as http://127.0.0.1:8000")
    return base


def _reply(status: int, body: bytes, retry_after: str | None) -> Reply:
    after_s, fits_in_s = _seconds(retry_after), None
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        problem = read_problem(body)
        if problem.code == RateLimited.code:
            # The header is in whole seconds, rounded up: up to a second in which the rate goes unused.
            fits_in_s = after_s if problem.retry_after_s is None else problem.retry_after_s
    return Reply(status, body, after_s, fits_in_s)


def _seconds(header: str | None) -> float | None:
    """Retry-After in seconds; its other form, a date, is not one our server sends and counts as absent."""
    if header is None or not header.strip().isdecimal():
        return None
    return min(float(header), 86_400.0)


def _advice(problem: Problem, rule: str, advice: str) -> str:
    text = "; ".join(part for part in (rule, advice) if part)
    return text or problem.detail or problem.title


def _no_answer(error: Exception, timeout_s: float) -> NoAnswer:
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        return NoAnswer("its TLS certificate is not trusted", lost=False, final=True)
    if isinstance(error, aiohttp.InvalidURL):
        return NoAnswer("this is not an address", lost=False, final=True)
    if isinstance(error, aiohttp.ClientConnectorError):
        number = error.os_error.errno
        known = os.strerror(number).lower() if number is not None and number > 0 else ""
        return NoAnswer(known or str(error.os_error) or "cannot connect", lost=False)
    if isinstance(error, TimeoutError):
        return NoAnswer(f"nothing came within {timeout_s:g} s", lost=True)
    if isinstance(error, aiohttp.ServerDisconnectedError):
        return NoAnswer("the connection was closed before the answer", lost=True)
    return NoAnswer(f"the connection broke ({str(error) or type(error).__name__})", lost=True)
