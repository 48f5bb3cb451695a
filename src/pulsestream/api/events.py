"""Find events again: search, one by id, delete, what has just arrived."""

from __future__ import annotations

import asyncio
import secrets
from pathlib import Path
from typing import Annotated

from litestar import delete, get
from litestar.di import Provide
from litestar.params import Parameter
from msgspec import Raw, Struct
from msgspec.structs import replace

from pulsestream.api.operation import ASKING, terms
from pulsestream.api.parameters import (
    FILTERS,
    OFFSET_MAX,
    AnyRequest,
    Fresh,
    Limit,
    as_sent,
    caller,
    filters,
    only,
    server_of,
    tenant,
)
from pulsestream.control.keys import Scope
from pulsestream.errors import BadParameters, NotFound, Overloaded, StoreError
from pulsestream.event import EVENT_TYPES, SEVERITIES, StoredEvent
from pulsestream.query.model import Query
from pulsestream.query.search import Sort
from pulsestream.query.search import search as paged

_BY_ID = "/ingestion/events/"


class SearchAnswer(Struct, frozen=True):
    """`total_count`: the tenant's events; `filtered_count`: those that match, on all pages together."""

    events: list[Raw]
    total_count: int
    filtered_count: int
    has_more: bool
    next_cursor: str | None
    search_id: str
    execution_time_ms: float
    fresh: bool


class TailAnswer(Struct, frozen=True):
    """`events` in order of arrival; `next` goes into the next request's `after`."""

    events: list[Raw]
    next: str
    has_more: bool


class DeleteAnswer(Struct, frozen=True):
    success: bool
    event_id: str
    message: str


@get(
    "/ingestion/events/search",
    opt=terms(Scope.READ, raises=ASKING),
    dependencies={"question": Provide(filters, sync_to_thread=False)},
)
async def search(
    request: AnyRequest,
    question: Query,
    limit: Limit = 100,
    offset: Annotated[int, Parameter(ge=0, le=OFFSET_MAX)] = 0,
    cursor: str | None = None,
    fresh: Fresh = True,
) -> SearchAnswer:
    """Events that match, newest first.

    `cursor` goes on where the page before ended, whatever has arrived since.
    """
    only(request, (*FILTERS, "limit", "offset", "cursor", "fresh"))
    if cursor and offset:
        raise BadParameters([("offset", "cannot be combined with cursor: send one of them")])
    server = server_of(request)
    after = server.tokens.cursor(question.tenant, cursor) if cursor else None
    began = server.clock.monotonic()
    is_fresh = not fresh or await server.fresh(question.tenant)
    total, page = await asyncio.gather(
        server.questions.count(Query(tenant=question.tenant, limit=1)),
        paged(
            server.questions,
            replace(question, limit=limit),
            sort=Sort(),
            after=after,
            fed=server.watermark.fed,
            offset=offset,
        ),
    )
    return SearchAnswer(
        events=page.events,
        total_count=total,
        filtered_count=page.matched,
        has_more=page.following is not None,
        next_cursor=server.tokens.of_cursor(question.tenant, page.following) if page.following else None,
        search_id="search_" + secrets.token_hex(8),
        execution_time_ms=round((server.clock.monotonic() - began) * 1000, 3),
        fresh=fresh and is_fresh,
    )


@get(
    "/ingestion/events/tail",
    opt=terms(Scope.READ, raises=ASKING),
    dependencies={"question": Provide(filters, sync_to_thread=False)},
)
async def tail(request: AnyRequest, question: Query, limit: Limit = 10, after: str | None = None) -> TailAnswer:
    """Events in order of arrival.

    What has arrived since `after`; without it the newest events.
    """
    only(request, (*FILTERS, "limit", "after"))
    server = server_of(request)
    since = server.tokens.position(question.tenant, after) if after else None
    found = await server.questions.arrivals(replace(question, limit=limit), after=since, fed=server.watermark.fed)
    return TailAnswer(found.events, server.tokens.of_position(question.tenant, found.position), found.has_more)


@get("/ingestion/events/types", opt=terms(Scope.READ))
async def types(request: AnyRequest) -> list[str]:
    """The kinds of event there are."""
    only(request, ())
    return list(EVENT_TYPES)


@get("/ingestion/events/severities", opt=terms(Scope.READ))
async def severities(request: AnyRequest) -> list[str]:
    """The severities there are, mildest first."""
    only(request, ())
    return list(SEVERITIES)


@get("/ingestion/events/{event_id:path}", opt=terms(Scope.READ, raises=(NotFound, *ASKING), answer=StoredEvent))
async def event(
    request: AnyRequest,
    event_id: Path,  # noqa: ARG001 - see `as_sent`
    fresh: Fresh = True,
) -> Raw:
    """One event by its id, with all that was sent."""
    only(request, ("fresh",))
    server, owner, wanted = server_of(request), tenant(request), as_sent(request, _BY_ID)
    if fresh:
        await server.fresh(owner)
    found = await server.questions.event(owner, wanted)
    if found is None:
        raise NotFound(f"there is no event with the id {wanted!r}")
    return found


@delete(
    "/ingestion/events/{event_id:path}",
    status_code=200,
    opt=terms(Scope.ADMIN, raises=(NotFound, StoreError)),
)
async def delete_event(request: AnyRequest, event_id: Path) -> DeleteAnswer:  # noqa: ARG001 - see `as_sent`
    """Delete one event.

    Gone from every answer when this returns, and for good: its id is not stored again.
    """
    only(request, ())
    server, key = server_of(request), caller(request)
    owner, doomed = key.tenant, as_sent(request, _BY_ID)
    if server.eraser.is_full(owner):
        raise Overloaded("many deleted events still wait to be removed: send this again in a moment", 2)
    await server.pipeline.delete(owner, doomed, server.eraser.hide)
    await asyncio.to_thread(server.audit.note, key.actor, "delete event", doomed, tenant=owner)
    return DeleteAnswer(success=True, event_id=doomed, message="deleted")
