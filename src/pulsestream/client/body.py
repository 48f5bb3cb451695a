"""What a request sends, as it lies in memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

import aiohttp

if TYPE_CHECKING:
    from aiohttp.abc import AbstractStreamWriter

    from pulsestream.client.batch import Text

PART_BYTES = 2**18  # written at once; what other tasks of the loop wait for


class Body(aiohttp.payload.Payload):
    """A text as it lies in memory, written part by part. aiohttp's own way with a large one copies it twice."""

    _autoclose = True
    _value: Text

    def __init__(self, value: Text) -> None:
        super().__init__(value)
        self._size = len(value)

    def decode(self, encoding: str = "utf-8", errors: str = "strict") -> str:
        return bytes(self._value).decode(encoding, errors)

    async def write(self, writer: AbstractStreamWriter) -> None:
        whole = memoryview(self._value)
        for start in range(0, len(whole), PART_BYTES):
            await writer.write(whole[start : start + PART_BYTES])
