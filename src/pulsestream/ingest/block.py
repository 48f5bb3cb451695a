"""Rows on their way into the engine: a run of journal lines with their positions, cut as the feeder needs."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from datetime import timedelta

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
    """`lines[i]` is the whole line at `positions[i]`; positions ascend."""

    positions: Sequence[int]
    lines: Sequence[bytes]

    @property
    def data(self) -> bytes:
        return b"".join(self.lines)

    def only(self, keep: Callable[[int], bool]) -> Block:
        kept = [(position, line) for position, line in zip(self.positions, self.lines, strict=True) if keep(position)]
        return Block([position for position, _ in kept], [line for _, line in kept])

    def halves(self) -> tuple[Block, Block]:
        middle = len(self.positions) // 2
        return (
            Block(self.positions[:middle], self.lines[:middle]),
            Block(self.positions[middle:], self.lines[middle:]),
        )


def block_of(frames: Iterable[Frame]) -> Block:
    positions: list[int] = []
    lines: list[bytes] = []
    for frame in frames:
        positions += range(frame.header.first, frame.header.first + frame.header.events)
        offset = 0
        for length in frame.lengths:
            lines.append(frame.events[offset : offset + length])
            offset += length
    return Block(positions, lines)


def by_weeks(block: Block) -> list[Block]:
    """The rows in blocks that touch at most WEEKS_MAX weekly partitions each."""
    weeks = [(_timestamp(line) - _FIRST_MONDAY_US) // _WEEK_US for line in block.lines]
    ordered = sorted(set(weeks))
    if len(ordered) <= WEEKS_MAX:
        return [block]
    blocks = []
    for start in range(0, len(ordered), WEEKS_MAX):
        mine = set(ordered[start : start + WEEKS_MAX])
        chosen = [index for index, week in enumerate(weeks) if week in mine]
        blocks.append(Block([block.positions[i] for i in chosen], [block.lines[i] for i in chosen]))
    return blocks


def _timestamp(line: bytes) -> int:
    match = _TIMESTAMP.search(line)
    assert match is not None  # noqa: S101 - the journal writes every line so
    return int(match[1])
