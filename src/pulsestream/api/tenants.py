"""Tenants, for the operator: made, listed, limited, removed. And the lines of what administrators did."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from litestar import delete, get, patch, post
from litestar.params import Body
from msgspec import Meta, Struct, ValidationError, convert, structs, to_builtins

from pulsestream.api.operation import terms
from pulsestream.api.parameters import AnyRequest, Limit, caller, only, server_of
from pulsestream.control.audit import Line
from pulsestream.control.keys import Key, Scope
from pulsestream.control.tenants import NAME_PATTERN, Limits, OwnLimits, Tenant
from pulsestream.errors import BadParameters, Exists, Forbidden, NotFound, StoreError
from pulsestream.ingest.scrub import parse_rules
from pulsestream.query.apdex import parse_thresholds

RATE_MIN = 0.001  # events a second: with less, the time of one event is no number that clocks and headers hold


class NewTenant(Struct, frozen=True, forbid_unknown_fields=True):
    """A tenant's name is for ever; its limits can change."""

    name: Annotated[str, Meta(pattern=NAME_PATTERN)]
    limits: OwnLimits = OwnLimits()


class LimitsInForce(Struct, frozen=True):
    """What holds: the tenant's own limits, else the server's. `rate_events_per_s` null: no limit of the rate."""

    rate_events_per_s: float | None
    burst_events: int | None
    retention_days: int | None
    body_bytes_max: int
    batch_events_max: int
    requests_max: int
    connections_max: int
    scrub: str
    apdex: str


class TenantAnswer(Struct, frozen=True):
    """`own`: what the tenant sets for itself. `deleting`: its keys are gone, its events are being removed."""

    name: str
    created_at: datetime
    own: OwnLimits
    limits: LimitsInForce
    deleting: bool


class TenantList(Struct, frozen=True):
    tenants: list[TenantAnswer]


class AuditLines(Struct, frozen=True):
    lines: list[Line]


@get("/tenants", opt=terms(Scope.ADMIN))
async def list_tenants(request: AnyRequest) -> TenantList:
    """Tenants with their limits.

    Every tenant, for the operator; otherwise your own.
    """
    only(request, ())
    actor, server = caller(request), server_of(request)
    seen = server.tenants.all() if actor.is_operator else [server.tenants.get(actor.tenant)]
    return TenantList([_shown(tenant, server.tenants.limits(tenant.name)) for tenant in seen])


@post("/tenants", opt=terms(Scope.ADMIN, raises=(Exists, StoreError)))
async def create_tenant(
    request: AnyRequest, data: Annotated[NewTenant, Body(title="Its name and limits")]
) -> TenantAnswer:
    """Make a tenant.

    It has no keys yet: make it one with `tenant` in `POST /keys`. For the operator.
    """
    only(request, ())
    actor, server = _operator(request), server_of(request)
    _check(data.limits)

    def made() -> TenantAnswer:
        return _shown(server.tenants.create(actor.actor, data.name, data.limits), server.tenants.limits(data.name))

    return await server.administration.run(actor.tenant, made)


@patch("/tenants/{name:str}", opt=terms(Scope.ADMIN, raises=(NotFound, StoreError), body=OwnLimits))
async def update_tenant(
    request: AnyRequest,
    name: str,
    data: Annotated[dict[str, object], Body(title="The limits that change; null is the server's again")],
) -> TenantAnswer:
    """Change a tenant's limits.

    In force with the next request. What is not named stays; null is the server's setting again. For the operator.
    """
    only(request, ())
    actor, server = _operator(request), server_of(request)

    def updated() -> TenantAnswer:
        tenant = server.tenants.get(name)
        if tenant.deleting:
            raise NotFound(f"the tenant {name!r} is being removed: wait until it is gone, then make it anew")
        own = _changed(tenant.own, data)
        _check(own)
        return _shown(server.tenants.update(actor.actor, name, own), server.tenants.limits(name))

    return await server.administration.run(actor.tenant, updated)


@delete("/tenants/{name:str}", status_code=202, opt=terms(Scope.ADMIN, raises=(NotFound, StoreError)))
async def delete_tenant(request: AnyRequest, name: str) -> TenantAnswer:
    """Remove a tenant.

    Its keys open nothing from now on; its events are removed behind that. For the operator.
    """
    only(request, ())
    actor, server = _operator(request), server_of(request)

    def deleted() -> TenantAnswer:
        server.delete_tenant(actor.actor, name)
        return _shown(server.tenants.get(name), server.tenants.limits(name))

    return await server.administration.run(actor.tenant, deleted)


@get("/audit", opt=terms(Scope.ADMIN, raises=(StoreError,)))
async def audit(request: AnyRequest, limit: Limit = 100) -> AuditLines:
    """What administrators did, newest first.

    About every tenant for the operator, otherwise about your own.
    """
    only(request, ("limit",))
    actor, server = caller(request), server_of(request)

    def told() -> AuditLines:
        if actor.is_operator:
            return AuditLines(server.audit.lines(tenant=None, limit=limit))
        since = server.tenants.get(actor.tenant).created_at
        return AuditLines(server.audit.lines(tenant=actor.tenant, limit=limit, since=since))

    return await server.administration.run(actor.tenant, told)


def _changed(own: OwnLimits, changes: dict[str, object]) -> OwnLimits:
    """Raises BadParameters."""
    try:
        return convert(to_builtins(own) | changes, OwnLimits)
    except ValidationError as error:
        what, _, place = str(error).partition(" - at `$.")
        raise BadParameters([(place.rstrip("`") or "limits", what)]) from error


def _operator(request: AnyRequest) -> Key:
    actor = caller(request)
    if not actor.is_operator:
        raise Forbidden("only an admin key of the operator's tenant manages tenants; yours manages its own keys")
    return actor


def _check(own: OwnLimits) -> None:
    """What types cannot say. Raises BadParameters."""
    if own.rate_events_per_s and own.rate_events_per_s < RATE_MIN:
        raise BadParameters([("rate_events_per_s", f"must be 0, which is no limit, or at least {RATE_MIN}")])
    parse_rules(own.scrub or "")
    parse_thresholds(own.apdex or "")


def _shown(tenant: Tenant, limits: Limits) -> TenantAnswer:
    return TenantAnswer(tenant.name, tenant.created_at, tenant.own, _in_force(limits), tenant.deleting)


def _in_force(limits: Limits) -> LimitsInForce:
    values = structs.asdict(limits)
    retention = values.pop("retention")
    if limits.rate_events_per_s is None:
        values["burst_events"] = None
    return LimitsInForce(**values, retention_days=None if retention is None else retention.days)
