"""The journal's files: where each sound frame lies, what was torn by a crash, what is corrupt.

A segment is named for the first position in it. Positions run on without a gap from segment to segment;
that tells a lost frame from one that never counted:

- After a failed write or fdatasync the segment is left as it is and the next one begins at the position that
  the failed group would have had. A frame at or past the next segment's first position was never
  acknowledged: it is passed over.
- What follows the last sound frame of the last segment was being written when the process ended: torn.
- Anything else that is missing was acknowledged and is corrupt. It is reported, and its bytes are kept.
"""

from __future__ import annotations

import logging
import shutil
from collections.abc import Iterator, Sequence
from itertools import zip_longest
from pathlib import Path

from msgspec import Struct

from pulsestream.ingest.files import Files
from pulsestream.ingest.frame import HEADER_BYTES, MAGIC, Header, read_header, unpack

log = logging.getLogger(__name__)

SUFFIX = ".journal"


class Span(Struct, frozen=True):
    """Where one frame lies."""

    path: Path
    offset: int
    length: int
    header: Header


class Corrupt(Struct, frozen=True):
    """Bytes of a segment that held acknowledged events and cannot be read."""

    path: Path
    offset: int
    length: int


class Found(Struct, frozen=True):
    spans: list[Span]
    corrupt: list[Corrupt]
    torn_bytes: int


def segment_path(folder: Path, first: int, take: int) -> Path:
    return folder / f"{first:020d}-{take:09d}{SUFFIX}"


def segments(folder: Path) -> list[Path]:
    """All segments, in the order in which they were written."""
    return sorted(folder.glob(f"*{SUFFIX}"))


def first_position(path: Path) -> int:
    return int(path.name.partition("-")[0])


def scan(folder: Path, files: Files) -> Found:
    """Read every segment once. The frames come back in order of position."""
    found = Found([], [], 0)
    paths = segments(folder)
    for path, following in zip_longest(paths, paths[1:]):
        end = None if following is None else first_position(following)
        _scan_segment(path, files.read(path, 0, path.stat().st_size), end, found)
    return _with_tail(found, paths[-1]) if paths else found


def keep_corrupt(found: Sequence[Corrupt], folder: Path) -> int:
    """Report these, and keep copies of their segments in the folder. How many are there, with those of before."""
    for corrupt in found:
        folder.mkdir(exist_ok=True)
        shutil.copy2(corrupt.path, folder / corrupt.path.name)
        log.error(
            "the journal segment %s is corrupt at byte %d (%d bytes): acknowledged events may be missing; "
            "a copy is kept in %s",
            *(corrupt.path.name, corrupt.offset, corrupt.length, folder),
        )
    return len(segments(folder)) if folder.exists() else 0


def _scan_segment(path: Path, data: bytes, end: int | None, found: Found) -> None:
    offset = 0
    for span in _sound_frames(path, data):
        if end is not None and span.header.first >= end:
            return
        expected = found.spans[-1].header.last + 1 if offset else first_position(path)
        if span.offset > offset or span.header.first > expected:
            found.corrupt.append(Corrupt(path, offset, span.offset - offset))
        found.spans.append(span)
        offset = span.offset + span.length
    last = found.spans[-1].header.last if found.spans else first_position(path) - 1
    if end is not None and last + 1 < end:
        found.corrupt.append(Corrupt(path, offset, len(data) - offset))


def _sound_frames(path: Path, data: bytes) -> Iterator[Span]:
    offset = data.find(MAGIC)
    while offset >= 0:
        header = read_header(data, offset)
        length = HEADER_BYTES + header.body_bytes if header else 0
        if header and unpack(data[offset : offset + length]):
            yield Span(path, offset, length, header)
            offset = data.find(MAGIC, offset + length)
        else:
            offset = data.find(MAGIC, offset + 1)


def _with_tail(found: Found, last: Path) -> Found:
    sound_end = max((span.offset + span.length for span in found.spans if span.path == last), default=0)
    return Found(found.spans, found.corrupt, last.stat().st_size - sound_end)
