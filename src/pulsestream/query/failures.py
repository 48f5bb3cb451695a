"""What fails: events that failed in the same way are one group."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, cast
from zoneinfo import ZoneInfo

from msgspec import Struct
from msgspec.structs import replace

from pulsestream.clock import EPOCH, from_micros
from pulsestream.query.compile import Where
from pulsestream.query.expression import EVERYTHING
from pulsestream.query.message import normalised
from pulsestream.query.model import Query, View
from pulsestream.query.run import Basis, Questions
from pulsestream.query.steps import Grid, automatic_step, grid
from pulsestream.store.port import Statement

STEPS = 30  # some, of a trend
BACK = timedelta(days=7)
# Beyond it the ids of examples are read by themselves: all ids of a month are a sixth of what its errors cost.
_IDS_READ_MAX = timedelta(days=2)
# It is looked for what was seen before the range: first as far back as all of it should be found, then further. Another
# look costs as much as some hours more of 10M events a month.
_FIRST_LOOKS, _DAY = tuple(timedelta(hours=hours) for hours in (1, 2, 4, 8)), timedelta(days=1)
_MISSED_MAX = 0.3  # groups that are to be expected to be missed

# By name: the column of the statement below.
SORTS = {"count": "events", "users": "users", "first_seen": "first_us", "last_seen": "last_us"}

# A request that failed or was refused, or an event that says of itself that it is an error. A message or a stack trace
# alone does not count: to look at all of them would cost more than all else.
_FAILED = "(status_code >= 400 OR severity IN ('error', 'critical') OR error_code != '')"
_PLACE = "service, endpoint, method, status_code"
# What it says: its message, else that of the error, else the title.
_TEXTS = (
    "message, if(message = '', error_message, '') AS of_error, if(message = '' AND of_error = '', title, '') AS named"
)
_TEXT = "multiIf(message != '', toString(message), of_error != '', of_error, toString(named))"


class Failure(Struct, frozen=True):
    """`id`: the same for the same group at all times. `status_code`: None of what was no request.

    `message`: with placeholders. `new`: not seen from `Failures.compared_since` on, up to the range.
    `trend`: events by step. `example`: the id of the newest event of it, `example_message`: what that says.
    """

    id: str
    service: str
    endpoint: str
    method: str
    status_code: int | None
    message: str
    count: int
    users: int
    first_seen: datetime
    last_seen: datetime
    new: bool
    trend: list[int]
    example: str
    example_message: str


class Failures(Struct, frozen=True):
    """`matched`: events in all groups. `compared_since`: None where there are no events before the range."""

    groups: list[Failure]
    groups_total: int
    matched: int
    grid: Grid
    compared_since: datetime | None
    basis: Basis


class _Key(Struct, frozen=True):
    """What the events of a group have in common."""

    service: str
    endpoint: str
    method: str
    status_code: int
    message: str

    @property
    def id(self) -> str:
        parts = (self.service, self.endpoint, self.method, str(self.status_code), self.message)
        return hashlib.blake2b("\0".join(parts).encode(), digest_size=8).hexdigest()


class _Group(Struct, frozen=True):
    """`newest`: the id of its newest event; of a long range its position."""

    key: _Key
    count: int
    users: int
    first_us: int
    last_us: int
    trend: list[int]
    newest: str
    newest_says: str


async def failures(questions: Questions, query: Query, *, sort: str, descending: bool, zone: ZoneInfo) -> Failures:
    """The `limit` groups that come first by one of SORTS. Raises what a question can raise."""
    assert query.start is not None and query.end is not None  # noqa: S101, PT018 - it has a range
    view = questions.view(query.tenant)
    step = automatic_step(query.start, query.end, points=STEPS)
    steps = grid(step, start=query.start, end=query.end, zone=zone)
    basis, rows = await asyncio.gather(
        questions.basis(query),
        questions.ask(query.tenant, _groups(query, view, steps, SORTS[sort], descending=descending)),
    )
    groups = [_group(row) for row in cast("Sequence[Any]", rows)]
    (old, since), ids = await asyncio.gather(
        _seen_before(questions, query, view, groups), _ids(questions, query, view, groups)
    )
    return Failures(
        groups=[_failure(group, ids[group.newest], new=since is not None and group.key not in old) for group in groups],
        groups_total=cast("int", rows[0][-2]) if rows else 0,
        matched=cast("int", rows[0][-1]) if rows else 0,
        grid=steps,
        compared_since=since,
        basis=basis,
    )


async def _seen_before(
    questions: Questions, query: Query, view: View, groups: Sequence[_Group]
) -> tuple[set[_Key], datetime | None]:
    """Those of the groups that there were before the range, and from when on it was looked for them.

    What is found near is not looked for far away: a week of all errors costs seven times as much as a day.
    """
    assert query.start is not None and query.end is not None  # noqa: S101, PT018 - it has a range
    if not groups:
        return set(), None
    first = _first_look(query.end - query.start, [group.count for group in groups])
    found: set[_Key] = set()
    end, begun = query.start, None
    for length in dict.fromkeys((first, _DAY, BACK)):
        left = [group.key for group in groups if group.key not in found]
        if not left:
            break
        start = max(query.start - min(length, query.start - EPOCH), begun or EPOCH, view.oldest or EPOCH)
        look = _look(questions, query, view, left, (start, end))
        if end < query.start and begun is None:  # it is looked further: then it matters how far there are events
            seen, first_hour = await asyncio.gather(look, _begun(questions, query, view))
            begun, start = first_hour, max(start, first_hour)
        else:
            seen = await look
        if start >= end:
            break
        found |= seen
        end = start
    return found, end if end < query.start and (found or begun is None or begun < query.start) else None


def _first_look(length: timedelta, counts: Sequence[int]) -> timedelta:
    """As far back as groups should be found that came so often by chance in a range of this length.

    How often they come nobody knows: what came once may well be rare, and there are many of that kind. So the chance
    that one is not seen for a while is that of a rate of which nothing else is known.
    """
    for look in _FIRST_LOOKS:
        unseen = length / (length + look)
        if sum(unseen**count for count in counts) < _MISSED_MAX:
            return look
    return _DAY


async def _look(
    questions: Questions, query: Query, view: View, keys: Sequence[_Key], span: tuple[datetime, datetime]
) -> set[_Key]:
    """Groups that there were between these times: all of the keys', and maybe some others."""
    start, end = span
    if start >= end:
        return set()
    rows = await questions.ask(query.tenant, _same(replace(query, start=start, end=end), view, keys))
    return {_Key(*row) for row in cast("Sequence[Any]", rows)}


async def _begun(questions: Questions, query: Query, view: View) -> datetime:
    """When the first event before the range was, to the hour; the start of the range where there is none."""
    assert query.start is not None  # noqa: S101 - it has a range
    rows = await questions.ask(
        query.tenant, _first_hour(replace(query, where=EVERYTHING, start=None, end=query.start), view)
    )
    return from_micros(cast("int", rows[0][0]) * 1_000_000) if rows else query.start


async def _ids(questions: Questions, query: Query, view: View, groups: Sequence[_Group]) -> dict[str, str]:
    """Of the newest events, by what the groups have of them. Empty where one is deleted between two statements."""
    if not groups or not _is_long(query):
        return {group.newest: group.newest for group in groups}
    rows = await questions.ask(query.tenant, _at(query, view, groups))
    found = {str(position): event_id for position, event_id in cast("Sequence[tuple[int, str]]", rows)}
    return {group.newest: found.get(group.newest, "") for group in groups}


def _is_long(query: Query) -> bool:
    assert query.start is not None and query.end is not None  # noqa: S101, PT018 - it has a range
    return query.end - query.start > _IDS_READ_MAX


def _failure(group: _Group, example: str, *, new: bool) -> Failure:
    key = group.key
    return Failure(
        id=key.id,
        service=key.service,
        endpoint=key.endpoint,
        method=key.method,
        status_code=key.status_code or None,
        message=key.message,
        count=group.count,
        users=group.users,
        first_seen=from_micros(group.first_us),
        last_seen=from_micros(group.last_us),
        new=new,
        trend=group.trend,
        example=example,
        example_message=group.newest_says,
    )


def _group(row: Sequence[Any]) -> _Group:
    *key, count, users, first_us, last_us, trend, newest, text, _, _ = row
    return _Group(_Key(*key), count, users, first_us, last_us, trend, newest, text)


# ---- statements


def _groups(query: Query, view: View, steps: Grid, sort: str, *, descending: bool) -> Statement:
    """Rows: the key, events, users, first and last, the trend, the newest event; how many groups, how many events."""
    where = Where(query, view)
    where.add(_FAILED)
    bound = where.bound
    order = f"ORDER BY {sort} {'DESC' if descending else 'ASC'}, events DESC, {_PLACE}, said"
    # Texts are made alike after they are grouped as they are: there are fewer of them then.
    as_they_are = (
        f"SELECT {_PLACE}, {_TEXTS}, count() AS c, uniqExactStateIf(user_id, user_id != '') AS u,"
        f" min(timestamp) AS first, max(timestamp) AS last, groupArray({steps.sql(bound)}) AS s,"
        f" argMax({'toString(position)' if _is_long(query) else 'event_id'}, timestamp) AS newest"
        f" FROM events WHERE {where} GROUP BY {_PLACE}, message, of_error, named"
    )
    alike = (
        f"SELECT {_PLACE}, {normalised(_TEXT, bound)} AS said, sum(c) AS events, uniqExactMerge(u) AS users,"
        " toUnixTimestamp64Micro(min(first)) AS first_us, toUnixTimestamp64Micro(max(last)) AS last_us,"
        f" groupArrayArray(s) AS steps, argMax((newest, {_TEXT}), last) AS example,"
        " count() OVER () AS groups_total, sum(sum(c)) OVER () AS matched"
        f" FROM ({as_they_are}) GROUP BY {_PLACE}, said {order} LIMIT {bound(query.limit, 'UInt64')}"
    )
    trend = f"arrayMap(step -> countEqual(steps, step), {bound([*steps.numbers], 'Array(Int64)')})"
    return Statement(
        f"SELECT {_PLACE}, said, events, users, first_us, last_us, {trend}, example.1, example.2, groups_total, matched"
        f" FROM ({alike}) {order}{where.settings}",
        where.parameters,
    )


def _same(query: Query, view: View, keys: Sequence[_Key]) -> Statement:
    """Rows: the keys of groups that are like these, and maybe of some others."""
    where = Where(query, view)
    bound = where.bound
    for column in ("service", "endpoint", "method"):
        where.add(bound.any_of(column, sorted({getattr(key, column) for key in keys})))
    statuses = sorted({key.status_code for key in keys})
    where.add(f"status_code IN {bound(statuses, 'Array(UInt16)')}")
    where.add(_FAILED)
    return Statement(
        f"SELECT {_PLACE}, {normalised(_TEXT, bound)}"
        f" FROM (SELECT DISTINCT {_PLACE}, {_TEXTS} FROM events WHERE {where})",
        where.parameters,
    )


def _at(query: Query, view: View, groups: Sequence[_Group]) -> Statement:
    """Rows: position and id of each group's newest event."""
    where = Where(query, view)
    hours = {group.last_us // 3_600_000_000 * 3_600 for group in groups}
    where.add(f"hour IN {where.bound([*hours], 'Array(UInt32)')}")
    where.add(f"position IN {where.bound([int(group.newest) for group in groups], 'Array(UInt64)')}")
    return Statement(f"SELECT position, event_id FROM events WHERE {where}", where.parameters)


def _first_hour(query: Query, view: View) -> Statement:
    """A row, the hour in seconds since 1970 of the first event, or none."""
    where = Where(query, view)
    return Statement(
        f"SELECT toUnixTimestamp(hour) FROM events WHERE {where} ORDER BY tenant, hour LIMIT 1", where.parameters
    )
