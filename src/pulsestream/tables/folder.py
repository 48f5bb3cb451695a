"""An export of a data folder that no server has open, into memory."""

from __future__ import annotations

import contextlib
import os
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from pulsestream.clock import Clock, SystemClock
from pulsestream.config import Settings
from pulsestream.control.audit import Audit
from pulsestream.control.claim import lock
from pulsestream.control.database import Database
from pulsestream.control.expirations import Expirations
from pulsestream.control.tenants import Tenants, limits_of
from pulsestream.errors import ConfigError, StoreInUse
from pulsestream.ingest.files import Files
from pulsestream.ingest.segments import scan
from pulsestream.query import language
from pulsestream.query.export import FORMS, Format, block_rows, size, statement
from pulsestream.query.model import Query, View, about
from pulsestream.store.connect import connect
from pulsestream.store.port import Session


def read(data: Path, tenant: str, q: str, *, start: datetime | None, end: datetime | None, zone: ZoneInfo) -> bytes:
    """All events that match, as an Arrow file. Raises BadQuery, ConfigError, StoreInUse, NotFound, StoreError."""
    clock = SystemClock()
    now = clock.now()
    asked = about(language.read(q, now=now, zone=zone), tenant=tenant, now=now, start=start, end=end)
    if not (data / "control.sqlite").is_file():
        raise ConfigError(f"{data} is no data folder of PulseStream: give the one that `pulsestream serve --data` has")
    if not (data / "store").is_dir():
        raise ConfigError(f"the events of {data} are in a ClickHouse server: ask the server of that folder (url=…)")
    try:
        descriptor = lock(data)
    except StoreInUse as error:
        message = f"a server has the data folder {data} open: ask it (url=…, api_key=…), or stop it first"
        raise StoreInUse(message) from error
    try:
        return _read(data, asked, clock)
    finally:
        os.close(descriptor)


def _read(data: Path, asked: Query, clock: Clock) -> bytes:
    settings = Settings(data=str(data))
    memory = settings.engine_memory_mib << 20
    with contextlib.closing(connect(settings.store_dsn, clock=clock, memory_bytes_max=memory)) as store:
        store.migrate()
        with contextlib.closing(store.session(threads=os.cpu_count() or 1)) as session:
            fed, _ = session.last_positions()
            if any(span.header.last > fed for span in scan(data / "journal", Files()).spans):
                raise ConfigError(
                    f"the newest events of {data} are in its journal only, because its server was not stopped but "
                    f"ended: start one on it (`pulsestream serve --data {data}`), and ask that or stop it"
                )
            view = _view(data, asked.tenant, clock, session)
            [[_, largest]] = session.ask(size(asked, fed=fed, view=view)).rows
            question = statement(asked, Format.ARROW, fed=fed, view=view)
            rows = block_rows(int(str(largest)))
            return b"".join(session.stream(question, FORMS[Format.ARROW], block_rows=rows))


def _view(data: Path, tenant: str, clock: Clock, session: Session) -> View:
    """As the server's: what is past the tenant's own retention, deleted or about to be removed is not there."""
    with contextlib.closing(Database(data / "control.sqlite")) as database:
        defaults = limits_of(Settings())
        tenants = Tenants(database, Audit(database, clock), clock, defaults=defaults, changed=lambda _: None)
        tenants.get(tenant)
        retention = tenants.limits(tenant).retention
        pending = Expirations(database).of(tenant).pending
    return View(
        oldest=None if retention is None else clock.now() - retention,
        hidden=[event_id for owner, event_id in session.undeleted() if owner == tenant],
        expiring=None if pending is None else (pending.before_us, pending.position),
    )
