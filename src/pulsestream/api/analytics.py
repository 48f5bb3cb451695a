"""Events counted and measured: over time, and by what they have in common."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated

from litestar import get
from litestar.params import Parameter
from msgspec import Struct
from msgspec.structs import replace

from pulsestream.api.asked import DAY, AnswerBasis, Asked, answer_basis, asking, places
from pulsestream.api.operation import ASKING, terms
from pulsestream.api.parameters import AnyRequest, server_of
from pulsestream.control.keys import Scope
from pulsestream.errors import BadParameters
from pulsestream.query import facets as counting
from pulsestream.query import geo as origins
from pulsestream.query import histogram as sizes
from pulsestream.query import language
from pulsestream.query import timeseries as over_time
from pulsestream.query import top as ranking
from pulsestream.query.expression import Place
from pulsestream.query.facets import FACETS, Facet
from pulsestream.query.geo import Level, Location
from pulsestream.query.histogram import Counts
from pulsestream.query.scale import Scale
from pulsestream.query.steps import POINTS, Step, automatic_step, read_step
from pulsestream.query.timeseries import Series
from pulsestream.query.top import Group, Rest, read_sort

_MEASURES_MAX = 20
_SERIES_MAX = 50
_GROUPS_MAX = 1_000
_BUCKETS_MIN, _BUCKETS_MAX = 4, 200
_HEATMAP_POINTS = 120

By = Annotated[
    str, Parameter(description="what to group by: fields, tag.NAME or payload.KEY, separated by commas, at most 8")
]
Measures = Annotated[str, Parameter(description="what to measure, separated by commas: `GET /query/fields` lists them")]
Sorted = Annotated[str, Parameter(description="the measure that ranks the groups, with - before it the highest first")]
StepOf = Annotated[
    str | None, Parameter(description="30s, 5m, 2h, 1d, 1w, 1M; without it one that suits the time range")
]


NumberField = Annotated[str, Parameter(description="a number: response_time_ms, a size, or payload.KEY")]
Buckets = Annotated[int, Parameter(ge=_BUCKETS_MIN, le=_BUCKETS_MAX, description="most buckets")]


class ScaleName(StrEnum):
    """`auto`: what suits the numbers."""

    AUTO = "auto"
    LOG = "log"
    LINEAR = "linear"

    @property
    def scale(self) -> Scale | None:
        return None if self is ScaleName.AUTO else Scale(self.value)


ScaleOf = Annotated[ScaleName, Parameter(description="log, linear, or auto: the one that suits the numbers")]


class TimeseriesAnswer(Struct, frozen=True):
    """`times`: when each step begins; the first may begin before the range. `groups_total`: how many groups there are.

    A step without events has 0 of what is counted, and null of what makes no sense of it.
    """

    step: str
    times: list[datetime]
    series: list[Series]
    groups_total: int
    basis: AnswerBasis


class TopAnswer(Struct, frozen=True):
    """`groups_total`: how many groups there are, `matched`: how many events, in all of them."""

    groups: list[Group]
    groups_total: int
    matched: int
    other: Rest | None
    basis: AnswerBasis


class FacetsAnswer(Struct, frozen=True):
    """`matched`: how many events match."""

    facets: list[Facet]
    matched: int
    basis: AnswerBasis


class HistogramAnswer(Struct, frozen=True):
    """`bounds`: one more than there are buckets; a bucket holds its lower bound and not its upper one.

    `scale`: log, linear or time. `missing`: how many of the `matched` events have no such number.
    """

    field: str
    unit: str
    scale: str
    bounds: list[float | datetime]
    series: list[Counts]
    missing: int
    matched: int
    basis: AnswerBasis


class HeatmapAnswer(Struct, frozen=True):
    """`counts`: for each of the `times` (when a step begins), for each bucket. The rest is as in a histogram."""

    field: str
    unit: str
    scale: str
    step: str
    times: list[datetime]
    bounds: list[float]
    counts: list[list[int]]
    missing: int
    matched: int
    basis: AnswerBasis


class GeoAnswer(Struct, frozen=True):
    """`places_total`: how many there are, `matched`: how many events, in all of them."""

    places: list[Location]
    places_total: int
    matched: int
    basis: AnswerBasis


@get("/query/timeseries", opt=terms(Scope.READ, raises=ASKING), dependencies=asking(DAY))
async def timeseries(
    request: AnyRequest,
    asked: Asked,
    measures: Measures = "count",
    by: By = "",
    step: StepOf = None,
    sort: Sorted = "-count",
    limit: Annotated[int, Parameter(ge=1, le=_SERIES_MAX, description="most groups; all others are one")] = 10,
) -> TimeseriesAnswer:
    """Measures over time, of all events or of groups.

    A value for every step of the time range. The groups are those that rank highest in the whole range; all others are
    measured together.
    """
    query = replace(asked.query, limit=limit, group_by=_places("by", by), measures=_measures(measures))
    found = await over_time.timeseries(
        server_of(request).questions, query, step=_step(step, asked), zone=asked.zone, sort=read_sort(sort)
    )
    return TimeseriesAnswer(
        found.step, found.times, found.series, found.groups_total, answer_basis(request, asked, found.basis)
    )


@get("/query/top", opt=terms(Scope.READ, raises=ASKING), dependencies=asking(DAY))
async def top(
    request: AnyRequest,
    asked: Asked,
    by: By = "service",
    measures: Measures = "count",
    sort: Sorted = "-count",
    limit: Annotated[int, Parameter(ge=1, le=_GROUPS_MAX, description="most groups in the answer")] = 10,
    other: Annotated[bool, Parameter(description="measure all other events as well, together")] = False,
) -> TopAnswer:
    """The groups of events that rank highest.

    By any measure. Groups of which it makes no sense, such as a response time where there was no request, come last.
    """
    query = replace(asked.query, limit=limit, group_by=_places("by", by, least=1), measures=_measures(measures))
    found = await ranking.top(
        server_of(request).questions, query, sort=read_sort(sort), seconds=asked.seconds, other=other
    )
    return TopAnswer(
        found.groups, found.groups_total, found.matched, found.other, answer_basis(request, asked, found.basis)
    )


@get("/query/facets", opt=terms(Scope.READ, raises=ASKING), dependencies=asking(DAY))
async def facets(
    request: AnyRequest,
    asked: Asked,
    fields: Annotated[
        str | None,
        Parameter(description="up to 8 fields, tag.NAME or payload.KEY, separated by commas; else those of few values"),
    ] = None,
    limit: Annotated[int, Parameter(ge=1, le=_GROUPS_MAX, description="most values of each field")] = 10,
) -> FacetsAnswer:
    """How many events have which value, of several fields at once.

    The most frequent values of each, how many different ones there are, and how many events have none.
    """
    chosen = FACETS if fields is None else _places("fields", fields, least=1)
    query = replace(asked.query, limit=limit, group_by=chosen)
    found = await counting.facets(server_of(request).questions, query)
    return FacetsAnswer(found.facets, found.matched, answer_basis(request, asked, found.basis))


@get("/query/histogram", opt=terms(Scope.READ, raises=ASKING), dependencies=asking(DAY))
async def histogram(
    request: AnyRequest,
    asked: Asked,
    field: NumberField = "response_time_ms",
    buckets: Buckets = 30,
    scale: ScaleOf = ScaleName.AUTO,
    by: By = "",
    limit: Annotated[int, Parameter(ge=1, le=_SERIES_MAX, description="most groups; all others are one")] = 10,
) -> HistogramAnswer:
    """How many events have a number of which size.

    Or, of the field `timestamp`, how many there are over time. Of all events or of groups: the largest, and all others
    together.
    """
    query = replace(asked.query, limit=limit, group_by=_places("by", by))
    found = await sizes.histogram(
        server_of(request).questions, query, field=_field(field), buckets=buckets, zone=asked.zone, scale=scale.scale
    )
    return HistogramAnswer(
        field=found.field,
        unit=found.unit,
        scale=found.scale,
        bounds=found.bounds,
        series=found.series,
        missing=found.missing,
        matched=found.matched,
        basis=answer_basis(request, asked, found.basis),
    )


@get("/query/heatmap", opt=terms(Scope.READ, raises=ASKING), dependencies=asking(DAY))
async def heatmap(
    request: AnyRequest,
    asked: Asked,
    field: NumberField = "response_time_ms",
    step: StepOf = None,
    buckets: Buckets = 30,
    scale: ScaleOf = ScaleName.AUTO,
) -> HeatmapAnswer:
    """How many events have a number of which size, over time."""
    found = await sizes.heatmap(
        server_of(request).questions,
        asked.query,
        field=_field(field),
        step=_step(step, asked, points=_HEATMAP_POINTS),
        buckets=buckets,
        zone=asked.zone,
        scale=scale.scale,
    )
    return HeatmapAnswer(
        field=found.field,
        unit=found.unit,
        scale=found.scale,
        step=found.step,
        times=found.times,
        bounds=found.bounds,
        counts=found.counts,
        missing=found.missing,
        matched=found.matched,
        basis=answer_basis(request, asked, found.basis),
    )


@get("/query/geo", opt=terms(Scope.READ, raises=ASKING), dependencies=asking(DAY))
async def geo(
    request: AnyRequest,
    asked: Asked,
    by: Annotated[Level, Parameter(description="what a place is")] = Level.COUNTRY,
    measures: Measures = "count",
    sort: Sorted = "-count",
    limit: Annotated[int, Parameter(ge=1, le=_GROUPS_MAX, description="most places in the answer")] = 100,
) -> GeoAnswer:
    """Where calls come from.

    By the tags `country`, `region` and `city`.
    """
    query = replace(asked.query, limit=limit, measures=_measures(measures))
    found = await origins.geo(
        server_of(request).questions, query, level=by, sort=read_sort(sort), seconds=asked.seconds
    )
    return GeoAnswer(found.places, found.places_total, found.matched, answer_basis(request, asked, found.basis))


def _step(text: str | None, asked: Asked, *, points: int = POINTS) -> Step:
    return automatic_step(asked.start, asked.end, points=points) if text is None else read_step(text)


def _field(text: str) -> Place:
    return language.place("field", text)


def _places(name: str, text: str, *, least: int = 0) -> tuple[Place, ...]:
    found = places(name, text)
    if len(found) < least:
        raise BadParameters([(name, "must name a field at least, such as service or service,endpoint")])
    if len(set(found)) < len(found):
        raise BadParameters([(name, "names the same twice: once is enough")])
    return found


def _measures(text: str) -> tuple[str, ...]:
    found = tuple(dict.fromkeys(word.strip() for word in text.split(",") if word.strip()))
    if not 1 <= len(found) <= _MEASURES_MAX:
        raise BadParameters([("measures", f"must name 1 to {_MEASURES_MAX} measures, such as count,p99_ms")])
    return found
