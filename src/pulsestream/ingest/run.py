"""Pairs of hashes (of an event's id, of its content) in sorted arrays, and how several of these become one.

An id hash is uniform, so a table of where each of its leading bits begin finds a place but for a few entries.
"""

from __future__ import annotations

import mmap
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Hashes = NDArray[np.uint64]

END = 1 << 64  # above every hash
EXACT = 1  # flags of a look: there is an event of this id hash and this content hash
OTHER = 2  # there is one of this id hash and another content hash

_BUCKET = 4  # entries of the table's places, at least, and less than twice as many: 0.5 to 1 byte a pair
_MERGED_MAX = 4
_BELOW_BYTE = 56  # bits below the first byte of a hash
_MAPPED_BYTES = 1 << 18


class Gone(Protocol):
    """Pairs that a rewrite leaves out."""

    def between(self, low: int, high: int) -> tuple[Hashes, Hashes]:
        """Those whose id hash is from `low` on and below `high`, in its order."""
        ...


class Run:
    """Pairs by their id hash, from `low` on and below `high`: what is outside of that is looked for elsewhere.

    There is room for so many; a rewrite fills it from the front, and takes from the front of what it reads.
    """

    def __init__(self, room: int) -> None:
        self.low = 0
        self.high = 0
        self.busy = False  # a rewrite reads or fills it
        self._filled = 0
        self._taken = 0
        self._width = 0  # the most entries of one place of the table
        self._mapped, self._ids = _room(room)
        self._mapped_contents, self._contents = _room(room)
        bits = max(1, (room // _BUCKET).bit_length() - 1)
        self._shift = 64 - bits
        self._first = _room(1 << bits >> 1)[1].view(np.uint32)  # where the entries of each place begin
        self._first[0] = 0
        self._place = 0  # the last place that is known
        # For one look, which these make ten times cheaper than arrays do.
        self._ids_view, self._contents_view = self._ids.data, self._contents.data
        self._first_view = self._first.data

    @classmethod
    def of(cls, ids: Hashes, contents: Hashes) -> Run:
        order = np.argsort(ids)
        run = cls(len(ids))
        run.append(ids[order], contents[order], END)
        return run

    @classmethod
    def roughly(cls, ids: Hashes, contents: Hashes) -> Run:
        """In order of the first byte of the id hash: fast to make, only for `Rewrite.by_bytes`."""
        order = np.argsort((ids >> np.uint64(_BELOW_BYTE)).astype(np.uint8), kind="stable")
        run = cls(len(ids))
        run._ids[:], run._contents[:] = ids[order], contents[order]
        run._filled, run.high = len(ids), END
        return run

    def __len__(self) -> int:
        return self._filled - self._taken

    @property
    def size_bytes(self) -> int:
        return len(self) * 2 * self._ids.itemsize + self._first.nbytes

    def append(self, ids: Hashes, contents: Hashes, high: int) -> None:
        """These come next, and are all there are below `high`."""
        begin, end = self._filled, self._filled + len(ids)
        self._ids[begin:end], self._contents[begin:end] = ids, contents
        known, last = self._place, min(high >> self._shift, len(self._first) - 1)
        if last > known:
            places = ((ids >> np.uint64(self._shift)) - np.uint64(known)).view(np.int64)
            counts = np.bincount(places, minlength=last - known)[: last - known]
            self._first[known + 1 : last + 1] = begin + np.cumsum(counts)
            self._width = max(self._width, int(np.diff(self._first[known : last + 1]).max()))
        self._width = max(self._width, end - self._first_view[last])
        self._filled, self._place, self.high = end, last, high

    # ---- looking

    def holds_any(self, ascending: Hashes) -> bool:
        """Whether one of these id hashes is here. They are sorted."""
        ids = self._within(ascending)
        return bool(len(ids)) and bool((self._ids[: self._filled].take(self._find(ids), mode="clip") == ids).any())

    def mark(self, ascending: Hashes, contents: Hashes, flags: NDArray[np.uint8]) -> None:
        """Add to the flags of each what is known of it here."""
        ids = self._within(ascending)
        if not len(ids):
            return
        begin = int(np.searchsorted(ascending, ids[0]))
        at = self._find(ids)
        there = np.flatnonzero(self._ids[: self._filled].take(at, mode="clip") == ids)
        exact = self._contents.take(at[there]) == contents[begin + there]
        flags[begin + there[exact]] |= EXACT
        for index in (begin + there[~exact]).tolist():
            flags[index] |= self.look(int(ascending[index]), int(contents[index]))

    def look(self, id_hash: int, content: int) -> int:
        """The flags of one."""
        if not self.low <= id_hash < self.high:
            return 0
        at, ids = self._at(id_hash), self._ids_view
        if at == self._filled or ids[at] != id_hash:
            return 0
        if self._contents_view[at] == content:
            return EXACT
        end = bisect_right(ids, id_hash, at, self._filled)
        return EXACT if end - at > 1 and bool((self._contents[at:end] == np.uint64(content)).any()) else OTHER

    def contents(self, id_hash: int) -> list[int]:
        """The content hashes of all that have this id hash."""
        if not self.low <= id_hash < self.high:
            return []
        at = self._at(id_hash)
        return list(self._contents_view[at : bisect_right(self._ids_view, id_hash, at, self._filled)])

    def _at(self, id_hash: int) -> int:
        first = self._first_view[id_hash >> self._shift]
        return bisect_left(self._ids_view, id_hash, first, min(first + self._width, self._filled))

    def _within(self, ascending: Hashes) -> Hashes:
        if not self._filled:
            return ascending[:0]
        begin = int(np.searchsorted(ascending, np.uint64(self.low))) if self.low else 0
        end = int(np.searchsorted(ascending, np.uint64(self.high))) if self.high < END else len(ascending)
        return ascending[begin:end]

    def _find(self, ids: Hashes) -> NDArray[np.intp]:
        """Where each is, or would be: a binary search of all of them at once, from the place that the table says."""
        known = self._ids[: self._filled]
        at = self._first.take((ids >> np.uint64(self._shift)).view(np.int64)).astype(np.intp)
        step = 1 << self._width.bit_length() >> 1
        while step:
            at += (known.take(at + (step - 1), mode="clip") < ids) * step
            step >>= 1
        return at

    # ---- what a rewrite takes

    def ahead(self, pairs: int) -> int:
        """The id hash so many pairs further on; END where there are not so many."""
        at = self._taken + pairs
        return self._ids_view[at] if at < self._filled else END

    def take(self, high: int) -> tuple[Hashes, Hashes]:
        """The next ones, below `high`. They are not found here any more, and their memory goes back to the system."""
        begin, end = self._taken, self._filled
        if high < END:
            end = bisect_left(self._ids_view, high, begin, end)
        self._taken, self.low = end, high
        return self._ids[begin:end], self._contents[begin:end]

    def release(self) -> None:
        """What was taken is not read any more."""
        size = self._taken * self._ids.itemsize // mmap.PAGESIZE * mmap.PAGESIZE
        for mapped in (self._mapped, self._mapped_contents):
            if mapped is not None and size:
                mapped.madvise(mmap.MADV_DONTNEED, 0, size)


class Rewrite:
    """Several runs become one. `step` moves some of their pairs; at any time each pair is in exactly one run."""

    def __init__(self, runs: Sequence[Run], gone: Gone | None = None) -> None:
        self.runs = runs
        self.pairs = sum(map(len, runs))
        self.target = Run(self.pairs)
        self._gone = gone
        self._lengths = [len(run) for run in runs]
        for run in (*runs, self.target):
            run.busy = True

    @property
    def done(self) -> bool:
        return self.target.high == END

    def step(self, most: int) -> int:
        """Move about so many pairs, and return how many."""
        shares = (1 + most * length // max(1, self.pairs) for length in self._lengths)
        high = min(run.ahead(share) for run, share in zip(self.runs, shares, strict=True))
        # All those of one id hash are moved at once.
        return self._move(max(high, self.target.high + 1))

    def by_bytes(self) -> None:
        """All of it, of runs that are in order but roughly."""
        for first in range(1, (END >> _BELOW_BYTE) + 1):
            self._move(first << _BELOW_BYTE)

    def _move(self, high: int) -> int:
        low = self.target.high
        parts = [run.take(high) for run in self.runs]
        ids, contents = (np.concatenate(columns) for columns in zip(*parts, strict=True))
        # What this calls a stable sort merges the parts; of many of them that is slower than to sort them.
        order = np.argsort(ids, kind="stable" if len(parts) <= _MERGED_MAX else None)
        ids, contents = ids[order], contents[order]
        moved = len(ids)
        if self._gone is not None:
            left = _without(ids, contents, *self._gone.between(low, high))
            ids, contents = ids[left], contents[left]
        self.target.append(ids, contents, high)
        for run in self.runs:
            run.release()
        if self.done:
            self.target.busy = False
        return moved


def _without(ids: Hashes, contents: Hashes, gone_ids: Hashes, gone_contents: Hashes) -> NDArray[np.bool_]:
    """Which pairs are not among those that are gone. All are sorted by id hash; one id hash may be there repeatedly."""
    kept = np.ones(len(ids), np.bool_)
    looked = np.arange(len(ids))
    at = np.searchsorted(gone_ids, ids)
    while True:
        there = at < len(gone_ids)
        looked, at = looked[there], at[there]
        there = gone_ids[at] == ids[looked]
        looked, at = looked[there], at[there]
        if not len(looked):
            return kept
        kept[looked[gone_contents[at] == contents[looked]]] = False
        at += 1


def _room(hashes: int) -> tuple[mmap.mmap | None, Hashes]:
    """Memory that is not there before it is written, and that can be given back from its front where it is large."""
    size = hashes * 8
    if size < _MAPPED_BYTES:
        return None, np.empty(hashes, np.uint64)
    mapped = mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    return mapped, np.frombuffer(mapped, np.uint64)
