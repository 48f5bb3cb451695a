"""Server-sent events out of bytes."""

import asyncio

import pytest

from pulsestream.client.frames import Frame, frames

SENT = (
    b": hello\n\nid: a\nevent: events\ndata: {\ndata:  1}\n\n\n\nid:b\n: nothing since\n\ndata:x\r\n\r\n"
    b"event: events\ndata: never ended"
)
READ = [Frame(), Frame("events", b"{\n 1}", "a"), Frame("message", b"", "b"), Frame("message", b"x", "")]


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
def test_frames_are_whole_however_the_bytes_come(size):
    async def parts():
        for start in range(0, len(SENT), size):
            yield SENT[start : start + size]

    async def read():
        return [frame async for frame in frames(parts())]

    assert asyncio.run(read()) == READ
