"""Events found again, page by page, in any order: which they are, how many match, where a page ended.

A page holds whole events of some forty columns, and comes from few places. So what can be known from few columns is
asked first: how many match, and how far back the page reaches.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime
from itertools import accumulate
from typing import NamedTuple, cast

from msgspec import Raw, Struct

from pulsestream.clock import from_micros
from pulsestream.errors import BadParameters
from pulsestream.query import compile as sql
from pulsestream.query.catalog import DIMENSIONS, MEASURES, NAMES, Kind
from pulsestream.query.condition import Bound
from pulsestream.query.expression import EVERYTHING
from pulsestream.query.model import Cursor, Query, View
from pulsestream.query.run import PAGE_BYTES_MAX, Questions, Stretch
from pulsestream.store import record
from pulsestream.store.port import Statement

_TIME = "timestamp"
_SORTED = (Kind.TIME, Kind.NUMBER, Kind.FLAG, Kind.WORD, Kind.FOLDED, Kind.CHOICE)
_OF_METRICS = ("status_code", "response_time_ms")  # 0 stands for none
_VALUE_LENGTH_MAX = 1_000  # of a text that a page can end with: it is in the URL of the next
_HOURS_MAX = 1_000  # that are named one by one
# From so many matches for each event of a page on, the hours with the page are found sooner than all are counted.
_DENSE = 50
_CALL_MS_MAX = 86_400_000  # that a call is taken to have lasted: a day


class Sort(Struct, frozen=True):
    """By a dimension, by its long name. Events without a value come last; those of one value are the newest first."""

    name: str = _TIME
    descending: bool = True


class Page(Struct, frozen=True):
    """`matched`: on all pages together, when the first was read. `following`: None on the last page."""

    events: list[Raw]
    matched: int
    following: Cursor | None


class _Last(NamedTuple):
    """Where a page ended. `value`: what it is sorted by, but for its time."""

    value: int | float | str | None
    timestamp_us: int
    position: int


class _Hits(NamedTuple):
    """`last`: of these, where there are any. `more`: that there are after it."""

    events: list[Raw]
    last: _Last | None
    more: bool


class Within(Struct, frozen=True):
    """Hours, in seconds since 1970, that a page can come from: none before `first` or after `last`, only `these`."""

    first: int | None = None
    last: int | None = None
    these: tuple[int, ...] | None = None


EVERYWHERE = Within()


class Outline(Struct, frozen=True):
    """What some events come to. `past`: right after the last of their timestamps. `end`: when the calls had ended."""

    first: datetime
    past: datetime
    end: datetime
    services: list[str]
    errors: int


def read_sort(text: str) -> Sort:
    """A field by its long or short name, with a minus sign for largest first. Raises BadParameters."""
    name = text.removeprefix("-")
    long = NAMES.get(name)
    if long is None or DIMENSIONS[long].kind not in _SORTED:
        known = ", ".join(one for one, dimension in DIMENSIONS.items() if dimension.kind in _SORTED)
        raise BadParameters([("sort", f"must be one of {known}; -{_TIME} is the newest first")])
    return Sort(long, descending=text != name)


async def search(
    questions: Questions, query: Query, *, sort: Sort, after: Cursor | None, fed: int, offset: int = 0
) -> Page:
    """One page. `fed`: the last position that is there to be asked about. `offset`: by time only.

    Raises what `Questions.ask` does, and BadParameters for a page that ends with a text too long for a cursor.
    """
    if sort.name == _TIME:
        matched, hits = await _by_time(questions, query, sort, after, offset)
    else:
        matched, hits = await _by_value(questions, query, sort, after)
    following, last = None, hits.last
    if hits.more and last is not None:
        if isinstance(last.value, str) and len(last.value) > _VALUE_LENGTH_MAX:
            what = f"values of {sort.name} have more than {_VALUE_LENGTH_MAX} characters here: sort by another field"
            raise BadParameters([("sort", what)])
        following = Cursor(
            timestamp_us=last.timestamp_us,
            position=last.position,
            # The first page is what there is; only those after it must not see what has arrived since.
            snapshot=after.snapshot if after else fed,
            matched=matched,
            value=last.value,
        )
    return Page(hits.events, matched, following)


async def outline(questions: Questions, query: Query) -> Outline | None:
    """None where no event matches."""
    [row] = await questions.ask(query.tenant, outlined(query, view=questions.view(query.tenant)))
    events, first_us, last_us, end_us, services, errors = cast("tuple[int, int, int, int, list[str], int]", tuple(row))
    if not events:
        return None
    return Outline(
        from_micros(first_us), from_micros(last_us + 1), from_micros(max(end_us, last_us)), [*services], errors
    )


async def _by_time(
    questions: Questions, query: Query, sort: Sort, after: Cursor | None, offset: int
) -> tuple[int, _Hits]:
    view, tenant = questions.view(query.tenant), query.tenant
    needed = offset + query.limit + 1
    reach = reached(query, sort, after=after, needed=needed, view=view)
    if after is None and query.where == EVERYTHING:
        # The index knows how many there are, and where the page is.
        matched, found = await asyncio.gather(questions.count(query), questions.ask(tenant, reach))
        within = _up_to(found, sort)
    elif after is not None and after.matched >= needed * _DENSE:
        matched = after.matched
        within = _up_to(await questions.ask(tenant, reach), sort)
    else:
        counts = cast(
            "Sequence[tuple[int, int]]", await questions.ask(tenant, hours(query, sort, after=after, view=view))
        )
        matched = after.matched if after else sum(count for _, count in counts)
        within = _of(counts, needed)
    if within.these == () or offset >= matched:
        return matched, _NONE
    whole = page(query, sort, after=after, within=within, limit=query.limit + 1, offset=offset, view=view)
    return matched, _hits(await questions.read(tenant, whole, most=query.limit, bytes_max=PAGE_BYTES_MAX))


async def _by_value(questions: Questions, query: Query, sort: Sort, after: Cursor | None) -> tuple[int, _Hits]:
    """First those that have a value to be sorted by."""
    view, tenant, limit = questions.view(query.tenant), query.tenant, query.limit
    within, hits = EVERYWHERE, _NONE
    if after is not None:
        matched = after.matched
    elif query.where == EVERYTHING:
        matched = await questions.count(query)
    else:
        counts = cast("Sequence[tuple[int, int]]", await questions.ask(tenant, hours(query, Sort(), view=view)))
        matched = sum(count for _, count in counts)
        within = _of(counts, matched)
    if matched and (after is None or after.value is not None):
        with_value = ordered(query, sort, after=after, within=within, limit=limit + 1, view=view)
        hits = _hits(await questions.read(tenant, with_value, most=limit, bytes_max=PAGE_BYTES_MAX))
    if matched and not hits.more:
        left, size = limit - len(hits.events), sum(len(event) for event in hits.events)
        without = unordered(query, sort, after=after, within=within, limit=left + 1, view=view)
        rest = _hits(await questions.read(tenant, without, most=left, bytes_max=PAGE_BYTES_MAX - size))
        hits = _Hits(hits.events + rest.events, rest.last or hits.last, rest.more)
    return matched, hits


_NONE = _Hits([], None, more=False)


def _hits(found: Stretch) -> _Hits:
    last, row = None, found.last
    if row is not None:
        last = _Last(cast("int | float | str | None", record.sorted_by(row)), *record.place(row))
    return _Hits([Raw(event) for _, event in found.events], last, found.more)


def _up_to(found: Sequence[Sequence[object]], sort: Sort) -> Within:
    """Until the hour that has the last event of the page; where there are fewer, everywhere."""
    if not found:
        return EVERYWHERE
    hour = cast("int", found[0][0])
    return Within(first=hour) if sort.descending else Within(last=hour)


def _of(counts: Sequence[tuple[int, int]], needed: int) -> Within:
    """The hours, of those given in their order, until so many events are reached."""
    sums = accumulate(count for _, count in counts)
    whole = sum(1 for seen in sums if seen < needed) + 1
    named = tuple(hour for hour, _ in counts[:whole])
    if len(named) <= _HOURS_MAX:
        return Within(these=named)
    return Within(first=min(named), last=max(named))


# ---- the statements


def outlined(query: Query, *, view: View) -> Statement:
    """One row: events, the first and the last time, the end of the last call, services as they appear, errors."""
    where = sql.Where(query, view)
    errors = MEASURES["errors"].sql
    time_us = "toUnixTimestamp64Micro(timestamp)"
    return Statement(
        f"SELECT count(), min({time_us}), max({time_us}),"
        f" max({time_us} + toInt64(if(status_code > 0, least(response_time_ms, {_CALL_MS_MAX}), 0) * 1000)),"
        f" arraySort((one, at) -> at, (minMap([toString(service)], [{time_us}]) AS seen).1, seen.2),"
        f" {errors} FROM events WHERE {where}",
        where.parameters,
    )


def hours(query: Query, sort: Sort, *, after: Cursor | None = None, view: View) -> Statement:
    """Rows (hour in seconds since 1970, events) of what a page can come from, in the order of the pages.

    It says how many events match, and how far the page reaches. The engine cannot tell that itself: it would read
    every hour to sort by time.
    """
    where = _paged(query, after, view)
    _past_time(where, after, descending=sort.descending)
    return Statement(
        f"SELECT toUnixTimestamp(hour), count() FROM events WHERE {where}"
        f" GROUP BY hour ORDER BY hour {_direction(sort)}",
        where.parameters,
    )


def reached(query: Query, sort: Sort, *, after: Cursor | None, needed: int, view: View) -> Statement:
    """One row with the hour of event number `needed` in this order; none where there are fewer.

    The hour is in the sorting key: the engine reads no further than to there.
    """
    where = _paged(query, after, view)
    _past_time(where, after, descending=sort.descending)
    return Statement(
        f"SELECT toUnixTimestamp(hour) FROM events WHERE {where} ORDER BY hour {_direction(sort)}"
        f" LIMIT 1 OFFSET {where.bound(needed - 1, 'UInt64')}",
        where.parameters,
    )


def page(
    query: Query,
    sort: Sort,
    *,
    after: Cursor | None = None,
    within: Within = EVERYWHERE,
    limit: int,
    offset: int = 0,
    view: View,
) -> Statement:
    """Trimmed events by their time."""
    where = _paged(query, after, view)
    _past_time(where, after, descending=sort.descending)
    _add_hours(where, within)
    direction = _direction(sort)
    return Statement(
        f"SELECT {record.TRIMMED} FROM events WHERE {where} ORDER BY timestamp {direction}, position {direction}"
        f" LIMIT {where.bound(limit, 'UInt64')} OFFSET {where.bound(offset, 'UInt64')} {record.TRIMMED_SOON}",
        where.parameters,
    )


def ordered(
    query: Query, sort: Sort, *, after: Cursor | None = None, within: Within = EVERYWHERE, limit: int, view: View
) -> Statement:
    """Those that have a value to be sorted by: the value, then the event, trimmed.

    The engine sorts by value first and reads then what it found: events of many megabytes are for its limit of memory.
    """
    where = _paged(query, after, view)
    value, present = _value(sort.name, where.bound)
    where.add(present)
    if after is not None and after.value is not None:
        before = where.bound.text if isinstance(after.value, str) else where.bound.number
        bound = before(after.value)  # type: ignore[arg-type]  # as it is told apart in the line above
        tie = f"({value} = {bound} AND {_later(where.bound, after, descending=True)})"
        where.add(f"({value} {'<' if sort.descending else '>'} {bound} OR {tie})")
    _add_hours(where, within)
    return Statement(
        f"SELECT {value} AS sorted_by, {record.TRIMMED} FROM events WHERE {where}"
        f" ORDER BY {value} {_direction(sort)}, timestamp DESC, position DESC"
        f" LIMIT {where.bound(limit, 'UInt64')}",
        where.parameters,
    )


def unordered(
    query: Query, sort: Sort, *, after: Cursor | None = None, within: Within = EVERYWHERE, limit: int, view: View
) -> Statement:
    """Those that have none, the newest first."""
    where = _paged(query, after, view)
    _, present = _value(sort.name, where.bound)
    where.add(f"NOT ({present})")
    _past_time(where, after if after and after.value is None else None, descending=True)
    _add_hours(where, within)
    return Statement(
        f"SELECT {record.TRIMMED} FROM events WHERE {where}"
        f" ORDER BY timestamp DESC, position DESC LIMIT {where.bound(limit, 'UInt64')}",
        where.parameters,
    )


def _value(name: str, bound: Bound) -> tuple[str, str]:
    """What events are sorted by, and the condition that one has it.

    The column as it stands, where there is one: what is computed from it costs twice the time to sort by.
    """
    dimension = DIMENSIONS[name]
    if name in _OF_METRICS:
        return name, DIMENSIONS["metrics"].sql
    match dimension.kind:
        case Kind.TIME:
            return f"toUnixTimestamp64Micro({dimension.sql})", "1"
        case Kind.CHOICE:
            return f"indexOf({bound([*dimension.choices], 'Array(String)')}, {dimension.sql})", "1"
        case Kind.NUMBER:
            return dimension.sql, f"isNotNull({dimension.sql})"
        case Kind.FLAG:
            return f"toUInt8({dimension.sql})", f"isNotNull({dimension.sql})"
        case _:
            return dimension.sql, f"{dimension.sql} != ''"


def _paged(query: Query, after: Cursor | None, view: View) -> sql.Where:
    where = sql.Where(query, view)
    if after is not None:
        where.add(f"position <= {where.bound(after.snapshot, 'UInt64')}")
    return where


def _past_time(where: sql.Where, after: Cursor | None, *, descending: bool) -> None:
    """Only what comes after the cursor's event by time."""
    if after is not None:
        at = where.bound.moment(after.timestamp_us)
        where.add(f"hour {'<=' if descending else '>='} toStartOfHour({at})")
        where.add(_later(where.bound, after, descending=descending))


def _later(bound: Bound, after: Cursor, *, descending: bool) -> str:
    at, position = bound.moment(after.timestamp_us), bound(after.position, "UInt64")
    return f"(timestamp, position) {'<' if descending else '>'} ({at}, {position})"


def _add_hours(where: sql.Where, within: Within) -> None:
    for hour, order in ((within.first, ">="), (within.last, "<=")):
        if hour is not None:
            where.add(f"hour {order} toDateTime({where.bound(hour, 'Int64')}, 'UTC')")
    if within.these is not None:
        where.add(f"hour IN {where.bound([*within.these], 'Array(UInt32)')}")


def _direction(sort: Sort) -> str:
    return "DESC" if sort.descending else "ASC"
