"""Where a tenant stands with its rate."""

from __future__ import annotations

from datetime import datetime, timedelta

from litestar import get
from msgspec import Struct

from pulsestream.api.auth import caller_of
from pulsestream.api.parameters import AnyRequest, only, server_of
from pulsestream.control.keys import Scope


class RateLimit(Struct, frozen=True):
    """In events. `limit`: the burst, which is also the most that one request may hold; `remaining` of it now.

    `reset_time`: when all of the burst is free again. `window_size_seconds`: the time in which the rate fills it.
    All null where the tenant has no limit.
    """

    limit: int | None
    remaining: int | None
    reset_time: datetime | None
    window_size_seconds: float | None
    exceeded: bool


@get("/ingestion/rate-limit")
async def rate_limit(request: AnyRequest) -> RateLimit:
    """A key of any scope may ask."""
    only(request, ())
    caller, server = caller_of(request.scope), server_of(request)
    key = caller.key or caller.may(Scope.INGEST)
    quota = server.limiter.quota(key.tenant)
    if quota is None:
        return RateLimit(None, None, None, None, exceeded=False)
    return RateLimit(
        limit=quota.limit,
        remaining=quota.remaining,
        reset_time=server.clock.now() + timedelta(seconds=quota.reset_s),
        window_size_seconds=round(quota.window_s, 3),
        exceeded=quota.remaining < 1,
    )
