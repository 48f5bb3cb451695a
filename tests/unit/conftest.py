"""A server that speaks the ingest part of the HTTP contract, and fails in the ways that networks do."""

from __future__ import annotations

import asyncio
import math
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlsplit

import msgspec
import pytest
from aiohttp import web

KEY = "the-key"


@dataclass
class Rate:
    """A rate limit in events (GCRA): `per_s` for good, `burst` at once, by the clock `now`."""

    per_s: float
    burst: int
    now: Callable[[], float] = time.monotonic
    full_s: float = -math.inf  # when the burst is whole again

    def wait_s(self, count):
        """0: `count` events fit and are taken. Else when they would, to the millisecond."""
        now = self.now()
        full_s = max(self.full_s, now) + count / self.per_s
        wait_ms = math.ceil((full_s - now - self.burst / self.per_s) * 1000 - 1e-6)
        if wait_ms <= 0:
            self.full_s = full_s
        return max(wait_ms, 0) / 1000


@dataclass
class StandIn:
    """Keeps events by id in `events`. `faults` are used up one a request, in order; None is a good answer.

    `answers` holds, by the end of a path, what questions are answered with, one after the other; the last stays.
    `names_events_max`: a 413 says how many events fit; a number is said instead of the true one.
    """

    port: int = 0
    events: dict[str, dict] = field(default_factory=dict)
    faults: list = field(default_factory=list)
    requests: list = field(default_factory=list)
    answers: dict[str, list] = field(default_factory=dict)
    events_max: int = 100_000
    names_events_max: bool | int = False
    rate: Rate | None = None
    knows_dry_runs: bool = True
    takes_zstd: bool = True
    encodings: list = field(default_factory=list)
    gate: threading.Event = field(default_factory=threading.Event)
    under_way: int = 0
    under_way_max: int = 0

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def asked(self, index=-1):
        """The parameters of a question; of one that was given several times the last."""
        return dict(parse_qsl(urlsplit(self.requests[index][1]).query, keep_blank_values=True))

    def take(self, raw, *, dry=False):
        try:
            event = msgspec.json.decode(raw)
        except (msgspec.DecodeError, UnicodeDecodeError):
            return None, "malformed"
        if "event_id" not in event:
            raise AssertionError("an event came without an id")
        name = event["event_id"]
        if event.get("title") == "bad":
            return name, "invalid"
        if name in self.events:
            return name, "duplicate" if self.events[name] == event else "conflict"
        if not dry:
            self.events[name] = event
        return name, "stored"


def _problem(status, code, detail, *, headers=None, **more):
    body = {"type": "about:blank", "title": code, "status": status, "detail": detail, "code": code, **more}
    return web.Response(
        status=status,
        body=msgspec.json.encode(body),
        content_type="application/problem+json",
        headers=headers,
    )


_CODES = {403: "forbidden", 408: "request_timeout", 429: "rate_limited", 503: "overloaded"}
_ERRORS = [{"field": "title", "rule": "a good title", "value": "bad", "help": "send a better one"}]


def _over_rate(wait_s):
    detail, headers = f"fits in {wait_s} s", {"Retry-After": str(math.ceil(wait_s))}
    return _problem(429, "rate_limited", detail, headers=headers, retryable=True, retry_after_s=wait_s)


def _too_large(detail, events_max):
    return _problem(413, "too_large", detail, **({} if events_max is None else {"events_max": events_max}))


def _refused_whole(stand_in, count):
    """The answer to a request that is not looked into, if it is one."""
    if count > stand_in.events_max:
        named = stand_in.names_events_max
        events_max = None if named is False else stand_in.events_max if named is True else named
        return _too_large(f"at most {stand_in.events_max} events a request", events_max)
    if stand_in.rate is None:
        return None
    if count > stand_in.rate.burst:
        return _too_large(f"at most {stand_in.rate.burst} events at once", stand_in.rate.burst)
    wait_s = stand_in.rate.wait_s(count)
    return _over_rate(wait_s) if wait_s else None


def _scrubbed(line):
    event = msgspec.json.decode(line)
    return [path for path in ("card", "message") if "4111" in event.get(path, "")]


def _batch(stand_in, body, overloaded=(), *, dry=False):
    lines = [line for line in body.split(b"\n") if line]
    if (refusal := _refused_whole(stand_in, len(lines))) is not None:
        return refusal
    counts, results = {"stored": 0, "duplicate": 0, "rejected": 0}, []
    for index, line in enumerate(lines):
        name, status = (None, "overloaded") if index in overloaded else stand_in.take(line, dry=dry)
        if status in ("stored", "duplicate"):
            counts[status] += 1
            if status == "stored" and (paths := _scrubbed(line)):
                results.append({"index": index, "event_id": name, "status": status, "scrubbed": paths})
            continue
        counts["rejected"] += 1
        item = {"index": index, "event_id": name, "status": "rejected", "reason": status}
        results.append(item | {"errors": [] if status == "overloaded" else _ERRORS})
    headers = {"Retry-After": "3"} if overloaded else None
    answer = {"total_events": len(lines), **counts, "results": results} | ({"dry_run": True} if dry else {})
    return web.json_response(answer, headers=headers)


def _single(stand_in, body, *, dry):
    if stand_in.events_max < 1:
        return _problem(413, "too_large", "at most 10 bytes an event")
    if (refusal := _refused_whole(stand_in, 1)) is not None:
        return refusal
    name, status = stand_in.take(body, dry=dry)
    if status in ("stored", "duplicate"):
        answer = {"success": True, "event_id": name, "processing_status": status, "scrubbed": _scrubbed(body)}
        return web.json_response(answer | ({"dry_run": True} if dry else {}))
    more = {"success": False, "event_id": name, "processing_status": "rejected"}
    return _problem(422, status, "the event breaks a rule", reason=status, errors=_ERRORS, **more)


def _fault(kind, rest):
    """The answer of a fault that has one of its own."""
    if kind == "junk":
        return web.Response(text="<html>It works!</html>", content_type="text/html")
    if kind == "short":
        return web.json_response({"total_events": 1, "stored": 1, "duplicate": 0, "results": []})
    return _refusal(kind, rest)


def _refusal(kind, rest):
    if kind == "over_rate":
        return _over_rate(rest[0])
    if kind == "too_many":
        return _problem(429, "too_many_requests", "8 are under way", headers={"Retry-After": "1"})
    if isinstance(kind, dict):  # a problem, word by word
        return web.json_response(kind, status=rest[0], content_type="application/problem+json")
    if isinstance(kind, int):
        headers = {"Retry-After": str(rest[0])} if rest else None
        return _problem(kind, _CODES.get(kind, "odd"), "not now", headers=headers)
    return None


def _good(stand_in, request, body, overloaded):
    dry = stand_in.knows_dry_runs and request.query.get("dry_run") == "true"
    if request.path.endswith("/batch"):
        return _batch(stand_in, body, overloaded, dry=dry)
    if request.method == "POST":
        return _single(stand_in, body, dry=dry)
    said = stand_in.answers.get(request.path.rsplit("/", 1)[1], [{"answer": 42}])
    answer = said.pop(0) if len(said) > 1 else said[0]
    if isinstance(answer, bytes):
        return web.Response(body=answer, content_type="text/event-stream")
    return web.json_response(answer)


async def _answer(stand_in, request):
    body = await request.read()
    stand_in.requests.append((request.method, request.path_qs, body))
    stand_in.encodings.append(request.headers.get("Content-Encoding"))
    if stand_in.encodings[-1] == "zstd" and not stand_in.takes_zstd:
        return _problem(415, "unsupported_encoding", "send gzip or plain")
    if request.headers.get("X-API-Key") != KEY:
        return _problem(401, "unauthorized", "no such key")
    fault = stand_in.faults.pop(0) if stand_in.faults else None
    kind, *rest = fault if isinstance(fault, tuple) else (fault,)
    if kind == "gate":
        await asyncio.to_thread(stand_in.gate.wait, 30)
    if kind == "drop":  # the connection closes, nothing was kept
        request.transport.close()
        return web.Response()
    answer = _fault(kind, rest)
    if answer is None:
        answer = _good(stand_in, request, body, rest[0] if kind == "overloaded" else ())
    if kind == "lose":  # the events are kept, the answer never arrives
        request.transport.close()
    return answer


async def _counted(stand_in, request):
    stand_in.under_way += 1
    stand_in.under_way_max = max(stand_in.under_way_max, stand_in.under_way)
    try:
        return await _answer(stand_in, request)
    finally:
        stand_in.under_way -= 1


@pytest.fixture
def stand_in():
    state, ready, loop = StandIn(), threading.Event(), asyncio.new_event_loop()
    stopped = asyncio.Event()

    async def handle(request):
        return await _counted(state, request)

    async def serve():
        app = web.Application(client_max_size=2**30)
        app.router.add_route("*", "/{path:.*}", handle)
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        state.port = runner.addresses[0][1]
        ready.set()
        await stopped.wait()
        await runner.cleanup()
        # A connection may have arrived with the end, and transports close in a later turn of the loop.
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        for _ in range(3):
            await asyncio.sleep(0)

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),))
    thread.start()
    assert ready.wait(10)
    yield state
    state.gate.set()
    loop.call_soon_threadsafe(stopped.set)
    thread.join(10)
    loop.close()
