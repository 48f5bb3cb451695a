"""Measures over time, of all events or of groups: a value for every step of the range."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import cast
from zoneinfo import ZoneInfo

from msgspec import Struct
from msgspec.structs import replace

from pulsestream.errors import BadParameters
from pulsestream.query import grouping
from pulsestream.query.catalog import Measure, measures_of
from pulsestream.query.compile import Where, measured
from pulsestream.query.grouping import Key, Label
from pulsestream.query.model import Query, View
from pulsestream.query.run import Basis, Questions
from pulsestream.query.steps import Grid, Step, grid
from pulsestream.query.top import Number, Sort, rank
from pulsestream.store.port import Statement

VALUES_MAX = 250_000  # of one answer
_AT_ONCE_MAX = 5_000  # rows


class Series(Struct, frozen=True):
    """`group`: by place; empty where nothing is grouped. `other`: all events of no group that is listed.

    `values`: by measure, one for each step.
    """

    group: dict[str, Label]
    other: bool
    values: dict[str, list[Number]]


class Timeseries(Struct, frozen=True):
    """`times`: when each step begins; the first may begin before the range. `groups_total`: how many groups there are.

    A step without events has 0 of what is counted, and null of what makes no sense of it.
    """

    step: str
    times: list[datetime]
    series: list[Series]
    groups_total: int
    basis: Basis


async def timeseries(
    questions: Questions, query: Query, *, step: Step, zone: ZoneInfo, sort: Sort | None = None
) -> Timeseries:
    """The `limit` groups that rank highest, and all others together. Raises BadParameters for too many values."""
    assert query.start is not None and query.end is not None  # noqa: S101, PT018 - of a range with both ends only
    steps = grid(step, start=query.start, end=query.end, zone=zone)
    values = len(steps.starts_us) * len(query.measures) * (query.limit + 1 if query.group_by else 1)
    if values > VALUES_MAX:
        what = f"{step} makes an answer of up to {values} values, and it may have {VALUES_MAX}: choose a longer one"
        raise BadParameters([("step", f"{what}, or fewer groups or measures")])
    view = questions.view(query.tenant)
    groups: list[Sequence[Key]] = [()]
    groups_total = 1

    async def ask(estimated: bool) -> Sequence[Sequence[object]]:  # noqa: FBT001 - its only argument
        nonlocal groups, groups_total
        if query.group_by:
            ungrouped = replace(query, measures=())
            ranking = await rank(questions, ungrouped, sort=sort or Sort(), view=view, estimated=estimated)
            groups, groups_total = ranking.keys, ranking.groups_total
        return await questions.ask(query.tenant, over_time(query, steps, groups, view=view, estimated=estimated))

    basis, rows = await questions.upon(query, ask)
    if len(rows) <= _AT_ONCE_MAX:
        times, series = steps.times, _series(query, steps, groups, rows)
    else:  # a tenth of a second, which nobody else is to wait for
        times, series = await asyncio.to_thread(lambda: (steps.times, _series(query, steps, groups, rows)))
    return Timeseries(str(step), times, series, groups_total, basis)


def over_time(query: Query, steps: Grid, groups: Sequence[Sequence[Key]], *, view: View, estimated: bool) -> Statement:
    """Rows: step, group (from 1 on, 0 for none of these), measures; those per second are not divided yet."""
    where = Where(query, view)
    group = grouping.number(query.group_by, groups, where.bound) if query.group_by else "1"
    chosen = measured(query.measures, where.bound, view.apdex, estimated=estimated)
    return Statement(
        f"SELECT {steps.sql(where.bound)}, toUInt16({group}), {', '.join(chosen)} FROM {where.source}"
        f" GROUP BY 1, 2{where.settings}",
        where.parameters,
    )


def _series(
    query: Query, steps: Grid, groups: Sequence[Sequence[Key]], rows: Sequence[Sequence[object]]
) -> list[Series]:
    kinds = measures_of(query.measures)
    length = len(steps.starts_us)
    # By group; the first is all others.
    found = [{name: [_of_nothing(kind)] * length for name, kind in kinds.items()} for _ in range(len(groups) + 1)]
    said, group_of, *columns = [*zip(*rows, strict=True)] or [(), ()]
    numbers, seconds = steps.numbers, steps.seconds
    places = [numbers[step] for step in cast("tuple[int, ...]", said)]
    group_of = cast("tuple[int, ...]", group_of)
    for (name, kind), column in zip(kinds.items(), cast("list[tuple[Number, ...]]", columns), strict=bool(rows)):
        of_group = [values[name] for values in found]
        for at, group, value in zip(places, group_of, column, strict=True):
            of_group[group][at] = value / seconds[at] if kind.per_second and value is not None else value
    series = [
        Series(grouping.labels(query.group_by, keys), other=False, values=values)
        for keys, values in zip(groups, found[1:], strict=True)
    ]
    if 0 in group_of:
        series.append(Series({}, other=True, values=found[0]))
    return series


def _of_nothing(kind: Measure) -> Number:
    """What the engine says of no events at all."""
    return 0 if kind.per_second or kind.unit in ("events", "requests", "") else None
