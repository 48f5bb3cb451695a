"""Who did what: a line for every act of an administrator, in the transaction of the act itself."""

from __future__ import annotations

import logging
import sqlite3
from datetime import datetime

from msgspec import Struct

from pulsestream.clock import EPOCH, Clock
from pulsestream.control.database import Database
from pulsestream.errors import StoreError

log = logging.getLogger("pulsestream.audit")


class Actor(Struct, frozen=True):
    """Who acts: the id of the key, and its tenant."""

    key_id: str
    tenant: str


class Line(Struct, frozen=True):
    """`tenant`: whose things were changed. `actor`: the id of the key that did it, with its tenant."""

    at: datetime
    tenant: str
    actor: str
    act: str
    subject: str
    detail: str


class Audit:
    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def add(
        self,
        connection: sqlite3.Connection,
        actor: Actor,
        act: str,
        subject: str,
        *,
        tenant: str,
        detail: str = "",
    ) -> None:
        """One more line, with whatever else the transaction of `connection` holds."""
        who = f"{actor.key_id}@{actor.tenant}"
        connection.execute(
            "INSERT INTO audit (at, tenant, actor, act, subject, detail) VALUES (?, ?, ?, ?, ?, ?)",
            (self._clock.now().isoformat(), tenant, who, act, subject, detail),
        )
        log.info("%s %s by %s, tenant %s%s", act, subject, who, tenant, f": {detail}" if detail else "")

    def note(self, actor: Actor, act: str, subject: str, *, tenant: str) -> None:
        """A line for an act that has happened elsewhere. Where it cannot be kept, the log says so."""
        try:
            with self._database.transaction() as connection:
                self.add(connection, actor, act, subject, tenant=tenant)
        except StoreError as error:
            log.error("not kept (%s): %s %s by %s@%s", error, act, subject, actor.key_id, actor.tenant)  # noqa: TRY400 - what happened is in the text

    def lines(self, *, tenant: str | None, limit: int, since: datetime = EPOCH) -> list[Line]:
        """The newest `limit` lines about one tenant, or about all, newest first.

        `since`: a tenant of the same name may have been there before.
        """
        with self._database.transaction() as connection:
            # Two statements: one for both would read every line to find a tenant's.
            if tenant is None:
                rows = connection.execute(
                    "SELECT at, tenant, actor, act, subject, detail FROM audit ORDER BY number DESC LIMIT ?", (limit,)
                ).fetchall()
            else:
                rows = connection.execute(
                    "SELECT at, tenant, actor, act, subject, detail FROM audit"
                    " WHERE tenant = ? AND at >= ? ORDER BY number DESC LIMIT ?",
                    (tenant, since.isoformat(), limit),
                ).fetchall()
        return [Line(datetime.fromisoformat(at), *rest) for at, *rest in rows]
