"""The only place that builds the server's objects: what exists, what each is given, the order of start and stop."""

from __future__ import annotations

import asyncio
import errno
import fcntl
import logging
import os
import secrets
import shutil
import socket
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path

from pulsestream.clock import Clock
from pulsestream.config import Settings
from pulsestream.control.keys import FirstKey, Keys
from pulsestream.errors import ConfigError, StoreBusy, StoreInUse
from pulsestream.ingest.aside import AsideList
from pulsestream.ingest.dedup import DELETED, Dedup
from pulsestream.ingest.erase import Eraser
from pulsestream.ingest.feed import Feeder
from pulsestream.ingest.files import Files
from pulsestream.ingest.journal import Journal
from pulsestream.ingest.pipeline import Limits, Pipeline
from pulsestream.ingest.segments import Found, Span, scan, segments
from pulsestream.ingest.watermark import Watermark
from pulsestream.metrics import Counters
from pulsestream.query.run import Questions
from pulsestream.store.connect import connect
from pulsestream.store.port import Session, Store

log = logging.getLogger(__name__)

FRESH_PATIENCE_S = 1.0  # how long a question waits for what its tenant had acknowledged
COMPARE_PATIENCE_S = 10.0  # how long an ingest request waits to compare an event with a stored one
DRAIN_PATIENCE_S = 10.0  # how long a stop waits for the engine to take the rest of the journal


class Server:
    """Everything that runs behind the API. Built and started by `start`, ended by `stop`."""

    def __init__(self, settings: Settings, clock: Clock, files: Files) -> None:
        self.settings = settings
        self.clock = clock
        self.files = files
        self.started_at: datetime = clock.now()
        self.counters = Counters()
        self.data = Path(settings.data)
        self.first_key: FirstKey | None = None
        self.corrupt_segments = 0
        self._lock: int | None = None
        self.keys: Keys
        self.store: Store
        self.journal: Journal
        self.feeder: Feeder
        self.eraser: Eraser
        self.watermark: Watermark
        self.pipeline: Pipeline
        self.questions: Questions
        self._decoding: ThreadPoolExecutor
        self._dedup: Dedup
        self._undeleted: Sequence[tuple[str, str]]
        self._loop: asyncio.AbstractEventLoop

    @classmethod
    async def start(cls, settings: Settings, *, clock: Clock, files: Files | None = None) -> Server:
        """Replay the journal into the engine, learn the known ids, then be ready for requests.

        Raises StoreInUse, StoreError, ConfigError where this cannot be.
        """
        server = cls(settings, clock, files or Files())
        server._lock_data()
        server.keys = Keys(server.data / "control.sqlite", clock)
        server.first_key = server.keys.ensure(settings.api_key, "ps_" + secrets.token_urlsafe(24))
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
        self.journal.trim(self.feeder.state.fed)
        await asyncio.to_thread(self.questions.close)
        self.store.close()
        self._decoding.shutdown()
        self.keys.close()
        if self._lock is not None:
            os.close(self._lock)

    async def fresh(self, tenant: str) -> bool:
        """Wait until this tenant reads its own writes; False where that takes too long."""
        return await self.watermark.wait_for_tenant(tenant, FRESH_PATIENCE_S)

    async def by_ids(self, tenant: str, event_ids: Sequence[str]) -> dict[str, bytes]:
        """Stored events, for the pipeline to compare with. Raises StoreBusy."""
        if not await self.watermark.wait_for_tenant(tenant, COMPARE_PATIENCE_S):
            raise StoreBusy("an event of the same id is still on its way into the store: send this again in a moment")
        return await self.questions.by_ids(tenant, event_ids)

    # ---- start, in order

    def _lock_data(self) -> None:
        try:
            (self.data / "journal").mkdir(parents=True, exist_ok=True)
            self._lock = os.open(self.data / "lock", os.O_CREAT | os.O_RDWR, 0o600)
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno in (errno.EWOULDBLOCK, errno.EACCES) and self._lock is not None:
                raise StoreInUse(
                    f"another process serves the data folder {self.data}: stop it, or give this one a folder "
                    "of its own (--data)"
                ) from error
            raise ConfigError(f"the data folder {self.data} cannot be used: {error.strerror}") from error

    def _open_store(self) -> None:
        if not self.store.capabilities.persistent:
            log.warning("the store is in memory: its events are gone when this process ends")
        self.store.migrate()
        if not self.store.capabilities.embedded:
            self._claim_store()
        found = scan(self.data / "journal", self.files)
        self._keep_corrupt(found)
        if found.torn_bytes:
            log.warning("the journal ends in %d bytes of a write that never finished: cut", found.torn_bytes)
        aside = AsideList(self.data / "aside.jsonl", self.files)
        self.feeder = Feeder(
            open_session=lambda: self._session(2),
            files=self.files,
            aside=aside,
            clock=self.clock,
            linger_s=self.settings.feed_linger_ms / 1000,
            fed=self._on_fed,
        )
        if found.spans:
            log.info("bringing the store up to date with %d groups of the journal", len(found.spans))
        self.feeder.replay(found.spans)
        for path in segments(self.data / "journal"):
            self.files.remove(path)
        self._dedup = self._load_ids(aside)

    def _claim_store(self) -> None:
        """A store belongs to one data folder, whose journal gives its positions."""
        path = self.data / "id"
        if not path.exists():
            path.write_text(f"{secrets.token_hex(8)} {self.data.resolve()} on {socket.gethostname()}")
        mine = path.read_text()
        session = self._session(1)
        try:
            if session.owner() is None:
                session.claim(mine)
            owner = session.owner()
        finally:
            session.close()
        if owner != mine:
            raise StoreInUse(
                f"this store belongs to another data folder ({owner}): start the server with that one, or give this "
                "one a database of its own. If that folder is lost for good, empty the table `owner` of the store"
            )

    def _keep_corrupt(self, found: Found) -> None:
        folder = self.data / "corrupt"
        for corrupt in found.corrupt:
            folder.mkdir(exist_ok=True)
            shutil.copy2(corrupt.path, folder / corrupt.path.name)
            log.error(
                "the journal segment %s is corrupt at byte %d (%d bytes): acknowledged events may be missing; "
                "a copy is kept in %s",
                *(corrupt.path.name, corrupt.offset, corrupt.length, folder),
            )
        self.corrupt_segments = len(segments(folder)) if folder.exists() else 0

    def _load_ids(self, aside: AsideList) -> Dedup:
        dedup = Dedup()
        session = self._session(2)
        try:
            for tenant, event_ids, hashes in session.known_ids():
                dedup.load(tenant, event_ids, hashes)
            for tenant, event_id, content_hash in aside.ids():
                dedup.load(tenant, [event_id], [content_hash])
            for tenant, event_id in session.tombstoned_ids():
                dedup.load(tenant, [event_id], [DELETED])
            self._undeleted = session.undeleted()
        finally:
            session.close()
        return dedup

    async def _start_threads(self) -> None:
        self._loop = asyncio.get_running_loop()
        fed = self.feeder.state.fed
        self.watermark = Watermark(fed, self.feeder.hurry)
        self.eraser = Eraser(open_session=lambda: self._session(1), fed=lambda: self.feeder.state.fed)
        self.eraser.start(self._undeleted)
        self.questions = Questions(
            open_session=lambda: self._session(2),
            hidden=self.eraser.hidden,
            threads=self.settings.query_threads,
        )
        self.journal = Journal(
            self.data / "journal",
            files=self.files,
            clock=self.clock,
            next_position=fed + 1,
            waiting_bytes_max=self.settings.inflight_bytes_max,
            backlog_bytes_max=self.settings.backlog_bytes_max,
            written=self.feeder.offer,
        )
        self.journal.start()
        self.feeder.start()
        self._decoding = ThreadPoolExecutor(1, thread_name_prefix="decode")
        days = self.settings.retention_days
        self.pipeline = Pipeline(
            clock=self.clock,
            dedup=self._dedup,
            journal=self.journal,
            stored=self,
            executor=self._decoding,
            limits=Limits(
                body_bytes_max=self.settings.body_bytes_max,
                batch_events_max=self.settings.batch_events_max,
                retention=timedelta(days=days) if days else None,
            ),
            new_id=lambda: "evt_" + secrets.token_hex(16),
            acknowledged=self.watermark.acknowledged,
        )

    def _session(self, threads: int) -> Session:
        return self.store.session(threads=threads)

    def _on_fed(self, spans: Sequence[Span], last: int) -> None:
        """On the feeder's thread."""
        for span in spans:
            self.journal.fed(span)
        self.journal.trim(last)
        self._loop.call_soon_threadsafe(self.watermark.advance, last)
