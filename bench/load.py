"""A bounded load loop: prepared HTTP requests over keep-alive connections, as little work per request as can be.

Runs as a process of its own (`python bench/load.py PORT CONNECTIONS`), so that it does not share the server's
interpreter. Requests come on stdin, each as a 4-byte little-endian length and its bytes; the result is one
line of JSON on stdout. Loopback only.
"""

from __future__ import annotations

import asyncio
import json
import struct
import sys
import time
from collections import Counter

import uvloop

HOST = "127.0.0.1"
SECONDS_MAX = 120.0


async def _connection(port: int, waiting: list[bytes], seconds: list[float], statuses: Counter[int]) -> None:
    reader, writer = await asyncio.open_connection(HOST, port, limit=1 << 24)
    while waiting:
        request = waiting.pop()
        began = time.perf_counter()
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        lengths = [line for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")]
        await reader.readexactly(int(lengths[0].split(b":")[1]))
        seconds.append(time.perf_counter() - began)
        statuses[int(head[9:12])] += 1
    writer.close()


async def _run(port: int, connections: int, requests: list[bytes]) -> dict[str, object]:
    waiting = requests[::-1]
    seconds: list[float] = []
    statuses: Counter[int] = Counter()
    began = time.perf_counter()
    async with asyncio.timeout(SECONDS_MAX):
        await asyncio.gather(*(_connection(port, waiting, seconds, statuses) for _ in range(connections)))
    elapsed = time.perf_counter() - began
    seconds.sort()
    return {
        "requests": len(seconds),
        "seconds": elapsed,
        "per_second": len(seconds) / elapsed,
        "p50_ms": seconds[len(seconds) // 2] * 1000,
        "p99_ms": seconds[len(seconds) * 99 // 100] * 1000,
        "statuses": {str(status): count for status, count in statuses.items()},
    }


def main() -> None:
    port, connections = int(sys.argv[1]), int(sys.argv[2])
    data = sys.stdin.buffer.read()
    requests, offset = [], 0
    while offset < len(data):
        (length,) = struct.unpack_from("<I", data, offset)
        requests.append(data[offset + 4 : offset + 4 + length])
        offset += 4 + length
    print(json.dumps(uvloop.run(_run(port, connections, requests))))


if __name__ == "__main__":
    main()
