"""The feeder: moves the journal into the engine, in order, in large blocks, each event once.

It reads the frames back from disk, in the running server as after a crash: one path. The first time a block
is offered its rows are simply inserted; before any further attempt, and for all that a start-up finds, the
engine is asked which positions it has, because a failed insert may have stored part of its rows.
"""

from __future__ import annotations

import contextlib
import logging
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence

from msgspec import Struct

from pulsestream.clock import Clock
from pulsestream.errors import StoreBusy, StoreError, StoreRefused
from pulsestream.ingest.aside import AsideList
from pulsestream.ingest.block import WEEKS_MAX, Block, block_of, by_weeks
from pulsestream.ingest.files import Files
from pulsestream.ingest.frame import Counted, Deleted, Frame, unpack
from pulsestream.ingest.segments import Span
from pulsestream.meters import Laps, Meters
from pulsestream.metrics import FEED_BLOCK_ROWS, FEED_INSERT_SECONDS, FEED_RETRIES, Stage
from pulsestream.store.port import Outcome, Session, Tombstone

log = logging.getLogger(__name__)

BLOCK_EVENTS = 40_000
BLOCK_BYTES = 64 * 1024 * 1024
_WEEK_US = 7 * 24 * 3600 * 1_000_000
_START_ATTEMPTS = 30  # some four minutes
_HUNG_S = 30.0  # for an insert under way at a stop; the thread ends with the process
_BACKOFF_S = (0.1, 0.5, 2.0, 5.0, 10.0)


class FeedState(Struct, frozen=True):
    fed: int  # the last position that the engine has, and everything before it
    waiting_events: int
    quarantined: int
    trouble: str  # why feeding does not get on just now; empty when it does


class Stopped(Exception):
    """The feeder was told to stop while it waited for the engine to recover. The journal keeps the rest."""


class Feeder:
    """Owns the feeding thread. `offer` and `hurry` may be called from any thread."""

    def __init__(
        self,
        *,
        open_session: Callable[[], Session],
        files: Files,
        aside: AsideList,
        clock: Clock,
        linger_s: float,
        meters: Meters,
        fed: Callable[[Sequence[Span], int], None],
    ) -> None:
        """`fed` is told, on the feeder's thread, which frames the engine now has, and the last position."""
        self._open_session = open_session
        self._session: Session | None = None
        self._files = files
        self._aside = aside
        self._clock = clock
        self._linger_s = linger_s
        self._meters = meters
        self._told_fed = fed
        self._condition = threading.Condition()
        self._turn = threading.Condition()
        self._holds = 0
        self._feeding = False
        self._waiting: deque[Span] = deque()
        self._oldest = 0.0
        self._waiting_events = 0
        self._hurry = False
        self._stopping = False
        self._give_up = False
        self._replaying = True
        self._fed = 0
        self._counted = 0
        self._trouble = ""
        self._laps: Laps  # of the block that is fed
        self._thread = threading.Thread(target=self._feed_forever, name="feeder", daemon=True)

    # ---- from any thread

    def start(self) -> None:
        self._thread.start()

    def offer(self, span: Span) -> None:
        """One more frame is on disk. Frames come in order of position."""
        with self._condition:
            if not self._waiting:
                self._oldest = self._clock.monotonic()
            self._waiting.append(span)
            self._waiting_events += span.header.events
            self._condition.notify()

    def hurry(self) -> None:
        """Somebody waits: do not linger for a larger block."""
        with self._condition:
            self._hurry = True
            self._condition.notify()

    def close(self, *, patience_s: float) -> None:
        """Feed what waits, for at most `patience_s`, then stop. What remains is fed at the next start."""
        with self._condition:
            self._stopping = True
            self._condition.notify()
        self._thread.join(patience_s)
        self.give_up()
        self._thread.join(_HUNG_S)
        if self._thread.is_alive():
            log.warning("the engine does not answer; what it has not taken waits in the journal")

    def give_up(self) -> None:
        """Wait no longer for an engine that does not take events: `replay` raises Stopped, the thread ends."""
        with self._condition:
            self._give_up = True
            self._condition.notify()

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Between two blocks: nothing is inserted within this. To be left soon."""
        with self._turn:
            self._holds += 1
            self._turn.wait_for(lambda: not self._feeding)
        try:
            yield
        finally:
            with self._turn:
                self._holds -= 1
                self._turn.notify_all()

    @property
    def state(self) -> FeedState:
        return FeedState(self._fed, self._waiting_events, len(self._aside), self._trouble)

    # ---- start-up, before the thread runs

    def replay(self, spans: Iterable[Span]) -> None:
        """Bring the engine up to date with the journal's frames, whatever part of them it already has.

        Raises StoreError where the engine does not recover soon: a start is better tried again than stuck.
        """
        session = self._open()
        self._fed, self._counted = session.last_positions()
        self._fed = max(self._fed, self._aside.last_position)
        waiting = deque(spans)
        while waiting:
            self._feed(_take_block(waiting), asked=True)

    # ---- on the feeder's thread

    def _feed_forever(self) -> None:
        self._replaying = False
        with contextlib.suppress(Stopped):
            while batch := self._next_batch():
                with self._in_turn():
                    self._feed_at_last(batch)
                self._told_fed(batch, self._fed)
        if self._session is not None:
            self._session.close()

    @contextlib.contextmanager
    def _in_turn(self) -> Iterator[None]:
        with self._turn:
            self._turn.wait_for(lambda: not self._holds)
            self._feeding = True
        try:
            yield
        finally:
            with self._turn:
                self._feeding = False
                self._turn.notify_all()

    def _feed_at_last(self, batch: Sequence[Span]) -> None:
        attempt = 0
        while True:
            try:
                self._feed(batch, asked=attempt > 0)
            except Stopped:
                raise
            except Exception as error:
                # The thread's edge. Whatever it was (a journal file that cannot be read just now, a defect), the
                # frames are kept, and offered again.
                log.exception("a block could not be fed, and will be tried again")
                self._wait_out(StoreBusy(f"a block of the journal could not be fed ({_kind(error)})"), attempt)
                attempt += 1
            else:
                return

    def _next_batch(self) -> list[Span]:
        """The frames of the next block; empty when it is time to stop."""
        with self._condition:
            while True:
                if self._give_up:
                    return []
                if self._waiting:
                    age = self._clock.monotonic() - self._oldest
                    full = self._waiting_events >= BLOCK_EVENTS
                    if self._hurry or self._stopping or full or age >= self._linger_s:
                        return self._take()
                    self._condition.wait(self._linger_s - age)
                elif self._stopping:
                    return []
                else:
                    self._hurry = False
                    self._condition.wait()

    def _take(self) -> list[Span]:
        batch = _take_block(self._waiting)
        self._waiting_events -= sum(span.header.events for span in batch)
        self._oldest = self._clock.monotonic()
        if not self._waiting:
            self._hurry = False
        return batch

    def _feed(self, batch: Sequence[Span], *, asked: bool) -> None:
        self._laps = self._meters.laps()
        frames = [self._read(span) for span in batch]
        block = block_of(frames)
        self._laps.end(Stage.FEED_READ)
        if asked:
            # What is counted was stored before its count was; if it is not there now, it was removed since.
            block = block.only(lambda position: position > self._counted and position not in self._aside)
        low = min(frame.header.timestamp_min for frame in frames)
        high = max(frame.header.timestamp_max for frame in frames)
        for part in by_weeks(block) if high - low > (WEEKS_MAX - 2) * _WEEK_US else [block]:
            self._store(part, asked=asked)
        self._store_records(frames)
        self._laps.end(Stage.FEED_RECORDS)
        self._fed = max(self._fed, frames[-1].header.last)
        self._laps.events = len(block.positions)
        self._meters.record(self._laps)
        self._meters.observe(FEED_BLOCK_ROWS, self._laps.events)
        self._meters.observe(FEED_INSERT_SECONDS, self._laps.seconds.get(Stage.FEED_INSERT, 0.0))

    def _read(self, span: Span) -> Frame:
        frame = unpack(self._files.read(span.path, span.offset, span.length))
        if frame is None:
            raise StoreBusy(f"{span.path.name} changed under the running server at byte {span.offset}")
        return frame

    def _store(self, block: Block, *, asked: bool) -> None:
        """Have every row of the block in the engine, once, or in the aside list."""
        attempt = 0
        while True:
            try:
                if block.positions and (asked or attempt):
                    block = self._missing(block)
                if block.positions:
                    self._insert_verified(block)
            except StoreRefused as error:
                self._store_halves(block, error)
                return
            except StoreError as error:
                self._wait_out(error, attempt)
                attempt += 1
            else:
                self._trouble = ""
                return

    def _insert_verified(self, block: Block) -> None:
        self._open().insert_events(block.data)
        self._laps.end(Stage.FEED_INSERT)
        # An engine that reports success has stored nothing before; the index on positions makes asking cheap.
        if block.whole:
            missing = len(block.positions) - self._open().count(block.positions[0], block.positions[-1])
        else:
            missing = len(self._missing(block).positions)
        self._laps.end(Stage.FEED_VERIFY)
        if missing:
            raise StoreBusy(f"of {len(block.positions)} rows that the engine took it does not show {missing}")

    def _store_halves(self, block: Block, error: StoreRefused) -> None:
        if len(block.positions) == 1:
            self._set_aside(block.positions[0], block.lines[0], error)
            return
        for half in block.halves():
            self._store(half, asked=True)

    def _set_aside(self, position: int, line: bytes, error: StoreRefused) -> None:
        attempt = 0
        while True:
            try:
                self._aside.add(position, line, error.text)
            except OSError as cause:
                busy = StoreBusy(f"an event that the engine refuses cannot be written to the aside list: {cause}")
                self._wait_out(busy, attempt)
                attempt += 1
            else:
                self._trouble = ""
                log.error("position %d was refused by the engine and set aside: %s", position, error)
                return

    def _missing(self, block: Block) -> Block:
        present = set(self._open().present(block.positions[0], block.positions[-1]))
        return block.only(lambda position: position not in present)

    def _store_records(self, frames: Sequence[Frame]) -> None:
        records = [record for frame in frames for record in frame.records]
        tombstones = [
            Tombstone(r.tenant, r.event_id, r.position)
            for r in records
            if isinstance(r, Deleted) and r.position > self._counted
        ]
        attempt = 0
        while True:
            try:
                session = self._open()
                if tombstones:
                    session.insert_tombstones(tombstones)  # a second time does no harm
                if attempt:
                    _, self._counted = session.last_positions()
                outcomes = _aggregate(r for r in records if isinstance(r, Counted) and r.position > self._counted)
                if outcomes:
                    session.insert_outcomes(outcomes)
                    self._counted = outcomes[0].position
            except StoreError as error:
                self._wait_out(error, attempt)
                attempt += 1
            else:
                self._trouble = ""
                return

    def _open(self) -> Session:
        if self._session is None:
            self._session = self._open_session()
        return self._session

    def _wait_out(self, error: StoreError, attempt: int) -> None:
        """A cause that passes: wait a little longer each time, until it did or we are stopped."""
        if not self._trouble:
            log.warning("the engine does not take events just now, and will be asked again: %s", error)
        self._trouble = str(error)
        self._meters.add(FEED_RETRIES)
        if self._replaying and attempt >= _START_ATTEMPTS:
            raise error
        with self._condition:
            self._condition.wait_for(lambda: self._give_up, _BACKOFF_S[min(attempt, len(_BACKOFF_S) - 1)])
            if self._give_up:
                raise Stopped


def _kind(error: Exception) -> str:
    """Not the text of a defect, which may hold parts of events."""
    if isinstance(error, StoreError):
        return str(error)
    return (isinstance(error, OSError) and error.strerror) or type(error).__name__


def _take_block(waiting: deque[Span]) -> list[Span]:
    """As many frames from the front as make one block, and at least one."""
    batch = [waiting.popleft()]
    events, size = batch[0].header.events, batch[0].header.events_bytes
    while waiting:
        header = waiting[0].header
        events, size = events + header.events, size + header.events_bytes
        if events > BLOCK_EVENTS or size > BLOCK_BYTES:
            break
        batch.append(waiting.popleft())
    return batch


def _aggregate(records: Iterable[Counted]) -> list[Outcome]:
    """Sums that all carry the last record's position: stored all or none, so they tell what is counted."""
    sums: dict[tuple[str, int, str, str], int] = {}
    last = 0
    for record in records:
        key = (record.tenant, record.minute, record.outcome, record.reason)
        sums[key] = sums.get(key, 0) + record.events
        last = record.position
    return [Outcome(*key, events=events, position=last) for key, events in sums.items()]
