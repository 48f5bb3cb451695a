"""How many events of each tenant are past its retention and removed, exactly, also when a removal is cut short."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from pulsestream.control.database import Database


class Expiration(Struct, frozen=True):
    """One removal, written down before it begins: it can be carried out again, and is counted once.

    It takes the tenant's events older than `before_us` (microseconds since 1970) up to `position`; `events` of them
    count, the others were deleted by somebody before.
    """

    tenant: str
    before_us: int
    position: int
    events: int


class Expired(Struct, frozen=True):
    """`removed`: by removals that are complete. `pending`: the one that has begun."""

    removed: int = 0
    pending: Expiration | None = None

    @property
    def events(self) -> int:
        return self.removed + (self.pending.events if self.pending else 0)


class Expirations:
    """`of` and `pending` may be called from any thread; what is on disk is in memory as well."""

    def __init__(self, database: Database) -> None:
        self._database = database
        with database.transaction() as connection:
            rows = connection.execute(
                "SELECT tenant, events, pending_before, pending_position, pending_events FROM expirations"
            ).fetchall()
        self._expired = {
            tenant: Expired(removed, None if before is None else Expiration(tenant, before, position, events))
            for tenant, removed, before, position, events in rows
        }

    def of(self, tenant: str) -> Expired:
        return self._expired.get(tenant, Expired())

    def pending(self) -> Sequence[Expiration]:
        return [expired.pending for expired in list(self._expired.values()) if expired.pending]

    def begin(self, expirations: Sequence[Expiration]) -> None:
        """From now on these events are gone, whatever happens. None may be pending. All on disk, or none.

        Raises StoreError.
        """
        with self._database.transaction() as connection:
            connection.executemany(
                "INSERT INTO expirations (tenant, pending_before, pending_position, pending_events)"
                " VALUES (?, ?, ?, ?) ON CONFLICT (tenant) DO UPDATE SET pending_before = excluded.pending_before,"
                " pending_position = excluded.pending_position, pending_events = excluded.pending_events",
                [(one.tenant, one.before_us, one.position, one.events) for one in expirations],
            )
        for one in expirations:
            self._expired[one.tenant] = Expired(self.of(one.tenant).removed, one)

    def end(self) -> None:
        """What is pending is removed, and is counted now. Raises StoreError."""
        with self._database.transaction() as connection:
            connection.execute(
                "UPDATE expirations SET events = events + pending_events, pending_before = NULL,"
                " pending_position = NULL, pending_events = NULL WHERE pending_events IS NOT NULL"
            )
        for one in self.pending():
            self._expired[one.tenant] = Expired(self.of(one.tenant).events)

    def forget(self, tenant: str) -> None:
        """The tenant is removed, and its row here with it."""
        self._expired.pop(tenant, None)

    def start_over(self) -> None:
        """The store is empty again: it keeps nothing past the process. Raises StoreError."""
        with self._database.transaction() as connection:
            connection.execute("DELETE FROM expirations")
        self._expired.clear()
