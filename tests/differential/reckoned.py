"""What a question is answered with: which events it is about, their groups and measures, by definition."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any

from differential.oracle import NOWHERE, called, field, holds, inside, tags
from differential.stored import Row
from differential.worlds import RECEIVED, Event
from pulsestream.clock import from_micros, to_micros
from pulsestream.query.apdex import Thresholds
from pulsestream.query.expression import EVERYTHING, Expression, Field, Place, Tag
from pulsestream.query.model import Query, View

EVERYTHING_SEEN = View()

# ---- which events


def visible(row: Row, view: View) -> bool:
    at = field(row.event, "timestamp")
    if row.event["event_id"] in view.hidden:
        return False
    if view.expiring is not None and at < view.expiring[0] and row.position <= view.expiring[1]:
        return False
    return view.oldest is None or at >= to_micros(view.oldest)


def in_range(row: Row, start: datetime | None, end: datetime | None) -> bool:
    at = field(row.event, "timestamp")
    return (start is None or at >= to_micros(start)) and (end is None or at < to_micros(end))


def asked_about(rows: Iterable[Row], query: Query, view: View, where: Expression | None = None) -> list[Row]:
    where = query.where if where is None else where
    return [
        row for row in rows if visible(row, view) and in_range(row, query.start, query.end) and holds(row.event, where)
    ]


def basis_events(rows: Iterable[Row], query: Query, view: View) -> int:
    return len(asked_about(rows, query, view, EVERYTHING))


def came_back(event: Event) -> Event:
    """The event as it is told."""
    at = from_micros(field(event, "timestamp"))
    return {"severity": "info"} | event | {"timestamp": _told(at), "received_at": _told(RECEIVED)}


def _told(at: datetime) -> str:
    return at.isoformat().replace("+00:00", "Z")


# ---- groups


def named(event: Event, place: Place) -> Any:
    """What the group of an event is called."""
    if isinstance(place, Field):
        return field(event, place.name)
    if isinstance(place, Tag):
        return tags(event).get(place.name, "")
    found = inside(event, place)
    return "" if found is NOWHERE else called(found)


def groups(rows: Iterable[Row], query: Query, thresholds: Thresholds, seconds: float) -> list[list[Any]]:
    """The largest first, then by name, none last; without anything to group by one, of all."""
    members: dict[tuple[Any, ...], list[Event]] = {} if query.group_by else {(): []}
    for row in rows:
        members.setdefault(tuple(named(row.event, place) for place in query.group_by), []).append(row.event)
    ordered = sorted(members.items(), key=lambda group: (-len(group[1]), [in_order(one) for one in group[0]]))
    return [
        [*names, *(measured(measure, events, thresholds, seconds) for measure in query.measures)]
        for names, events in ordered[: query.limit]
    ]


def in_order(value: Any) -> tuple[bool, Any]:
    """By bytes or by size, and what is not there last."""
    return value is None, value.encode() if isinstance(value, str) else value or 0


# ---- measures


def measured(name: str, events: Sequence[Event], thresholds: Thresholds, seconds: float) -> float | None:
    percentile = re.fullmatch(r"p([0-9.]+)(_ms)?", name)
    if percentile:
        return percentile_of([field(event, "response_time_ms") for event in _requests(events)], float(percentile[1]))
    if name == "apdex":
        return _apdex(_requests(events), thresholds)
    value = _MEASURES[name](events)
    return value / seconds if name in ("rate", "request_rate", "throughput") else value


def alike(one: float | None, other: float | None) -> bool:
    """Sums of floats depend on their order."""
    return one == other or (one is not None and other is not None and math.isclose(one, other, rel_tol=1e-12))


def percentile_of(values: Sequence[float], level: float) -> float | None:
    """The value of rank n * level, of the values in order, none between two of them."""
    rank = min(int(len(values) * float(f"{level / 100:.7g}")), len(values) - 1)
    return sorted(values)[rank] if values else None


def _requests(events: Sequence[Event]) -> list[Event]:
    return [event for event in events if "metrics" in event]


def _statuses(events: Sequence[Event], low: int, high: int = 599) -> int:
    return sum(low <= event["metrics"]["status_code"] <= high for event in _requests(events))


def _of(events: Sequence[Event], name: str) -> list[Any]:
    return [value for value in (field(event, name) for event in events) if value is not None]


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def _mean(values: Sequence[float]) -> float | None:
    return sum(values) / len(values) if values else None


def _sum(values: Sequence[int]) -> int | None:
    return sum(values) if values else None


def _different(name: str) -> Callable[[Sequence[Event]], int]:
    return lambda events: len({text for text in _of(events, name) if text})


def _apdex(requests: Sequence[Event], thresholds: Thresholds) -> float | None:
    score = 0.0
    for event in requests:
        limit, took = threshold(thresholds, event["source"]["endpoint"]), field(event, "response_time_ms")
        if event["metrics"]["status_code"] < 500 and took <= 4 * limit:
            score += 1 if took <= limit else 0.5
    return score / len(requests) if requests else None


def threshold(thresholds: Thresholds, endpoint: str) -> float:
    """In ms: of the first pattern that fits."""
    for pattern, ms in thresholds.of:
        if re.fullmatch(".*".join(map(re.escape, pattern.split("*"))), endpoint, re.DOTALL):
            return ms
    return thresholds.default_ms


_MEASURES: dict[str, Callable[[Sequence[Event]], float | None]] = {
    "count": len,
    "rate": len,
    "requests": lambda events: len(_requests(events)),
    "request_rate": lambda events: len(_requests(events)),
    "errors": lambda events: _statuses(events, 400),
    "errors_4xx": lambda events: _statuses(events, 400, 499),
    "errors_5xx": lambda events: _statuses(events, 500),
    "error_rate": lambda events: _share(_statuses(events, 400), len(_requests(events))),
    "rate_4xx": lambda events: _share(_statuses(events, 400, 499), len(_requests(events))),
    "rate_5xx": lambda events: _share(_statuses(events, 500), len(_requests(events))),
    "min_ms": lambda events: min(_of(events, "response_time_ms"), default=None),
    "max_ms": lambda events: max(_of(events, "response_time_ms"), default=None),
    "mean_ms": lambda events: _mean(_of(events, "response_time_ms")),
    "request_bytes": lambda events: _sum(_of(events, "request_size_bytes")),
    "response_bytes": lambda events: _sum(_of(events, "response_size_bytes")),
    "request_bytes_mean": lambda events: _mean(_of(events, "request_size_bytes")),
    "response_bytes_mean": lambda events: _mean(_of(events, "response_size_bytes")),
    "throughput": lambda events: sum(_of(events, "request_size_bytes")) + sum(_of(events, "response_size_bytes")),
    "cache_hit_rate": lambda events: _mean(_of(events, "cache_hit")),
    "users": _different("user_id"),
    "sessions": _different("session_id"),
    "ips": _different("ip_address"),
}
MEASURED = (*_MEASURES, "apdex", "p0", "p100_ms", "p50", "p50_ms", "p95_ms", "p99", "p99.9_ms", "p33.333")
