"""The control database: small state that must survive, in one SQLite file beside the store."""

from __future__ import annotations

import contextlib
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path

from pulsestream.errors import StoreError

# Each is carried out once, in order, whole or not at all.
_MIGRATIONS = (
    """
    CREATE TABLE tenants (name TEXT PRIMARY KEY, created_at TEXT NOT NULL) STRICT;
    CREATE TABLE keys (
        sha256 BLOB PRIMARY KEY,
        tenant TEXT NOT NULL REFERENCES tenants (name),
        created_at TEXT NOT NULL
    ) STRICT;
    """,
    # Keys of before had no scopes and showed no prefix: the next start makes a new one.
    """
    DROP TABLE keys;
    CREATE TABLE keys (
        id TEXT PRIMARY KEY,
        sha256 BLOB NOT NULL,
        tenant TEXT NOT NULL REFERENCES tenants (name),
        name TEXT NOT NULL,
        scopes TEXT NOT NULL,
        created_at TEXT NOT NULL,
        expires_at TEXT,
        last_used_at TEXT,
        revoked_at TEXT
    ) STRICT;
    ALTER TABLE tenants ADD COLUMN limits TEXT NOT NULL DEFAULT '{}';
    ALTER TABLE tenants ADD COLUMN deleting INTEGER NOT NULL DEFAULT 0;
    CREATE TABLE audit (
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        at TEXT NOT NULL,
        tenant TEXT NOT NULL,
        actor TEXT NOT NULL,
        act TEXT NOT NULL,
        subject TEXT NOT NULL,
        detail TEXT NOT NULL
    ) STRICT;
    CREATE INDEX audit_of_tenant ON audit (tenant, number);
    CREATE TABLE secrets (name TEXT PRIMARY KEY, secret BLOB NOT NULL) STRICT;
    CREATE TABLE expirations (
        tenant TEXT PRIMARY KEY,
        events INTEGER NOT NULL DEFAULT 0,
        pending_before INTEGER,
        pending_position INTEGER,
        pending_events INTEGER
    ) STRICT;
    """,
    """
    CREATE TABLE sessions (
        sha256 BLOB PRIMARY KEY,
        key_id TEXT NOT NULL,
        key_sha256 BLOB NOT NULL,
        csrf TEXT NOT NULL,
        created_at TEXT NOT NULL,
        last_used_at TEXT NOT NULL
    ) STRICT;
    """,
)


# Nobody else writes here; who has it open all the same must not hold up the server.
_LOCKED_S_MAX = 0.2


class Database:
    """One connection, shared: a lock lets one thread at a time use it."""

    def __init__(self, path: Path) -> None:
        """Raises StoreError where the file cannot be opened or is of a newer version."""
        self._lock = threading.RLock()
        try:
            self._connection = sqlite3.connect(path, check_same_thread=False, timeout=_LOCKED_S_MAX)
            self._migrate()
        except sqlite3.Error as error:
            raise StoreError(f"the control database {path} cannot be opened: {error}") from error

    def close(self) -> None:
        self._connection.close()

    @contextlib.contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """All of it or nothing; on disk when the block ends. Raises StoreError."""
        with self._lock:
            try:
                with self._connection:
                    yield self._connection
            except sqlite3.Error as error:
                raise StoreError(f"the control database cannot be written: {error}") from error

    def secret(self, name: str, made: bytes) -> bytes:
        """The secret of this name; `made` becomes it where there is none yet."""
        with self.transaction() as connection:
            connection.execute("INSERT OR IGNORE INTO secrets VALUES (?, ?)", (name, made))
            [kept] = connection.execute("SELECT secret FROM secrets WHERE name = ?", (name,)).fetchone()
        return bytes(kept)

    def _migrate(self) -> None:
        [done] = self._connection.execute("PRAGMA user_version").fetchone()
        if done > len(_MIGRATIONS):
            raise StoreError("the control database is of a newer version of PulseStream: run that version")
        for number, script in enumerate(_MIGRATIONS[done:], done + 1):
            self._connection.executescript(f"BEGIN; {script} PRAGMA user_version = {number}; COMMIT;")
