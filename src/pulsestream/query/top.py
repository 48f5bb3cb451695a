"""The groups of events that rank highest by a measure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from msgspec import Struct
from msgspec.structs import replace

from pulsestream.errors import BadParameters
from pulsestream.query import grouping
from pulsestream.query.catalog import MEASURES, measure, measures_of
from pulsestream.query.compile import Where, measured
from pulsestream.query.grouping import Key, Label
from pulsestream.query.model import Query, View
from pulsestream.query.run import Basis, Questions
from pulsestream.store.port import Statement

Number = int | float | None


class Sort(Struct, frozen=True):
    """By which measure. Groups of which it makes no sense come last, either way."""

    measure: str = "count"
    descending: bool = True


class Group(Struct, frozen=True):
    """`share`: of the events that match, those of this group, 0 to 1."""

    group: dict[str, Label]
    values: dict[str, Number]
    share: float


class Rest(Struct, frozen=True):
    """All events that match and are in no group of the answer, measured together."""

    values: dict[str, Number]
    share: float


class Top(Struct, frozen=True):
    """`groups_total`: how many groups there are, `matched`: how many events, in all of them."""

    groups: list[Group]
    groups_total: int
    matched: int
    other: Rest | None
    basis: Basis


class Ranking(Struct, frozen=True):
    """`keys`: what the engine calls each group; `values` of the query's measures and of `count`."""

    keys: list[Sequence[Key]]
    values: list[dict[str, Number]]
    groups_total: int
    matched: int


def read_sort(text: str) -> Sort:
    """A measure's name, with - before it for the highest first. Raises BadParameters."""
    name = text.removeprefix("-")
    if measure(name) is None:
        what = f"{name[:40]!r} is no measure; there are {', '.join(MEASURES)}, p50_ms or any percentile; - before it"
        raise BadParameters([("sort", f"{what} is for the highest first")])
    return Sort(name, descending=text.startswith("-"))


async def top(questions: Questions, query: Query, *, sort: Sort, seconds: float, other: bool = False) -> Top:
    """The `limit` groups that rank highest. `seconds`: the length of the range. `other`: measure all others too."""
    asked = replace(query, measures=_names(query, sort))
    view = questions.view(query.tenant)
    basis, ranking = await questions.upon(
        asked, lambda estimated: rank(questions, asked, sort=sort, view=view, estimated=estimated)
    )
    rest = None
    if other and ranking.groups_total > len(ranking.keys):
        statement = others(asked, ranking.keys, view=view, estimated=not basis.exact)
        [row] = await questions.ask(query.tenant, statement)
        rest = dict(zip(asked.measures, cast("Sequence[Number]", row), strict=True))

    def shown(values: dict[str, Number]) -> dict[str, Number]:
        return per_second({name: values[name] for name in query.measures}, seconds)

    def share(values: dict[str, Number]) -> float:
        return cast("int", values["count"]) / ranking.matched if ranking.matched else 0.0

    return Top(
        [
            Group(grouping.labels(query.group_by, keys), shown(values), share(values))
            for keys, values in zip(ranking.keys, ranking.values, strict=True)
        ],
        ranking.groups_total,
        ranking.matched,
        Rest(shown(rest), share(rest)) if rest else None,
        basis,
    )


async def rank(questions: Questions, query: Query, *, sort: Sort, view: View, estimated: bool) -> Ranking:
    """The `limit` groups that rank highest; the measures per second are not divided yet."""
    asked = replace(query, measures=_names(query, sort))
    rows = await questions.ask(query.tenant, ranked(asked, sort=sort, view=view, estimated=estimated))
    places = len(query.group_by)
    found = cast("list[tuple[Number, ...]]", rows)
    return Ranking(
        [row[:places] for row in found],
        [dict(zip(asked.measures, row[places:-2], strict=True)) for row in found],
        cast("int", found[0][-2]) if found else 0,
        cast("int", found[0][-1]) if found else 0,
    )


def per_second(values: dict[str, Number], seconds: float) -> dict[str, Number]:
    """Those that are per second, divided."""
    kinds = measures_of(tuple(values))
    return {
        name: value / seconds if kinds[name].per_second and value is not None else value
        for name, value in values.items()
    }


def ranked(query: Query, *, sort: Sort, view: View, estimated: bool) -> Statement:
    """Rows: a group's keys, its measures, how many groups and how many events there are. It has the sort's measure."""
    where = Where(query, view)
    keys = [grouping.key(place, where.bound) for place in query.group_by]
    chosen = measured(query.measures, where.bound, view.apdex, estimated=estimated)
    by = len(keys) + query.measures.index(sort.measure) + 1
    numbers = ", ".join(str(number + 1) for number in range(len(keys)))
    order = f"{by} {'DESC' if sort.descending else 'ASC'} NULLS LAST, count() DESC, {numbers}"
    return Statement(
        f"SELECT {', '.join([*keys, *chosen])}, count() OVER (), sum(count()) OVER () FROM {where.source}"
        f" GROUP BY {numbers} ORDER BY {order} LIMIT {where.bound(query.limit, 'UInt64')}{where.settings}",
        where.parameters,
    )


def others(query: Query, keys: Sequence[Sequence[Key]], *, view: View, estimated: bool) -> Statement:
    """One row: the measures of all events that are in none of these groups."""
    where = Where(query, view)
    where.add(f"{grouping.number(query.group_by, keys, where.bound)} = 0")
    chosen = measured(query.measures, where.bound, view.apdex, estimated=estimated)
    return Statement(
        f"SELECT {', '.join(chosen)} FROM {where.source}{where.settings}",
        where.parameters,
    )


def _names(query: Query, sort: Sort) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*query.measures, sort.measure, "count")))
