"""The steps of an ingest request, in order: decode, scrub, check, limit, sort (dedup), join the journal, receipt."""

from __future__ import annotations

import asyncio
import functools
import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from hashlib import blake2b
from typing import Literal, Protocol

from msgspec import Struct

from pulsestream.clock import Clock
from pulsestream.control.tenants import Limits
from pulsestream.errors import NotFound, Overloaded, RateLimited, StoreError, TooManyRequests
from pulsestream.event import TIMESTAMP_MIN, Event
from pulsestream.ingest.content import Content
from pulsestream.ingest.decode import Decoded, count_events, decode_one, decode_pieces, inflate
from pulsestream.ingest.dedup import Batch, Dedup, Doubt, Print, Sorted, Verdict, batch_of, compare
from pulsestream.ingest.index import hash_id
from pulsestream.ingest.journal import Entry, Journal, Tally
from pulsestream.ingest.limit import RateLimiter
from pulsestream.ingest.minutes import Timing
from pulsestream.ingest.scrub import Scrubber, scrub_all
from pulsestream.ingest.share import Share
from pulsestream.ingest.validate import Admissible, Refusal, Terms, check, check_irregular
from pulsestream.turns import Turns

log = logging.getLogger(__name__)

# A body over one of these is decoded on another thread, so that it holds up nobody else's request.
OFF_LOOP_BYTES = 256 * 1024
OFF_LOOP_COMMAS = 2_000  # there are no more events or members than that; a small body may hold thousands
OFF_LOOP_SCRUBBED_BYTES = 16 * 1024
# Stored events that are read at one time to be compared: each may have 12 MiB.
_COMPARED_AT_ONCE = 50

Status = Literal["stored", "duplicate", "rejected"]


class Body(Struct, frozen=True):
    """One request as it arrived."""

    tenant: str
    data: bytes
    content_type: str = ""
    encoding: str = ""
    idempotency_key: str | None = None
    single: bool = False
    dry_run: bool = False  # say what would happen, and keep nothing


class Receipt(Struct, frozen=True):
    """What became of each event of one request, in order.

    An index in neither `duplicates` nor `refusals` is stored. `position`: the last one of the group; what was
    acknowledged is searchable once the engine has it. `scrubbed`: the paths that rules for personal data changed.
    """

    event_ids: Sequence[str | None]
    duplicates: set[int]
    refusals: dict[int, Refusal]
    scrubbed: dict[int, tuple[str, ...]]
    lines: Sequence[int] | None
    batch_id: str | None
    received_at: datetime
    position: int

    @property
    def stored(self) -> int:
        return len(self.event_ids) - len(self.duplicates) - len(self.refusals)

    def status(self, index: int) -> Status:
        if index in self.refusals:
            return "rejected"
        return "duplicate" if index in self.duplicates else "stored"


class StoredEvents(Protocol):
    """How the pipeline looks at events that are in the engine already."""

    async def by_ids(
        self, tenant: str, event_ids: Sequence[str], times_us: Sequence[int] = ()
    ) -> Mapping[str, Callable[[], Content | None]]:
        """Those that exist, and how to read what they say, after everything acknowledged so far is in the engine.

        `times_us`: when they probably were. Raises StoreBusy where that takes too long.
        """
        ...


class _Read(Struct, frozen=True):
    """A body's events, checked. The decoded ones are gone: freeing them is work that the event loop need not do."""

    checked: list[Admissible | Refusal]
    batch: Batch
    scrubbed: dict[int, tuple[str, ...]]
    lines: Sequence[int] | None
    batch_id: str | None


class Pipeline:
    def __init__(
        self,
        *,
        clock: Clock,
        dedup: Dedup,
        journal: Journal,
        stored: StoredEvents,
        turns: Turns,
        room: Share,
        limits: Callable[[str], Limits],
        limiter: RateLimiter,
        scrubber: Callable[[str], Scrubber | None],
        new_id: Callable[[], str],
        acknowledged: Callable[[str, int], None],
    ) -> None:
        """`turns`: the threads that large bodies are decoded on. `room`: what may be in memory.

        `limits`, `scrubber`: what holds for a tenant.

        `acknowledged` is told each tenant's newest position before anybody is answered.
        """
        self._clock = clock
        self._tick = clock.monotonic
        self._dedup = dedup
        self._journal = journal
        self._stored = stored
        self._turns = turns
        self._room = room
        self._limits = limits
        self._limiter = limiter
        self._scrubber = scrubber
        self._new_id = new_id
        self._acknowledged = acknowledged
        self._catching_up = False

    async def take(self, body: Body, timing: Timing | None = None) -> Receipt:
        """Keep one request's events. Returns when they are deduplicated and in the journal, on disk.

        Raises UnsupportedEncoding, BadRequest, TooLarge for a request that cannot be read; RateLimited, Overloaded
        where nothing of it was kept and a retry can help: its events are counted then. A dry run counts nothing.
        `timing` gets when each stage ended.
        """
        timing = timing or Timing(0.0)
        terms = self._terms(body)
        try:
            if self._is_large(body):
                read = await self._turns.run(body.tenant, lambda: self._read_in_turn(body, terms, timing))
            else:
                read = self._read(body, terms, timing)
        except (RateLimited, Overloaded) as error:
            if not body.dry_run:
                outcome: Literal["rate_limited", "overloaded"] = (
                    "rate_limited" if isinstance(error, RateLimited) else "overloaded"
                )
                self._journal.count(body.tenant, outcome, error.events)
            raise
        try:
            size = self._take_room(body, read)
            try:
                found, kept = await self._settle_ids(body, read)
                timing.dedup = self._tick()
                position = 0 if kept is None else await kept
                timing.journal_wait = self._tick()
            finally:
                self._room.give_back(body.tenant, size)
                kept = None  # it holds an error whose frames hold it, and so the body
        except Overloaded:
            if not body.dry_run:
                self._limiter.give_back(body.tenant, len(read.checked))
            raise
        return Receipt(
            event_ids=[item.event_id for item in read.checked],
            duplicates=found.duplicates,
            refusals=found.refusals,
            scrubbed=read.scrubbed,
            lines=read.lines,
            batch_id=read.batch_id,
            received_at=terms.received_at,
            position=position,
        )

    async def delete(self, tenant: str, event_id: str, hide: Callable[[str, str, int], None]) -> None:
        """Delete one event. Its tombstone is on disk when this returns. Raises NotFound, StoreError, TooManyRequests.

        `hide` is called when it is, before anybody can ask for the event again.
        """
        id_hash, asked = hash_id(event_id), None
        while True:
            group = self._dedup.opening(tenant, id_hash)
            if group is not None:
                await asyncio.wait([group])
                continue
            known = self._dedup.print_of(tenant, event_id, id_hash)
            if known is not None and known == asked:
                break  # nothing was forgotten since the store was asked, and nothing is awaited from here on
            # What is known is the hash of an id, and another id may have the same one.
            if known is None or event_id not in await self._stored.by_ids(tenant, [event_id]):
                raise NotFound(f"there is no event with the id {event_id!r}")
            asked = known

        def settled(last: int | None) -> None:
            self._dedup.settled_delete(tenant, event_id, id_hash, kept=last is not None)
            if last is not None:
                hide(tenant, event_id, last)
                self._acknowledged(tenant, last)

        entry = Entry(tenant, (), {}, deletes=(event_id,), settled=settled)
        done = self._journal.join(entry)
        assert entry.group is not None  # noqa: S101 - it joined
        self._dedup.opened(tenant, [id_hash], entry.group)
        await done

    def _is_large(self, body: Body) -> bool:
        size = len(body.data)
        if body.encoding or size > OFF_LOOP_BYTES or body.data.count(b",") + body.data.count(b"\n") > OFF_LOOP_COMMAS:
            return True
        return size > OFF_LOOP_SCRUBBED_BYTES and bool(self._limits(body.tenant).scrub)

    def _take_room(self, body: Body, read: _Read) -> int:
        """The bytes taken: checked events may wait for a comparison or the disk, and be a thousand times what was sent.

        Raises Overloaded, with the events counted, where there is no room for them to wait.
        """
        size = sum([len(event.line) for event in read.batch.events])
        if not self._room.has_room(body.tenant, size):
            if not body.dry_run:
                self._journal.count(body.tenant, "overloaded", len(read.checked))
            raise Overloaded("too many large requests at one time: send this again in a moment")
        self._room.take(body.tenant, size)
        return size

    def _terms(self, body: Body) -> Terms:
        received_at = self._clock.now()
        retention = self._limits(body.tenant).retention
        oldest = TIMESTAMP_MIN if retention is None else max(TIMESTAMP_MIN, received_at - retention)
        key = body.idempotency_key
        if key is None:
            return Terms(body.tenant, received_at, oldest, lambda _: self._new_id())
        return Terms(body.tenant, received_at, oldest, lambda index: derived_id(body.tenant, key, index))

    def _read_in_turn(self, body: Body, terms: Terms, timing: Timing) -> _Read:
        timing.turn = self._tick()
        return self._read(body, terms, timing)

    def _read(self, body: Body, terms: Terms, timing: Timing) -> _Read:
        """May run on any thread. Raises RateLimited, Overloaded where the tenant's rate or the journal has no room."""
        limits = self._limits(body.tenant)
        data = inflate(body.data, body.encoding, bytes_max=limits.body_bytes_max)
        try:
            self._limiter.check_debt(body.tenant)
            self._journal.check_room(body.tenant)
        except (RateLimited, Overloaded) as error:
            # Nothing that the error's frames hold may hold the error: such a body would wait for the cycle collector.
            error.events = 1 if body.single else count_events(data, body.content_type)
            raise
        if body.single:
            pieces: Iterable[Decoded] = [decode_one(data)]
        else:
            pieces = decode_pieces(data, body.content_type, events_max=limits.batch_events_max)
        found = self._check(body.tenant, pieces, terms, timing)
        try:
            self._limiter.take(body.tenant, len(found.checked), dry_run=body.dry_run)
        except RateLimited as error:
            error.events = len(found.checked)
            raise
        return found

    def _check(self, tenant: str, pieces: Iterable[Decoded], terms: Terms, timing: Timing) -> _Read:
        """Scrub and check, piece by piece. The stages take turns, so their times are summed up first."""
        scrubber = self._scrubber(tenant)
        checked: list[Admissible | Refusal] = []
        scrubbed: dict[int, tuple[str, ...]] = {}
        lines: list[int] = []
        by_line, batch_id = False, None
        scrub_s = check_s = 0.0
        for piece in pieces:
            items, began = piece.items, self._tick()
            if scrubber is not None:
                items = scrub_all(items, scrubber, len(checked), scrubbed)
                scrub_s += self._tick() - began
                began = self._tick()
            checked += [
                check(item, index, terms) if isinstance(item, Event) else check_irregular(item, index, terms)
                for index, item in enumerate(items, len(checked))
            ]
            check_s += self._tick() - began
            lines += piece.lines or ()
            by_line, batch_id = piece.lines is not None, piece.batch_id
        ended = self._tick()
        batch = batch_of(checked)
        timing.events = len(checked)
        timing.decode = ended - check_s - scrub_s
        if scrubber is not None:
            timing.scrub = ended - check_s
        timing.check = self._tick()
        return _Read(checked, batch, scrubbed, lines if by_line else None, batch_id)

    async def _settle_ids(self, body: Body, read: _Read) -> tuple[Sorted, asyncio.Future[int] | None]:
        """What becomes of each event, and when they are kept, with the last position: None for a dry run."""
        tenant = body.tenant
        verdicts: dict[tuple[str, int, Print], Verdict] = {}
        while True:
            found = self._dedup.sort(tenant, read.batch, verdicts)
            if found.waits:
                await asyncio.wait(found.waits)
            elif found.doubts:
                try:
                    verdicts |= await self._resolve(tenant, found.doubts)
                except (StoreError, TooManyRequests) as error:
                    if not body.dry_run:
                        self._journal.count(tenant, "overloaded", len(read.checked))
                    raise Overloaded(str(error)) from error
            else:
                return found, None if body.dry_run else self._join(tenant, found)

    async def _resolve(self, tenant: str, doubts: Sequence[Doubt]) -> dict[tuple[str, int, Print], Verdict]:
        by_id: dict[str, list[Doubt]] = {}
        for doubt in doubts:
            by_id.setdefault(doubt.event.event_id, []).append(doubt)
        verdicts: dict[tuple[str, int, Print], Verdict] = {}
        for ids in _pieces(list(by_id), _COMPARED_AT_ONCE):
            # What is sent again was at the same time before.
            times_us = [by_id[event_id][0].event.timestamp_us for event_id in ids]
            stored = await self._stored.by_ids(tenant, ids, times_us)
            asked = [doubt for event_id in ids for doubt in by_id[event_id]]
            verdicts |= await self._turns.run(tenant, functools.partial(_compared, asked, stored))
        return verdicts

    def _join(self, tenant: str, found: Sorted) -> asyncio.Future[int]:
        """Nothing may be awaited between sorting and this: the ids must be open before anyone else looks."""

        def settled(last: int | None) -> None:
            self._dedup.settled(tenant, found.fresh, kept=last is not None)
            if last is not None:
                self._acknowledged(tenant, last)
                self._catch_up()

        entry = Entry(tenant, found.fresh, _tally(found), settled=settled)
        done = self._journal.join(entry)
        assert entry.group is not None  # noqa: S101 - it joined
        self._dedup.opened(tenant, [event.id_hash for event in found.fresh], entry.group)
        return done

    def _catch_up(self) -> None:
        """What additions to the known ids leave to do is done between other things, a little at a time."""
        if self._dedup.behind and not self._catching_up:
            self._catching_up = True
            asyncio.get_running_loop().call_soon(self._work)

    def _work(self) -> None:
        self._catching_up = False
        try:
            self._dedup.work()
        except Exception:
            log.exception("the known ids could not be put in order")
            self._journal.give_up()
        else:
            self._catch_up()


def _pieces(ids: Sequence[str], size: int) -> Iterator[Sequence[str]]:
    return (ids[start : start + size] for start in range(0, len(ids), size))


def derived_id(tenant: str, key: str, index: int) -> str:
    """The id of an event that came without one, in a request with an Idempotency-Key."""
    return "evt_" + blake2b(f"{tenant}\0{key}\0{index}".encode(), digest_size=16).hexdigest()


def _compared(
    doubts: Sequence[Doubt], stored: Mapping[str, Callable[[], Content | None]]
) -> dict[tuple[str, int, Print], Verdict]:
    """Verdicts. Each stored event is read once."""
    known = {event_id: read() for event_id, read in stored.items()}
    return {
        doubt.key: compare(known[doubt.event.event_id], doubt.event) if doubt.event.event_id in known else "absent"
        for doubt in doubts
    }


def _tally(found: Sorted) -> Tally:
    tally: Tally = {}
    if found.fresh:
        tally["stored", ""] = len(found.fresh)
    if found.duplicates:
        tally["duplicate", ""] = len(found.duplicates)
    for refusal in found.refusals.values():
        key = ("rejected", refusal.reason.value)
        tally[key] = tally.get(key, 0) + 1
    return tally
