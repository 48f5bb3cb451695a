"""The steps of an ingest request, in order: decode, check, sort (dedup), join the journal, receipt."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import Literal, Protocol

from msgspec import Raw, Struct

from pulsestream.clock import Clock
from pulsestream.errors import NotFound, Overloaded, StoreBusy, TooLarge
from pulsestream.event import TIMESTAMP_MIN, Event
from pulsestream.ingest.content import same_as_stored
from pulsestream.ingest.decode import decode_batch, decode_one, inflate
from pulsestream.ingest.dedup import DELETED, Dedup, Doubt, Sorted
from pulsestream.ingest.journal import Entry, Journal, Tally
from pulsestream.ingest.validate import Admissible, Refusal, Terms, check, check_irregular

# A body over this is decoded on another thread, so that it holds up nobody else's request.
OFF_LOOP_BYTES = 256 * 1024

Status = Literal["stored", "duplicate", "rejected"]


class Body(Struct, frozen=True):
    """One request as it arrived."""

    tenant: str
    data: bytes
    content_type: str = ""
    encoding: str = ""
    idempotency_key: str | None = None
    single: bool = False


class Receipt(Struct, frozen=True):
    """What became of each event of one request, in order.

    An index in neither `duplicates` nor `refusals` is stored. `position`: the last one of the group; what was
    acknowledged is searchable once the engine has it.
    """

    event_ids: Sequence[str | None]
    duplicates: set[int]
    refusals: dict[int, Refusal]
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

    async def by_ids(self, tenant: str, event_ids: Sequence[str]) -> dict[str, bytes]:
        """Those that exist, as JSON, after everything acknowledged so far is in the engine.

        Raises StoreBusy where that takes too long.
        """
        ...


class Limits(Struct, frozen=True):
    body_bytes_max: int
    batch_events_max: int
    retention: timedelta | None


class _Read(Struct, frozen=True):
    """A body's events, checked. The decoded ones are gone: freeing them is work that the event loop need not do."""

    checked: list[Admissible | Refusal]
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
        executor: Executor,
        limits: Limits,
        new_id: Callable[[], str],
        acknowledged: Callable[[str, int], None],
    ) -> None:
        """`acknowledged` is told each tenant's newest position before anybody is answered."""
        self._clock = clock
        self._dedup = dedup
        self._journal = journal
        self._stored = stored
        self._executor = executor
        self._limits = limits
        self._new_id = new_id
        self._acknowledged = acknowledged

    async def take(self, body: Body) -> Receipt:
        """Keep one request's events. Returns when they are deduplicated and in the journal, on disk.

        Raises UnsupportedEncoding, BadRequest, TooLarge for a request that cannot be read; Overloaded where
        nothing of it was kept and a retry can help: its events are counted then.
        """
        terms = self._terms(body)
        if len(body.data) > OFF_LOOP_BYTES or body.encoding:
            loop = asyncio.get_running_loop()
            read = await loop.run_in_executor(self._executor, self._read, body, terms)
        else:
            read = self._read(body, terms)
        found, group = await self._settle_ids(body.tenant, read.checked)
        return Receipt(
            event_ids=[item.event_id for item in read.checked],
            duplicates=found.duplicates,
            refusals=found.refusals,
            lines=read.lines,
            batch_id=read.batch_id,
            received_at=terms.received_at,
            position=await group,
        )

    async def delete(self, tenant: str, event_id: str, hide: Callable[[str, str, int], None]) -> None:
        """Delete one event. Its tombstone is on disk when this returns. Raises NotFound.

        `hide` is called when it is, before anybody can ask for the event again.
        """
        while (group := self._dedup.opening(tenant, event_id)) is not None:
            await asyncio.wait([group])
        if not self._dedup.is_stored(tenant, event_id):
            raise NotFound(f"there is no event with the id {event_id!r}")

        gone = {event_id: DELETED}

        def settled(last: int | None) -> None:
            self._dedup.settled(tenant, gone, kept=last is not None)
            if last is not None:
                hide(tenant, event_id, last)
                self._acknowledged(tenant, last)

        group = self._journal.join(Entry(tenant, (), {}, deletes=(event_id,), settled=settled))
        self._dedup.opened(tenant, gone, group)
        await asyncio.shield(group)

    def _terms(self, body: Body) -> Terms:
        received_at = self._clock.now()
        oldest = TIMESTAMP_MIN
        if self._limits.retention is not None:
            oldest = max(oldest, received_at - self._limits.retention)
        key = body.idempotency_key
        if key is None:
            return Terms(body.tenant, received_at, oldest, lambda _: self._new_id())
        return Terms(body.tenant, received_at, oldest, lambda index: derived_id(body.tenant, key, index))

    def _read(self, body: Body, terms: Terms) -> _Read:
        data = inflate(body.data, body.encoding, bytes_max=self._limits.body_bytes_max)
        decoded = decode_one(data) if body.single else decode_batch(data, body.content_type)
        if len(decoded.items) > self._limits.batch_events_max:
            raise TooLarge(
                f"a batch may hold {self._limits.batch_events_max} events, this one holds {len(decoded.items)}: "
                "send smaller batches"
            )
        checked = [_checked(item, index, terms) for index, item in enumerate(decoded.items)]
        return _Read(checked, decoded.lines, decoded.batch_id)

    async def _settle_ids(self, tenant: str, checked: list[Admissible | Refusal]) -> tuple[Sorted, asyncio.Future[int]]:
        verdicts: dict[tuple[str, int, int], bool] = {}
        while True:
            found = self._dedup.sort(tenant, checked, verdicts)
            if found.waits:
                await asyncio.wait(found.waits)
            elif found.doubts:
                try:
                    verdicts |= await self._resolve(tenant, checked, found.doubts)
                except StoreBusy as error:
                    self._journal.count_overloaded(tenant, len(checked))
                    raise Overloaded(str(error)) from error
            else:
                return found, self._join(tenant, found)

    async def _resolve(
        self, tenant: str, checked: list[Admissible | Refusal], doubts: Sequence[Doubt]
    ) -> dict[tuple[str, int, int], bool]:
        stored = await self._stored.by_ids(tenant, [doubt.event_id for doubt in doubts])
        verdicts = {}
        for doubt in doubts:
            item = checked[doubt.index]
            assert isinstance(item, Admissible)  # noqa: S101 - only admissible events are doubted
            event = stored.get(doubt.event_id)
            same = event is not None and same_as_stored(item.line, event)
            verdicts[(doubt.event_id, doubt.known_hash, item.content_hash)] = same
        return verdicts

    def _join(self, tenant: str, found: Sorted) -> asyncio.Future[int]:
        """Nothing may be awaited between sorting and this: the ids must be open before anyone else looks."""
        hashes = {event.event_id: event.content_hash for event in found.fresh}

        def settled(last: int | None) -> None:
            self._dedup.settled(tenant, hashes, kept=last is not None)
            if last is not None:
                self._acknowledged(tenant, last)

        group = self._journal.join(Entry(tenant, found.fresh, _tally(found), settled=settled))
        self._dedup.opened(tenant, hashes, group)
        # A request that is cancelled must not cancel what others wait for.
        return asyncio.shield(group)


def derived_id(tenant: str, key: str, index: int) -> str:
    """The id of an event that came without one, in a request with an Idempotency-Key."""
    return "evt_" + blake2b(f"{tenant}\0{key}\0{index}".encode(), digest_size=16).hexdigest()


def _checked(item: Event | Raw, index: int, terms: Terms) -> Admissible | Refusal:
    return check(item, index, terms) if isinstance(item, Event) else check_irregular(item, index, terms)


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
