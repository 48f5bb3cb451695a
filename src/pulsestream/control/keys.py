"""Tenants and their keys, in SQLite beside the store. A key is kept as its SHA-256 only."""

from __future__ import annotations

import hashlib
import sqlite3
from pathlib import Path

from msgspec import Struct

from pulsestream.clock import Clock
from pulsestream.errors import StoreError

FIRST_TENANT = "default"

_MIGRATIONS = (
    """
    CREATE TABLE tenants (name TEXT PRIMARY KEY, created_at TEXT NOT NULL) STRICT;
    CREATE TABLE keys (
        sha256 BLOB PRIMARY KEY,
        tenant TEXT NOT NULL REFERENCES tenants (name),
        created_at TEXT NOT NULL
    ) STRICT;
    """,
)


class FirstKey(Struct, frozen=True):
    """`key` is readable this once; nothing keeps it."""

    tenant: str
    key: str


class Keys:
    """Which tenant a key belongs to. All keys are in memory: looking one up costs one hash."""

    def __init__(self, path: Path, clock: Clock) -> None:
        self._clock = clock
        try:
            self._database = sqlite3.connect(path)
            self._migrate()
            self._tenants: dict[bytes, str] = dict(self._database.execute("SELECT sha256, tenant FROM keys"))
        except sqlite3.Error as error:
            raise StoreError(f"the control database {path} cannot be opened: {error}") from error

    def close(self) -> None:
        self._database.close()

    def tenant_of(self, key: str) -> str | None:
        return self._tenants.get(_digest(key))

    def ensure(self, given: str, made: str) -> FirstKey | None:
        """Have the first tenant, and a key for it: `given` if there is one, else `made` at the very first start.

        Returns the key where it was made here, to be shown once.
        """
        first_start = not self._tenants
        with self._database:
            self._database.execute(
                "INSERT OR IGNORE INTO tenants VALUES (?, ?)", (FIRST_TENANT, self._clock.now().isoformat())
            )
        if given:
            if self.tenant_of(given) is None:
                self._add(given)
            return None
        if not first_start:
            return None
        self._add(made)
        return FirstKey(FIRST_TENANT, made)

    def _add(self, key: str) -> None:
        with self._database:
            self._database.execute(
                "INSERT INTO keys VALUES (?, ?, ?)", (_digest(key), FIRST_TENANT, self._clock.now().isoformat())
            )
        self._tenants[_digest(key)] = FIRST_TENANT

    def _migrate(self) -> None:
        [done] = self._database.execute("PRAGMA user_version").fetchone()
        if done > len(_MIGRATIONS):
            raise StoreError("the control database is of a newer version of PulseStream: run that version")
        for number, script in enumerate(_MIGRATIONS[done:], done + 1):
            self._database.executescript(f"BEGIN; {script} PRAGMA user_version = {number}; COMMIT;")


def _digest(key: str) -> bytes:
    return hashlib.sha256(key.encode()).digest()
