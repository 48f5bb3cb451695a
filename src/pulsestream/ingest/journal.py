"""The journal: what is acknowledged is in it, on disk. Requests that wait together share one append and one fdatasync.

A request joins the open group on the event loop. While the committer thread writes one group the next one
fills; so a lone request waits for one fdatasync and a crowd shares it.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import queue
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal, cast

from msgspec import Struct

from pulsestream.clock import Clock
from pulsestream.errors import Overloaded
from pulsestream.event import INT_MAX
from pulsestream.ingest.backlog import Backlog
from pulsestream.ingest.files import Files
from pulsestream.ingest.frame import HEADER_BYTES, Counted, Deleted, Record, pack, read_header
from pulsestream.ingest.segments import Span, segment_path
from pulsestream.ingest.share import Share
from pulsestream.ingest.validate import Admissible
from pulsestream.meters import Laps, Meters
from pulsestream.metrics import (
    EVENTS,
    JOURNAL_FAILURES,
    JOURNAL_FSYNC_SECONDS,
    JOURNAL_GROUP_EVENTS,
    JOURNAL_WRITTEN_BYTES,
    Stage,
)

log = logging.getLogger(__name__)

SEGMENT_BYTES = 64 * 1024 * 1024
GROUP_BYTES = 32 * 1024 * 1024  # of lines in one group, unless its first request alone has more

# What was refused before it could join a group is written with the next one, at the latest after this time.
_COUNT_WITHIN_S = 1.0

Tally = dict[tuple[str, str], int]  # (outcome, reason) -> events
_Counts = dict[tuple[str, str, str], int]  # (tenant, outcome, reason) -> events


class Entry(Struct, eq=False):
    """One request's part of a group."""

    tenant: str
    events: Sequence[Admissible]
    tally: Tally
    deletes: Sequence[str] = ()
    # Called on the loop when the group is on disk (the last position of the group) or is not (None),
    # before any request that waits for it goes on.
    settled: Callable[[int | None], None] = lambda _: None
    done: asyncio.Future[int] | None = None  # of the one request that waits for it: it may be cancelled
    # Of all that joined together: done when every one of them is settled. It never fails.
    group: asyncio.Future[None] | None = None
    size_bytes: int = 0  # of the events' lines

    def __post_init__(self) -> None:
        self.size_bytes = sum([len(event.line) for event in self.events])


class _Group(Struct):
    entries: list[Entry]
    uncounted: _Counts  # of events that were refused since the last group
    counted: _Counts = {}  # what its records say


class JournalState(Struct, frozen=True):
    next_position: int
    waiting_bytes: int  # in memory
    unfed_bytes: int  # on disk
    segments: int
    failing: bool  # the last group could not be written, or no more is taken
    last_failure: str


class Journal:
    """Owns the committer thread and the open segment. Everything but `trim` and `fed` is for the loop."""

    def __init__(
        self,
        folder: Path,
        *,
        files: Files,
        clock: Clock,
        next_position: int,
        waiting_bytes_max: int,
        backlog: Backlog,
        meters: Meters,
        written: Callable[[Span], None],
    ) -> None:
        """`waiting_bytes_max`: in memory, not yet written. `backlog`: on disk, not yet in the engine.

        `written` is told each frame that is on disk, in order, from the committer's thread.
        """
        self._folder = folder
        self._files = files
        self._clock = clock
        self._next = next_position
        self._written = written
        self._waiting = Share(waiting_bytes_max)
        self._backlog = backlog
        self._meters = meters
        self._open: list[Entry] = []
        self._filling: asyncio.Future[None] | None = None  # `group` of who joins now
        self._idle = asyncio.Event()
        self._idle.set()
        self._closing = ""  # why nothing may join any more
        self._given_up = False
        self._queue: queue.SimpleQueue[_Group | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._commit_forever, name="journal", daemon=True)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._lock = threading.Lock()
        self._sealed: list[tuple[Path, int]] = []  # path, the last position in it
        self._descriptor: int | None = None
        self._path: Path | None = None
        self._offset = 0
        self._take = 0
        self._unfed_bytes = 0
        self._uncounted: _Counts = {}
        self._counting: asyncio.TimerHandle | None = None
        self._failing = False
        self._last_failure = ""

    def start(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._thread.start()

    async def close(self) -> None:
        """Write what waits, then stop. Nothing may join from now on."""
        self._closing = self._closing or "the server is stopping: send this again to its successor"
        await self._idle.wait()
        if self._uncounted:
            self._commit_open()
            await self._idle.wait()
        if self._counting is not None:
            self._counting.cancel()
        self._queue.put(None)
        await asyncio.to_thread(self._thread.join)

    @property
    def state(self) -> JournalState:
        segments = len(self._sealed) + (self._path is not None)
        return JournalState(
            self._next,
            self._waiting.total,
            self._unfed_bytes,
            segments,
            self._failing or self._given_up,
            self._last_failure,
        )

    def join(self, entry: Entry) -> asyncio.Future[int]:
        """Become part of the next group. The future holds the last position of the group, or raises Overloaded.

        Raises Overloaded at once where too much waits already; then nothing of the entry is kept.
        """
        assert self._loop is not None  # noqa: S101 - started by wiring
        size = entry.size_bytes
        if self._closing:
            self.count(entry.tenant, "overloaded", sum(entry.tally.values()))
            raise Overloaded(self._closing, retry_after_s=5)
        if entry.events:
            try:
                self.check_room(entry.tenant)
            except Overloaded:
                self.count(entry.tenant, "overloaded", sum(entry.tally.values()))
                raise
        self._waiting.take(entry.tenant, size)
        if self._filling is None:
            self._filling = self._loop.create_future()
        entry.group = self._filling
        entry.done = self._loop.create_future()
        self._open.append(entry)
        if self._idle.is_set():
            self._commit_open()
        return entry.done

    def give_up(self) -> None:
        """What is known of the events in memory is wrong: take none until a start has read it from the store again."""
        self._closing = "the server takes no events until it is started again, which loses nothing: its log says why"
        self._given_up, self._last_failure = True, self._closing

    def check_room(self, tenant: str) -> None:
        """Raises Overloaded where no event of this tenant may join now. May be called on any thread."""
        if not (self._waiting.has_room(tenant) and self._backlog.has_room(tenant)):
            raise Overloaded("too much is waiting to be stored: send this again in a moment", retry_after_s=2)

    def count(self, tenant: str, outcome: Literal["overloaded", "rate_limited"], events: int) -> None:
        """These events were received and refused as a whole; the next group's records say so."""
        assert self._loop is not None  # noqa: S101 - started by wiring
        if events:
            key = (tenant, outcome, outcome)
            self._uncounted[key] = self._uncounted.get(key, 0) + events
            if self._counting is None and not self._closing:
                self._counting = self._loop.call_later(_COUNT_WITHIN_S, self._commit_counts)

    async def counted(self, tenant: str) -> int:
        """Write what is counted of this tenant and not written yet. The position that it is written up to, or 0."""
        if self._closing or not any(owner == tenant for owner, _, _ in self._uncounted):
            return 0
        return await self.join(Entry(tenant, (), {}))

    def _commit_counts(self) -> None:
        self._counting = None
        if self._uncounted and self._idle.is_set():
            self._commit_open()

    def fed(self, span: Span) -> None:
        """The engine has this frame."""
        with self._lock:
            self._unfed_bytes -= span.length

    def trim(self, fed: int) -> None:
        """Remove the segments that hold nothing past `fed`, the last position that the engine has for good."""
        with self._lock:
            gone = [path for path, last in self._sealed if last <= fed]
            self._sealed = [(path, last) for path, last in self._sealed if last > fed]
        for path in gone:
            # What stays is replayed at the next start, and found to be in the engine.
            with contextlib.suppress(OSError):
                self._files.remove(path)

    def _commit_open(self) -> None:
        self._idle.clear()
        size = count = 0
        while count < len(self._open) and size < GROUP_BYTES:
            size += self._open[count].size_bytes
            count += 1
        self._queue.put(_Group(self._open[:count], self._uncounted))
        self._open, self._uncounted = self._open[count:], {}
        self._filling = None

    def _settle(self, group: _Group, last: int | None) -> None:
        """On the loop: tell every request of a group how it went, then begin the next."""
        self._count_outcomes(group, last)
        for entry in group.entries:
            self._waiting.give_back(entry.tenant, entry.size_bytes)
            if last is None:
                self.count(entry.tenant, "overloaded", sum(entry.tally.values()))
            else:
                self._backlog.add(last, entry.tenant, len(entry.events), entry.size_bytes)
            try:
                entry.settled(last)
            except Exception:
                log.exception("what became of a group could not be noted")
                self.give_up()
        unsettled = self._open[0].group if self._open else None
        for settled in {entry.group for entry in group.entries}:
            if settled is not None and settled is not unsettled:
                settled.set_result(None)
        for entry in group.entries:
            done, entry.done = entry.done, None  # the committer keeps the entry until the next group
            if done is None or done.done():  # its request was cancelled
                continue
            if last is None:
                done.set_exception(Overloaded(f"the journal could not be written ({self._last_failure})", 5))
            else:
                done.set_result(last)
        # A timer that ended during the write left what it was for to us.
        if self._open or (self._uncounted and self._counting is None and not self._closing):
            self._commit_open()
        else:
            self._idle.set()

    def _count_outcomes(self, group: _Group, last: int | None) -> None:
        if last is not None:
            for labels, events in group.counted.items():
                self._meters.add(EVENTS, *labels, amount=events)
            return
        self._meters.add(JOURNAL_FAILURES)
        for (tenant, outcome, _), events in group.uncounted.items():
            self.count(tenant, cast("Literal['overloaded', 'rate_limited']", outcome), events)

    # ---- on the committer's thread

    def _commit_forever(self) -> None:
        assert self._loop is not None  # noqa: S101 - started by wiring
        while (group := self._queue.get()) is not None:
            try:
                last: int | None = self._commit(group)
            except Exception as error:  # noqa: BLE001 - the thread's edge: whatever it was, the group is told
                self._fail(error)
                last = None
            self._loop.call_soon_threadsafe(self._settle, group, last)
        self._seal()

    def _commit(self, group: _Group) -> int:
        laps = self._meters.laps()
        span = self._append(*self._lay_out(group), laps)
        self._meters.record(laps)
        self._meters.observe(JOURNAL_GROUP_EVENTS, laps.events)
        self._meters.observe(JOURNAL_FSYNC_SECONDS, laps.seconds[Stage.JOURNAL_FSYNC])
        self._meters.add(JOURNAL_WRITTEN_BYTES, amount=span.length)
        self._next = span.header.last + 1
        self._failing = False
        with self._lock:
            self._unfed_bytes += span.length
        self._written(span)
        if self._offset >= SEGMENT_BYTES:
            self._seal()
        return span.header.last

    def _lay_out(self, group: _Group) -> tuple[list[bytes], list[Record], tuple[int, int]]:
        events = [event for entry in group.entries for event in entry.events]
        lines = [b'{"position":%d%b' % (position, event.line) for position, event in enumerate(events, self._next)]
        position = self._next + len(lines)
        records: list[Record] = []
        for entry in group.entries:
            for event_id in entry.deletes:
                records.append(Deleted(position, entry.tenant, event_id))
                position += 1
        minute = int(self._clock.now().timestamp()) // 60 * 60
        group.counted = _sum(group)
        for (tenant, outcome, reason), count in group.counted.items():
            records.append(Counted(position, tenant, minute, outcome, reason, count))
            position += 1
        times = [event.timestamp_us for event in events]
        return lines, records, (min(times, default=INT_MAX), max(times, default=-INT_MAX))

    def _append(self, lines: list[bytes], records: list[Record], times: tuple[int, int], laps: Laps) -> Span:
        data = pack(self._next, lines, records, times)
        if self._descriptor is None:
            self._path = segment_path(self._folder, self._next, self._take)
            self._offset = 0
            self._descriptor = self._files.create(self._path)
        assert self._path is not None  # noqa: S101 - set with the descriptor
        laps.events = len(lines)
        self._files.append(self._descriptor, data)
        laps.end(Stage.JOURNAL_WRITE)
        self._files.sync(self._descriptor)
        laps.end(Stage.JOURNAL_FSYNC)
        header = read_header(data[:HEADER_BYTES])
        assert header is not None  # noqa: S101 - packed above
        span = Span(self._path, self._offset, len(data), header)
        self._offset += len(data)
        return span

    def _fail(self, error: Exception) -> None:
        """A segment that failed once is never written or synced again: what the disk has of it is not known."""
        self._failing = True
        self._last_failure = str(error)
        path, acknowledged = self._path, self._offset > 0
        self._seal()
        self._take += 1  # the next segment may begin at the same position
        if path is not None and not acknowledged:
            # Nothing in it counts; and a full disk would soon have a thousand of them.
            with contextlib.suppress(OSError):
                self._files.remove(path)

    def _seal(self) -> None:
        if self._path is None:
            return
        if self._descriptor is not None:
            # What the segment holds is synced or given up, whatever the disk has to say of it now.
            with contextlib.suppress(OSError):
                self._files.close(self._descriptor)
        with self._lock:
            self._sealed.append((self._path, self._next - 1))
        self._descriptor = self._path = None


def _sum(group: _Group) -> _Counts:
    counts: _Counts = {}
    for entry in group.entries:
        for (outcome, reason), events in entry.tally.items():
            key = (entry.tenant, outcome, reason)
            counts[key] = counts.get(key, 0) + events
    for key, events in group.uncounted.items():
        counts[key] = counts.get(key, 0) + events
    return counts
