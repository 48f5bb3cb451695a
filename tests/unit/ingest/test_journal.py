"""What is acknowledged is on disk; a crowd shares one sync; what could not be written was never acknowledged."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import threading
from collections import Counter

import pytest

from pulsestream.errors import Overloaded
from pulsestream.ingest import journal as journal_module
from pulsestream.ingest.backlog import Backlog
from pulsestream.ingest.files import Files
from pulsestream.ingest.frame import Counted, unpack
from pulsestream.ingest.journal import Entry, Journal
from pulsestream.ingest.segments import scan, segments
from pulsestream.meters import Meters
from pulsestream.metrics import EVENTS, JOURNAL_FAILURES, JOURNAL_GROUP_EVENTS, Stage
from unit.ingest.lines import StillClock, checked, event

PATIENCE_S = 60


class WatchedFiles(Files):
    """The real files. `faults` are used up one a group; a closed gate holds every sync."""

    def __init__(self):
        self.faults = []
        self.fault = None
        self.paths = {}
        self.synced = []
        self.removed = []
        self.gate = threading.Event()
        self.gate.set()
        self.syncing = threading.Event()

    def create(self, path):
        self.fault = self.faults.pop(0) if self.faults else None
        if self.fault == "create":
            raise OSError(28, "No space left on device")
        descriptor = super().create(path)
        self.paths[descriptor] = path
        return descriptor

    def append(self, descriptor, data):
        if self.fault is None and self.faults:
            self.fault = self.faults.pop(0)
        fault, self.fault = self.fault, None
        if fault == "append":
            raise OSError(28, "No space left on device")
        if fault == "append part":
            super().append(descriptor, data[: len(data) // 2])
            raise OSError(5, "Input/output error")
        super().append(descriptor, data)
        self.fault = fault if fault in ("sync", "close") else None

    def sync(self, descriptor):
        self.synced.append(self.paths[descriptor])
        self.syncing.set()
        assert self.gate.wait(PATIENCE_S)
        if self.fault == "sync":
            self.fault = None
            raise OSError(5, "Input/output error")
        super().sync(descriptor)

    def close(self, descriptor):
        super().close(descriptor)
        if descriptor in self.paths and self.fault == "close":
            self.fault = None
            raise OSError(5, "Input/output error")

    def remove(self, path):
        self.removed.append(path)
        super().remove(path)


class Writing:
    """A journal on a folder, the spans that it says are on disk, and how each entry was settled."""

    def __init__(self, folder, *, backlog_bytes_max=1 << 30, **changes):
        self.backlog = Backlog(backlog_bytes_max, StillClock().monotonic)
        self.meters = Meters(StillClock().monotonic)
        self.files = WatchedFiles()
        self.written = []
        self.settled = {}
        self.folder = folder
        self.trimmed = False
        self.journal = Journal(
            folder,
            **{
                "files": self.files,
                "clock": StillClock(),
                "next_position": 1,
                "waiting_bytes_max": 1 << 30,
                "backlog": self.backlog,
                "meters": self.meters,
                "written": self.written.append,
            }
            | changes,
        )

    async def __aenter__(self):
        self.journal.start()
        return self

    async def __aexit__(self, *_):
        self.files.gate.set()
        await self.journal.close()
        if not self.trimmed:
            assert self.counted() == found(self.folder)[1], "the counters agree with what the journal holds"

    def counted(self):
        counts = Counter()
        for (tenant, outcome, _), events in self.meters.counts(EVENTS).items():
            counts[tenant, outcome] += events
        return dict(counts)

    def join(self, *names, deletes=(), **events):
        entry = Entry(
            "acme",
            [checked(event(name, **events)) for name in names],
            {("stored", ""): len(names)} if names else {},
            deletes=deletes,
            settled=lambda last: self.settled.update(dict.fromkeys(names, last)),
        )
        return self.journal.join(entry)

    async def held(self):
        """A group on its way to the disk, kept from getting there."""
        self.files.gate.clear()
        self.files.syncing.clear()
        future = self.join("held")
        await asyncio.to_thread(self.files.syncing.wait, PATIENCE_S)
        return future


def found(folder):
    """(event ids, outcome counts) of what a start would find."""
    ids, counts = [], Counter()
    for span in scan(folder, Files()).spans:
        whole = unpack(Files().read(span.path, span.offset, span.length))
        ids += [line.split(b'"event":{"event_type"')[1].split(b'"event_id":"')[1].split(b'"')[0].decode()
                for line in whole.events.splitlines()]  # fmt: skip
        for record in whole.records:
            if isinstance(record, Counted):
                counts[record.tenant, record.outcome] += record.events
    return ids, dict(counts)


def test_a_crowd_shares_one_sync(tmp_path):
    async def run():
        async with Writing(tmp_path) as writing:
            held = await writing.held()
            crowd = [writing.join(f"e{number}") for number in range(100)]
            writing.files.gate.set()
            last = await asyncio.gather(held, *crowd)
            assert len(writing.files.synced) == 2
            assert len(set(last)) == 2
            assert len(writing.written) == 2
            assert last[1] == last[0] + 101  # a hundred events, and one count of them

    asyncio.run(run())
    assert found(tmp_path) == (["held", *(f"e{number}" for number in range(100))], {("acme", "stored"): 101})


def test_nothing_is_acknowledged_before_it_is_synced(tmp_path):
    async def run():
        async with Writing(tmp_path) as writing:
            held = await writing.held()
            assert found(tmp_path)[0] == ["held"], "it is written, but not safe yet"
            assert not held.done()
            assert writing.settled == {}
            assert writing.written == []
            writing.files.gate.set()
            assert await held == 2
            assert writing.settled == {"held": 2}
            assert [span.header.last for span in writing.written] == [2]

    asyncio.run(run())


def test_everyone_is_settled_before_anyone_goes_on(tmp_path):
    async def run():
        async with Writing(tmp_path) as writing:
            held = await writing.held()
            others = [writing.join(name) for name in "abc"]
            writing.files.gate.set()
            await held
            await others[0]
            assert writing.settled.keys() == {"held", "a", "b", "c"}

    asyncio.run(run())


@pytest.mark.parametrize(
    ("fault", "before"),
    [
        ("create", []),
        *itertools.product(["append", "append part", "sync"], [[], ["before"]]),
    ],
)
def test_a_group_that_cannot_be_written_is_refused_and_never_comes_back(tmp_path, fault, before):
    async def run():
        async with Writing(tmp_path) as writing:
            for name in before:
                await writing.join(name)
            writing.files.faults = [fault]
            refused = writing.join("a", "b", "c")
            with pytest.raises(Overloaded, match=r"No space left|Input/output") as error:
                await refused
            assert error.value.retry_after_s >= 1
            assert writing.settled["a"] is None
            state = writing.journal.state
            assert state.failing
            assert state.last_failure in str(error.value)
            failed = set(writing.files.synced)
            writing.files.synced.clear()

            await asyncio.gather(writing.join("d"), writing.join("e"))
            await writing.join("f")
            assert not writing.journal.state.failing
            assert failed.isdisjoint(writing.files.synced), "a file that failed once is never synced again"

    asyncio.run(run())
    ids, counts = found(tmp_path)
    assert ids == [*before, "d", "e", "f"]
    assert counts == {("acme", "stored"): 3 + len(before), ("acme", "overloaded"): 3}


def test_a_file_that_does_not_close_takes_nothing_back(tmp_path, monkeypatch):
    monkeypatch.setattr(journal_module, "SEGMENT_BYTES", 1)

    async def run():
        async with Writing(tmp_path) as writing:
            writing.files.faults = ["close"]
            assert await writing.join("a") == 2
            assert await writing.join("b") == 4

    asyncio.run(run())
    assert found(tmp_path)[0] == ["a", "b"]


def test_a_full_disk_leaves_no_litter_and_no_gap(tmp_path):
    async def run():
        async with Writing(tmp_path) as writing:
            await writing.join("before")
            writing.files.faults = ["append part", "create", "sync"] * 1_000
            for _ in range(1_201):
                with pytest.raises(Overloaded):
                    await writing.join("refused")
            writing.files.faults = []  # some were met by groups that had only the counts to write
            await writing.join("after")
            assert len(segments(tmp_path)) == 2
            assert writing.meters.counts(JOURNAL_FAILURES)[()] >= 1_201
            written = writing.meters.histograms(JOURNAL_GROUP_EVENTS)[()]
            syncs = writing.meters.stages()[Stage.JOURNAL_FSYNC]
            assert written.sum == 2
            assert sum(written.counts) == syncs.times == len(writing.written)

    asyncio.run(run())
    assert found(tmp_path) == (["before", "after"], {("acme", "stored"): 2, ("acme", "overloaded"): 1_201})
    assert scan(tmp_path, Files()).corrupt == []


def test_too_much_waiting_is_refused_until_the_engine_has_some_of_it(tmp_path):
    async def run():
        async with Writing(tmp_path, backlog_bytes_max=3_500) as writing:
            for name in "abcd":
                await writing.join(name, message="x" * 500)
            with pytest.raises(Overloaded, match="waiting") as refused:
                writing.join("e", message="x" * 500)
            assert refused.value.retry_after_s >= 1
            await writing.join(deletes=["e"])  # deletes and counts take no room to speak of
            for span in writing.written:
                writing.journal.fed(span)
            assert writing.journal.state.unfed_bytes == 0
            assert writing.backlog.events("acme") == 4
            writing.backlog.advance(writing.journal.state.next_position)
            assert writing.backlog.events("acme") == 0
            await writing.join("room", message="x" * 500)

    asyncio.run(run())
    ids, counts = found(tmp_path)
    assert ids[-1] == "room"
    assert counts["acme", "overloaded"] == 1


def test_requests_that_wait_count_as_waiting(tmp_path):
    async def run():
        async with Writing(tmp_path, waiting_bytes_max=2_800) as writing:
            held = await writing.held()
            waiting = [writing.join(name, message="x" * 500) for name in "abc"]
            with pytest.raises(Overloaded, match="waiting"):
                writing.join("d", message="x" * 500)
            writing.files.gate.set()
            await asyncio.gather(held, *waiting)

    asyncio.run(run())


def test_a_crowd_too_large_for_one_group_is_written_in_several(tmp_path, monkeypatch):
    monkeypatch.setattr(journal_module, "GROUP_BYTES", 1_500)

    async def run():
        async with Writing(tmp_path) as writing:
            held = await writing.held()
            waiting = [writing.join(f"e{number}", message="x" * 500) for number in range(9)]
            writing.files.gate.set()
            await asyncio.gather(held, *waiting)
            sizes = [span.header.events for span in writing.written]
            assert len(sizes) > 3
            assert sum(sizes) == 10

    asyncio.run(run())
    assert found(tmp_path)[0][1:] == [f"e{number}" for number in range(9)]


def test_only_segments_that_the_engine_has_whole_are_removed(tmp_path, monkeypatch):
    monkeypatch.setattr(journal_module, "SEGMENT_BYTES", 500)

    async def run():
        async with Writing(tmp_path) as writing:
            for number in range(12):
                await writing.join(f"e{number}")
            paths = segments(tmp_path)
            assert len(paths) > 3
            first, second = [span for span in writing.written if span.path == paths[0]], writing.written
            writing.journal.trim(first[-1].header.last - 1)
            assert segments(tmp_path) == paths
            writing.trimmed = True
            writing.journal.trim(first[-1].header.last)
            assert segments(tmp_path) == paths[1:]
            writing.journal.trim(second[-1].header.last)
            assert [span.path for span in second if span.path.exists()] == [
                span.path for span in second if span.path == writing.journal._path
            ]

    asyncio.run(run())


def test_positions_run_on_without_a_gap(tmp_path, monkeypatch):
    monkeypatch.setattr(journal_module, "SEGMENT_BYTES", 700)

    async def run():
        async with Writing(tmp_path, next_position=1_000) as writing:
            for number in range(20):
                writing.files.faults = ["sync"] if number % 5 == 4 else []
                with contextlib.suppress(Overloaded):
                    await writing.join(*(f"e{number}_{i}" for i in range(number % 3)), deletes=["x"] * (number % 2))
            return [span.header for span in writing.written]

    headers = asyncio.run(run())
    assert headers[0].first == 1_000
    assert all(after.first == before.last + 1 for before, after in itertools.pairwise(headers))
    assert scan(tmp_path, Files()).corrupt == []


def test_a_stop_writes_what_waits_and_takes_no_more(tmp_path):
    async def run():
        async with Writing(tmp_path) as writing:
            held = await writing.held()
            waiting = [writing.join(name) for name in "abc"]
            closing = asyncio.ensure_future(writing.journal.close())
            await asyncio.sleep(0)
            with pytest.raises(Overloaded, match="stopping"):
                writing.join("late")
            writing.files.gate.set()
            await closing
            assert held.done()
            assert all(future.done() for future in waiting)

    asyncio.run(run())
    assert found(tmp_path) == (["held", "a", "b", "c"], {("acme", "stored"): 4, ("acme", "overloaded"): 1})


def test_a_request_that_is_cancelled_disturbs_nobody(tmp_path):
    async def run():
        async with Writing(tmp_path) as writing:
            held = await writing.held()
            left, stays = writing.join("left"), writing.join("stays")
            left.cancel()
            writing.files.gate.set()
            await held
            assert await stays == 5
            assert writing.settled["left"] == 5

    asyncio.run(run())
    assert found(tmp_path)[0] == ["held", "left", "stays"]


def test_what_was_refused_during_a_slow_write_is_written_after_it(tmp_path):
    async def run():
        async with Writing(tmp_path) as writing:
            held = await writing.held()
            writing.journal.count("zeta", "rate_limited", 7)
            writing.journal._commit_counts()  # as the timer does, and cannot write now
            writing.files.gate.set()
            await held
            writing.journal.count("zeta", "rate_limited", 1)
            assert await writing.journal.counted("zeta") > 0
            assert await writing.journal.counted("zeta") == 0, "there is nothing left to write"
            writing.journal.count("zeta", "overloaded", 2)

    asyncio.run(run())
    assert found(tmp_path)[1] == {("acme", "stored"): 1, ("zeta", "rate_limited"): 8, ("zeta", "overloaded"): 2}


def test_a_timer_that_ends_during_a_write_leaves_nothing_uncounted(tmp_path):
    async def run():
        async with Writing(tmp_path) as writing:
            held = await writing.held()
            writing.journal.count("zeta", "rate_limited", 7)
            writing.journal._counting.cancel()
            writing.journal._commit_counts()
            writing.files.gate.set()
            await held
            await writing.journal._idle.wait()
            assert writing.journal._uncounted == {}

    asyncio.run(run())


def test_a_group_whose_outcome_cannot_be_noted_ends_every_wait_and_is_the_last(tmp_path):
    """It is on disk, but the ids in memory are wrong from here on: nothing may be sorted by them."""

    async def run():
        async with Writing(tmp_path) as writing:

            def fails(_):
                raise MemoryError

            entry = Entry("acme", [checked(event("a"))], {("stored", ""): 1}, settled=fails)
            assert await asyncio.wait_for(writing.journal.join(entry), PATIENCE_S) > 0
            await asyncio.wait_for(entry.group, PATIENCE_S)
            assert writing.journal.state.failing
            with pytest.raises(Overloaded, match="started again"):
                writing.join("b")

    asyncio.run(run())
    assert found(tmp_path) == (["a"], {("acme", "stored"): 1, ("acme", "overloaded"): 1})


def test_a_request_that_is_cancelled_leaves_the_wait_of_others_alone(tmp_path):
    async def run():
        async with Writing(tmp_path) as writing:
            held = await writing.held()
            first, second = (Entry("acme", [checked(event(name))], {("stored", ""): 1}) for name in "ab")
            writing.journal.join(first).cancel()
            kept = writing.journal.join(second)
            assert first.group is second.group
            assert not first.group.done()
            writing.files.gate.set()
            await asyncio.gather(held, kept)
            assert first.group.done()

    asyncio.run(run())
    assert found(tmp_path)[0] == ["held", "a", "b"]
