"""The known ids of one tenant: 16 bytes an event and a little, found in a microsecond, however many there are.

An event is a pair of 64-bit hashes: of its id, of its content. Recent pairs are in a dict. Behind it are runs, arrays
sorted by the hash of the id. Runs of like size are rewritten into one, some thousand pairs at a time, so that a pair
is moved some twenty times in all and no step holds up the event loop. What a rewrite has read goes back to the system
as it gets on: it needs no memory of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from itertools import pairwise
from operator import xor
from sys import getsizeof

import numpy as np
from msgspec import Struct
from xxhash import xxh3_64_intdigest

from pulsestream.ingest.run import EXACT, OTHER, Gone, Hashes, Rewrite, Run

RECENT_MAX = 16_384
STEP = 32_768  # pairs that one step of a rewrite moves: about half a millisecond
# A run is rewritten together with one that is at most so many times larger, or has at most so many times `RECENT_MAX`.
_RATIO = 8
_SMALL = 16
# Moves that each new pair pays for, while there is something to move: twice what there will be.
_MOVES = 40
_RECENT_BYTES = 72  # a pair of numbers, as objects
_LOADED_AT_ONCE = 8  # times `STEP`: at start-up nobody waits for the event loop
_VECTOR_MIN = 24  # events from which on one look for all of them is cheaper than one each


def hash_id(event_id: str) -> int:
    """The engine's `xxh3(event_id)`."""
    return xxh3_64_intdigest(event_id.encode())


class Keys(Struct, frozen=True):
    """What some events are known by: of each the hash of its id and of its content. For any thread to make."""

    ids: Sequence[int]
    contents: Sequence[int]
    distinct: bool  # no id hash is there twice
    ascending: Hashes | None  # the id hashes, where there are many


def keys_of(ids: Sequence[int], contents: Sequence[int]) -> Keys:
    ascending = np.sort(np.array(ids, np.uint64)) if len(ids) >= _VECTOR_MIN else None
    return Keys(ids, contents, len(ids) == 1 or len(set(ids)) == len(ids), ascending)


class Index:
    """For the event loop, but for `load`."""

    def __init__(self, *, recent_max: int = RECENT_MAX, step: int = STEP) -> None:
        self._recent_max = recent_max
        self._step = step
        self._recent: dict[int, int] = {}
        self._more: dict[int, set[int]] = {}  # further contents of an id hash in `_recent`
        self._more_pairs = 0
        self._runs: list[Run] = []
        self._rewrites: list[Rewrite] = []  # the last one goes first: it is the smallest
        self._due = 0  # moves that are paid for
        self._forgetting: Rewrite | None = None
        self._loading: list[tuple[Hashes, Hashes]] = []
        self._held = False  # no rewrite begins

    # ---- at start-up

    def load(self, ids: Hashes, contents: Hashes) -> None:
        """Some of the pairs of the store."""
        self._loading.append((ids, contents))
        if sum(len(some) for some, _ in self._loading) >= self._step * _LOADED_AT_ONCE:
            self._load_some()

    def loaded(self) -> None:
        """That was all."""
        self._load_some()
        if self._runs:
            rewrite = Rewrite(self._runs)
            rewrite.by_bytes()
            self._runs = [rewrite.target]

    def _load_some(self) -> None:
        if self._loading:
            ids, contents = (np.concatenate(columns) for columns in zip(*self._loading, strict=True))
            self._runs.append(Run.roughly(ids, contents))
            self._loading.clear()

    # ---- looking

    def __len__(self) -> int:
        return sum(map(len, self._runs)) + len(self._recent) + self._more_pairs

    @property
    def size_bytes(self) -> int:
        """Of memory."""
        return sum(run.size_bytes for run in self._runs) + getsizeof(self._recent) + _RECENT_BYTES * len(self._recent)

    def holds_any(self, keys: Keys) -> bool:
        """Whether an id hash of these is known."""
        if not self._recent.keys().isdisjoint(keys.ids):
            return True
        if keys.ascending is None:
            return any(run.look(id_hash, 0) for run in self._runs for id_hash in keys.ids)
        ascending = keys.ascending
        return any(run.holds_any(ascending) for run in self._runs)

    def looks(self, keys: Keys) -> Sequence[int]:
        """EXACT and OTHER of each."""
        if keys.ascending is None:
            return [self.look(*pair) for pair in zip(keys.ids, keys.contents, strict=True)]
        ids, contents = np.array(keys.ids, np.uint64), np.array(keys.contents, np.uint64)
        order = np.argsort(ids)
        ascending, contents = ids[order], contents[order]
        flags = np.zeros(len(ids), np.uint8)
        for run in self._runs:
            run.mark(ascending, contents, flags)
        looks = np.empty_like(flags)
        looks[order] = flags
        found: list[int] = looks.tolist()
        if not self._recent.keys().isdisjoint(keys.ids):
            for index, pair in enumerate(zip(keys.ids, keys.contents, strict=True)):
                found[index] |= self._look_recent(*pair)
        return found

    def look(self, id_hash: int, content: int) -> int:
        flags = self._look_recent(id_hash, content)
        for run in self._runs:
            flags |= run.look(id_hash, content)
        return flags

    def contents(self, id_hash: int) -> list[int]:
        """The content hashes of all events that have this id hash."""
        found = [*self._more.get(id_hash, ())]
        if id_hash in self._recent:
            found.append(self._recent[id_hash])
        for run in self._runs:
            found += run.contents(id_hash)
        return found

    def print_of(self, id_hash: int) -> tuple[int, int]:
        """Changes with what is known of this id hash; the first number is how many events that are."""
        contents = self.contents(id_hash)
        return len(contents), reduce(xor, contents, 0)

    def _look_recent(self, id_hash: int, content: int) -> int:
        known = self._recent.get(id_hash)
        if known is None:
            return 0
        return EXACT if known == content or content in self._more.get(id_hash, ()) else OTHER

    # ---- adding, and the work that follows from it

    def add(self, ids: Sequence[int], contents: Sequence[int]) -> None:
        """Pairs of which none is known yet."""
        self._due += len(ids) * _MOVES
        if len(ids) >= self._recent_max:
            self._push(Run.of(np.array(ids, np.uint64), np.array(contents, np.uint64)))
            return
        before, recent = len(self._recent), self._recent
        if recent.keys().isdisjoint(ids):
            # Of an id hash that is there twice the last one remains; the others follow below.
            recent.update(zip(ids, contents, strict=True))
        if len(recent) - before != len(ids):
            for id_hash, content in zip(ids, contents, strict=True):
                if recent.setdefault(id_hash, content) != content:
                    self._more.setdefault(id_hash, set()).add(content)
                    self._more_pairs += 1
        if len(recent) + self._more_pairs >= self._recent_max:
            self._flush()

    @property
    def behind(self) -> bool:
        """Whether a step of work is due."""
        return self._due >= self._step and bool(self._rewrites)

    def work(self) -> None:
        """One step, of about half a millisecond, if there is something to do."""
        if self._rewrites:
            rewrite = self._rewrites[-1]
            self._due -= rewrite.step(self._step)
            if rewrite.done:
                self._rewrites.pop()
                self._replace(rewrite)
                self._plan()
        if not self._rewrites:
            self._due = 0

    def forget(self, gone: Gone) -> bool:
        """One step of taking these pairs out. False: that was the last one.

        What is added meanwhile stays, also such a pair.
        """
        if self._forgetting is None:
            self._held = True
            if self._rewrites:
                self.work()
                return True
            self._flush()
            self._held = False
            if not self._runs:
                return False
            self._forgetting = Rewrite(tuple(self._runs), gone)
            self._runs.append(self._forgetting.target)
        self._forgetting.step(self._step)
        if not self._forgetting.done:
            return True
        self._replace(self._forgetting)
        self._forgetting = None
        self._plan()
        return False

    def _flush(self) -> None:
        if not self._recent:
            return
        further = [(id_hash, content) for id_hash, contents in self._more.items() for content in contents]
        pairs = len(self._recent)
        ids = np.empty(pairs + len(further), np.uint64)
        contents = np.empty_like(ids)
        ids[:pairs] = np.fromiter(self._recent.keys(), np.uint64, pairs)
        contents[:pairs] = np.fromiter(self._recent.values(), np.uint64, pairs)
        ids[pairs:] = [id_hash for id_hash, _ in further]
        contents[pairs:] = [content for _, content in further]
        self._recent, self._more, self._more_pairs = {}, {}, 0
        self._push(Run.of(ids, contents))

    def _push(self, run: Run) -> None:
        self._runs.append(run)
        self._plan()

    def _plan(self) -> None:
        """Begin what rewrites there are to do."""
        if self._held:
            return
        idle = sorted((run for run in self._runs if not run.busy), key=len)
        for small, large in pairwise(idle):
            if not small.busy and len(large) <= max(_RATIO * len(small), _SMALL * self._recent_max):
                rewrite = Rewrite((small, large))
                self._runs.append(rewrite.target)
                self._rewrites.append(rewrite)
                self._rewrites.sort(key=lambda one: -one.pairs)

    def _replace(self, rewrite: Rewrite) -> None:
        self._runs = [run for run in self._runs if run not in rewrite.runs and (run.busy or len(run))]
