"""Rows on their way into the engine: a run of journal lines with their positions, cut as the feeder needs."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import timedelta
from itertools import accumulate

from msgspec import Struct

from pulsestream.ingest.frame import Frame

_WEEK_US = timedelta(weeks=1) // timedelta(microseconds=1)
# One insert touches at most this many weekly partitions; the engine refuses more than 100.
WEEKS_MAX = 50
# Monday 1969-12-29, where the engine's week of 1970-01-01 begins.
_FIRST_MONDAY_US = -3 * _WEEK_US // 7

# The event's time in a journal line. The tenant before it is an identifier of ours, without quotes in it.
_TIMESTAMP = re.compile(rb'"tenant":"[^"]*","received_at":-?\d+,"timestamp":(-?\d+)')


class Block(Struct, frozen=True):
    """Rows as one text: `data` holds a line of `lengths[i]` bytes for `positions[i]`; positions ascend.

    `whole`: no other event has a position between the first and the last of these.
    """

    positions: Sequence[int]
    lengths: Sequence[int]
    data: bytes
    whole: bool = False

    @property
    def lines(self) -> list[bytes]:
        ends = accumulate(self.lengths)
        return [self.data[end - length : end] for end, length in zip(ends, self.lengths, strict=True)]

    def only(self, keep: Callable[[int], bool]) -> Block:
        kept = [(position, line) for position, line in zip(self.positions, self.lines, strict=True) if keep(position)]
        return rows([position for position, _ in kept], [line for _, line in kept])

    def halves(self) -> tuple[Block, Block]:
        middle = len(self.positions) // 2
        middle_bytes = sum(self.lengths[:middle])
        return (
            Block(self.positions[:middle], self.lengths[:middle], self.data[:middle_bytes], self.whole),
            Block(self.positions[middle:], self.lengths[middle:], self.data[middle_bytes:], self.whole),
        )


def rows(positions: Sequence[int], lines: Sequence[bytes]) -> Block:
    """A block of any lines."""
    return Block(positions, [*map(len, lines)], b"".join(lines))


def block_of(frames: Sequence[Frame]) -> Block:
    """All events of frames that follow one another."""
    positions: list[int] = []
    lengths: list[int] = []
    for frame in frames:
        positions += range(frame.header.first, frame.header.first + frame.header.events)
        lengths += frame.lengths
    return Block(positions, lengths, b"".join([frame.events for frame in frames]), whole=True)


def by_weeks(block: Block) -> list[Block]:
    """The rows in blocks that touch at most WEEKS_MAX weekly partitions each."""
    lines = block.lines
    weeks = [(_timestamp(line) - _FIRST_MONDAY_US) // _WEEK_US for line in lines]
    ordered = sorted(set(weeks))
    if len(ordered) <= WEEKS_MAX:
        return [block]
    blocks = []
    for start in range(0, len(ordered), WEEKS_MAX):
        mine = set(ordered[start : start + WEEKS_MAX])
        chosen = [index for index, week in enumerate(weeks) if week in mine]
        blocks.append(rows([block.positions[i] for i in chosen], [lines[i] for i in chosen]))
    return blocks


def _timestamp(line: bytes) -> int:
    match = _TIMESTAMP.search(line)
    assert match is not None  # noqa: S101 - the journal writes every line so
    return int(match[1])
