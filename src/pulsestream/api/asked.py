"""What every question has: which events, of what time, in whose zone; and what every answer says it rests on."""

from __future__ import annotations

import inspect
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Annotated
from zoneinfo import ZoneInfo

from litestar.di import Provide
from litestar.handlers import BaseRouteHandler
from litestar.params import Parameter
from msgspec import Struct

from pulsestream.api.parameters import AnyRequest, Fresh, moment, only, server_of, tenant
from pulsestream.clock import from_micros
from pulsestream.errors import BadParameters
from pulsestream.query import language
from pulsestream.query.expression import During, Last, Place
from pulsestream.query.model import Query
from pulsestream.query.run import Basis

ASKED = ("q", "start_time", "end_time", "tz", "fresh")
DAY = timedelta(days=1)
_FIRST = datetime.min.replace(tzinfo=UTC)  # nothing can be before it
_PLACES_MAX = 8


class Asked(Struct, frozen=True):
    """`query`: tenant, time range and filter; what else it has is the question's own.

    `fresh`: everything that was acknowledged before can be found. `lag_s`: the age of the oldest event that cannot.
    """

    query: Query
    zone: ZoneInfo
    now: datetime
    fresh: bool
    lag_s: float
    began_s: float

    @property
    def start(self) -> datetime:
        """Of a question whose time range has both ends."""
        assert self.query.start is not None  # noqa: S101 - `asking` gave it
        return self.query.start

    @property
    def end(self) -> datetime:
        assert self.query.end is not None  # noqa: S101 - as above
        return self.query.end

    @property
    def seconds(self) -> float:
        """The length of the time range."""
        return (self.end - self.start).total_seconds()


class AnswerBasis(Struct, frozen=True):
    """What an answer rests on.

    `events`: how many of the tenant's events are in the time range, whatever the filter leaves of them. `estimated`:
    figures that are no exact ones, and how far they can be off. `lag_s`: the age of the oldest acknowledged event that
    could not be found yet when this was asked; with `fresh`, none was left.
    """

    start_time: datetime | None
    end_time: datetime | None
    events: int
    exact: bool
    estimated: dict[str, str]
    fresh: bool
    lag_s: float
    took_ms: float


def asking(span: timedelta | None) -> dict[str, Provide]:
    """The dependency `asked` of a handler. `span`: how long ago it begins unless told; None: with the first event.

    It refuses every parameter that neither it nor the handler has.
    """

    async def asked(
        request: AnyRequest,
        q: Annotated[str, Parameter(description="which events, in the query language; a time in it wins")] = "",
        start_time: Annotated[str | None, Parameter(description="RFC 3339, included")] = None,
        end_time: Annotated[str | None, Parameter(description="RFC 3339, excluded")] = None,
        tz: Annotated[str, Parameter(description="IANA time zone of days and of times without a zone")] = "UTC",
        fresh: Fresh = True,
    ) -> Asked:
        only(request, (*ASKED, *_own(request.route_handler)))
        server, owner = server_of(request), tenant(request)
        began_s, now, zone = server.clock.monotonic(), server.clock.now(), _zone(tz)
        search = language.read(q, now=now, zone=zone)
        start, end = moment("start_time", start_time), moment("end_time", end_time)
        match search.time:
            case Last(length):
                start, end = now - min(length, now - _FIRST), now
            case During(start_us, end_us):
                start = None if start_us is None else from_micros(start_us)
                end = None if end_us is None else from_micros(end_us)
            case None:
                pass
        if span is not None:
            end = end or now
            start = start or end - min(span, end - _FIRST)
        query = Query(tenant=owner, limit=1, start=start, end=end, where=search.where)
        lag_s = server.backlog.lag_s(owner)
        return Asked(query, zone, now, fresh and await server.fresh(owner), lag_s, began_s)

    return {"asked": Provide(asked)}


def answer_basis(request: AnyRequest, asked: Asked, basis: Basis) -> AnswerBasis:
    """To be made when all else of the answer is there: it says how long that took."""
    took_s = server_of(request).clock.monotonic() - asked.began_s
    return AnswerBasis(
        start_time=asked.query.start,
        end_time=asked.query.end,
        events=basis.events,
        exact=basis.exact,
        estimated=basis.estimated,
        fresh=asked.fresh,
        lag_s=round(asked.lag_s, 3),
        took_ms=round(took_s * 1000, 3),
    )


def places(name: str, text: str) -> tuple[Place, ...]:
    """Of a parameter that lists them, separated by commas. Raises BadParameters."""
    words = [word.strip() for word in text.split(",") if word.strip()]
    if len(words) > _PLACES_MAX:
        raise BadParameters([(name, f"may name {_PLACES_MAX} fields at most")])
    return tuple(language.place(name, word) for word in words)


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:  # no such zone; no name; a name too long for a file, or a folder
        what = "is no time zone: send a name of the IANA database, such as Europe/Berlin, or leave it out for UTC"
        raise BadParameters([("tz", what)]) from error


@cache
def _own(handler: BaseRouteHandler) -> frozenset[str]:
    """The query parameters of a handler."""
    return frozenset(inspect.signature(handler.fn).parameters) - {"request", "asked"}
