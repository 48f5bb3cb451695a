"""How many events have a number of which size: a histogram of all, a heatmap of each step of time."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import cast
from zoneinfo import ZoneInfo

from msgspec import Struct
from msgspec.structs import replace

from pulsestream.errors import BadParameters
from pulsestream.query import grouping
from pulsestream.query.catalog import DIMENSIONS, Kind
from pulsestream.query.compile import Where
from pulsestream.query.condition import Bound, number
from pulsestream.query.expression import Field, Inside, Place
from pulsestream.query.grouping import Key, Label
from pulsestream.query.model import Query, View
from pulsestream.query.run import Basis, Questions
from pulsestream.query.scale import HUGE, Extent, Scale, bounds, suitable
from pulsestream.query.steps import Grid, Step, automatic_step, grid
from pulsestream.query.syntax.place import write
from pulsestream.query.timeseries import timeseries
from pulsestream.query.top import Sort, rank
from pulsestream.store.port import Statement

_CELLS_MAX = 200_000
_OVER_TIME = "time"
_BELOW = -sys.float_info.max


class Counts(Struct, frozen=True):
    """`group`: by place; empty where nothing is grouped. `other`: all events of no group that is listed."""

    group: dict[str, Label]
    other: bool
    counts: list[int]


class Histogram(Struct, frozen=True):
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
    basis: Basis


class Heatmap(Struct, frozen=True):
    """`counts`: for each of the `times` (when a step begins), for each bucket. The rest is as in a Histogram."""

    field: str
    unit: str
    scale: str
    step: str
    times: list[datetime]
    bounds: list[float]
    counts: list[list[int]]
    missing: int
    matched: int
    basis: Basis


class Found(Struct, frozen=True):
    """Of all events that match: of how many, how many of them have no number, and the extent of those that have."""

    matched: int
    missing: int
    extent: Extent | None


def read_number(place: Place) -> Field | Inside:
    """Raises BadParameters where there can be no number."""
    if isinstance(place, Inside) or (isinstance(place, Field) and DIMENSIONS[place.name].kind is Kind.NUMBER):
        return place
    numbers = ", ".join(name for name, one in DIMENSIONS.items() if one.kind is Kind.NUMBER)
    raise BadParameters(
        [("field", f"{write(place)} is no number: there are {numbers}, and numbers inside the payload")]
    )


async def histogram(
    questions: Questions,
    query: Query,
    *,
    field: Place,
    buckets: int,
    zone: ZoneInfo,
    scale: Scale | None = None,
) -> Histogram:
    """Of a number field, or of the timestamp: events by time, in steps. Raises BadParameters for another field.

    `scale`: without it one that suits the numbers. Of groups, the `limit` largest, and all others together.
    """
    if field == Field("timestamp"):
        if scale is not None:
            raise BadParameters([("scale", "is of numbers; time goes by steps: leave it out")])
        return await _histogram_over_time(questions, query, buckets=buckets, zone=zone)
    number_of = read_number(field)
    view = questions.view(query.tenant)
    counted = replace(query, measures=())
    basis, found, groups = await asyncio.gather(
        questions.basis(counted), _found(questions, query, number_of, view), _groups(questions, counted, view)
    )
    scale, edges = _edges(found, scale, buckets)
    series = [[0] * (len(edges) - 1) for _ in range(len(groups) + 1)] if edges else []
    if edges:
        rows = await questions.ask(query.tenant, sizes(query, number_of, edges, groups, view=view))
        for group, at, events in _in_buckets(rows, edges):
            series[group][at] += events
    shown = [
        Counts(grouping.labels(query.group_by, keys), other=False, counts=counts)
        for keys, counts in zip(groups, series[1:], strict=bool(edges))
    ]
    if edges and any(series[0]):
        shown.append(Counts({}, other=True, counts=series[0]))
    return Histogram(write(field), _unit(field), scale, [*edges], shown, found.missing, found.matched, basis)


async def heatmap(
    questions: Questions,
    query: Query,
    *,
    field: Place,
    step: Step,
    buckets: int,
    zone: ZoneInfo,
    scale: Scale | None = None,
) -> Heatmap:
    """Of a number field. Raises BadParameters for another field, and where there are too many steps."""
    assert query.start is not None and query.end is not None  # noqa: S101, PT018 - of a range with both ends only
    number_of = read_number(field)
    steps = grid(step, start=query.start, end=query.end, zone=zone)
    cells = len(steps.starts_us) * buckets
    if cells > _CELLS_MAX:
        what = f"{step} makes up to {cells} cells of this time range, and there may be {_CELLS_MAX}"
        raise BadParameters([("step", f"{what}: choose a longer one, or fewer buckets")])
    view = questions.view(query.tenant)
    basis, found = await asyncio.gather(
        questions.basis(replace(query, measures=())), _found(questions, query, number_of, view)
    )
    scale, edges = _edges(found, scale, buckets)
    counts = [[0] * max(len(edges) - 1, 0) for _ in steps.starts_us]
    if edges:
        numbers = steps.numbers
        rows = await questions.ask(query.tenant, sizes_over_time(query, number_of, edges, steps, view=view))
        for said, at, events in _in_buckets(rows, edges):
            counts[numbers[said]][at] += events
    return Heatmap(
        write(field), _unit(field), scale, str(step), steps.times, edges, counts, found.missing, found.matched, basis
    )


def extent(query: Query, field: Field | Inside, *, view: View) -> Statement:
    """One row: lowest, highest, lowest above 0 (each NULL where there is none); events with a number, events."""
    where = Where(query, view)
    return Statement(
        f"SELECT min(x), max(x), minIf(x, x > 0), count(x), count() FROM (SELECT {_number(field, where.bound)} AS x"
        f" FROM {where.source}){where.settings}",
        where.parameters,
    )


def sizes(
    query: Query, field: Field | Inside, edges: Sequence[float], groups: Sequence[Sequence[Key]], *, view: View
) -> Statement:
    """Rows: group (from 1 on, 0 for none of these), bucket, events."""
    where = Where(query, view)
    group = grouping.number(query.group_by, groups, where.bound) if query.group_by else "1"
    return Statement(
        f"SELECT toUInt16({group}), {_bucket(field, edges, where.bound)}, count() FROM {where.source}"
        f" GROUP BY 1, 2{where.settings}",
        where.parameters,
    )


def sizes_over_time(
    query: Query, field: Field | Inside, edges: Sequence[float], steps: Grid, *, view: View
) -> Statement:
    """Rows: step, bucket, events."""
    where = Where(query, view)
    return Statement(
        f"SELECT {steps.sql(where.bound)}, {_bucket(field, edges, where.bound)}, count() FROM {where.source}"
        f" GROUP BY 1, 2{where.settings}",
        where.parameters,
    )


async def _histogram_over_time(questions: Questions, query: Query, *, buckets: int, zone: ZoneInfo) -> Histogram:
    assert query.start is not None and query.end is not None  # noqa: S101, PT018 - of a range with both ends only
    step = automatic_step(query.start, query.end, points=buckets)
    if len(grid(step, start=query.start, end=query.end, zone=zone).starts_us) > buckets:  # the range cuts two of them
        step = automatic_step(query.start, query.end, points=buckets - 1)
    found = await timeseries(questions, replace(query, measures=("count",)), step=step, zone=zone)
    series = [Counts(one.group, one.other, cast("list[int]", one.values["count"])) for one in found.series]
    matched = sum(sum(one.counts) for one in series)
    ends: list[float | datetime] = [*found.times, query.end]
    return Histogram("timestamp", "", _OVER_TIME, ends, series, 0, matched, found.basis)


async def _found(questions: Questions, query: Query, field: Field | Inside, view: View) -> Found:
    [row] = await questions.ask(query.tenant, extent(query, field, view=view))
    low, high, least, there, matched = cast("tuple[float | None, float | None, float | None, int, int]", row)
    known = None if low is None or high is None else Extent(low, high, least)
    return Found(matched, matched - there, known)


async def _groups(questions: Questions, query: Query, view: View) -> list[Sequence[Key]]:
    if not query.group_by:
        return [()]
    return (await rank(questions, query, sort=Sort(), view=view, estimated=False)).keys


def _edges(found: Found, scale: Scale | None, buckets: int) -> tuple[Scale, list[float]]:
    if found.extent is None:
        return scale or Scale.LINEAR, []
    chosen = scale if scale is not None and found.extent.low >= 0 else suitable(found.extent)
    return chosen, bounds(chosen, found.extent, buckets=buckets)


def _unit(field: Place) -> str:
    return DIMENSIONS[field.name].unit if isinstance(field, Field) else ""


def _number(field: Field | Inside, bound: Bound) -> str:
    sql = number(field, bound)
    return f"if(abs({sql}) <= {HUGE}, {sql}, NULL)" if isinstance(field, Inside) else sql


def _bucket(field: Field | Inside, edges: Sequence[float], bound: Bound) -> str:
    """The lower bound of the bucket; NULL where an event has no number.

    The first is below all bounds and the last above: for what came since the bounds were found.
    """
    return f"roundDown({_number(field, bound)}, {bound([_BELOW, *edges], 'Array(Float64)')})"


def _in_buckets(rows: Sequence[Sequence[object]], edges: Sequence[float]) -> Iterable[tuple[int, int, int]]:
    """What stands first in a row, the number of its bucket, how many events."""
    numbers = {edge: at for at, edge in enumerate(edges[:-1])}
    for first, edge, events in cast("Sequence[tuple[int, float | None, int]]", rows):
        if edge in numbers:
            yield first, numbers[edge], events
