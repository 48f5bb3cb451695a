"""What every question has: which events, of what time, in whose zone; and what every answer says it rests on."""

from __future__ import annotations

import inspect
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Annotated
from zoneinfo import ZoneInfo, available_timezones

from litestar.di import Provide
from litestar.handlers import BaseRouteHandler
from litestar.params import Parameter
from msgspec import Struct
from msgspec.structs import replace

from pulsestream.api.parameters import AnyRequest, Fresh, only, server_of, tenant, with_plus
from pulsestream.errors import BadParameters
from pulsestream.query import language
from pulsestream.query.catalog import DIMENSIONS, Kind
from pulsestream.query.expression import Field, Place, Search
from pulsestream.query.model import Query, about
from pulsestream.query.run import Basis
from pulsestream.query.syntax.moment import Present

ASKED = ("q", "start_time", "end_time", "tz", "fresh")
DAY = timedelta(days=1)
_FIRST = datetime.min.replace(tzinfo=UTC)  # nothing can be before it
_PLACES_MAX = 8
_TIME_MAX = 100  # characters


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


_Text = Annotated[
    str,
    Parameter(description="which events, in the query language; a time in it wins", max_length=language.LENGTH_MAX),
]
StartTime = Annotated[
    str | None, Parameter(description="RFC 3339, a day, or so long ago as now-15m; included", max_length=_TIME_MAX)
]
EndTime = Annotated[
    str | None, Parameter(description="as start_time; excluded, but a day is included", max_length=_TIME_MAX)
]
ZoneName = Annotated[str, Parameter(description="IANA time zone of days and of times without a zone")]


def asking(span: timedelta | None) -> dict[str, Provide]:
    """The dependency `asked` of a handler. `span`: how long ago it begins unless told; None: with the first event.

    It refuses every parameter that neither it nor the handler has.
    """

    async def asked(
        request: AnyRequest,
        q: _Text = "",
        start_time: StartTime = None,
        end_time: EndTime = None,
        tz: ZoneName = "UTC",
        fresh: Fresh = True,
    ) -> Asked:
        only(request, (*ASKED, *_own(request.route_handler)))
        present = presence(request, tz)
        search = language.read(q, now=present.now, zone=present.zone)
        return await ask(request, search, present, span, (start_time, end_time), fresh=fresh)

    return {"asked": Provide(asked)}


def presence(request: AnyRequest, tz: str) -> Present:
    """When and where the question is asked. Raises BadParameters."""
    return Present(server_of(request).clock.now(), _zone(tz))


async def ask(
    request: AnyRequest,
    search: Search,
    present: Present,
    span: timedelta | None,
    times: tuple[str | None, str | None],
    *,
    fresh: bool,
) -> Asked:
    """`times`: start_time and end_time, for a search that has none. Raises BadParameters."""
    server, owner, now = server_of(request), tenant(request), present.now
    began_s = server.clock.monotonic()
    start, end = _moment("start_time", times[0], present), _moment("end_time", times[1], present)
    query = about(search, tenant=owner, now=now, start=start, end=end)
    if span is not None:
        if query.end is None and query.start is not None and query.start >= now:
            at = "start_time" if search.time is None else "q"
            what = "begins in the future, and without an end the range ends now: send an end too, or begin earlier"
            raise BadParameters([(at, what)])
        until = query.end or now
        query = replace(query, end=until, start=query.start or until - min(span, until - _FIRST))
    lag_s = server.backlog.lag_s(owner)
    return Asked(query, present.zone, now, fresh and await server.fresh(owner), lag_s, began_s)


def _moment(name: str, text: str | None, present: Present) -> datetime | None:
    return None if text is None else language.moment(name, with_plus(text), present, ends=name == "end_time")


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
    found = language.places(name, text)
    if len(found) > _PLACES_MAX:
        raise BadParameters([(name, f"may name {_PLACES_MAX} fields at most")])
    several = [one.name for one in found if isinstance(one, Field) and DIMENSIONS[one.name].kind is Kind.GROUP]
    if several:
        raise BadParameters(
            [(name, f"{several[0]} is not one value: in q, has:{several[0]} says whether there is one")]
        )
    return found


def _zone(name: str) -> ZoneInfo:
    if name not in _zones():
        what = "is no time zone: send a name of the IANA database, such as Europe/Berlin, or leave it out for UTC"
        raise BadParameters([("tz", what)])
    return ZoneInfo(name)


@cache
def _zones() -> frozenset[str]:
    """What else lies beside them (`localtime`, `posixrules`, `right/UTC`) is another one on another machine."""
    return frozenset(available_timezones() - {"localtime", "Factory"})


@cache
def _own(handler: BaseRouteHandler) -> frozenset[str]:
    """The query parameters of a handler."""
    return frozenset(inspect.signature(handler.fn).parameters) - {"request", "asked"}
