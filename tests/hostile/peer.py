"""The other end of a connection, which keeps to no protocol; and what the server said to it."""

from __future__ import annotations

import select
import socket
import time
from dataclasses import dataclass
from typing import Any, Self

import msgspec

from pulsestream.api.problems import SECURITY_HEADERS

# Whatever a peer does, the server has answered or closed by then. Far over the bounds that these tests set.
HANG_S = 20.0


@dataclass
class Said:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return msgspec.json.decode(self.body)


class Peer:
    """A connection. `reset` after the server has cut it off in the middle of what was sent."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=HANG_S)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.received = b""
        self.sent = 0
        self.reset = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def send(self, data: bytes) -> Self:
        try:
            self.socket.sendall(data)
            self.sent += len(data)
        except TimeoutError:
            raise AssertionError("the server neither reads nor closes") from None
        except OSError:
            self.reset = True
        return self

    def drip(self, data: bytes, *, every_s: float) -> Self:
        """A byte at a time, until the server says something."""
        for byte in data:
            readable, _, _ = select.select([self.socket], [], [], every_s)
            if readable or self.reset:
                break
            self.send(bytes([byte]))
        return self

    def flood(self, block: bytes, *, bytes_max: int) -> Self:
        """The same again and again, until the server has cut it off."""
        while not self.reset and self.sent < bytes_max:
            self.send(block)
        return self

    def end(self) -> Self:
        """Nothing more comes from here; answers are still read."""
        try:
            self.socket.shutdown(socket.SHUT_WR)
        except OSError:
            self.reset = True
        return self

    def cut(self) -> None:
        """As a crash of the sender's machine: RST."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
        self.socket.close()

    def all(self) -> list[Said]:
        """All answers until the server closes."""
        deadline = time.monotonic() + HANG_S
        try:
            while time.monotonic() < deadline:
                data = self.socket.recv(1 << 20)
                if not data:
                    return answers(self.received)
                self.received += data
        except TimeoutError:
            pass
        except OSError:
            self.reset = True
            return answers(self.received)
        raise AssertionError(f"the server left the connection hanging after {self.received[:1000]!r}")

    def next(self, count: int = 1) -> list[Said]:
        """So many answers more, of a connection that stays open."""
        while len(whole := answers(self.received)) < count:
            data = self.socket.recv(1 << 20)
            assert data, f"closed after {whole}"
            self.received += data
        self.received = b""
        return whole


def answers(data: bytes) -> list[Said]:
    """The whole answers in these bytes."""
    found = []
    while b"\r\n\r\n" in data:
        head, data = data.split(b"\r\n\r\n", 1)
        status_line, *lines = head.decode("latin-1").split("\r\n")
        headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
        length = int(headers.get("content-length", 0))
        if len(data) < length:
            break
        found.append(Said(int(status_line.split(" ")[1]), headers, data[:length]))
        data = data[length:]
    return found


def is_our_refusal(said: Said) -> bool:
    """A problem in full, on a connection that ends with it."""
    problem = said.json
    return (
        said.headers["content-type"] == "application/problem+json"
        and said.headers["connection"] == "close"
        and problem.keys() >= {"type", "title", "status", "detail", "code", "retryable"}
        and problem["status"] == said.status
        and all(said.headers[name.decode()] == value.decode() for name, value in SECURITY_HEADERS)
    )
