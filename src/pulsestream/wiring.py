"""The only place that builds the server's objects: what exists, what each is given, the order of start and stop."""

from __future__ import annotations

import asyncio
import logging
import os
import secrets
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path

from pulsestream.clock import Clock
from pulsestream.config import Settings
from pulsestream.control.audit import Actor, Audit
from pulsestream.control.claim import claim, lock
from pulsestream.control.database import Database
from pulsestream.control.expirations import Expirations
from pulsestream.control.keys import Keys, MadeKey
from pulsestream.control.sessions import Sessions
from pulsestream.control.tenants import Tenants, limits_of
from pulsestream.errors import Overloaded, StoreBusy
from pulsestream.ingest.aside import AsideList
from pulsestream.ingest.backlog import Backlog
from pulsestream.ingest.content import Content, of_line, of_stored
from pulsestream.ingest.dedup import Dedup
from pulsestream.ingest.erase import Eraser
from pulsestream.ingest.expire import Sweeper, carry_out
from pulsestream.ingest.feed import Feeder
from pulsestream.ingest.files import Files
from pulsestream.ingest.gauges import watch
from pulsestream.ingest.journal import Journal
from pulsestream.ingest.limit import RateLimiter
from pulsestream.ingest.minutes import Minutes
from pulsestream.ingest.pipeline import Pipeline
from pulsestream.ingest.pulse import Pulses
from pulsestream.ingest.purge import Purger
from pulsestream.ingest.scrub import parse_rules
from pulsestream.ingest.scrubbers import Scrubbers
from pulsestream.ingest.segments import Span, keep_corrupt, scan, segments
from pulsestream.ingest.share import Share
from pulsestream.ingest.watermark import Watermark
from pulsestream.meters import Meters
from pulsestream.metrics import FEED_LAG, PULSES, QUESTIONS_UNDER_WAY, TAILS
from pulsestream.query.apdex import parse_thresholds
from pulsestream.query.model import View
from pulsestream.query.outflow import Exports
from pulsestream.query.run import Questions
from pulsestream.query.tail import Tails
from pulsestream.query.token import NONCE_BYTES, Tokens
from pulsestream.store.connect import connect
from pulsestream.store.port import QueryLimits, Session, Store
from pulsestream.store.probe import Probe
from pulsestream.turns import Turns

log = logging.getLogger(__name__)

FRESH_PATIENCE_S = 1.0  # how long a question waits for what its tenant had acknowledged
COMPARE_PATIENCE_S = 10.0  # how long an ingest request waits to compare an event with a stored one
_ACTS_WAITING_MAX = 20  # of one tenant's administrators
_DECODES_WAITING_MAX = 1_000  # large bodies of one tenant that may wait; their bytes are bounded too
SWEEP_S = 600.0  # between two looks for what is past its retention
PROBE_PATIENCE_S = 2.0  # how long it waits for the engine to say how it is
DRAIN_PATIENCE_S = 10.0  # how long a stop waits for the engine to take the rest of the journal


class Server:
    """Everything that runs behind the API. Built and started by `start`, ended by `stop`."""

    def __init__(self, settings: Settings, clock: Clock, files: Files) -> None:
        self.settings = settings
        self.clock = clock
        self.files = files
        self.started_at: datetime = clock.now()
        self.meters = Meters(clock.monotonic)
        self.minutes = Minutes(clock)
        self.data = Path(settings.data)
        self.first_key: MadeKey | None = None
        self.under_way: Counter[str] = Counter()  # requests, by tenant
        self.corrupt_segments = 0
        self._lock: int | None = None
        self._secret = b""
        self.audit: Audit
        self.tenants: Tenants
        self.keys: Keys
        self.sessions: Sessions
        self.limiter: RateLimiter
        self.store: Store
        self.backlog: Backlog
        self.journal: Journal
        self.feeder: Feeder
        self.aside: AsideList
        self.eraser: Eraser
        self.expirations: Expirations
        self.sweeper: Sweeper
        self.watermark: Watermark
        self.pipeline: Pipeline
        self.questions: Questions
        self.exports: Exports
        self.tails: Tails
        self.pulses: Pulses
        self.tokens: Tokens
        self.probe: Probe
        self._control: Database
        # What is written to the control database waits for the disk; one thread keeps such acts in order.
        self.administration = Turns(1, name="administration", waiting_max=_ACTS_WAITING_MAX)
        self._decoding: Turns
        self.inflight = Share(settings.inflight_bytes_max)
        self._dedup: Dedup
        self._undeleted: Sequence[tuple[str, str]]
        self._loop: asyncio.AbstractEventLoop

    @classmethod
    async def start(cls, settings: Settings, *, clock: Clock, files: Files | None = None) -> Server:
        """Replay the journal into the engine, learn the known ids, then be ready for requests.

        Raises StoreInUse, StoreError, ConfigError where this cannot be.
        """
        server = cls(settings, clock, files or Files())
        server._lock = lock(server.data)
        server._open_control()
        server.store = connect(settings.store_dsn, clock=clock, memory_bytes_max=settings.engine_memory_mib << 20)
        try:
            await asyncio.to_thread(server._open_store)
        except asyncio.CancelledError:
            if hasattr(server, "feeder"):
                server.feeder.give_up()
            raise
        await server._start_threads()
        return server

    async def stop(self) -> None:
        """Acknowledge what is under way, feed what is acknowledged, close. What is not fed waits in the journal."""
        await self.journal.close()
        await asyncio.to_thread(self.feeder.close, patience_s=DRAIN_PATIENCE_S)
        await asyncio.to_thread(self.eraser.close)
        await asyncio.to_thread(self.sweeper.close)
        self.journal.trim(self.feeder.state.fed)
        await self.exports.close()
        await asyncio.to_thread(self.questions.close)
        await asyncio.to_thread(self.probe.close, patience_s=PROBE_PATIENCE_S)
        self.store.close()
        await asyncio.to_thread(self._decoding.close)
        await asyncio.to_thread(self.administration.close)
        self.sessions.close()
        self.keys.close()
        self._control.close()
        if self._lock is not None:
            os.close(self._lock)

    def delete_tenant(self, actor: Actor, name: str) -> None:
        """Its keys open nothing from now on. Raises NotFound, Forbidden."""
        self.tenants.begin_delete(actor, name)
        self.keys.forget(name)
        self.sweeper.wake()

    def quarantined(self, tenant: str) -> int:
        """How many of its events are set aside, but for those that were deleted."""
        return sum(not self._dedup.is_deleted(tenant, event_id) for event_id in self.aside.of_tenant(tenant))

    def end_streams(self) -> None:
        """Of what has no end of its own."""
        self.tails.end()
        self.pulses.end()
        self.exports.end()

    async def fresh(self, tenant: str) -> bool:
        """Wait until this tenant reads its own writes; False where that takes too long."""
        try:
            self.watermark.acknowledged(tenant, await self.journal.counted(tenant))
        except Overloaded:
            return False
        return await self.watermark.wait_for_tenant(tenant, FRESH_PATIENCE_S)

    async def by_ids(
        self, tenant: str, event_ids: Sequence[str], times_us: Sequence[int] = ()
    ) -> Mapping[str, Callable[[], Content | None]]:
        """What exists, and how to read its content, for the pipeline. Raises StoreBusy."""
        if not await self.watermark.wait_for_tenant(tenant, COMPARE_PATIENCE_S):
            raise StoreBusy("an event of the same id is still on its way into the store: send this again in a moment")
        stored = await self.questions.by_ids(tenant, event_ids, times_us)
        found = {event_id: partial(of_stored, event) for event_id, event in stored.items()}
        for event_id in event_ids:
            line = self.aside.line(tenant, event_id)
            if line is not None:
                found[event_id] = partial(of_line, line)
        return found

    # ---- start, in order

    def _open_control(self) -> None:
        self._control = Database(self.data / "control.sqlite")
        self.audit = Audit(self._control, self.clock)
        self._secret = self._control.secret("scrub", secrets.token_bytes(32))
        self.tokens = Tokens(
            self._control.secret("tokens", secrets.token_bytes(32)), lambda: secrets.token_bytes(NONCE_BYTES)
        )
        parse_rules(self.settings.scrub)  # wrong ones are said at the start
        parse_thresholds(self.settings.apdex)
        self.tenants = Tenants(
            self._control, self.audit, self.clock, defaults=limits_of(self.settings), changed=self._limits_changed
        )
        self.limiter = RateLimiter(self.tenants.limits, self.clock)
        self.keys = Keys(self._control, self.audit, self.clock, given=self.settings.api_key)
        self.sessions = Sessions(self._control, self.keys, self.clock)
        self.first_key = self.keys.ensure_operator()
        self.expirations = Expirations(self._control)

    def _open_store(self) -> None:
        if not self.store.capabilities.persistent:
            log.warning("the store is in memory: its events are gone when this process ends")
            self.expirations.start_over()
        self.store.migrate()
        if not self.store.capabilities.embedded:
            session = self._session(1)
            try:
                claim(self.data, session)
            finally:
                session.close()
        found = scan(self.data / "journal", self.files)
        self.corrupt_segments = keep_corrupt(found.corrupt, self.data / "corrupt")
        if found.torn_bytes:
            log.warning("the journal ends in %d bytes of a write that never finished: cut", found.torn_bytes)
        self.aside = AsideList(self.data / "aside.jsonl", self.files)
        self.feeder = Feeder(
            open_session=lambda: self._session(2),
            files=self.files,
            aside=self.aside,
            clock=self.clock,
            linger_s=self.settings.feed_linger_ms / 1000,
            meters=self.meters,
            fed=self._on_fed,
        )
        if found.spans:
            log.info("bringing the store up to date with %d groups of the journal", len(found.spans))
        self.feeder.replay(found.spans)
        for path in segments(self.data / "journal"):
            self.files.remove(path)
        self._dedup = self._load_ids()

    def _load_ids(self) -> Dedup:
        dedup = Dedup()
        session = self._session(2)
        try:
            # Before anybody can delete one of these events: it is counted as expired already.
            carry_out(session, self.expirations, self.feeder.held)
            for tenant, known in session.known_ids():
                dedup.load(tenant, known.id_hashes, known.content_hashes)
            dedup.loaded()
            for tenant, event_id, content_hash in self.aside.ids():
                dedup.load_one(tenant, event_id, content_hash)
            for tenant, event_id in session.tombstoned_ids():
                dedup.load_deleted(tenant, event_id)
            self._undeleted = session.undeleted()
        finally:
            session.close()
        return dedup

    async def _start_threads(self) -> None:
        self._loop = asyncio.get_running_loop()
        fed = self.feeder.state.fed
        self.watermark = Watermark(fed, self.feeder.hurry)
        self.backlog = Backlog(self.settings.backlog_bytes_max, self.clock.monotonic)
        self.eraser = Eraser(open_session=lambda: self._session(1), fed=lambda: self.feeder.state.fed)
        self.eraser.start(self._undeleted)
        self.questions = Questions(
            open_session=partial(self._limited_session, self.settings.query_seconds_max),
            view=self._view,
            threads=self.settings.query_threads,
            mark=secrets.token_hex(8),
            present=self._dedup.present,
            fed=lambda: self.watermark.fed,
        )
        self.tails = Tails(self.questions, self.watermark)
        self.pulses = Pulses(clock=self.clock, meters=self.meters, backlog=self.backlog, present=self._present)
        self.exports = Exports(
            open_session=partial(self._limited_session, self.settings.export_seconds_max, repeated=False),
            view=self._view,
            threads=self.settings.export_threads,
            mark=secrets.token_hex(8),
        )
        self.journal = Journal(
            self.data / "journal",
            files=self.files,
            clock=self.clock,
            next_position=fed + 1,
            waiting_bytes_max=self.settings.inflight_bytes_max,
            backlog=self.backlog,
            meters=self.meters,
            written=self.feeder.offer,
        )
        watch(
            self.meters,
            under_way=self.under_way,
            inflight=self.inflight,
            journal=self.journal,
            backlog=self.backlog,
            feeder=self.feeder,
            dedup=self._dedup,
        )
        self.meters.watch(QUESTIONS_UNDER_WAY, lambda: self.questions.under_way)
        self.meters.watch(TAILS, lambda: self.tails.listeners)
        self.meters.watch(PULSES, lambda: self.pulses.listeners)
        self.probe = Probe(open_session=lambda: self._session(1), tick=self.clock.monotonic)
        self.journal.start()
        self.feeder.start()
        self.sweeper = Sweeper(
            open_session=lambda: self._session(1),
            hold=self.feeder.held,
            tenants=self.tenants,
            dedup=self._dedup,
            expirations=self.expirations,
            purger=Purger(
                tenants=self.tenants,
                under_way=self.under_way,
                journal=self.journal,
                watermark=self.watermark,
                feeder=self.feeder,
                dedup=self._dedup,
                eraser=self.eraser,
                aside=self.aside,
                expirations=self.expirations,
                meters=self.meters,
                minutes=self.minutes,
            ),
            clock=self.clock,
            sweep_s=SWEEP_S,
        )
        self.sweeper.start()
        self._decoding = Turns(1, name="decode", waiting_max=_DECODES_WAITING_MAX)
        self.pipeline = Pipeline(
            clock=self.clock,
            dedup=self._dedup,
            journal=self.journal,
            stored=self,
            turns=self._decoding,
            room=self.inflight,
            limits=self.tenants.limits,
            limiter=self.limiter,
            scrubber=Scrubbers(self.tenants, self._secret).of,
            new_id=lambda: "evt_" + secrets.token_hex(16),
            acknowledged=self.watermark.acknowledged,
        )

    # ---- what holds for a tenant

    def _view(self, tenant: str) -> View:
        limits = self.tenants.limits(tenant)
        pending = self.expirations.of(tenant).pending
        return View(
            oldest=None if limits.retention is None else self.clock.now() - limits.retention,
            hidden=self.eraser.hidden(tenant),
            expiring=None if pending is None else (pending.before_us, pending.position),
            apdex=parse_thresholds(limits.apdex),
        )

    def _present(self, tenant: str) -> int:
        return self._dedup.present(tenant) - self.quarantined(tenant)

    def _limits_changed(self, tenant: str) -> None:
        if hasattr(self, "limiter"):
            self.limiter.forget(tenant)

    def _session(self, threads: int) -> Session:
        return self.store.session(threads=threads)

    def _limited_session(self, seconds_max: int, *, repeated: bool = True) -> Session:
        limits = QueryLimits(
            seconds_max=seconds_max,
            rows_max=self.settings.query_rows_max,
            memory_bytes_max=self.settings.query_memory_mib << 20,
            repeated=repeated,
        )
        return self.store.session(threads=2, limits=limits)

    def _on_fed(self, spans: Sequence[Span], last: int) -> None:
        """On the feeder's thread."""
        for span in spans:
            self.journal.fed(span)
        self.journal.trim(last)
        self._loop.call_soon_threadsafe(self._advance, last)

    def _advance(self, fed: int) -> None:
        if lag_s := self.backlog.advance(fed):
            self.meters.observe(FEED_LAG, lag_s)
        self.watermark.advance(fed)
