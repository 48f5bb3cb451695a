"""Questions as SQL. Values are always bound parameters; names come from the catalog only."""

from __future__ import annotations

from collections.abc import Sequence

from pulsestream.clock import to_micros
from pulsestream.query.catalog import DIMENSIONS, MEASURES
from pulsestream.query.model import Cursor, Query
from pulsestream.store.port import Parameter, Statement
from pulsestream.store.record import COLUMNS

# The sorting key is (tenant, hour, service, timestamp, position): the hour in front lets the engine read
# newest first and stop as soon as the page is full.
_NEWEST_FIRST = "toStartOfHour(timestamp) DESC, timestamp DESC, position DESC"


class _Where:
    """Conditions that must all hold, with their parameters."""

    def __init__(self, query: Query, hidden: Sequence[str]) -> None:
        self._conditions = ["tenant = {tenant:String}"]
        self.parameters: dict[str, Parameter] = {"tenant": query.tenant}
        if query.start is not None:
            self.add("timestamp >= fromUnixTimestamp64Micro({start:Int64}, 'UTC')", start=to_micros(query.start))
        if query.end is not None:
            self.add("timestamp < fromUnixTimestamp64Micro({end:Int64}, 'UTC')", end=to_micros(query.end))
        for number, filter_ in enumerate(query.where):
            dimension = DIMENSIONS[filter_.dimension]
            name = f"where_{number}"
            values: list[str] | list[int] = list(filter_.values)  # type: ignore[assignment]  # one type a dimension
            self.add(f"{dimension.column} IN {{{name}:Array({dimension.type})}}", **{name: values})
        for number, (tag, value) in enumerate(query.tags):
            of, name = f"tag_{number}", f"tag_value_{number}"
            self.add(
                f"mapContains(tags, {{{of}:String}}) AND tags[{{{of}:String}}] = {{{name}:String}}",
                **{of: tag, name: value},
            )
        if query.text:
            self.add(
                "(positionCaseInsensitiveUTF8(title, {text:String}) > 0"
                " OR positionCaseInsensitiveUTF8(message, {text:String}) > 0)",
                text=query.text,
            )
        if hidden:
            self.add("event_id NOT IN {hidden:Array(String)}", hidden=list(hidden))

    def add(self, condition: str, **parameters: Parameter) -> None:
        self._conditions.append(condition)
        self.parameters |= parameters

    def __str__(self) -> str:
        return " AND ".join(self._conditions)


def page(query: Query, *, after: Cursor | None, snapshot: int, offset: int, hidden: Sequence[str]) -> Statement:
    """One page of whole events, newest first, and one row more to tell whether there is another page."""
    where = _Where(query, hidden)
    where.add("position <= {snapshot:UInt64}", snapshot=after.snapshot if after else snapshot)
    if after is not None:
        where.add(
            "timestamp <= fromUnixTimestamp64Micro({after:Int64}, 'UTC') AND"
            " (timestamp, position) < (fromUnixTimestamp64Micro({after:Int64}, 'UTC'), {after_position:UInt64})",
            after=after.timestamp_us,
            after_position=after.position,
        )
    return Statement(
        f"SELECT {COLUMNS} FROM events WHERE {where} ORDER BY {_NEWEST_FIRST}"
        " LIMIT {limit:UInt64} OFFSET {offset:UInt64}",
        where.parameters | {"limit": query.limit + 1, "offset": offset},
    )


def arrivals(query: Query, *, after: int, hidden: Sequence[str]) -> Statement:
    """Whole events in order of arrival, those past position `after`, and one row more."""
    where = _Where(query, hidden)
    where.add("position > {after:UInt64}", after=after)
    return Statement(
        f"SELECT {COLUMNS} FROM events WHERE {where} ORDER BY position LIMIT {{limit:UInt64}}",
        where.parameters | {"limit": query.limit + 1},
    )


def last_arrivals(query: Query, *, hidden: Sequence[str]) -> Statement:
    """The newest `limit` whole events in reverse order of arrival."""
    where = _Where(query, hidden)
    return Statement(
        f"SELECT {COLUMNS} FROM events WHERE {where} ORDER BY position DESC LIMIT {{limit:UInt64}}",
        where.parameters | {"limit": query.limit},
    )


def one_event(tenant: str, event_id: str) -> Statement:
    return Statement(
        f"SELECT {COLUMNS} FROM events WHERE tenant = {{tenant:String}} AND event_id = {{event_id:String}} LIMIT 1",
        {"tenant": tenant, "event_id": event_id},
    )


def count(query: Query, *, snapshot: int, hidden: Sequence[str]) -> Statement:
    """One row: how many events there are, how many of them the query is about."""
    everything = _Where(Query(tenant=query.tenant, limit=1), hidden)
    where = _Where(query, hidden)
    where.add("position <= {snapshot:UInt64}", snapshot=snapshot)
    return Statement(
        f"SELECT (SELECT count() FROM events WHERE {everything}), (SELECT count() FROM events WHERE {where})",
        where.parameters,
    )


def measures(query: Query, *, hidden: Sequence[str]) -> Statement:
    """A row per group, the largest first: its dimensions, then its measures."""
    where = _Where(query, hidden)
    groups = [DIMENSIONS[name].column for name in query.group_by]
    chosen = [f"{MEASURES[name].sql} AS `{name}`" for name in query.measures]
    grouping = f" GROUP BY {', '.join(groups)} ORDER BY count() DESC, {', '.join(groups)}" if groups else ""
    return Statement(
        f"SELECT {', '.join([*groups, *chosen])} FROM events WHERE {where}{grouping} LIMIT {{limit:UInt64}}",
        where.parameters | {"limit": query.limit},
    )


def recency(tenant: str, *, day_us: int, hour_us: int, minute_us: int, hidden: Sequence[str]) -> Statement:
    """One row: events of all time, since each of three moments, the newest event's time, the error rate."""
    where = _Where(Query(tenant=tenant, limit=1), hidden)
    since = "countIf(timestamp >= fromUnixTimestamp64Micro({%s:Int64}, 'UTC'))"
    columns = ", ".join(
        (
            "count()",
            *(since % name for name in ("day", "hour", "minute")),
            "toUnixTimestamp64Micro(max(timestamp))",
            MEASURES["error_rate"].sql,
        )
    )
    return Statement(
        f"SELECT {columns} FROM events WHERE {where}",
        where.parameters | {"day": day_us, "hour": hour_us, "minute": minute_us},
    )


def outcomes(tenant: str) -> Statement:
    """Rows (outcome, reason, events) of everything that was received."""
    return Statement(
        "SELECT outcome, reason, sum(events) FROM outcomes WHERE tenant = {tenant:String} GROUP BY outcome, reason",
        {"tenant": tenant},
    )
