"""Where a tenant stands with its rate."""

from __future__ import annotations

from datetime import datetime, timedelta

from litestar import get
from msgspec import Struct

from pulsestream.api.operation import terms
from pulsestream.api.parameters import AnyRequest, only, server_of, tenant

# A burst of years ends at no date that a calendar has.
_RESET_MAX_S = 3e9


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


@get("/ingestion/rate-limit", opt=terms())
async def rate_limit(request: AnyRequest) -> RateLimit:
    """Where your tenant stands with its rate.

    A key of any scope may ask.
    """
    only(request, ())
    server = server_of(request)
    quota = server.limiter.quota(tenant(request))
    if quota is None:
        return RateLimit(None, None, None, None, exceeded=False)
    return RateLimit(
        limit=quota.limit,
        remaining=quota.remaining,
        reset_time=server.clock.now() + timedelta(seconds=min(quota.reset_s, _RESET_MAX_S)),
        window_size_seconds=round(quota.window_s, 3),
        exceeded=quota.remaining < 1,
    )
