"""Tenants and what each may do. A limit that a tenant does not set is the server's."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Annotated

import msgspec
from msgspec import Meta, Struct
from msgspec.structs import replace

from pulsestream.clock import Clock
from pulsestream.config import Settings
from pulsestream.control.audit import Actor, Audit
from pulsestream.control.database import Database
from pulsestream.control.keys import FIRST_TENANT
from pulsestream.errors import Exists, Forbidden, NotFound

NAME_PATTERN = "^[a-z0-9][a-z0-9_-]{0,62}$"

_Count = Annotated[int, Meta(ge=1, le=1_000_000_000)]


class OwnLimits(Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """What a tenant sets for itself; null is whatever the server's settings say."""

    rate_events_per_s: Annotated[float, Meta(ge=0, le=1e9, description="events a second on average; 0 is no limit")] | (
        None
    ) = None
    burst_events: (
        Annotated[_Count, Meta(description="most events at once, and in one request; by default one second's")] | None
    ) = None
    retention_days: Annotated[int, Meta(ge=0, le=36_500, description="older events are gone; 0 keeps all")] | None = (
        None
    )
    body_bytes_max: (
        Annotated[
            int, Meta(ge=1024, le=1 << 30, description="largest body, as sent and inflated; at most the server's")
        ]
        | None
    ) = None
    batch_events_max: Annotated[_Count, Meta(description="most events in a request; at most the server's")] | None = (
        None
    )
    requests_max: Annotated[_Count, Meta(description="most requests under way at one time")] | None = None
    connections_max: Annotated[_Count, Meta(description="most open connections")] | None = None
    scrub: (
        Annotated[str, Meta(max_length=4000, description="rules for personal data, such as `card:mask email:hash`")]
        | None
    ) = None
    apdex: (
        Annotated[
            str, Meta(max_length=4000, description="response times that satisfy, such as `300ms /api/v1/search*=100ms`")
        ]
        | None
    ) = None


class Limits(Struct, frozen=True, kw_only=True):
    """What holds for one tenant. `rate_events_per_s` None: no limit. `retention` None: for ever."""

    rate_events_per_s: float | None
    burst_events: int
    retention: timedelta | None
    body_bytes_max: int
    batch_events_max: int
    requests_max: int
    connections_max: int
    scrub: str
    apdex: str


class Tenant(Struct, frozen=True):
    name: str
    created_at: datetime
    own: OwnLimits
    deleting: bool = False


class Tenants:
    """All of them are in memory. Any thread may ask; one thread at a time may change."""

    def __init__(
        self, database: Database, audit: Audit, clock: Clock, *, defaults: Limits, changed: Callable[[str], None]
    ) -> None:
        """`changed` is told the name of each tenant whose limits are new."""
        self._database = database
        self._audit = audit
        self._clock = clock
        self._defaults = defaults
        self._changed = changed
        self._tenants: dict[str, Tenant] = {}
        self._limits: dict[str, Limits] = {}
        with database.transaction() as connection:
            connection.execute(
                "INSERT OR IGNORE INTO tenants (name, created_at) VALUES (?, ?)",
                (FIRST_TENANT, clock.now().isoformat()),
            )
            rows = connection.execute("SELECT name, created_at, limits, deleting FROM tenants ORDER BY name").fetchall()
        for name, created_at, limits, deleting in rows:
            own = msgspec.json.decode(limits, type=OwnLimits)
            self._keep(Tenant(name, datetime.fromisoformat(created_at), own, bool(deleting)))

    def limits(self, name: str) -> Limits:
        """What holds for this tenant. One that is gone has the server's limits."""
        return self._limits.get(name, self._defaults)

    def get(self, name: str) -> Tenant:
        """Raises NotFound."""
        tenant = self._tenants.get(name)
        if tenant is None:
            raise NotFound(f"there is no tenant {name!r}: `pulsestream tenant list` shows them")
        return tenant

    def all(self) -> Sequence[Tenant]:
        return sorted(self._tenants.copy().values(), key=lambda tenant: tenant.name)

    def create(self, actor: Actor, name: str, own: OwnLimits) -> Tenant:
        """Raises Exists."""
        if name in self._tenants:
            going = " and is still being removed: wait until it is gone" if self._tenants[name].deleting else ""
            raise Exists(f"there is a tenant {name!r} already{going}")
        tenant = Tenant(name, self._clock.now(), own)
        limits = msgspec.json.encode(own).decode()
        with self._database.transaction() as connection:
            connection.execute(
                "INSERT INTO tenants (name, created_at, limits) VALUES (?, ?, ?)",
                (name, tenant.created_at.isoformat(), limits),
            )
            self._audit.add(connection, actor, "create tenant", name, tenant=name, detail=limits)
        self._keep(tenant)
        return tenant

    def update(self, actor: Actor, name: str, own: OwnLimits) -> Tenant:
        """Replace its limits. Raises NotFound."""
        tenant = replace(self.get(name), own=own)
        limits = msgspec.json.encode(own).decode()
        with self._database.transaction() as connection:
            connection.execute("UPDATE tenants SET limits = ? WHERE name = ?", (limits, name))
            self._audit.add(connection, actor, "update tenant", name, tenant=name, detail=limits)
        self._keep(tenant)
        return tenant

    def begin_delete(self, actor: Actor, name: str) -> None:
        """Its keys are gone at once; its events are removed behind this. Raises NotFound, Forbidden."""
        tenant = self.get(name)
        if name == FIRST_TENANT:
            raise Forbidden(f"the tenant {FIRST_TENANT!r} is the operator's and stays")
        with self._database.transaction() as connection:
            connection.execute("DELETE FROM keys WHERE tenant = ?", (name,))
            connection.execute("UPDATE tenants SET deleting = 1 WHERE name = ?", (name,))
            self._audit.add(connection, actor, "delete tenant", name, tenant=name)
        self._tenants[name] = replace(tenant, deleting=True)

    def end_delete(self, name: str) -> None:
        """Nothing of it is left; its name is free."""
        with self._database.transaction() as connection:
            connection.execute("DELETE FROM expirations WHERE tenant = ?", (name,))
            connection.execute("DELETE FROM tenants WHERE name = ?", (name,))
        self._tenants.pop(name, None)
        self._limits.pop(name, None)
        self._changed(name)

    def _keep(self, tenant: Tenant) -> None:
        self._tenants[tenant.name] = tenant
        self._limits[tenant.name] = effective(tenant.own, self._defaults)
        self._changed(tenant.name)


def effective(own: OwnLimits, defaults: Limits) -> Limits:
    """The tenant's own limits where it has them. Sizes never exceed the server's: they bound its memory."""
    rate = defaults.rate_events_per_s if own.rate_events_per_s is None else own.rate_events_per_s or None
    burst = defaults.burst_events
    if own.burst_events is not None:
        burst = own.burst_events
    elif own.rate_events_per_s:
        burst = default_burst(own.rate_events_per_s)
    retention = defaults.retention if own.retention_days is None else days(own.retention_days)
    return Limits(
        rate_events_per_s=rate,
        burst_events=burst,
        retention=retention,
        body_bytes_max=min(own.body_bytes_max or defaults.body_bytes_max, defaults.body_bytes_max),
        batch_events_max=min(own.batch_events_max or defaults.batch_events_max, defaults.batch_events_max),
        requests_max=own.requests_max or defaults.requests_max,
        connections_max=own.connections_max or defaults.connections_max,
        scrub=defaults.scrub if own.scrub is None else own.scrub,
        apdex=defaults.apdex if own.apdex is None else own.apdex,
    )


def default_burst(rate_events_per_s: float) -> int:
    """One second's events, and at least one."""
    return max(1, round(rate_events_per_s))


def days(count: int) -> timedelta | None:
    """A retention; 0 days is for ever."""
    return timedelta(days=count) if count else None


def limits_of(settings: Settings) -> Limits:
    """What holds for a tenant that sets nothing for itself."""
    rate = settings.rate_events_per_s or None
    return Limits(
        rate_events_per_s=rate,
        burst_events=settings.burst_events or default_burst(rate or 1),
        retention=days(settings.retention_days),
        body_bytes_max=settings.body_bytes_max,
        batch_events_max=settings.batch_events_max,
        requests_max=settings.tenant_requests_max,
        connections_max=settings.tenant_connections_max,
        scrub=settings.scrub,
        apdex=settings.apdex,
    )
