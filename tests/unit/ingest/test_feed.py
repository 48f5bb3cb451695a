"""Whatever an engine does to a block, every row is in it once, or in the aside list, and is counted once."""

from __future__ import annotations

import contextlib
import random
import threading
import time
from collections import Counter
from datetime import timedelta

import pytest

from pulsestream.errors import StoreBusy, StoreRefused
from pulsestream.ingest import feed
from pulsestream.ingest.aside import AsideList
from pulsestream.ingest.feed import Feeder
from pulsestream.ingest.files import Files
from pulsestream.ingest.frame import pack, unpack
from pulsestream.meters import Meters
from pulsestream.metrics import FEED_BLOCK_ROWS, FEED_RETRIES
from pulsestream.query import compile as sql
from pulsestream.store.connect import connect
from pulsestream.store.port import Statement
from unit.ingest.frames import frame, segment
from unit.ingest.lines import NOW, StillClock, event

POISON = b'"title":"poison"'
PATIENCE_S = 60


@pytest.fixture(scope="module")
def store():
    with contextlib.closing(connect("chdb://memory", clock=StillClock(), memory_bytes_max=1 << 30)) as store:
        store.migrate()
        yield store


@pytest.fixture
def engine(store):
    """The real engine, empty."""
    with contextlib.closing(store.session(threads=1)) as session:
        for table in ("events", "outcomes", "tombstones"):
            session.run(f"TRUNCATE TABLE {table}")
        yield session


class FaultySession:
    """A session to the real engine that fails as engines do. `plan` says how the next call goes, or "" for well."""

    def __init__(self, session, plan, chance):
        self._session = session
        self._plan = plan
        self._chance = chance

    def __getattr__(self, name):
        return getattr(self._session, name)

    def insert_events(self, block):
        lines = block.splitlines(keepends=True)
        fault = self._plan()
        if any(POISON in line for line in lines):
            self._some(lines)
            raise StoreRefused("a row is poisoned")
        if fault == "part":
            self._some(lines)
            raise StoreBusy("the disk is full")
        if fault == "answer lost":
            self._session.insert_events(block)
            raise StoreBusy("timed out")
        if fault == "lie":
            self._some(lines)
        elif fault:
            raise StoreBusy("too many parts")
        else:
            self._session.insert_events(block)

    def insert_outcomes(self, outcomes):
        fault = self._plan()
        if fault in ("", "answer lost"):
            self._session.insert_outcomes(outcomes)
        if fault:
            raise StoreBusy("timed out")

    def insert_tombstones(self, tombstones):
        fault = self._plan()
        if fault in ("", "answer lost"):
            self._session.insert_tombstones(tombstones)
        if fault:
            raise StoreBusy("timed out")

    def present(self, first, last):
        if self._plan() == "down":
            raise StoreBusy("connection refused")
        return self._session.present(first, last)

    def count(self, first, last):
        if self._plan() == "down":
            raise StoreBusy("connection refused")
        return self._session.count(first, last)

    def last_positions(self):
        if self._plan() == "down":
            raise StoreBusy("connection refused")
        return self._session.last_positions()

    def close(self):
        """The test goes on with it."""

    def _some(self, lines):
        kept = [line for line in lines if POISON not in line and self._chance.random() < 0.5]
        if kept:
            self._session.insert_events(b"".join(kept))


def healthy(session):
    return FaultySession(session, lambda: "", random.Random(0))


class Feeding:
    """A feeder on a folder of segments, and what it says it has fed."""

    def __init__(self, folder, open_session, **changes):
        self.folder = folder
        self.aside = AsideList(folder / "aside.jsonl", Files())
        self.meters = Meters(StillClock().monotonic)
        self.spans = []
        self.reached = threading.Condition()
        self.last = 0
        self.feeder = Feeder(
            **{
                "open_session": open_session,
                "files": Files(),
                "aside": self.aside,
                "clock": StillClock(),
                "linger_s": 0.0,
                "meters": self.meters,
                "fed": self._fed,
            }
            | changes
        )

    def _fed(self, spans, last):
        with self.reached:
            self.spans += spans
            self.last = last
            self.reached.notify_all()

    def feed(self, spans):
        """Offer them, and return when all are in."""
        for span in spans:
            self.feeder.offer(span)
        self.wait_for(spans[-1].header.last)

    def wait_for(self, last):
        with self.reached:
            assert self.reached.wait_for(lambda: self.last >= last, PATIENCE_S), self.feeder.state


@pytest.fixture
def at_once(monkeypatch):
    """A cause that passes has passed when it is looked at again."""
    monkeypatch.setattr(feed, "_BACKOFF_S", (0.0,))


def journal(chance, frames=30):
    """Random frames, some without events; and what must become of them."""
    packed, positions, poisoned, counts, position = [], [], [], Counter(), 1
    for _ in range(frames):
        number = chance.choice([0, 1, 1, 2, 10, 40])
        names = ["poison" if chance.random() < 0.02 else "good" for _ in range(number)]
        deletes = [f"e{position}"] if chance.random() < 0.1 else []
        rejected = chance.randrange(3)
        tallies = [("stored", "", number)] * bool(number) + [("rejected", "invalid", rejected)] * bool(rejected)
        if not (names or deletes or tallies):
            continue
        packed.append(
            frame(
                position,
                [event(f"e{position + i}", title=name) for i, name in enumerate(names)],
                deletes=deletes,
                counts=tallies,
            )
        )
        positions += range(position, position + number)
        poisoned += [position + i for i, name in enumerate(names) if name == "poison"]
        for outcome, reason, events in tallies:
            counts[outcome, reason] += events
        position += number + len(deletes) + len(tallies)
    return packed, positions, poisoned, counts


def rows(session):
    return Counter(position for (position,) in session.ask(Statement("SELECT position FROM events", {})).rows)


def counted(session):
    return {(outcome, reason): events for outcome, reason, events in session.ask(sql.outcomes("acme")).rows}


@pytest.mark.usefixtures("at_once")
@pytest.mark.parametrize("seed", [0, 1, *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(2, 8))])
def test_every_row_is_stored_once_whatever_the_engine_does(engine, tmp_path, seed):
    chance = random.Random(seed)
    packed, positions, poisoned, counts = journal(chance)
    faults = ["", "", "", "part", "answer lost", "lie", "nothing", "down"]

    def session():
        if chance.random() < 0.3:
            raise StoreBusy("connection refused")
        return FaultySession(engine, lambda: chance.choice(faults), chance)

    feeding = Feeding(tmp_path, session)
    feeding.feeder.start()
    spans = segment(tmp_path, packed)
    feeding.feed(spans)
    feeding.feeder.close(patience_s=PATIENCE_S)

    assert rows(engine) == Counter(set(positions) - set(poisoned))
    assert [position for position in positions if position in feeding.aside] == poisoned
    assert counted(engine) == counts
    assert feeding.meters.histograms(FEED_BLOCK_ROWS)[()].sum <= len(positions)
    assert feeding.meters.counts(FEED_RETRIES)[()] > 0, "the faults were waited out, and counted"
    assert feeding.spans == spans
    state = feeding.feeder.state
    assert (state.fed, state.waiting_events, state.quarantined) == (spans[-1].header.last, 0, len(poisoned))


@pytest.mark.usefixtures("at_once")
@pytest.mark.parametrize("seed", [0, 1, *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(2, 8))])
def test_a_start_brings_the_engine_up_to_date_from_any_state(engine, tmp_path, seed):
    chance = random.Random(100 + seed)
    packed, positions, poisoned, counts = journal(chance)
    spans = segment(tmp_path, packed)
    fed = chance.randrange(len(spans))
    Feeding(tmp_path, lambda: healthy(engine)).feeder.replay(spans[:fed])
    # The process ended in the middle of a block: some of its rows are in.
    torn = Feeding(tmp_path, lambda: FaultySession(engine, lambda: "part", chance))
    torn.feeder._give_up = True
    with pytest.raises(feed.Stopped):
        torn.feeder.replay(spans[fed:])

    for _ in range(2):  # a second start finds nothing left to do
        again = Feeding(tmp_path, lambda: FaultySession(engine, lambda: chance.choice(["", "part", "lie"]), chance))
        again.feeder.replay(spans)
        assert rows(engine) == Counter(set(positions) - set(poisoned))
        assert [position for position in positions if position in again.aside] == poisoned
        assert counted(engine) == counts
        assert again.feeder.state.fed == spans[-1].header.last


def test_one_poisoned_row_is_set_aside_with_what_the_engine_said(engine, tmp_path):
    """No fault injected: a row that the engine itself cannot read."""
    whole = unpack(frame(1, [event(f"e{number}") for number in range(9)]))
    lines = whole.events.splitlines(keepends=True)
    lines[4] = lines[4].replace(b'"content_hash":', b'"content_hash":x')
    data = pack(1, lines, [], (whole.header.timestamp_min, whole.header.timestamp_max))
    feeding = Feeding(tmp_path, lambda: healthy(engine))
    feeding.feeder.replay(segment(tmp_path, [data]))
    assert rows(engine) == Counter({1, 2, 3, 4, 6, 7, 8, 9})
    assert 5 in feeding.aside
    [kept] = (tmp_path / "aside.jsonl").read_text().splitlines()
    assert "e4" in kept
    assert "DB::Exception" in kept


class NoRoomAside(Files):
    """Cannot write the first two times."""

    refusals = 2

    def append(self, descriptor, data):
        if self.refusals:
            self.refusals -= 1
            raise OSError(28, "No space left on device")
        super().append(descriptor, data)


@pytest.mark.usefixtures("at_once")
def test_a_row_that_cannot_be_set_aside_is_tried_again(engine, tmp_path):
    aside = AsideList(tmp_path / "aside.jsonl", NoRoomAside())
    spans = segment(tmp_path, [frame(1, [event("a"), event("b", title="poison"), event("c")])])
    feeding = Feeding(tmp_path, lambda: healthy(engine), aside=aside)
    feeding.feeder.start()
    feeding.feed(spans)
    feeding.feeder.close(patience_s=PATIENCE_S)
    assert rows(engine) == Counter({1, 3})
    assert 2 in aside
    assert feeding.feeder.state.trouble == ""


def test_a_block_over_more_weeks_than_one_insert_may_touch_is_stored(engine, tmp_path):
    weeks = [event(f"e{week}", timestamp=(NOW - timedelta(weeks=week)).isoformat()) for week in range(160)]
    spans = segment(tmp_path, [frame(1, weeks[:80]), frame(81, weeks[80:])])
    feeding = Feeding(tmp_path, lambda: healthy(engine))
    feeding.feeder._give_up = True  # a refusal ends the test instead of being tried again
    feeding.feeder.replay(spans)
    assert rows(engine) == Counter(range(1, 161))


def test_frames_without_events_are_counted_and_told(engine, tmp_path):
    spans = segment(
        tmp_path,
        [
            frame(1, counts=[("duplicate", "", 7)]),
            frame(2, deletes=["gone"]),
            frame(3, counts=[("duplicate", "", 1), ("rejected", "conflict", 2)]),
        ],
    )
    feeding = Feeding(tmp_path, lambda: healthy(engine))
    feeding.feeder.start()
    feeding.feed(spans)
    feeding.feeder.close(patience_s=PATIENCE_S)
    assert counted(engine) == {("duplicate", ""): 8, ("rejected", "conflict"): 2}
    assert list(engine.tombstoned_ids()) == [("acme", "gone")]
    assert feeding.feeder.state.fed == 4


def test_a_stop_while_the_engine_is_down_returns_and_loses_nothing(engine, tmp_path, monkeypatch):
    monkeypatch.setattr(feed, "_BACKOFF_S", (3600.0,))
    asked = threading.Event()

    def down():
        asked.set()
        raise StoreBusy("connection refused")

    spans = segment(tmp_path, [frame(1, [event("a")]), frame(2, [event("b")], counts=[("stored", "", 2)])])
    feeding = Feeding(tmp_path, down)
    feeding.feeder.start()
    for span in spans:
        feeding.feeder.offer(span)
    assert asked.wait(PATIENCE_S)
    stopping = threading.Thread(target=lambda: feeding.feeder.close(patience_s=0))
    stopping.start()
    stopping.join(PATIENCE_S)
    assert not stopping.is_alive()
    assert feeding.spans == []

    Feeding(tmp_path, lambda: healthy(engine)).feeder.replay(spans)
    assert rows(engine) == Counter({1, 2})
    assert counted(engine) == {("stored", ""): 2}


def test_trouble_is_told_while_it_lasts(engine, tmp_path, monkeypatch):
    monkeypatch.setattr(feed, "_BACKOFF_S", (0.001,))
    mended = threading.Event()
    troubled = threading.Condition()

    def open_session():
        with troubled:
            troubled.notify_all()
        if not mended.is_set():
            raise StoreBusy("the disk is full")
        return healthy(engine)

    feeding = Feeding(tmp_path, open_session)
    spans = segment(tmp_path, [frame(1, [event("a")])])
    feeding.feeder.start()
    feeding.feeder.offer(spans[0])
    with troubled:
        assert troubled.wait_for(lambda: feeding.feeder.state.trouble == "the disk is full", PATIENCE_S)
    mended.set()
    feeding.wait_for(1)
    assert feeding.feeder.state.trouble == ""
    feeding.feeder.close(patience_s=PATIENCE_S)


def test_a_lone_event_waits_for_more_until_somebody_is_in_a_hurry(engine, tmp_path):
    feeding = Feeding(tmp_path, lambda: healthy(engine), linger_s=3600.0)
    spans = segment(tmp_path, [frame(1, [event("a")]), frame(2, [event("b")])])
    feeding.feeder.start()
    feeding.feeder.offer(spans[0])
    assert feeding.feeder.state.waiting_events == 1
    feeding.feeder.hurry()
    feeding.wait_for(1)
    feeding.feeder.offer(spans[1])
    assert rows(engine) == Counter({1})
    feeding.feeder.close(patience_s=PATIENCE_S)
    assert rows(engine) == Counter({1, 2})


def test_a_full_block_does_not_wait(engine, tmp_path, monkeypatch):
    monkeypatch.setattr(feed, "BLOCK_EVENTS", 3)
    feeding = Feeding(tmp_path, lambda: healthy(engine), linger_s=3600.0)
    spans = segment(tmp_path, [frame(number, [event(f"e{number}")]) for number in range(1, 8)])
    feeding.feeder.start()
    for span in spans:
        feeding.feeder.offer(span)
    feeding.wait_for(6)
    assert rows(engine) >= Counter(range(1, 7))
    feeding.feeder.close(patience_s=PATIENCE_S)
    assert rows(engine) == Counter(range(1, 8))


def test_a_frame_that_cannot_be_read_is_tried_again_and_said(engine, tmp_path):
    packed = frame(1, [event("a")])
    [span] = segment(tmp_path, [packed])
    span.path.write_bytes(b"x" * span.length)
    feeding = Feeding(tmp_path, lambda: healthy(engine))
    feeding.feeder.offer(span)
    feeding.feeder.start()
    deadline = time.monotonic() + PATIENCE_S
    while "changed under the running server" not in feeding.feeder.state.trouble:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert rows(engine) == Counter()
    span.path.write_bytes(packed)
    feeding.feeder.close(patience_s=PATIENCE_S)
    assert rows(engine) == Counter({1: 1})
    assert feeding.feeder.state.trouble == ""


def test_nothing_is_fed_while_the_feeder_is_held(engine, tmp_path):
    inserted = []
    holds = set()

    def open_session():
        session = healthy(engine)
        insert = session.insert_events
        session.insert_events = lambda block: (inserted.append(set(holds)), insert(block))
        return session

    feeding = Feeding(tmp_path, open_session)
    feeding.feeder.start()
    spans = segment(tmp_path, [frame(number, [event(f"e{number}")]) for number in range(1, 30)])
    for number, span in enumerate(spans):
        with feeding.feeder.held():
            holds.add(number)
            with feeding.feeder.held():
                feeding.feeder.offer(span)
                before = rows(engine)
                assert rows(engine) == before
            holds.clear()
    feeding.wait_for(29)
    feeding.feeder.close(patience_s=PATIENCE_S)
    assert rows(engine) == Counter(range(1, 30))
    assert set(map(len, inserted)) == {0}


def test_what_was_removed_since_it_was_counted_is_not_fed_again(engine, tmp_path):
    packed = [frame(1, [event("a"), event("b")], deletes=["x"], counts=[("stored", "", 2)]), frame(5, [event("c")])]
    spans = segment(tmp_path, packed)
    Feeding(tmp_path, lambda: healthy(engine)).feeder.replay(spans[:1])
    engine.delete_events("acme", ["a"])
    engine.run("TRUNCATE TABLE tombstones")
    Feeding(tmp_path, lambda: healthy(engine)).feeder.replay(spans)
    assert rows(engine) == Counter({2, 5})
    assert list(engine.tombstoned_ids()) == []
