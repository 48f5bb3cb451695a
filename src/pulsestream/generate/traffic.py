"""Traffic: a finished history with a given number of events, or slices of what is going on now."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

import numpy as np
import pyarrow as pa

from pulsestream.clock import to_micros
from pulsestream.errors import UsageError
from pulsestream.event import TIMESTAMP_MIN
from pulsestream.generate import arrow
from pulsestream.generate.draw import draw
from pulsestream.generate.plan import Plan, plan
from pulsestream.generate.render import render
from pulsestream.generate.summary import Summary, Tally

# Events drawn together; the bytes depend on it. The memory of larger blocks (10 MB is one) is given back to the
# system and faulted in anew each time, which costs a third of the speed; smaller ones spend their time on calls.
BLOCK = 10_000
RANGE_MAX = timedelta(days=3_653)  # ten years are planned in 6 s and 800 MB
_DAY_US = 86_400_000_000


class Generation(Iterator[bytes]):
    """Blocks of NDJSON in time order. `events` and `summary` tell of what was made so far."""

    def __init__(self, blocks: Iterator[pa.Array], tally: Tally, chunk: int) -> None:
        self._chunks = _regroup(blocks, chunk)
        self._tally = tally

    def __next__(self) -> bytes:
        return next(self._chunks)

    @property
    def events(self) -> int:
        """How many events have been made so far."""
        return self._tally.events

    @property
    def summary(self) -> Summary:
        return self._tally.summary()


def generate(count: int, *, start: datetime, end: datetime, seed: int, chunk: int = BLOCK) -> Generation:
    """`count` events in [start, end), in time order, `chunk` of them a block of NDJSON (the last has the rest).

    The same count, start, end and seed give the same bytes, however they are cut into blocks. Over the range
    the services' error rates, mean response times and the regions' shares come out as the world states them.
    Raises UsageError for a range or a count that makes no sense.
    """
    start_us, end_us = _range(start, end)
    if count < 0 or seed < 0 or chunk < 1:
        raise UsageError("count and seed must be 0 or more, chunk 1 or more")
    tally = Tally()
    # All of it goes into every id: a file made with one more event or a later end has other ids.
    key = (seed, 2, start_us, end_us, count)
    blocks: Iterator[pa.Array] = iter(())
    if count:
        blocks = _blocks(plan(seed, start_us, end_us), key, tally, part=(0.0, 1.0), count=count, first=0)
    return Generation(blocks, tally, chunk)


class Traffic:
    """Live traffic: ask for the events of one stretch of time after the other.

    Error rates, times and regions average to the world's figures over each UTC day.
    """

    def __init__(self, seed: int) -> None:
        if seed < 0:
            raise UsageError("the seed must be 0 or more")
        self._seed = seed
        self._made = 0
        self._slices = 0
        self._tally = Tally()
        self._plan: tuple[int, int, Plan] | None = None

    def slice(self, start: datetime, end: datetime, count: int) -> bytes:
        """`count` events in [start, end) as NDJSON, in time order, with ids that no other slice has."""
        start_us, end_us = _range(start, end)
        if count < 1:
            return b""
        today = self._plan_of(start_us, end_us)
        edges = np.array(today.edges_us, dtype=np.float64)
        low, high = np.interp((start_us - edges[0], end_us - edges[0]), edges - edges[0], today.passed)
        key = (self._seed, 3, start_us, end_us, self._slices)
        blocks = _blocks(today, key, self._tally, part=(low, high), count=count, first=self._made)
        self._made += count
        self._slices += 1
        return b"".join(_regroup(blocks, count))

    @property
    def summary(self) -> Summary:
        return self._tally.summary()

    def _plan_of(self, start_us: int, end_us: int) -> Plan:
        if self._plan is None or not self._plan[0] <= start_us < end_us <= self._plan[1]:
            first = start_us // _DAY_US * _DAY_US
            last = -(-end_us // _DAY_US) * _DAY_US
            self._plan = first, last, plan(self._seed, first, last)
        return self._plan[2]


def _range(start: datetime, end: datetime) -> tuple[int, int]:
    if start.tzinfo is None or end.tzinfo is None:
        raise UsageError("start and end need a time zone; add UTC or the zone you mean")
    if not TIMESTAMP_MIN <= start < end:
        raise UsageError(f"the range must begin in 1970 or later and end after it begins: {start} to {end}")
    if end - start > RANGE_MAX:
        raise UsageError(
            f"the range may have at most ten years ({RANGE_MAX // timedelta(hours=1):,} hours); ask for less"
        )
    return to_micros(start), to_micros(end)


def _blocks(
    planned: Plan, key: tuple[int, ...], tally: Tally, *, part: tuple[float, float], count: int, first: int
) -> Iterator[pa.Array]:
    """Blocks of BLOCK events; each is drawn by a generator of its own, seeded by the key and its number.

    Where one block ends and the next begins is drawn first: sums of exponential gaps are gamma distributed.
    """
    sizes = np.full(-(-count // BLOCK), BLOCK)
    sizes[-1] = count - BLOCK * (len(sizes) - 1)
    rng = np.random.Generator(np.random.SFC64(np.random.SeedSequence(key)))
    reached = np.cumsum(np.append(rng.standard_gamma(sizes), rng.standard_exponential()))
    ends = np.append(0.0, part[0] + (part[1] - part[0]) * reached[:-1] / reached[-1])
    ends[0] = part[0]
    for number, size in enumerate(sizes):
        rng = np.random.Generator(np.random.SFC64(np.random.SeedSequence((*key, number))))
        columns = draw(planned, rng, ends[number], ends[number + 1], int(size))
        tally.add(columns)
        yield render(columns, first + number * BLOCK, planned.releases.texts)


def _regroup(blocks: Iterator[pa.Array], chunk: int) -> Iterator[bytes]:
    """The lines of the blocks, `chunk` at a time. Copies each byte once."""
    pieces: list[memoryview] = []
    missing = chunk
    for block in blocks:
        done = 0
        while done < len(block):
            lines = block.slice(done, missing)
            pieces.append(arrow.lines(lines))
            done += len(lines)
            missing -= len(lines)
            if not missing:
                yield b"".join(pieces)
                pieces, missing = [], chunk
    if pieces:
        yield b"".join(pieces)
