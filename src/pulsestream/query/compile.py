"""Questions as SQL. Values are always bound parameters; names come from the catalog only."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from pulsestream.clock import to_micros
from pulsestream.query.apdex import Thresholds
from pulsestream.query.catalog import APDEX_T, MEASURES, RESPONSE_TIMES, Measure, measures_of, percentile, quantiles
from pulsestream.query.condition import Bound, condition, like_pattern, value
from pulsestream.query.expression import EVERYTHING
from pulsestream.query.model import Query, View
from pulsestream.store.port import Parameter, Statement, in_pieces
from pulsestream.store.record import COLUMNS, TRIMMED, TRIMMED_SOON

_SECONDS_MAX = 2**32 - 1  # of the engine's DateTime
_HOUR_US = 3_600_000_000
_LONG_US = 36 * _HOUR_US  # from where on three readings of a range take less than one
_MADE = "hour, tag_pairs, country, region, city, device_type"  # columns that the engine makes of others


class Where:
    """Conditions that must all hold, with their parameters."""

    def __init__(self, query: Query, view: View, bound: Bound | None = None) -> None:
        """`bound`: of the statement, where it has other conditions too."""
        self.bound = Bound() if bound is None else bound
        self._filtered = query.where != EVERYTHING
        self._tenant = f"tenant = {self.bound.text(query.tenant)}"
        starts_us = [to_micros(start) for start in (query.start, view.oldest) if start is not None]
        self._start_us = max(starts_us, default=None)
        self._end_us = None if query.end is None else to_micros(query.end)
        self._conditions: list[str] = []
        if self._filtered:
            self.add(condition(query.where, self.bound))
        if view.expiring is not None and (view.oldest is None or view.expiring[0] > to_micros(view.oldest)):
            before_us, position = view.expiring
            self.add(
                f"NOT (timestamp < {self.bound.moment(before_us)} AND position <= {self.bound(position, 'UInt64')})"
            )
        for piece in in_pieces(view.hidden):
            self.add(f"event_id NOT IN {self.bound(piece, 'Array(String)')}")

    @property
    def parameters(self) -> dict[str, Parameter]:
        return self.bound.parameters

    def add(self, condition: str) -> None:
        self._conditions.append(condition)

    def __str__(self) -> str:
        return self._all(*self._since(), *self._until())

    def _since(self) -> list[str]:
        """The hour is in the sorting key: of a time alone the engine has to read every granule's.

        Where a full hour begins, the hour says it all, and the times are not read: a third of what a day's counts cost.
        """
        if self._start_us is None:
            return []
        hour = f"hour >= {self._hour(self._start_us)}"
        return [hour] if _is_full_hour(self._start_us) else [hour, f"timestamp >= {self.bound.moment(self._start_us)}"]

    def _until(self) -> list[str]:
        if self._end_us is None:
            return []
        if _is_full_hour(self._end_us):
            return [f"hour < {self._hour(self._end_us)}"]
        return [f"hour <= {self._hour(self._end_us)}", f"timestamp < {self.bound.moment(self._end_us)}"]

    @property
    def source(self) -> str:
        """What stands after FROM, to read a few columns of every event of a time range that has both ends.

        Of the hours that lie wholly in a long range the times are not looked at: 10M events of 30 days are counted by
        a column in 40 % of the time, and measured in 70 %.
        """
        if self._start_us is None or self._end_us is None or self._end_us - self._start_us < _LONG_US:
            return f"events WHERE {self}"
        if _is_full_hour(self._start_us) and _is_full_hour(self._end_us):
            return f"events WHERE {self}"
        if _hour_s(self._start_us) == _hour_s(self._end_us):  # before 1970 or after 2105
            return f"events WHERE {self}"
        first, last = self._hour(self._start_us), self._hour(self._end_us)
        parts = (
            self._all(f"hour > {first} AND hour < {last}"),
            self._all(f"hour = {first} AND timestamp >= {self.bound.moment(self._start_us)}"),
            self._all(f"hour = {last} AND timestamp < {self.bound.moment(self._end_us)}"),
        )
        # The engine reads only those columns that are asked for. Without their names it leaves out those it makes.
        return f"({' UNION ALL '.join(f'SELECT *, {_MADE} FROM events WHERE {part}' for part in parts)})"

    def _all(self, *times: str) -> str:
        return " AND ".join((self._tenant, *times, *self._conditions))

    def _hour(self, micros: int) -> str:
        return f"toDateTime({self.bound(_hour_s(micros), 'Int64')}, 'UTC')"

    @property
    def settings(self) -> str:
        """For the end of a statement that reads a few columns of every event in a time range.

        Unasked, the engine reads the columns of the conditions first and the others for the rows that are left. Where
        all of them are, that is a quarter of the time for nothing.
        """
        return "" if self._filtered else " SETTINGS optimize_move_to_prewhere = 0"


def _hour_s(micros: int) -> int:
    """As near as the engine's hours come to it."""
    return min(max(micros // _HOUR_US * 3600, 0), _SECONDS_MAX)


def _is_full_hour(micros: int) -> bool:
    """Of those that the engine's hours can say."""
    return micros % _HOUR_US == 0 and 0 <= micros <= _SECONDS_MAX * 1_000_000


def measured(names: Sequence[str], bound: Bound, apdex: Thresholds, *, estimated: bool = False) -> list[str]:
    """The SQL of these measures, of a group of events. What is per second is not divided yet.

    Several percentiles are taken from one collection of response times: three cost a fifth less so.
    """
    measures = measures_of(tuple(names))
    of_name = {name: level for name, level in ((name, percentile(name)) for name in measures) if level is not None}
    levels = list(dict.fromkeys(of_name.values()))
    if len(levels) < 2:  # noqa: PLR2004 - one alone is as well by itself
        return [_sql(measure, bound, apdex, estimated=estimated) for measure in measures.values()]
    together = f"{quantiles(', '.join(levels), 'If', estimated=estimated)}({RESPONSE_TIMES})"
    return [
        f"if({MEASURES['requests'].sql} = 0, NULL, {together}[{levels.index(of_name[name]) + 1}])"
        if name in of_name
        else _sql(measure, bound, apdex, estimated=estimated)
        for name, measure in measures.items()
    ]


def _sql(measure: Measure, bound: Bound, apdex: Thresholds, *, estimated: bool) -> str:
    sql = measure.estimate if estimated and measure.estimate else measure.sql
    return sql.replace(APDEX_T, threshold(bound, apdex)) if APDEX_T in sql else sql


def threshold(bound: Bound, apdex: Thresholds) -> str:
    """The milliseconds that an event's endpoint may take."""
    if not apdex.of:
        return bound(apdex.default_ms, "Float64")
    cases = [
        f"endpoint LIKE {bound.text(like_pattern(endpoint.split('*')))}, {bound(ms, 'Float64')}"
        for endpoint, ms in apdex.of
    ]
    return f"multiIf({', '.join(cases)}, {bound(apdex.default_ms, 'Float64')})"


def arrivals(query: Query, *, after: int, view: View) -> Statement:
    """Trimmed events in order of arrival, those past position `after`, and one row more."""
    where = Where(query, view)
    where.add(f"position > {where.bound(after, 'UInt64')}")
    return Statement(
        f"SELECT {TRIMMED} FROM events WHERE {where} ORDER BY position"
        f" LIMIT {where.bound(query.limit + 1, 'UInt64')} {TRIMMED_SOON}",
        where.parameters,
    )


def last_arrivals(query: Query, *, view: View) -> Statement:
    """The newest `limit` trimmed events in reverse order of arrival."""
    where = Where(query, view)
    return Statement(
        f"SELECT {TRIMMED} FROM events WHERE {where} ORDER BY position DESC"
        f" LIMIT {where.bound(query.limit, 'UInt64')} {TRIMMED_SOON}",
        where.parameters,
    )


def at_places(tenant: str, places: Sequence[tuple[int, int]], *, view: View) -> Statement:
    """Whole events by their times, in microseconds since 1970, and positions, in any order."""
    where = Where(Query(tenant=tenant, limit=1), view)
    hours = {_hour_s(at) for at, _ in places}
    where.add(f"hour IN {where.bound([*hours], 'Array(UInt32)')}")
    where.add(f"position IN {where.bound([position for _, position in places], 'Array(UInt64)')}")
    return Statement(f"SELECT {COLUMNS} FROM events WHERE {where}", where.parameters)


def one_event(tenant: str, event_id: str, *, view: View) -> Statement:
    where = Where(Query(tenant=tenant, limit=1), view)
    where.add(f"event_id = {where.bound.text(event_id)}")
    return Statement(f"SELECT {COLUMNS} FROM events WHERE {where} LIMIT 1", where.parameters)


def count(query: Query, *, view: View) -> Statement:
    """One row: how many events the query is about."""
    where = Where(query, view)
    return Statement(f"SELECT count() FROM events WHERE {where}", where.parameters)


def groups(query: Query, *, view: View, estimated: bool = False) -> Statement:
    """A row per group, the largest first: its dimensions, then its measures, those per second not divided yet."""
    where = Where(query, view)
    names = [value(place, where.bound) for place in query.group_by]
    chosen = measured(query.measures, where.bound, view.apdex, estimated=estimated)
    numbers = ", ".join(str(number + 1) for number in range(len(names)))
    grouping = f" GROUP BY {numbers} ORDER BY count() DESC, {numbers}" if names else ""
    return Statement(
        f"SELECT {', '.join([*names, *chosen])} FROM {where.source}{grouping}"
        f" LIMIT {where.bound(query.limit, 'UInt64')}{where.settings}",
        where.parameters,
    )


def recency(tenant: str, *, day_us: int, hour_us: int, minute_us: int, view: View) -> Statement:
    """One row: events of all time, since each of three moments, the newest event's time, the error rate."""
    where = Where(Query(tenant=tenant, limit=1), view)
    columns = ", ".join(
        (
            "count()",
            *(f"countIf(timestamp >= {where.bound.moment(since)})" for since in (day_us, hour_us, minute_us)),
            "toUnixTimestamp64Micro(max(timestamp))",
            f"ifNull({MEASURES['error_rate'].sql}, 0)",
        )
    )
    return Statement(f"SELECT {columns} FROM events WHERE {where}", where.parameters)


def deleted(tenant: str) -> Statement:
    """One row: how many events were deleted."""
    return Statement(
        "SELECT uniqExact(event_id) FROM tombstones WHERE tenant = {tenant:String}",
        {"tenant": tenant},
    )


def expired(tenant: str, *, view: View) -> Statement:
    """One row: how many events are past the retention, though nobody has begun to remove them."""
    where = Where(Query(tenant=tenant, limit=1, end=view.oldest), replace(view, oldest=None))
    return Statement(f"SELECT count() FROM events WHERE {where}", where.parameters)


def weeks(tenant: str, *, view: View) -> Statement:
    """Rows (Monday, events) of the tenant's events."""
    where = Where(Query(tenant=tenant, limit=1), view)
    return Statement(
        f"SELECT toString(toMonday(hour)) AS week, count() FROM events WHERE {where} GROUP BY week ORDER BY week",
        where.parameters,
    )


def minutes(tenant: str, *, since_s: int) -> Statement:
    """Rows (minute in seconds since 1970, outcome, reason, events) of what was received since then."""
    return Statement(
        "SELECT toUnixTimestamp(minute), outcome, reason, sum(events) FROM outcomes"
        " WHERE tenant = {tenant:String} AND minute >= toDateTime({since:Int64}, 'UTC')"
        " GROUP BY minute, outcome, reason",
        {"tenant": tenant, "since": since_s},
    )


def outcomes(tenant: str) -> Statement:
    """Rows (outcome, reason, events) of everything that was received."""
    return Statement(
        "SELECT outcome, reason, sum(events) FROM outcomes WHERE tenant = {tenant:String} GROUP BY outcome, reason",
        {"tenant": tenant},
    )
