"""API keys: made, shown once, kept as their SHA-256 only, looked up in memory."""

from __future__ import annotations

import enum
import hashlib
import hmac
import logging
import re
import secrets
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from pulsestream.clock import Clock
from pulsestream.control.audit import Actor, Audit
from pulsestream.control.database import Database
from pulsestream.errors import Exists, Forbidden, NotFound, StoreError, Unauthorized

log = logging.getLogger(__name__)

# The operator's: its admin keys manage every tenant.
FIRST_TENANT = "default"
# What everybody knows and the demo uses; never taken from outside this machine.
DEMO_KEY = "test-api-key-12345"

_KEY = re.compile(r"ps_([0-9a-f]{8})_[A-Za-z0-9_-]{43}")
_SECRET_BYTES = 32
KEYS_MAX = 1_000  # of one tenant
GIVEN = "given"  # the id of the key that the settings name; those that are made have ids of hexadecimal digits
# When a key was last used is kept to the minute: a request must not cost a write.
_LAST_USED_EVERY = timedelta(minutes=1)


class Scope(enum.StrEnum):
    """What a key may do: send events, ask about them, or manage keys and delete."""

    INGEST = "ingest"
    READ = "read"
    ADMIN = "admin"


class Key(Struct, frozen=True, kw_only=True):
    """All that is known of a key. `prefix` is what the key begins with, to tell one from another."""

    id: str
    prefix: str
    tenant: str
    name: str
    scopes: tuple[Scope, ...]
    created_at: datetime
    expires_at: datetime | None = None
    last_used_at: datetime | None = None
    revoked_at: datetime | None = None

    @property
    def actor(self) -> Actor:
        return Actor(self.id, self.tenant)

    @property
    def is_operator(self) -> bool:
        """Whether it manages every tenant, not only its own."""
        return self.tenant == FIRST_TENANT and Scope.ADMIN in self.scopes


class MadeKey(Struct, frozen=True):
    """`secret` is the key itself, readable this once; nothing keeps it."""

    key: Key
    secret: str


class Keys:
    """All keys are in memory: looking one up costs one hash. `authenticate` is for the event loop; one thread at a time
    may change.
    """

    def __init__(self, database: Database, audit: Audit, clock: Clock, *, given: str = "") -> None:
        """`given`: a key that the settings name. It is the first tenant's, for everything, while it is named."""
        self._database = database
        self._audit = audit
        self._clock = clock
        self._keys: dict[str, Key] = {}
        self._hashes: dict[str, bytes] = {}
        self._used: dict[str, datetime] = {}
        self._unkept: set[str] = set()  # used since that was last written
        self._flushed_at = clock.now()
        with database.transaction() as connection:
            for row in connection.execute(
                "SELECT id, sha256, tenant, name, scopes, created_at, expires_at, last_used_at, revoked_at FROM keys"
            ):
                key = _key(row)
                self._keys[key.id] = key
                self._hashes[key.id] = row[1]
        self._given: Key | None = None
        if given:
            self._given = Key(
                id=GIVEN,
                prefix="",
                tenant=FIRST_TENANT,
                name="given by the settings",
                scopes=tuple(Scope),
                created_at=clock.now(),
            )
            self._hashes[GIVEN] = _digest(given)

    def close(self) -> None:
        self._flush()

    def authenticate(self, text: str | None) -> Key:
        """The key that `text` is. Raises Unauthorized, which tells a revoked or expired one only to who has it."""
        if not text:
            raise Unauthorized("this needs a key: send it in the header X-API-Key")
        match = _KEY.fullmatch(text)
        key = (self._keys.get(match[1]) if match else None) or self._given
        if key is None or not hmac.compare_digest(self._hashes.get(key.id, b""), _digest(text)):
            raise Unauthorized("this key is not known here: check it, or ask for a new one")
        return self._used_now(key)

    def digest(self, key_id: str) -> bytes:
        """The SHA-256 of this key; empty where there is none."""
        return self._hashes.get(key_id, b"")

    def held(self, key_id: str, digest: bytes) -> Key:
        """The key of this id while it is good, and still the one with this digest. Raises Unauthorized."""
        key = self._given if key_id == GIVEN else self._keys.get(key_id)
        if key is None or not hmac.compare_digest(self.digest(key_id), digest):
            raise Unauthorized("the key of this session is not there any more: sign in with another")
        return self._used_now(key)

    def is_good(self, key_id: str, digest: bytes) -> bool:
        """As `held`, and nobody uses it."""
        key = self._given if key_id == GIVEN else self._keys.get(key_id)
        return key is not None and self.digest(key_id) == digest and self._works(key)

    def _used_now(self, key: Key) -> Key:
        now = self._clock.now()
        if key.revoked_at is not None:
            raise Unauthorized(f"the key {key.prefix}… was revoked: ask for a new one")
        if key.expires_at is not None and key.expires_at <= now:
            raise Unauthorized(f"the key {key.prefix}… expired at {key.expires_at.isoformat()}: ask for a new one")
        self._used[key.id] = now
        self._unkept.add(key.id)
        if now - self._flushed_at >= _LAST_USED_EVERY:
            self._flush()
        return key

    def create(
        self,
        actor: Actor,
        tenant: str,
        scopes: Iterable[Scope],
        *,
        name: str = "",
        expires_at: datetime | None = None,
    ) -> MadeKey:
        """A new key of 256 random bits, known from now on. Raises Exists where the tenant has as many as it may."""
        gone = self._make_room(tenant)
        chosen = tuple(scope for scope in Scope if scope in set(scopes))
        key_id = secrets.token_hex(4)
        while key_id in self._keys:
            key_id = secrets.token_hex(4)
        secret = f"ps_{key_id}_{secrets.token_urlsafe(_SECRET_BYTES)}"
        row = (
            key_id,
            _digest(secret),
            tenant,
            name,
            " ".join(chosen),
            self._clock.now().isoformat(),
            None if expires_at is None else expires_at.isoformat(),
        )
        with self._database.transaction() as connection:
            connection.executemany("DELETE FROM keys WHERE id = ?", [(key_id,) for key_id in gone])
            connection.execute(
                "INSERT INTO keys (id, sha256, tenant, name, scopes, created_at, expires_at)"
                " VALUES (?, ?, ?, ?, ?, ?, ?)",
                row,
            )
            self._audit.add(connection, actor, "create key", key_id, tenant=tenant, detail=" ".join(chosen))
        for dead in gone:
            self._drop(dead)
        self._hashes[key_id] = row[1]
        key = self._keys[key_id] = _key((*row, None, None))
        return MadeKey(key, secret)

    def of_tenant(self, tenant: str) -> list[Key]:
        """The tenant's keys, revoked and expired ones too, oldest first."""
        found = [key for key in self._keys.copy().values() if key.tenant == tenant]
        return [
            replace(key, last_used_at=self._used.get(key.id, key.last_used_at))
            for key in sorted(found, key=lambda key: key.created_at)
        ]

    def revoke(self, actor: Actor, key_id: str, *, tenant: str | None) -> Key:
        """Good for nothing from now on. `tenant`: whose keys the actor may touch, None for all.

        Raises NotFound; Forbidden for the last key that manages the server.
        """
        key = self._keys.get(key_id)
        if key is None or tenant not in (None, key.tenant):
            raise NotFound(f"there is no key with the id {key_id!r}: `pulsestream key list` shows them")
        if key.revoked_at is not None:
            return key
        if self._given is None and key.is_operator and self._operators() == [key]:
            raise Forbidden("this is the last key that manages the server: create another admin key first")
        now = self._clock.now()
        with self._database.transaction() as connection:
            connection.execute("UPDATE keys SET revoked_at = ? WHERE id = ?", (now.isoformat(), key_id))
            self._audit.add(connection, actor, "revoke key", key_id, tenant=key.tenant)
        self._keys[key_id] = replace(key, revoked_at=now)
        return self._keys[key_id]

    def forget(self, tenant: str) -> None:
        """A tenant is going: its keys open nothing from now on."""
        for key in self.of_tenant(tenant):
            self._drop(key.id)

    def ensure_operator(self) -> MadeKey | None:
        """A key for the operator, where there is none that works: at the very first start, or after all ran out."""
        if self._given is not None or self._operators():
            return None
        return self.create(Actor("server", FIRST_TENANT), FIRST_TENANT, Scope, name="first key")

    def _operators(self) -> list[Key]:
        return [key for key in self._keys.copy().values() if key.is_operator and self._works(key)]

    def _works(self, key: Key) -> bool:
        return key.revoked_at is None and (key.expires_at is None or key.expires_at > self._clock.now())

    def _make_room(self, tenant: str) -> list[str]:
        """The keys that must go for one more: the oldest of those that open nothing any more. Raises Exists."""
        keys = self.of_tenant(tenant)
        dead = [key.id for key in keys if not self._works(key)]
        surplus = len(keys) + 1 - KEYS_MAX
        if surplus > len(dead):
            raise Exists(f"a tenant may have {KEYS_MAX} keys that work: revoke one first")
        return dead[: max(0, surplus)]

    def _drop(self, key_id: str) -> None:
        # First out of the way of `authenticate`, which looks for the key and then for its hash.
        del self._keys[key_id]
        del self._hashes[key_id]
        self._used.pop(key_id, None)

    def _flush(self) -> None:
        """Keep when each key was last used."""
        self._flushed_at = self._clock.now()
        # A key may be dropped meanwhile, on another thread.
        used = [(at.isoformat(), key_id) for key_id in self._unkept if (at := self._used.get(key_id)) is not None]
        try:
            with self._database.transaction() as connection:
                connection.executemany("UPDATE keys SET last_used_at = ? WHERE id = ?", used)
        except StoreError as error:
            log.warning("when keys were last used is not kept just now: %s", error)
        else:
            self._unkept.clear()


def allow(key: Key, scope: Scope) -> None:
    """Raises Forbidden, which names the scope that the key lacks."""
    if scope not in key.scopes:
        raise Forbidden(
            f"this needs a key with the scope {scope.value!r}, and yours has {', '.join(key.scopes)}: "
            f"who has an admin key makes one with `pulsestream key create --scope {scope.value}`"
        )


def _key(row: Sequence[Any]) -> Key:
    key_id, _sha256, tenant, name, scopes, created_at, expires_at, last_used_at, revoked_at = row
    return Key(
        id=key_id,
        prefix=f"ps_{key_id}",
        tenant=tenant,
        name=name,
        scopes=tuple(map(Scope, scopes.split())),
        created_at=datetime.fromisoformat(created_at),
        expires_at=_moment(expires_at),
        last_used_at=_moment(last_used_at),
        revoked_at=_moment(revoked_at),
    )


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def _digest(key: str) -> bytes:
    return hashlib.sha256(key.encode()).digest()
