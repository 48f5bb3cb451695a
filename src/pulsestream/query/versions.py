"""Which versions of services there are, and which of them are new: were not there before the range."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, cast

from msgspec import Struct
from msgspec.structs import replace

from pulsestream.clock import EPOCH, from_micros, to_micros
from pulsestream.query.compile import Where
from pulsestream.query.model import Query, View
from pulsestream.query.run import Basis, Questions
from pulsestream.store.port import Statement

VERSIONS_MAX = 1_000  # in one answer
# It is looked for what was there before, first near the range: nearly all is found there, at a fiftieth of the cost.
_LOOKS = (timedelta(hours=1), timedelta(days=7), timedelta.max)
_TIMES_READ_MAX = timedelta(days=2)  # beyond it, times are read of those hours only that were the first or the last
_HOUR = timedelta(hours=1)

_Key = tuple[str, str]  # service, version


class Version(Struct, frozen=True):
    """`first_seen`, `last_seen`: within the range. `requests`: events with a status, `errors` those with 400 or more.

    `new`: before the range there were events of the service, and none of them of this version.
    """

    service: str
    version: str
    first_seen: datetime
    last_seen: datetime
    requests: int
    errors: int
    new: bool


class Versions(Struct, frozen=True):
    """Those that came last are first. `total`: how many there are, also beyond VERSIONS_MAX."""

    versions: list[Version]
    total: int
    basis: Basis


async def versions(questions: Questions, query: Query) -> Versions:
    """Of the events that the query is about; also what was there before is looked for among these.

    Raises what a question can raise.
    """
    assert query.start is not None and query.end is not None  # noqa: S101, PT018 - it has a range
    view = questions.view(query.tenant)
    rough = query.end - query.start > _TIMES_READ_MAX
    basis, rows = await asyncio.gather(
        questions.basis(query), questions.ask(query.tenant, _within(query, view, rough=rough))
    )
    found = {
        (service, version): (first_us, last_us, requests, errors)
        for service, version, first_us, last_us, requests, errors, _ in cast("Sequence[Any]", rows)
    }
    old, times = await asyncio.gather(
        _seen_before(questions, query, view, [*found]),
        _times(questions, query, view, [moment for times in found.values() for moment in times[:2]] if rough else []),
    )
    services = {service for service, _ in old}
    listed = [
        Version(
            service=key[0],
            version=key[1],
            first_seen=from_micros(times.get(key, (first_us, last_us))[0]),
            last_seen=from_micros(times.get(key, (first_us, last_us))[1]),
            requests=requests,
            errors=errors,
            new=key not in old and key[0] in services,
        )
        for key, (first_us, last_us, requests, errors) in found.items()
    ]
    listed.sort(key=lambda one: (-to_micros(one.first_seen), one.service, one.version))
    return Versions(listed, cast("int", rows[0][-1]) if rows else 0, basis)


async def _seen_before(questions: Questions, query: Query, view: View, keys: Sequence[_Key]) -> set[_Key]:
    """What there was before the range: these versions, and others of the same services, by which those are known.

    What is found near is not looked for far away: it would be a tenth of a second for 10M events of a month.
    """
    assert query.start is not None  # noqa: S101 - it has a range
    oldest = view.oldest or EPOCH
    seen: set[_Key] = set()
    end = query.start
    for back in _LOOKS:
        start = query.start - min(back, query.start - min(oldest, query.start))
        known = {service for service, _ in seen}
        left = [key for key in keys if key not in seen]
        if not left or start >= end:
            break
        rows = await questions.ask(query.tenant, _like(replace(query, start=start, end=end), view, left, known))
        seen |= {(service, version) for service, version in cast("Sequence[Any]", rows)}
        end = start
    return seen


async def _times(
    questions: Questions, query: Query, view: View, hours_us: Sequence[int]
) -> dict[_Key, tuple[int, int]]:
    """By version, when it was first and last in one of these hours, in microseconds since 1970."""
    if not hours_us:
        return {}
    rows = await questions.ask(query.tenant, _in_hours(query, view, sorted(set(hours_us))))
    return {(service, version): (first, last) for service, version, first, last in cast("Sequence[Any]", rows)}


# ---- statements

_KNOWN = "service != '' AND version != ''"


def _within(query: Query, view: View, *, rough: bool) -> Statement:
    """Rows: service, version, microseconds of its first and last event, requests, errors; how many rows there are.

    `rough`: these times are the hours.
    """
    where = Where(query, view)
    where.add(_KNOWN)
    at = "toInt64(toUnixTimestamp({})) * 1000000" if rough else "toUnixTimestamp64Micro({})"
    column = "hour" if rough else "timestamp"
    return Statement(
        f"SELECT service, version, {at.format(f'min({column})')} AS first, {at.format(f'max({column})')},"
        " countIf(status_code > 0), countIf(status_code >= 400), count() OVER ()"
        f" FROM {where.source} GROUP BY service, version ORDER BY first DESC, service, version"
        f" LIMIT {where.bound(VERSIONS_MAX, 'UInt64')}{where.settings}",
        where.parameters,
    )


def _in_hours(query: Query, view: View, hours_us: Sequence[int]) -> Statement:
    """Rows: service, version, microseconds of its first and last event in one of these hours."""
    where = Where(query, view)
    where.add(_KNOWN)
    where.add(f"hour IN {where.bound([hour_us // 1_000_000 for hour_us in hours_us], 'Array(UInt32)')}")
    return Statement(
        "SELECT service, version, toUnixTimestamp64Micro(min(timestamp)), toUnixTimestamp64Micro(max(timestamp))"
        f" FROM events WHERE {where} GROUP BY service, version",
        where.parameters,
    )


def _like(query: Query, view: View, keys: Sequence[_Key], known: set[str]) -> Statement:
    """Rows: the versions that are like these, and of services that are not `known` to have been there, all."""
    where = Where(query, view)
    bound = where.bound
    where.add(bound.any_of("service", sorted({service for service, _ in keys})))
    alike = bound.any_of("version", sorted({version for _, version in keys}))
    unknown = sorted({service for service, _ in keys} - known)
    where.add(f"({alike} OR {bound.any_of('service', unknown)})" if unknown else alike)
    return Statement(f"SELECT DISTINCT service, version FROM events WHERE {where}", where.parameters)
