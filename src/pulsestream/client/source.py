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

from pulsestream.client.identity import identified
from pulsestream.errors import InputUnreadable

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from types import TracebackType

STDIN = "-"
BLOCK_BYTES = 2**20
BATCH_BYTES_MAX = 8 * 2**20
LINE_BYTES_MAX = 64 * 2**20  # what the server takes in one request
DOCUMENT_BYTES_MAX = 2**30
IDLE_S = 0.2  # a pipe that is quiet for this long gets what it gave sent

_BOM = b"\xef\xbb\xbf"
_GZIP, _ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"
_UNPACK_ERRORS = (EOFError, zlib.error, gzip.BadGzipFile, zstd.ZstdError)
_DOCUMENT = re.compile(rb'\{\s*"(?:events|batch_id)"\s*:')
_ABSENT = Raw()


class Batch(Struct, frozen=True):
    """Events for one request. `places`: line numbers of an NDJSON file, else places in the array, from 1."""

    name: str
    lines: list[bytes]
    places: list[int]


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

    def batches(self, size: int) -> Iterator[list[Batch]]:
        """The events in batches of `size`, fewer at the end, at 8 MiB, and when a pipe falls silent.

        Comes in lists, one for each block that was read; blank lines are left out. Raises InputUnreadable,
        after everything before the defect has come out.
        """
        lines: list[bytes] = []
        places: list[int] = []
        events = self._events()
        defect: InputUnreadable | None = None
        while True:
            try:
                new_lines, new_places = next(events)
            except StopIteration:
                break
            except InputUnreadable as error:
                defect = error
                break
            lines += new_lines
            places += new_places
            cut: list[Batch] = []
            start = 0
            while len(lines) - start >= size:
                cut.append(Batch(self.name, lines[start : start + size], places[start : start + size]))
                start += size
            del lines[:start], places[:start]
            if lines and (not new_lines or sum(map(len, lines)) >= BATCH_BYTES_MAX):
                cut.append(Batch(self.name, lines, places))
                lines, places = [], []
            if cut:
                yield cut
        if lines:
            yield [Batch(self.name, lines, places)]
        if defect is not None:
            raise defect

    def _events(self) -> Iterator[tuple[list[bytes], list[int]]]:
        """Events and their places, block by block; an empty list of them marks a pause in the input."""
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
            yield self._document(head, blocks)
        else:
            yield from self._split(_chain(head, blocks))

    def _split(self, blocks: Iterator[bytes]) -> Iterator[tuple[list[bytes], list[int]]]:
        first, parts, waiting = 1, list[bytes](), 0
        for block in blocks:
            cut = block.rfind(b"\n")
            if cut < 0:
                parts.append(block)
                waiting += len(block)
                if waiting > LINE_BYTES_MAX:
                    raise InputUnreadable(
                        f"line {first} of {self.name} is longer than {LINE_BYTES_MAX >> 20} MiB, more than a "
                        "server takes at once: is this a file of events, one a line?"
                    )
                if not block:
                    yield [], []
                continue
            lines = b"".join((*parts, block[:cut])).split(b"\n")
            parts, waiting = [block[cut + 1 :]], len(block) - cut - 1
            yield _named(lines, first)
            first += len(lines)
        if rest := b"".join(parts):
            yield _named([rest], first)

    def _document(self, head: bytes, blocks: Iterator[bytes]) -> tuple[list[bytes], list[int]]:
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
        flat = [bytes(event).strip().replace(b"\r", b" ").replace(b"\n", b" ") for event in events]
        places = list(range(1, len(flat) + 1))
        return [identified(line, place) for line, place in zip(flat, places, strict=True)], places

    def _blocks(self) -> Iterator[bytes]:
        """The unpacked bytes. An empty block says that a pipe has nothing more for the moment."""
        start = self._raw.read(len(_ZSTD))
        while 0 < len(start) < len(_ZSTD) and (more := self._raw.read(len(_ZSTD) - len(start))):
            start += more
        self._raw.put_back(start)
        if start.startswith(_GZIP):
            yield from self._unpacked(gzip.GzipFile(fileobj=io.BufferedReader(self._raw, BLOCK_BYTES)))
        elif start == _ZSTD:
            yield from self._unpacked(zstd.ZstdFile(io.BufferedReader(self._raw, BLOCK_BYTES)))
        else:
            while True:
                if not self._regular and not select.select([self._raw.fileno()], [], [], IDLE_S)[0]:
                    yield b""
                block = self._raw.read(BLOCK_BYTES)
                if not block:
                    return
                yield block

    def _unpacked(self, packed: _Packed) -> Iterator[bytes]:
        """Blocks of whole lines, so that a file that breaks off does not end in half an event."""
        rest = b""
        try:
            while block := packed.read1(BLOCK_BYTES):
                cut = block.rfind(b"\n") + 1
                if cut:
                    yield rest + block[:cut]
                    rest = block[cut:]
                else:
                    rest += block
        except _UNPACK_ERRORS as error:
            raise InputUnreadable(
                f"{self.name} is cut off or damaged ({error}): the events before that place were read"
            ) from error
        if rest:
            yield rest


class _Packed(Protocol):
    def read1(self, size: int = ..., /) -> bytes: ...


class _Counted(io.RawIOBase):
    """A raw file that counts what was read from it, and whose beginning can be put back."""

    def __init__(self, file: io.FileIO) -> None:
        self._file = file
        self._ahead = b""
        self.count = 0

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


def _named(lines: list[bytes], first: int) -> tuple[list[bytes], list[int]]:
    """Lines with an id each, blank ones left out, and their line numbers."""
    events: list[bytes] = []
    places: list[int] = []
    for place, line in enumerate(lines, first):
        if line and not line.isspace():
            events.append(identified(line, place))
            places.append(place)
    return events, places
