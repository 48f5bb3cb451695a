"""Sessions of people at the pages: opened with a key, as good as that key, ended by themselves, by hand, or with it."""

from __future__ import annotations

import hashlib
import logging
import secrets
from datetime import datetime, timedelta

from msgspec import Struct

from pulsestream.clock import Clock
from pulsestream.control.database import Database
from pulsestream.control.keys import Key, Keys
from pulsestream.errors import StoreError, Unauthorized

log = logging.getLogger(__name__)

IDLE_MAX = timedelta(hours=12)
LIFETIME_MAX = timedelta(days=7)
SESSIONS_MAX = 100  # of one key; the one that was not used for longest makes room
_SECRET_BYTES = 32
_TOKEN_LENGTH = 43  # base64 of 32 bytes
# When a session was last used is kept to the minute, as with keys.
_LAST_USED_EVERY = timedelta(minutes=1)


class Session(Struct, frozen=True, kw_only=True):
    """All that is known of a session. `digest` is the SHA-256 of its token, `key_digest` that of its key.

    A key's id may be given again, and the key of the settings is always the same id: so the digest counts as well.
    """

    digest: bytes
    key_id: str
    key_digest: bytes
    csrf: str
    created_at: datetime


class OpenedSession(Struct, frozen=True):
    """`token` is what the browser keeps, readable this once."""

    session: Session
    token: str


class Sessions:
    """All of them are in memory. `find` is for the event loop; one thread at a time may open and end."""

    def __init__(self, database: Database, keys: Keys, clock: Clock) -> None:
        self._database = database
        self._keys = keys
        self._clock = clock
        self._sessions: dict[bytes, Session] = {}
        self._used: dict[bytes, datetime] = {}
        self._unkept: set[bytes] = set()  # used since that was last written
        self._flushed_at = clock.now()
        with database.transaction() as connection:
            rows = connection.execute(
                "SELECT sha256, key_id, key_sha256, csrf, created_at, last_used_at FROM sessions"
            ).fetchall()
        for digest, key_id, key_digest, csrf, created_at, last_used_at in rows:
            self._used[digest] = datetime.fromisoformat(last_used_at)
            self._sessions[digest] = Session(
                digest=digest,
                key_id=key_id,
                key_digest=key_digest,
                csrf=csrf,
                created_at=datetime.fromisoformat(created_at),
            )
        self._flush()

    def close(self) -> None:
        self._flush()

    def find(self, token: bytes) -> tuple[Session, Key]:
        """The session of this token, and its key, which is good. Raises Unauthorized."""
        session = self._sessions.get(_digest(token)) if len(token) == _TOKEN_LENGTH else None
        now = self._clock.now()
        if session is None or self.ends_at(session) <= now:
            raise Unauthorized("there is no such session any more: sign in with a key")
        key = self._keys.held(session.key_id, session.key_digest)
        self._used[session.digest] = now
        self._unkept.add(session.digest)
        if now - self._flushed_at >= _LAST_USED_EVERY:
            self._flush()
        return session, key

    def ends_at(self, session: Session) -> datetime:
        """When it ends if it is not used any more."""
        used_at = self._used.get(session.digest, session.created_at)
        return min(used_at + IDLE_MAX, session.created_at + LIFETIME_MAX)

    def open(self, key: Key) -> OpenedSession:
        """A new session of this key, with a token of 256 random bits."""
        now = self._clock.now()
        token = secrets.token_urlsafe(_SECRET_BYTES)
        session = Session(
            digest=_digest(token.encode()),
            key_id=key.id,
            key_digest=self._keys.digest(key.id),
            csrf=secrets.token_urlsafe(_SECRET_BYTES),
            created_at=now,
        )
        surplus = self._surplus(key.id)
        with self._database.transaction() as connection:
            connection.executemany("DELETE FROM sessions WHERE sha256 = ?", [(one,) for one in surplus])
            connection.execute(
                "INSERT INTO sessions VALUES (?, ?, ?, ?, ?, ?)",
                (session.digest, key.id, session.key_digest, session.csrf, now.isoformat(), now.isoformat()),
            )
        for one in surplus:
            self._drop(one)
        self._used[session.digest] = now
        self._sessions[session.digest] = session
        return OpenedSession(session, token)

    def end(self, token: bytes) -> None:
        """The token opens nothing from now on."""
        digest = _digest(token)
        if digest not in self._sessions:
            return
        # First on disk: where that fails it is said, and to end it again ends it.
        with self._database.transaction() as connection:
            connection.execute("DELETE FROM sessions WHERE sha256 = ?", (digest,))
        self._drop(digest)

    def _surplus(self, key_id: str) -> list[bytes]:
        """The sessions of this key that must go for one more."""
        held = [one for one in self._sessions.copy().values() if one.key_id == key_id]
        held.sort(key=lambda one: self._used.get(one.digest, one.created_at))
        return [one.digest for one in held[: max(0, len(held) + 1 - SESSIONS_MAX)]]

    def _drop(self, digest: bytes) -> None:
        self._sessions.pop(digest, None)
        self._used.pop(digest, None)

    def _flush(self) -> None:
        """Keep when each was last used, and nothing of those that are over."""
        now = self._flushed_at = self._clock.now()
        over = [
            (one.digest,)
            for one in self._sessions.copy().values()
            if self.ends_at(one) <= now or not self._keys.is_good(one.key_id, one.key_digest)
        ]
        # A session may be ended meanwhile, on another thread.
        used = [(at.isoformat(), digest) for digest in self._unkept if (at := self._used.get(digest)) is not None]
        try:
            with self._database.transaction() as connection:
                connection.executemany("UPDATE sessions SET last_used_at = ? WHERE sha256 = ?", used)
                connection.executemany("DELETE FROM sessions WHERE sha256 = ?", over)
        except StoreError as error:
            log.warning("when sessions were last used is not kept just now: %s", error)
        else:
            self._unkept.clear()
            for [digest] in over:
                self._drop(digest)


def _digest(token: bytes) -> bytes:
    return hashlib.sha256(token).digest()
