"""Keys of a tenant: made, listed, revoked."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from litestar import delete, get, post
from litestar.params import Body, Parameter
from msgspec import UNSET, Meta, Struct, UnsetType

from pulsestream.api.operation import terms
from pulsestream.api.parameters import AnyRequest, caller, only, server_of
from pulsestream.control.keys import Key, Scope
from pulsestream.errors import BadParameters, Exists, Forbidden, NotFound, StoreError

OfTenant = Annotated[
    str | None, Parameter(description="whose keys; another tenant's only with an admin key of the operator")
]


class NewKey(Struct, frozen=True, forbid_unknown_fields=True):
    """What a key is to be. Without `expires_at` it is good until it is revoked."""

    scopes: Annotated[list[Scope], Meta(min_length=1, max_length=3)]
    name: Annotated[str, Meta(max_length=100)] = ""
    expires_at: datetime | None = None
    tenant: str | None = None


class KeyAnswer(Struct, frozen=True):
    """A key as it can be shown. `key` is the key itself: only where it was just made, and never again."""

    id: str
    prefix: str
    tenant: str
    name: str
    scopes: list[Scope]
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None
    revoked_at: datetime | None
    key: str | UnsetType = UNSET


class KeyList(Struct, frozen=True):
    keys: list[KeyAnswer]


@get("/keys", opt=terms(Scope.ADMIN, raises=(NotFound, StoreError)))
async def list_keys(request: AnyRequest, tenant: OfTenant = None) -> KeyList:
    """The tenant's keys, oldest first.

    Revoked and expired ones too.
    """
    only(request, ("tenant",))
    actor = caller(request)
    server = server_of(request)
    owner = _owner(actor, tenant)

    def listed() -> KeyList:
        server.tenants.get(owner)
        return KeyList([_shown(key) for key in server.keys.of_tenant(owner)])

    return await server.administration.run(actor.tenant, listed)


@post("/keys", opt=terms(Scope.ADMIN, raises=(NotFound, Exists, StoreError)))
async def create_key(request: AnyRequest, data: Annotated[NewKey, Body(title="What the key is to be")]) -> KeyAnswer:
    """Make a key.

    The answer's `key` is the key itself, shown this once.
    """
    only(request, ())
    actor = caller(request)
    server = server_of(request)
    if data.expires_at is not None and (data.expires_at.tzinfo is None or data.expires_at <= server.clock.now()):
        raise BadParameters([("expires_at", "must be a time to come, with a zone, such as 2027-01-31T00:00:00Z")])
    owner = _owner(actor, data.tenant)

    def made() -> KeyAnswer:
        if server.tenants.get(owner).deleting:
            raise BadParameters([("tenant", "is being removed")])
        new = server.keys.create(actor.actor, owner, data.scopes, name=data.name, expires_at=data.expires_at)
        return _shown(new.key, new.secret)

    return await server.administration.run(actor.tenant, made)


@delete("/keys/{key_id:str}", status_code=200, opt=terms(Scope.ADMIN, raises=(NotFound, StoreError)))
async def revoke_key(request: AnyRequest, key_id: str) -> KeyAnswer:
    """Revoke a key.

    It opens nothing from now on. It stays in the list, as revoked.
    """
    only(request, ())
    actor, server = caller(request), server_of(request)
    whose = None if actor.is_operator else actor.tenant
    revoked = await server.administration.run(
        actor.tenant, lambda: server.keys.revoke(actor.actor, key_id, tenant=whose)
    )
    return _shown(revoked)


def _owner(actor: Key, tenant: str | None) -> str:
    if tenant not in (None, actor.tenant) and not actor.is_operator:
        raise Forbidden("your key manages the keys of its own tenant only: leave out `tenant`")
    return tenant or actor.tenant


def _shown(key: Key, secret: str | UnsetType = UNSET) -> KeyAnswer:
    return KeyAnswer(
        id=key.id,
        prefix=key.prefix,
        tenant=key.tenant,
        name=key.name,
        scopes=list(key.scopes),
        created_at=key.created_at,
        expires_at=key.expires_at,
        last_used_at=key.last_used_at,
        revoked_at=key.revoked_at,
        key=secret,
    )
