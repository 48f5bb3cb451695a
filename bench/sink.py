"""A server that takes events and keeps nothing: what a client costs, without what a server does.

`python bench/sink.py`: listens on a free loopback port, says which on stdout, and answers every request with all
events stored, until it is ended. Its own work is counting lines (of a zstd body, unpacking it as well).
"""

from __future__ import annotations

import socket
import sys
import threading

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

_HEAD_MAX = 1 << 16
_SINGLE = b'{"success":true,"event_id":"e","processing_status":"stored","errors":[]}'


def _serve(peer: socket.socket) -> None:
    peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    buffer = bytearray(_HEAD_MAX)
    ahead = b""
    while True:
        head = ahead
        while (end := head.find(b"\r\n\r\n")) < 0:
            got = peer.recv(_HEAD_MAX)
            if not got:
                return
            head += got
        lines = (line.partition(b":") for line in head[:end].split(b"\r\n")[1:])
        fields = {name.strip().lower(): value.strip() for name, _, value in lines}
        length = int(fields[b"content-length"])
        if len(buffer) < length:
            buffer = bytearray(length)
        body = memoryview(buffer)[:length]
        have = head[end + 4 : end + 4 + length]
        ahead = head[end + 4 + length :]
        body[: len(have)] = have
        filled = len(have)
        while filled < length:
            got_bytes = peer.recv_into(body[filled:])
            if not got_bytes:
                return
            filled += got_bytes
        batch = b"/batch" in head[: head.index(b"\r\n")]
        peer.sendall(_response(_batch_answer(body, fields.get(b"content-encoding", b"")) if batch else _SINGLE))


def _batch_answer(body: memoryview, encoding: bytes) -> bytes:
    text = zstd.decompress(body) if encoding == b"zstd" else bytes(body)
    events = text.count(b"\n") + (not text.endswith(b"\n"))
    return (
        b'{"batch_id":null,"total_events":%d,"successful_events":%d,"failed_events":0,"stored":%d,"duplicate":0,'
        b'"rejected":0,"ingested_at":"2026-11-20T12:00:00Z","processing_status":"completed","results":[]}'
        % (events, events, events)
    )


def _response(body: bytes) -> bytes:
    return b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)


def main() -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=128) as listener:
        print(listener.getsockname()[1], flush=True)
        while True:
            peer, _ = listener.accept()
            threading.Thread(target=_serve, args=(peer,), daemon=True).start()


if __name__ == "__main__":
    main()
