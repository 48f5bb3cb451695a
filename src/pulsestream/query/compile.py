"""Questions as SQL. Values are always bound parameters; names come from the catalog only."""

from __future__ import annotations

from msgspec.structs import replace

from pulsestream.clock import to_micros
from pulsestream.query.catalog import DIMENSIONS, MEASURES
from pulsestream.query.model import Cursor, Query, View
from pulsestream.store.port import Parameter, Statement, in_pieces
from pulsestream.store.record import COLUMNS

_TAG_SEPARATOR = ":"  # in the column tag_pairs, between name and value


class _Where:
    """Conditions that must all hold, with their parameters."""

    def __init__(self, query: Query, view: View) -> None:
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
            name = f"tag_{number}"
            self.add(f"has(tag_pairs, {{{name}:String}})", **{name: tag + _TAG_SEPARATOR + value})
        if query.text:
            self.add(
                "(positionCaseInsensitiveUTF8(title, {text:String}) > 0"
                " OR positionCaseInsensitiveUTF8(message, {text:String}) > 0)",
                text=query.text,
            )
        if view.oldest is not None:
            self.add("timestamp >= fromUnixTimestamp64Micro({oldest:Int64}, 'UTC')", oldest=to_micros(view.oldest))
        if view.expiring is not None and (view.oldest is None or view.expiring[0] > to_micros(view.oldest)):
            self.add(
                "NOT (timestamp < fromUnixTimestamp64Micro({expiring:Int64}, 'UTC')"
                " AND position <= {expiring_to:UInt64})",
                expiring=view.expiring[0],
                expiring_to=view.expiring[1],
            )
        for number, piece in enumerate(in_pieces(view.hidden)):
            name = f"hidden_{number}"
            self.add(f"event_id NOT IN {{{name}:Array(String)}}", **{name: piece})

    def add(self, condition: str, **parameters: Parameter) -> None:
        self._conditions.append(condition)
        self.parameters |= parameters

    def __str__(self) -> str:
        return " AND ".join(self._conditions)


def hours(query: Query, *, after: Cursor | None, snapshot: int | None, view: View) -> Statement:
    """Rows (hour in seconds since 1970, events) of what a page can come from, the newest hour first.

    It says how many events match, and how far back the page reaches. The engine cannot tell that itself: it
    would read every hour to sort by time. `snapshot`: None for everything there is.
    """
    where = _paged(query, snapshot, view)
    if after is not None:
        where.add(_BEFORE_CURSOR, **_cursor_parameters(after))
    return Statement(
        f"SELECT toUnixTimestamp(hour), count() FROM events WHERE {where} GROUP BY hour ORDER BY hour DESC",
        where.parameters,
    )


def page(
    query: Query, *, after: Cursor | None, snapshot: int | None, since_hour: int, offset: int, view: View
) -> Statement:
    """One page of whole events, newest first, none older than `since_hour` (seconds since 1970)."""
    where = _paged(query, snapshot, view)
    where.add("hour >= toDateTime({since_hour:Int64}, 'UTC')", since_hour=since_hour)
    if after is not None:
        where.add(_BEFORE_CURSOR, **_cursor_parameters(after))
    return Statement(
        f"SELECT {COLUMNS} FROM events WHERE {where} ORDER BY timestamp DESC, position DESC"
        " LIMIT {limit:UInt64} OFFSET {offset:UInt64}",
        where.parameters | {"limit": query.limit, "offset": offset},
    )


_BEFORE_CURSOR = (
    "hour <= toStartOfHour(fromUnixTimestamp64Micro({after:Int64}, 'UTC'))"
    " AND (timestamp, position) < (fromUnixTimestamp64Micro({after:Int64}, 'UTC'), {after_position:UInt64})"
)


def _cursor_parameters(after: Cursor) -> dict[str, Parameter]:
    return {"after": after.timestamp_us, "after_position": after.position}


def _paged(query: Query, snapshot: int | None, view: View) -> _Where:
    where = _Where(query, view)
    if snapshot is not None:
        where.add("position <= {snapshot:UInt64}", snapshot=snapshot)
    return where


def arrivals(query: Query, *, after: int, view: View) -> Statement:
    """Whole events in order of arrival, those past position `after`, and one row more."""
    where = _Where(query, view)
    where.add("position > {after:UInt64}", after=after)
    return Statement(
        f"SELECT {COLUMNS} FROM events WHERE {where} ORDER BY position LIMIT {{limit:UInt64}}",
        where.parameters | {"limit": query.limit + 1},
    )


def last_arrivals(query: Query, *, view: View) -> Statement:
    """The newest `limit` whole events in reverse order of arrival."""
    where = _Where(query, view)
    return Statement(
        f"SELECT {COLUMNS} FROM events WHERE {where} ORDER BY position DESC LIMIT {{limit:UInt64}}",
        where.parameters | {"limit": query.limit},
    )


def one_event(tenant: str, event_id: str, *, view: View) -> Statement:
    where = _Where(Query(tenant=tenant, limit=1), view)
    where.add("event_id = {event_id:String}", event_id=event_id)
    return Statement(f"SELECT {COLUMNS} FROM events WHERE {where} LIMIT 1", where.parameters)


def count(query: Query, *, view: View) -> Statement:
    """One row: how many events the query is about."""
    where = _Where(query, view)
    return Statement(f"SELECT count() FROM events WHERE {where}", where.parameters)


def measures(query: Query, *, view: View) -> Statement:
    """A row per group, the largest first: its dimensions, then its measures."""
    where = _Where(query, view)
    groups = [DIMENSIONS[name].column for name in query.group_by]
    chosen = [f"{MEASURES[name].sql} AS `{name}`" for name in query.measures]
    grouping = f" GROUP BY {', '.join(groups)} ORDER BY count() DESC, {', '.join(groups)}" if groups else ""
    return Statement(
        f"SELECT {', '.join([*groups, *chosen])} FROM events WHERE {where}{grouping} LIMIT {{limit:UInt64}}",
        where.parameters | {"limit": query.limit},
    )


def recency(tenant: str, *, day_us: int, hour_us: int, minute_us: int, view: View) -> Statement:
    """One row: events of all time, since each of three moments, the newest event's time, the error rate."""
    where = _Where(Query(tenant=tenant, limit=1), view)
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


def deleted(tenant: str) -> Statement:
    """One row: how many events were deleted."""
    return Statement(
        "SELECT uniqExact(event_id) FROM tombstones WHERE tenant = {tenant:String}",
        {"tenant": tenant},
    )


def expired(tenant: str, *, view: View) -> Statement:
    """One row: how many events are past the retention, though nobody has begun to remove them."""
    where = _Where(Query(tenant=tenant, limit=1, end=view.oldest), replace(view, oldest=None))
    return Statement(f"SELECT count() FROM events WHERE {where}", where.parameters)


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
