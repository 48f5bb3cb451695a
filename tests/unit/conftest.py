"""A server that speaks the ingest part of the HTTP contract, and fails in the ways that networks do."""

from __future__ import annotations

import asyncio
import threading
from dataclasses import dataclass, field

import msgspec
import pytest
from aiohttp import web

KEY = "the-key"


@dataclass
class StandIn:
    """Keeps events by id in `events`. `faults` are used up one a request, in order; None is a good answer.

    `answers` holds, by the end of a path, what questions are answered with, one after the other; the last stays.
    """

    port: int = 0
    events: dict[str, dict] = field(default_factory=dict)
    faults: list = field(default_factory=list)
    requests: list = field(default_factory=list)
    answers: dict[str, list] = field(default_factory=dict)
    events_max: int = 100_000
    gate: threading.Event = field(default_factory=threading.Event)
    under_way: int = 0
    under_way_max: int = 0

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def take(self, raw):
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


_ERRORS = [{"field": "title", "rule": "a good title", "value": "bad", "help": "send a better one"}]


def _batch(stand_in, body, overloaded=()):
    lines = [line for line in body.split(b"\n") if line]
    if len(lines) > stand_in.events_max:
        return _problem(413, "too_large", f"at most {stand_in.events_max} events a request")
    counts, results = {"stored": 0, "duplicate": 0, "rejected": 0}, []
    for index, line in enumerate(lines):
        name, status = (None, "overloaded") if index in overloaded else stand_in.take(line)
        if status in ("stored", "duplicate"):
            counts[status] += 1
            continue
        counts["rejected"] += 1
        item = {"index": index, "event_id": name, "status": "rejected", "reason": status}
        results.append(item | {"errors": [] if status == "overloaded" else _ERRORS})
    headers = {"Retry-After": "3"} if overloaded else None
    return web.json_response({"total_events": len(lines), **counts, "results": results}, headers=headers)


def _single(stand_in, body):
    if stand_in.events_max < 1:
        return _problem(413, "too_large", "at most 10 bytes an event")
    name, status = stand_in.take(body)
    if status in ("stored", "duplicate"):
        return web.json_response({"success": True, "event_id": name, "processing_status": status})
    more = {"success": False, "event_id": name, "processing_status": "rejected"}
    return _problem(422, status, "the event breaks a rule", reason=status, errors=_ERRORS, **more)


async def _answer(stand_in, request):
    body = await request.read()
    stand_in.requests.append((request.method, request.path_qs, body))
    if request.headers.get("X-API-Key") != KEY:
        return _problem(401, "unauthorized", "no such key")
    fault = stand_in.faults.pop(0) if stand_in.faults else None
    kind, *rest = fault if isinstance(fault, tuple) else (fault,)
    if kind == "gate":
        await asyncio.to_thread(stand_in.gate.wait, 30)
    if kind == "drop":  # the connection closes, nothing was kept
        request.transport.close()
        return web.Response()
    if kind == "junk":
        return web.Response(text="<html>It works!</html>", content_type="text/html")
    if kind == "short":
        return web.json_response({"total_events": 1, "stored": 1, "duplicate": 0, "results": []})
    if isinstance(kind, int):
        headers = {"Retry-After": str(rest[0])} if rest else None
        return _problem(kind, {429: "rate_limited", 503: "overloaded"}.get(kind, "odd"), "not now", headers=headers)
    if request.path.endswith("/batch"):
        answer = _batch(stand_in, body, rest[0] if kind == "overloaded" else ())
    elif request.method == "POST":
        answer = _single(stand_in, body)
    else:
        said = stand_in.answers.get(request.path.rsplit("/", 1)[1], [{"answer": 42}])
        answer = web.json_response(said.pop(0) if len(said) > 1 else said[0])
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
