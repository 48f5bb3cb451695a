"""Files of events, read piece by piece: opened, unpacked, looked at, cut into batches.

NDJSON of any size is read in constant memory and not decoded: lines are split off and get an id where they
have none. A JSON document (an array, `{"events": [...]}`, or one event over several lines) has to be read
whole. Everything here blocks, and is meant for a thread of its own.
"""

from __future__ import annotations

import gzip
import io
import os
import re
import select
import stat
import sys
import zlib
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Protocol, Self

import msgspec
from msgspec import Raw, Struct

from pulsestream.client.batch import BATCH_BYTES, Batch, Cutter
from pulsestream.errors import InputUnreadable

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from types import TracebackType

STDIN = "-"
BLOCK_BYTES = 2 * 2**20  # a batch that is in two blocks is copied together, so some should fit into one
PACKED_BYTES = 2**20
LINE_BYTES_MAX = 64 * 2**20  # what the server takes in one request
DOCUMENT_BYTES_MAX = 2**30
IDLE_S = 0.2  # a pipe that is quiet for this long gets what it gave sent

_BOM = b"\xef\xbb\xbf"
_GZIP, _ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"
_UNPACK_ERRORS = (EOFError, zlib.error, gzip.BadGzipFile, zstd.ZstdError)
_DOCUMENT = re.compile(rb'\{\s*"(?:events|batch_id)"\s*:')
_ABSENT = Raw()


class _Envelope(Struct):
    events: list[Raw]


class _Head(Struct):
    events: Raw = _ABSENT
    event_type: Raw = _ABSENT


_array = msgspec.json.Decoder(list[Raw])
_envelope = msgspec.json.Decoder(_Envelope)
_head = msgspec.json.Decoder(_Head)


class Source(AbstractContextManager["Source"]):
    """One file, or `-` for standard input. Raises InputUnreadable when it cannot be opened."""

    def __init__(self, path: str) -> None:
        self.name = "stdin" if path == STDIN else path
        try:
            # Unbuffered: a thread that waits in a buffered stdin would hold its lock at exit.
            self._raw = _Counted(io.FileIO(0, closefd=False) if path == STDIN else io.FileIO(path))
            status = os.fstat(self._raw.fileno())
        except OSError as error:
            raise InputUnreadable(f"cannot read {path}: {(error.strerror or str(error)).lower()}") from error
        self._regular = stat.S_ISREG(status.st_mode)
        # Bytes on disk, None when they cannot be known.
        self.size_bytes: int | None = status.st_size if self._regular else None
        self._unit = "line"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._raw.close()

    @property
    def position_bytes(self) -> int:
        """How much of the file, as it lies on disk, has been read."""
        return self._raw.count

    def batches(self, size: int, *, bytes_max: int = BATCH_BYTES) -> Iterator[list[Batch]]:
        """The events in batches of `size`, fewer at the end, at `bytes_max`, and when a pipe falls silent.

        An event larger than `bytes_max` goes alone. Comes in lists, one for each block that was read; blank
        lines are left out. Raises InputUnreadable, after everything before the defect has come out.
        """
        cutter = Cutter(self.name, size=size, bytes_max=bytes_max)
        try:
            for cut in self._cut(cutter):
                if cut:
                    yield cut
        except InputUnreadable:
            if cut := cutter.rest():
                yield cut
            raise
        if cut := cutter.all():
            yield cut

    def _cut(self, cutter: Cutter) -> Iterator[list[Batch]]:
        """What each block of the input fills; a pause in it is an end of a batch."""
        blocks = self._blocks()
        head = b""
        for block in blocks:
            head += block
            if b"\n" in head.lstrip() or len(head) > LINE_BYTES_MAX:
                break
        if b"\x00" in head[:BLOCK_BYTES]:
            raise InputUnreadable(
                f"{self.name} is not text: it should hold JSON events, one a line, or a JSON array of them "
                "(gzip and zstd are unpacked)"
            )
        head = head.removeprefix(_BOM)
        if _is_document(head.lstrip()):
            for event in self._document(head, blocks):
                cutter.event(event)
            return
        for block in _chain(head, blocks):
            yield cutter.lines(block) if block else cutter.rest()
            if cutter.tail_bytes > LINE_BYTES_MAX:
                raise InputUnreadable(
                    f"line {cutter.place} of {self.name} is longer than {LINE_BYTES_MAX >> 20} MiB, more than a "
                    "server takes at once: is this a file of events, one a line?"
                )

    def _document(self, head: bytes, blocks: Iterator[bytes]) -> list[bytes]:
        parts, size = [head], len(head)
        for block in blocks:
            parts.append(block)
            size += len(block)
            if size > DOCUMENT_BYTES_MAX:
                raise InputUnreadable(
                    f"{self.name} is a JSON document of more than {DOCUMENT_BYTES_MAX >> 30} GiB and would "
                    "have to be read whole: write one event a line (jq -c '.[]' or jq -c '.events[]')"
                )
        text = b"".join(parts)
        try:
            if text.lstrip().startswith(b"["):
                events = _array.decode(text)
            elif _head.decode(text).event_type or not _head.decode(text).events:
                events = [Raw(text)]
            else:
                events = _envelope.decode(text).events
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise InputUnreadable(
                f"{self.name} looks like one JSON document and is not: {error}. Send a JSON array, or one event a line"
            ) from error
        # A line break in JSON text can only be white space between its parts.
        return [bytes(event).strip().replace(b"\r", b" ").replace(b"\n", b" ") for event in events]

    def _blocks(self) -> Iterator[bytes]:
        """The unpacked bytes. An empty block says that a pipe has nothing more for the moment."""
        start = self._raw.take(len(_ZSTD))
        while 0 < len(start) < len(_ZSTD) and (more := self._raw.take(len(_ZSTD) - len(start))):
            start += more
        if start.startswith(_GZIP):
            self._raw.put_back(start)
            yield from self._unpacked(gzip.GzipFile(fileobj=io.BufferedReader(self._raw, PACKED_BYTES)))
        elif start == _ZSTD:
            self._raw.put_back(start)
            yield from self._unpacked(zstd.ZstdFile(io.BufferedReader(self._raw, PACKED_BYTES)))
        elif start:
            yield start
            while True:
                if not self._regular and not select.select([self._raw.fileno()], [], [], IDLE_S)[0]:
                    yield b""
                block = self._raw.take(BLOCK_BYTES)
                if not block:
                    return
                yield block

    def _unpacked(self, packed: _Packed) -> Iterator[bytes]:
        try:
            while block := packed.read1(BLOCK_BYTES):
                yield block
        except _UNPACK_ERRORS as error:
            raise InputUnreadable(
                f"{self.name} is cut off or damaged ({error}): the events before that place were read"
            ) from error


class _Packed(Protocol):
    def read1(self, size: int = ..., /) -> bytes: ...


class _Counted(io.RawIOBase):
    """A raw file that counts what was read from it, and whose beginning can be put back."""

    def __init__(self, file: io.FileIO) -> None:
        self._file = file
        self._ahead = b""
        self.count = 0

    def take(self, size: int) -> bytes:
        """As `read`, which would make a copy or two on its way through `readinto`."""
        block = self._file.read(size)
        self.count += len(block)
        return block

    def put_back(self, start: bytes) -> None:
        self._ahead = start

    def fileno(self) -> int:
        return self._file.fileno()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override] # typeshed asks for any buffer
        if self._ahead:
            size = min(len(buffer), len(self._ahead))
            buffer[:size], self._ahead = self._ahead[:size], self._ahead[size:]
            return size
        size = self._file.readinto(buffer)
        self.count += size
        return size

    def close(self) -> None:
        self._file.close()
        super().close()


def _is_document(head: bytes) -> bool:
    """Whether the text is one JSON value rather than one a line; `head` reaches beyond its first line."""
    if head.startswith(b"["):
        return True
    if not head.startswith(b"{"):
        return False
    line = head.split(b"\n", 1)[0]
    if line.strip() == b"{":
        return True
    try:
        first = _head.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return _DOCUMENT.match(line) is not None
    return bytes(first.events).startswith(b"[") and not first.event_type


def _chain(head: bytes, blocks: Iterable[bytes]) -> Iterator[bytes]:
    yield head
    yield from blocks
