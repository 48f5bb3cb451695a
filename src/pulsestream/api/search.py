"""Find events again: by the query language in any order, by id, by trace, by session."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from hashlib import blake2b
from pathlib import Path
from typing import Annotated

from litestar import get
from litestar.params import Parameter
from msgspec import Raw, Struct
from msgspec.structs import replace

from pulsestream.api.asked import AnswerBasis, Asked, answer_basis, asking
from pulsestream.api.operation import ASKING, terms
from pulsestream.api.parameters import LIMIT_MAX, AnyRequest, Fresh, Limit, as_sent, only, server_of, tenant
from pulsestream.clock import from_micros, to_micros
from pulsestream.control.keys import Scope
from pulsestream.errors import NotFound
from pulsestream.event import StoredEvent
from pulsestream.query.expression import Field, all_of, one_of
from pulsestream.query.model import Cursor
from pulsestream.query.search import Sort, outline, read_sort, search

# What may be another on a page that follows.
_OF_THE_PAGE = ("cursor", "limit", "fresh")
_OLDEST_FIRST = Sort(descending=False)


class Found(Struct, frozen=True):
    """`matched`: the events that match, on all pages together, counted when the first page was read.

    `next_cursor` goes into the next request's `cursor`, with all else the same; null on the last page.
    """

    events: list[Raw]
    matched: int
    has_more: bool
    next_cursor: str | None
    basis: AnswerBasis


class Story(Struct, frozen=True):
    """Events that belong together, the oldest first; all but `events` is of all pages together.

    `end_time`: when the last of the calls had ended. `services` in the order in which they appear. `errors`: those with
    a status of 400 or more.
    """

    events: list[Raw]
    matched: int
    has_more: bool
    next_cursor: str | None
    start_time: datetime
    end_time: datetime
    duration_ms: float
    services: list[str]
    errors: int
    basis: AnswerBasis


@get("/query/events", opt=terms(Scope.READ, raises=ASKING), dependencies=asking(None))
async def query_events(
    request: AnyRequest,
    asked: Asked,
    limit: Limit = 100,
    cursor: str | None = None,
    sort: Annotated[
        str, Parameter(description="a field; with a minus sign the largest first; events without it come last")
    ] = "-timestamp",
) -> Found:
    """Events that match, in any order.

    `cursor` goes on where the page before ended, whatever has arrived since.
    """
    server, order = server_of(request), read_sort(sort)
    asked, after = _going_on(request, asked, cursor)
    query = replace(asked.query, limit=limit)
    page, basis = await asyncio.gather(
        search(server.questions, query, sort=order, after=after, fed=server.watermark.fed),
        server.questions.basis(query),
    )
    following = _token(request, asked, page.following)
    return Found(page.events, page.matched, following is not None, following, answer_basis(request, asked, basis))


@get("/query/event/{event_id:path}", opt=terms(Scope.READ, raises=(NotFound, *ASKING), answer=StoredEvent))
async def query_event(request: AnyRequest, event_id: Path, fresh: Fresh = True) -> Raw:  # noqa: ARG001 - see `as_sent`
    """One event by its id, with all that was sent."""
    only(request, ("fresh",))
    server, owner, wanted = server_of(request), tenant(request), as_sent(request, "/query/event/")
    if fresh:
        await server.fresh(owner)
    found = await server.questions.event(owner, wanted)
    if found is None:
        raise NotFound(f"there is no event with the id {wanted!r}")
    return found


@get("/query/traces/{trace:path}", opt=terms(Scope.READ, raises=(NotFound, *ASKING)), dependencies=asking(None))
async def query_trace(
    request: AnyRequest,
    trace: Path,  # noqa: ARG001 - see `as_sent`
    asked: Asked,
    limit: Limit = LIMIT_MAX,
    cursor: str | None = None,
) -> Story:
    """The events of one trace, and what they come to."""
    return await _story(request, asked, "trace_id", as_sent(request, "/query/traces/"), limit, cursor)


@get("/query/sessions/{session:path}", opt=terms(Scope.READ, raises=(NotFound, *ASKING)), dependencies=asking(None))
async def query_session(
    request: AnyRequest,
    session: Path,  # noqa: ARG001 - see `as_sent`
    asked: Asked,
    limit: Limit = LIMIT_MAX,
    cursor: str | None = None,
) -> Story:
    """The events of one session of a consumer, and what they come to."""
    return await _story(request, asked, "session_id", as_sent(request, "/query/sessions/"), limit, cursor)


async def _story(request: AnyRequest, asked: Asked, name: str, wanted: str, limit: int, cursor: str | None) -> Story:
    server = server_of(request)
    asked, after = _going_on(request, asked, cursor)
    where = all_of((one_of(Field(name), (wanted,)), asked.query.where))
    query = replace(asked.query, where=where, limit=limit)
    whole, basis = await asyncio.gather(outline(server.questions, query), server.questions.basis(query))
    if whole is None:
        raise NotFound(f"there is no event with the {name} {wanted!r} that matches")
    # The index knows times, and has to be asked about each place for an id.
    within = replace(query, start=whole.first, end=whole.past)
    page = await search(server.questions, within, sort=_OLDEST_FIRST, after=after, fed=server.watermark.fed)
    following = _token(request, asked, page.following)
    return Story(
        events=page.events,
        matched=page.matched,
        has_more=following is not None,
        next_cursor=following,
        start_time=whole.first,
        end_time=whole.end,
        duration_ms=(whole.end - whole.first) / timedelta(milliseconds=1),
        services=whole.services,
        errors=whole.errors,
        basis=answer_basis(request, asked, basis),
    )


def _going_on(request: AnyRequest, asked: Asked, cursor: str | None) -> tuple[Asked, Cursor | None]:
    """The question of the first page: a time range that counts from now would be another one by now."""
    if cursor is None:
        return asked, None
    after = server_of(request).tokens.cursor(asked.query.tenant, cursor, _question(request))
    start, end = (None if time_us is None else from_micros(time_us) for time_us in (after.start_us, after.end_us))
    return replace(asked, query=replace(asked.query, start=start, end=end)), after


def _token(request: AnyRequest, asked: Asked, following: Cursor | None) -> str | None:
    if following is None:
        return None
    query = asked.query
    start_us, end_us = (None if time is None else to_micros(time) for time in (query.start, query.end))
    whole = replace(following, question=_question(request), start_us=start_us, end_us=end_us)
    return server_of(request).tokens.of_cursor(query.tenant, whole)


def _question(request: AnyRequest) -> int:
    """What is asked, as a number: the path and the parameters that have to stay the same."""
    given = sorted((name, value) for name, value in request.query_params.multi_items() if name not in _OF_THE_PAGE)
    digest = blake2b(repr((request.scope["path"], given)).encode(), digest_size=8).digest()
    return int.from_bytes(digest, signed=True) | 1  # 0 is a question without a name
