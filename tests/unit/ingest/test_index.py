"""The index knows what was added and not forgotten, whatever it has moved where; a step is small, an event 16 bytes."""

from __future__ import annotations

import random
from collections import Counter

import numpy as np
import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pulsestream.ingest.doomed import Doomed
from pulsestream.ingest.index import Index, hash_id, keys_of
from pulsestream.ingest.run import END, EXACT, OTHER, Rewrite, Run
from pulsestream.store.port import PastIds

# Few enough that they meet, also at the ends and in one place of a table.
_hashes = st.sampled_from([0, 1, 2, 3, 1 << 32, (1 << 63) - 1, 1 << 63, (1 << 63) + 1, END - 2, END - 1]) | st.integers(
    0, END - 1
)
_pairs = st.tuples(_hashes, st.integers(0, 2))


def words(values):
    return np.array(list(values), np.uint64)


def doomed(pairs):
    found = Doomed()
    ids, contents = words(one for one, _ in pairs), words(content for _, content in pairs)
    half = len(pairs) // 2
    for part in (slice(half), slice(half, None)):
        found.add(PastIds([""] * len(ids[part]), ids[part], contents[part], ids[part]))
    return found


def flags(model, one, content):
    return (EXACT if (one, content) in model else 0) or (OTHER if any(other == one for other, _ in model) else 0)


def agrees(index, model, asked, many):
    """One at a time, and as a batch that is large enough to be looked for at once."""
    for one, content in asked:
        seen = index.look(one, content)
        assert (EXACT if seen & EXACT else seen) == flags(model, one, content)
        assert Counter(index.contents(one)) == Counter(known for other, known in model if other == one)
    batch = (asked * many)[: max(many, len(asked))]
    if batch:
        keys = keys_of([one for one, _ in batch], [content for _, content in batch])
        assert index.holds_any(keys) == any(flags(model, *pair) for pair in asked)
        assert [EXACT if seen & EXACT else seen for seen in index.looks(keys)] == [flags(model, *one) for one in batch]
    assert len(index) == len(model)


_steps = st.lists(
    st.one_of(
        st.tuples(st.just("add"), st.lists(_pairs, min_size=4, max_size=12)),
        st.tuples(st.just("work"), st.integers(1, 4)),
        st.tuples(st.just("forget"), st.lists(st.integers(0, 200), max_size=20)),
        st.tuples(st.just("forget_some"), st.integers(1, 3)),
        st.tuples(st.just("restart"), st.integers(1, 4)),
    ),
    max_size=40,
)


class Trial:
    """An index, and the set of pairs that it must know. `going`: those that are being forgotten."""

    def __init__(self):
        self.index = Index(recent_max=3, step=2)
        self.model = set()
        self.going = set()
        self.gone = None

    def add(self, pairs):
        new = list(dict.fromkeys(pair for pair in pairs if pair not in self.model))
        self.index.add([one for one, _ in new], [content for _, content in new])
        self.model |= set(new)

    def work(self, steps):
        for _ in range(steps):
            self.index.work()

    def forget(self, numbers):
        known = sorted(self.model)
        if known and self.gone is None:
            self.going = {known[number % len(known)] for number in numbers}
            self.gone = doomed(sorted(self.going)) if self.going else None

    def forget_some(self, steps):
        for _ in range(steps):
            if self.gone is not None and not self.index.forget(self.gone):
                self.model, self.going, self.gone = self.model - self.going, set(), None

    def restart(self, at_once):
        if self.gone is None:
            self.index = Index(recent_max=3, step=2)
            ordered = sorted(self.model, key=hash)
            for start in range(0, len(ordered), at_once):
                some = ordered[start : start + at_once]
                self.index.load(words(one for one, _ in some), words(content for _, content in some))
            self.index.loaded()

    def check(self, asked, many):
        if self.gone is None:
            agrees(self.index, self.model, [*asked, *sorted(self.model)], many)
            return
        for one, content in sorted(self.model - self.going):
            assert self.index.look(one, content) & EXACT
        for one, content in sorted(self.going):
            assert bool(self.index.look(one, content) & EXACT) == (content in self.index.contents(one))


@given(steps=_steps, asked=st.lists(_pairs, max_size=8), many=st.sampled_from([1, 30]))
def test_it_knows_what_a_set_of_pairs_knows(steps, asked, many):
    trial = Trial()
    for what, detail in steps:
        getattr(trial, what)(detail)
        trial.check(asked, many)
    while trial.gone is not None:
        trial.forget_some(1)
    trial.check(asked, many)


def test_what_is_added_while_others_are_forgotten_stays():
    """Also a pair that is one of those, and was sent again."""
    index = Index(recent_max=4, step=2)
    pairs = [(number << 56, 1) for number in range(40)]
    index.add(*zip(*pairs, strict=True))
    going = doomed(pairs)
    while index.look(*pairs[0]):
        assert index.forget(going)
    index.add([pairs[0][0], 5], [1, 1])
    while index.forget(going):
        pass
    assert (index.look(*pairs[0]), index.look(5, 1), index.look(*pairs[20])) == (EXACT, EXACT, 0)
    assert len(index) == 2


def test_forgetting_ends_however_much_comes_meanwhile():
    index = Index(recent_max=4, step=2)
    for start in (0, 50):
        index.add(range(start, start + 50), [1] * 50)
    going, steps = doomed([(number, 1) for number in range(50)]), 0
    while index.forget(going):
        steps += 1
        index.add(range(1_000 * steps, 1_000 * steps + 9), [1] * 9)
        assert steps < 2_000
    assert not index.look(0, 1)
    assert index.look(99, 1) == index.look(1_000, 1) == EXACT


def test_an_empty_index_knows_and_forgets_nothing():
    index = Index()
    index.loaded()
    index.load(words([]), words([]))
    index.loaded()
    assert not index.holds_any(keys_of(list(range(50)), list(range(50))))
    assert not index.holds_any(keys_of([], []))
    assert index.forget(doomed([(1, 1)])) in (True, False)
    while index.forget(doomed([(1, 1)])):
        pass
    assert len(index) == 0


def test_the_hash_of_an_id_has_64_bits_and_takes_any_text():
    assert hash_id("São Paulo 𝄞") != hash_id("Sao Paulo 𝄞")
    assert max(hash_id(str(number)) for number in range(100)) > 1 << 62


# ---- what it costs


@pytest.mark.parametrize("at_once", [1_000, 20_000])
def test_an_event_takes_little_memory_and_is_moved_a_few_times(at_once):
    index = Index(recent_max=1_024, step=4_096)
    draw, moved = random.Random(1), 0
    for _ in range(400_000 // at_once):
        index.add([draw.getrandbits(64) for _ in range(at_once)], [1] * at_once)
        while index.behind:
            moved += _one_step(index)
    assert len(index) == 400_000
    assert len(index._runs) <= 8
    assert index.size_bytes / len(index) < 18.5
    assert moved / len(index) < 25


def _one_step(index):
    rewrite = index._rewrites[-1]
    before = sum(map(len, rewrite.runs))
    index.work()
    moved = before - sum(map(len, rewrite.runs))
    assert moved <= 2 * 4_096
    return moved


def test_a_rewrite_needs_no_memory_of_its_own():
    """What it has read is given back: at any time there is about one place for each pair."""
    draw = np.random.default_rng(1)
    pairs = 600_000
    runs = [Run.of(*(draw.integers(0, END - 1, pairs, np.uint64, endpoint=True) for _ in range(2))) for _ in range(2)]
    before = _resident_bytes()
    rewrite, most = Rewrite(runs), 0
    while not rewrite.done:
        rewrite.step(65_536)
        most = max(most, _resident_bytes() - before)
    assert len(rewrite.target) == 2 * pairs
    # The table of the new run (half a byte to one a pair), and what one step holds.
    assert most < 2 * pairs * 1.2 + 6_000_000


def _resident_bytes():
    return psutil.Process().memory_info().rss


def test_ids_made_to_fall_together_cost_no_more_than_a_search():
    """A sender can choose ids whose hashes have the same leading bits. What one step moves is bounded all the same."""
    index = Index(recent_max=1_024, step=4_096)
    for start in range(0, 40_000, 1_000):
        index.add(range(start, start + 1_000), [1] * 1_000)
        while index.behind:
            _one_step(index)
    assert all(index.look(one, 1) == EXACT for one in range(0, 40_000, 97))
    assert not index.look(40_000, 1)


def test_many_ids_of_one_hash_are_told_apart_by_their_content():
    index = Index(recent_max=64, step=64)
    for content in range(1_000):
        index.add([7], [content])
        index.work()
    for _ in range(200):
        index.work()
    assert len(index._runs) == 1
    assert index.look(7, 999) & EXACT
    assert index.look(7, 0) & EXACT
    assert index.look(7, 1_000) == OTHER
    assert len(index.contents(7)) == 1_000
    assert index.print_of(7)[0] == 1_000
