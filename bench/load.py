"""The load: prepared HTTP requests over keep-alive connections, as little work per request as can be.

Runs as a process of its own, so that it does not share the server's interpreter. Requests come on stdin, each as a
4-byte little-endian length and its bytes; the result is one line of JSON on stdout. Loopback only, and bounded in
requests and in time.

    python bench/load.py PORT CONNECTIONS                          closed loop: each request once, as fast as answered
    python bench/load.py PORT CONNECTIONS --rate 600 --seconds 10  open loop: 600 requests/s, sent on schedule, in turn

Latency counts from the moment a request was due. In an open loop one that finds no free connection waits for it, and
its wait counts; what is due when the time is over and still waits was not offered, and is counted apart.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import struct
import sys
import time
from collections import Counter, deque
from typing import Any, cast

import uvloop

HOST = "127.0.0.1"
SECONDS_MAX = 300.0
SLICE_S = 0.25  # of the series over time
LAST_ANSWERS_S = 20.0  # what is under way when an open loop ends gets so long
ATTEMPTS = 50  # to connect, with growing pauses
LOST = 0  # in place of a status: the connection ended without an answer


class Peer(asyncio.Protocol):
    """One connection: a request at a time, its answer told to the load."""

    def __init__(self, load: Load) -> None:
        self._load = load
        self._buffer = b""
        self._due: float | None = None
        self._transport: asyncio.Transport | None = None

    async def connect(self) -> None:
        loop = asyncio.get_running_loop()
        for attempt in range(ATTEMPTS):
            try:
                await loop.create_connection(lambda: self, HOST, self._load.port)
            except OSError:
                await asyncio.sleep(0.01 * (attempt + 1))
            else:
                return
        raise SystemExit("the server takes no connection")

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's own is no subclass
        self._buffer = b""
        self._load.free(self)

    def send(self, request: bytes, due: float) -> None:
        assert self._transport is not None
        self._due = due
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        self._buffer = self._buffer + data if self._buffer else data
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            return
        head = self._buffer[:end].lower()
        at = head.find(b"\r\ncontent-length:")
        length = int(head[at + 17 : end if (stop := head.find(b"\r\n", at + 2)) < 0 else stop])
        if len(self._buffer) < end + 4 + length or self._due is None:
            return
        body, due = self._buffer[end + 4 : end + 4 + length], self._due
        self._buffer, self._due = b"", None
        closes = b"\r\nconnection: close" in head
        self._load.answered(int(head[9:12]), due, retry_after=b"\r\nretry-after:" in head, body=body)
        if closes:
            # The rest of a body that was refused is not worth sending.
            assert self._transport is not None
            self._transport.abort()
        else:
            self._load.free(self)

    def connection_lost(self, _: Exception | None) -> None:
        if self._due is not None:
            self._load.answered(LOST, self._due, retry_after=False, body=b"")
            self._due = None
        if not self._load.over:
            self._load.again(self)


class Load:
    def __init__(self, port: int, requests: list[bytes], *, events: int, rate: float, seconds: float) -> None:
        """`events`: in each request. `rate`: requests a second; 0 is a closed loop over the requests, each once."""
        self.port = port
        self.over = False
        self._requests = requests
        self._events = events
        self._rate = rate
        self._seconds = seconds
        self._idle: deque[Peer] = deque()
        self._due: deque[float] = deque()
        self._begun = self._done = self._most_waiting = 0
        self._answers: list[tuple[float, float, int]] = []  # when, latency, status
        self._told = {"with": 0, "without": 0}
        self._said: dict[int, str] = {}
        self._finished = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()

    async def run(self, connections: int) -> dict[str, Any]:
        asyncio.get_running_loop().set_exception_handler(_end)
        peers = [Peer(self) for _ in range(connections)]
        self._start = float("inf")
        for peer in peers:
            await peer.connect()
        cpu = time.process_time()
        self._start = time.perf_counter()
        if self._rate:
            await self._on_schedule()
        else:
            for peer in [self._idle.popleft() for _ in range(len(self._idle))]:
                self.free(peer)
            async with asyncio.timeout(SECONDS_MAX):
                await self._finished.wait()
        self.over = True
        return self._result(time.perf_counter() - self._start, time.process_time() - cpu)

    async def _on_schedule(self) -> None:
        scheduled = 0
        while (passed := time.perf_counter() - self._start) < self._seconds:
            while scheduled <= passed * self._rate:
                self._due.append(self._start + scheduled / self._rate)
                scheduled += 1
            while self._due and self._idle:
                self._begin(self._idle.popleft(), self._due.popleft())
            self._most_waiting = max(self._most_waiting, len(self._due))
            await asyncio.sleep(max(0.001, min(0.02, self._start + scheduled / self._rate - time.perf_counter())))
        self.over = True
        if self._done < self._begun:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._finished.wait(), LAST_ANSWERS_S)

    def free(self, peer: Peer) -> None:
        """Of a connection that can carry a request."""
        if self._rate:
            if self._due and not self.over:
                self._begin(peer, self._due.popleft())
            else:
                self._idle.append(peer)
        elif time.perf_counter() < self._start:
            self._idle.append(peer)
        elif self._begun < len(self._requests):
            self._begin(peer, time.perf_counter())

    def again(self, peer: Peer) -> None:
        task = asyncio.get_running_loop().create_task(peer.connect())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _begin(self, peer: Peer, due: float) -> None:
        request = self._requests[self._begun % len(self._requests)]
        self._begun += 1
        peer.send(request, due)

    def answered(self, status: int, due: float, *, retry_after: bool, body: bytes) -> None:
        now = time.perf_counter()
        self._answers.append((now - self._start, now - due, status))
        self._done += 1
        if status in (429, 503):
            self._told["with" if retry_after else "without"] += 1
        if status != 200 and status not in self._said:
            self._said[status] = body[:500].decode("utf-8", "replace")
        if self._done == (self._begun if self.over else len(self._requests)) and (self.over or not self._rate):
            self._finished.set()

    def _result(self, elapsed: float, cpu: float) -> dict[str, Any]:
        admitted = sorted(latency for _, latency, status in self._answers if status == 200)
        refused = sorted(latency for _, latency, status in self._answers if status != 200)
        statuses = Counter(status for _, _, status in self._answers)
        offering = self._seconds if self._rate else elapsed
        return {
            "requests": len(self._answers),
            "acknowledged_events": len(admitted) * self._events,
            "seconds": elapsed,
            "per_second": len(self._answers) / elapsed,
            "offered_per_second": self._begun / offering,
            "acknowledged_events_per_second": len(admitted) * self._events / elapsed,
            **_percentiles("", admitted),
            **_percentiles("refused_", refused),
            "statuses": {str(status): count for status, count in sorted(statuses.items())},
            "refusals_with_retry_after": self._told["with"],
            "refusals_without_retry_after": self._told["without"],
            "said": {str(status): body for status, body in self._said.items()},
            "unanswered": self._begun - self._done,
            "not_offered": len(self._due),
            "waited_for_a_connection_max": self._most_waiting,
            "load_cpu_seconds": cpu,
            "series": self._series(elapsed),
        }

    def _series(self, elapsed: float) -> list[dict[str, float]]:
        slices: list[list[tuple[float, int]]] = [[] for _ in range(int(elapsed / SLICE_S) + 1)]
        for when, latency, status in self._answers:
            slices[int(when / SLICE_S)].append((latency, status))
        return [
            {
                "at_s": round((index + 1) * SLICE_S, 3),
                "requests": len(answers),
                "events": sum(status == 200 for _, status in answers) * self._events,
                "refused": sum(status != 200 for _, status in answers),
                **_percentiles("", sorted(latency for latency, status in answers if status == 200)),
            }
            for index, answers in enumerate(slices)
        ]


def _end(_: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    # A defect of the load itself must not look like a server that is slow.
    sys.stderr.write(f"{context.get('exception') or context['message']!r}\n")
    os._exit(1)


def _percentiles(name: str, seconds: list[float]) -> dict[str, float]:
    if not seconds:
        return {}
    return {
        f"{name}p50_ms": seconds[len(seconds) // 2] * 1000,
        f"{name}p99_ms": seconds[len(seconds) * 99 // 100] * 1000,
        f"{name}max_ms": seconds[-1] * 1000,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("port", type=int)
    parser.add_argument("connections", type=int)
    parser.add_argument("--events", type=int, default=1, help="in each request")
    parser.add_argument("--rate", type=float, default=0.0, help="requests a second, sent on schedule; 0: closed loop")
    parser.add_argument("--seconds", type=float, default=10.0, help="of an open loop")
    given = parser.parse_args()
    data = sys.stdin.buffer.read()
    requests, offset = [], 0
    while offset < len(data):
        (length,) = struct.unpack_from("<I", data, offset)
        requests.append(data[offset + 4 : offset + 4 + length])
        offset += 4 + length
    del data
    load = Load(given.port, requests, events=given.events, rate=given.rate, seconds=min(given.seconds, SECONDS_MAX))
    print(json.dumps(uvloop.run(load.run(given.connections))))


if __name__ == "__main__":
    main()
