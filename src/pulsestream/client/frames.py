"""Server-sent events out of the bytes of an answer: the event stream of the HTML standard, as far as we speak it."""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator

from msgspec import Struct


class Frame(Struct, frozen=True):
    """One event. `id`: what goes on from here; a frame without data only tells that."""

    name: str = "message"
    data: bytes = b""
    id: str = ""


async def frames(parts: AsyncIterable[bytes]) -> AsyncIterator[Frame]:
    """Whole frames, however the bytes come. What an answer ends in the middle of is left out."""
    waiting = bytearray()
    lines: list[bytes] = []
    async for part in parts:
        waiting += part
        while (end := waiting.find(b"\n")) >= 0:
            line = bytes(waiting[:end]).removesuffix(b"\r")
            del waiting[: end + 1]
            if line:
                lines.append(line)
            elif lines:
                yield _frame(lines)
                lines = []


def _frame(lines: list[bytes]) -> Frame:
    fields: dict[bytes, list[bytes]] = {}
    for line in lines:
        name, _, value = line.partition(b":")
        fields.setdefault(name, []).append(value.removeprefix(b" "))
    return Frame(
        name=fields.get(b"event", [b"message"])[-1].decode("utf-8", "replace"),
        data=b"\n".join(fields.get(b"data", [])),
        id=fields.get(b"id", [b""])[-1].decode("utf-8", "replace"),
    )
