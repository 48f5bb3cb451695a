"""Whole files into a server: one thread reads and cuts, as many requests are under way at once as pays."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections import deque
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct

from pulsestream.client.batch import BATCH_BYTES
from pulsestream.client.concurrency import Limit, Outcome
from pulsestream.client.retry import LOST_STATUSES, PASSING_STATUSES
from pulsestream.errors import InputUnreadable, PulseStreamError, Reason, RemoteError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pulsestream.client.batch import Batch
    from pulsestream.client.connection import Attempt
    from pulsestream.client.delivery import Client
    from pulsestream.client.packing import Packing
    from pulsestream.client.receipt import Receipt
    from pulsestream.client.source import Source
    from pulsestream.client.tally import Tally
    from pulsestream.clock import Clock

_AHEAD = 4  # blocks (about 2 MiB each) the reader may be ahead of the senders


class Pace(Struct, frozen=True):
    """How to send. `batch_size` 1: each event as a request of its own. `delay_s`: a pause after a request.

    A request has at most `batch_size` events and `batch_bytes` bytes, unless one event alone is larger.
    `concurrency`: requests under way at once; None finds out how many pay. `dry_run`: to be checked and not stored.
    """

    batch_size: int = 1000
    batch_bytes: int = BATCH_BYTES
    concurrency: int | None = None
    delay_s: float = 0.0
    limit: int | None = None
    dry_run: bool = False


class Bulk:
    """One run over some files. `tally` is what it has done so far; `failure` is what ended it early."""

    def __init__(self, client: Client, tally: Tally, pace: Pace, *, clock: Clock) -> None:
        self.tally = tally
        self.failure: PulseStreamError | None = None
        self.in_flight = 0
        self.bytes_read = 0  # of events, unpacked
        self.started_s: float | None = None
        self.ended_s = 0.0
        self._client = client
        self._pace = pace
        self._clock = clock
        self._adaptive: Limit | None = None
        if pace.concurrency is None:
            self._adaptive = Limit()
            client.listen(self._learn)
        self._senders = 0
        self._arrivals: asyncio.Queue[list[Batch] | Exception | None] = asyncio.Queue()
        self._room = threading.Semaphore(_AHEAD)
        self._ready: deque[Batch] = deque()
        self._turn = asyncio.Lock()
        self._read_all = False
        self._stopped = False

    @property
    def stopped(self) -> bool:
        return self._stopped

    @property
    def packing(self) -> Packing:
        """What has been compressed."""
        return self._client.packing

    @property
    def waited_s(self) -> float:
        """How long the server's rate limit has held the run up, in wall time."""
        return self._client.gate.waited_s

    @property
    def held(self) -> bool:
        """Whether the server's rate limit is what the run goes by at the moment."""
        return self._client.gate.closed

    @property
    def concurrency(self) -> int:
        """How many requests may be under way at once, at the moment."""
        return self._pace.concurrency or (self._adaptive.value if self._adaptive else 1)

    @property
    def concurrency_held(self) -> int:
        """The same but for tries of more or fewer."""
        return self._adaptive.held if self._adaptive else self.concurrency

    def stop(self) -> None:
        """Send nothing more; what is under way is waited for and counted."""
        self._stopped = True
        self._client.stop()
        self._room.release()
        self._arrivals.put_nowait(None)

    async def run(self, sources: Sequence[Source]) -> None:
        """Send everything, or until something no retry can help with is in `failure`."""
        loop = asyncio.get_running_loop()
        # A daemon: a reader that waits in a silent pipe must not keep the program alive.
        threading.Thread(target=self._read, args=(sources, loop), name="reader", daemon=True).start()
        async with asyncio.TaskGroup() as senders:
            self._start_senders(senders)
        self.tally.skip(self._ready)
        while not self._arrivals.empty():
            if isinstance(arrived := self._arrivals.get_nowait(), list):
                self.tally.skip(arrived)

    def _start_senders(self, group: asyncio.TaskGroup) -> None:
        while self._senders < self.concurrency:
            self._senders += 1
            group.create_task(self._send_all(group))

    def _learn(self, attempt: Attempt) -> None:
        """Tell the limit how a request went, unless a rate limit is what the run goes by."""
        limit = self._adaptive
        assert limit is not None  # noqa: S101 - else nobody listens
        if attempt.over_rate or self.held:
            limit.restart()
            return
        failed = attempt.status is None or attempt.status in PASSING_STATUSES | LOST_STATUSES
        limit.take(
            self._clock.monotonic(),
            latency_s=attempt.latency_s,
            events=attempt.events,
            outcome=Outcome.OVERLOADED if failed else Outcome.TAKEN,
        )

    def _read(self, sources: Sequence[Source], loop: asyncio.AbstractEventLoop) -> None:
        """Fill the queue, in the reader's thread. Ends with None, or with the error that ended it."""
        end: Exception | None = None
        left = self._pace.limit
        try:
            for source in sources:
                for batches in source.batches(self._pace.batch_size, bytes_max=self._pace.batch_bytes):
                    taken = batches if left is None else _first(batches, left)
                    if left is not None:
                        left -= sum(len(batch.lines) for batch in taken)
                    self._room.acquire()
                    if self._stopped:
                        return
                    loop.call_soon_threadsafe(self._arrivals.put_nowait, taken)
                    if left == 0:
                        return
        except OSError as error:
            end = InputUnreadable(f"reading {source.name} failed: {error.strerror or error}")
        except Exception as error:  # noqa: BLE001 - the edge of a thread: the senders raise it
            end = error
        finally:
            # After Ctrl-C the loop may be gone, and nobody waits for this.
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(self._arrivals.put_nowait, end)

    async def _next(self) -> Batch | None:
        async with self._turn:
            while not self._ready and not self._read_all and not self._stopped:
                if self._adaptive is not None and self._arrivals.empty():
                    self._adaptive.restart()  # the reader is what the run waits for
                arrived = await self._arrivals.get()
                if isinstance(arrived, list):
                    self._room.release()
                    self._ready.extend(arrived)
                    self.bytes_read += sum(batch.lines.size_bytes for batch in arrived)
                    continue
                self._read_all = True
                if isinstance(arrived, PulseStreamError):
                    self.failure = self.failure or arrived
                elif arrived is not None:
                    raise arrived
        return None if self._stopped or not self._ready else self._ready.popleft()

    async def _send_all(self, group: asyncio.TaskGroup) -> None:
        """Send batch after batch; what more senders there may be are started, one too many ends."""
        single = self._pace.batch_size == 1
        while self._senders <= self.concurrency and (batch := await self._next()) is not None:
            if self.started_s is None:
                self.started_s = self._clock.monotonic()
            self.in_flight += 1
            try:
                delivery = await self._client.deliver(batch.lines, single=single, dry_run=self._pace.dry_run)
            finally:
                self.in_flight -= 1
            self.tally.take(batch, delivery.receipt)
            self.ended_s = self._clock.monotonic()
            gave_up = delivery.failure is not None or (
                delivery.receipt.limited > 0 and self._client.policy.budget_s > 0
            )
            if gave_up and not self._stopped:
                self.failure = delivery.failure or self._refused_for_now(delivery.receipt)
                self.stop()
            if self._pace.delay_s and not self._stopped:
                await self._client.pause(self._pace.delay_s)
            if self._ready or not self._read_all:
                self._start_senders(group)
        self._senders -= 1

    def _refused_for_now(self, receipt: Receipt) -> PulseStreamError:
        url, budget_s = self._client.url, self._client.policy.budget_s
        if any(refused.reason == Reason.RATE_LIMITED for refused in receipt.refused):
            return RemoteError(
                f"the rate limit of {url} has no room for these events within {budget_s:g} s: "
                "try again when other senders of the tenant are done, or with a longer --retry-for"
            )
        return RemoteError(
            f"{url} refused events for the time being, for {budget_s:g} s: "
            "try again later, with a longer --retry-for or a lower --concurrency"
        )


def _first(batches: list[Batch], count: int) -> list[Batch]:
    """The first `count` events of some batches."""
    taken: list[Batch] = []
    for batch in batches:
        if count <= 0:
            break
        taken.append(msgspec.structs.replace(batch, lines=batch.lines[:count], places=batch.places[:count]))
        count -= len(taken[-1].lines)
    return taken
