"""What can be asked for: the dimensions that events are filtered and grouped by, the measures of a group.

Every row is a name, its SQL, its type, its unit and what it means; the language, the compiler, the API's documents and
`GET /query/fields` read the same rows.
"""

from __future__ import annotations

import re
from enum import StrEnum

from msgspec import Struct

from pulsestream.event import EVENT_TYPES, SEVERITIES


class Kind(StrEnum):
    """What `name:value` means for a dimension, and what else it takes."""

    WORD = "word"  # equal, letter by letter; * stands for anything
    FOLDED = "folded"  # equal in any case; * stands for anything
    CHOICE = "choice"  # one of a closed list, in any case
    TEXT = "text"  # contains, in any case; * stands for anything
    NUMBER = "number"  # equal, compared, a range
    TIME = "time"  # compared, a range
    FLAG = "flag"  # true or false
    GROUP = "group"  # only whether there is one: has:name


class Dimension(Struct, frozen=True, kw_only=True):
    """`sql`: its value in a row; of a number or a flag NULL where the event has none, of a text the empty string."""

    sql: str
    kind: Kind
    help: str
    unit: str = ""  # of a number: ms, bytes or nothing
    aliases: tuple[str, ...] = ()
    choices: tuple[str, ...] = ()
    facet: bool = False  # few values: shown beside a search


class Measure(Struct, frozen=True, kw_only=True):
    """`sql`: exact; NULL where it makes no sense of the group. `estimate`: cheaper for many events, and within `bound`.

    `per_second`: the figure is divided by the seconds that the group is about.
    """

    sql: str
    unit: str
    help: str
    estimate: str = ""
    bound: str = ""
    per_second: bool = False


def _word(sql: str, help_: str, *aliases: str, facet: bool = False) -> Dimension:
    return Dimension(sql=sql, kind=Kind.WORD, help=help_, aliases=aliases, facet=facet)


def _text(sql: str, help_: str, *aliases: str) -> Dimension:
    return Dimension(sql=sql, kind=Kind.TEXT, help=help_, aliases=aliases)


def _number(sql: str, help_: str, *aliases: str, unit: str = "", facet: bool = False) -> Dimension:
    return Dimension(sql=sql, kind=Kind.NUMBER, help=help_, unit=unit, aliases=aliases, facet=facet)


def _group(sql: str, help_: str) -> Dimension:
    return Dimension(sql=sql, kind=Kind.GROUP, help=help_)


# Only events with metrics were requests with a status; a status of 0 stands for none.
_IS_REQUEST = "status_code > 0"

DIMENSIONS: dict[str, Dimension] = {
    "timestamp": Dimension(sql="timestamp", kind=Kind.TIME, help="when the call was made", aliases=("time", "ts")),
    "received_at": Dimension(sql="received_at", kind=Kind.TIME, help="when the event was received"),
    "event_id": _word("event_id", "the event's id", "id"),
    "event_type": Dimension(
        sql="event_type", kind=Kind.CHOICE, help="kind of event", aliases=("type",), choices=EVENT_TYPES, facet=True
    ),
    "severity": Dimension(
        sql="severity",
        kind=Kind.CHOICE,
        help="info, warning, error or critical",
        aliases=("level", "sev"),
        choices=SEVERITIES,
        facet=True,
    ),
    "title": _text("title", "the event's title"),
    "message": _text("message", "the event's message", "msg"),
    "service": _word("service", "name of the service", "svc", facet=True),
    "endpoint": _word("endpoint", "route template", "path", "route", facet=True),
    "method": Dimension(sql="method", kind=Kind.FOLDED, help="HTTP method", facet=True),
    "version": _word("version", "version of the service", "release", facet=True),
    "environment": _word("environment", "production, staging, …", "env", facet=True),
    "status_code": _number(f"if({_IS_REQUEST}, status_code, NULL)", "HTTP status", "status", facet=True),
    "status_class": _word(
        f"if({_IS_REQUEST}, concat(toString(intDiv(status_code, 100)), 'xx'), '')",
        "2xx, 3xx, 4xx or 5xx",
        "class",
        facet=True,
    ),
    "response_time_ms": _number(
        f"if({_IS_REQUEST}, response_time_ms, NULL)",
        "how long the call took",
        *("latency", "duration", "response_time"),
        unit="ms",
    ),
    "request_size_bytes": _number("request_size_bytes", "size of the request", "request_size", unit="bytes"),
    "response_size_bytes": _number(
        "response_size_bytes", "size of the response", "response_size", "size", unit="bytes"
    ),
    "cache_hit": Dimension(
        sql="cache_hit", kind=Kind.FLAG, help="whether a cache answered", aliases=("cache",), facet=True
    ),
    "user_id": _word("user_id", "consumer of the API", "user"),
    "session_id": _word("session_id", "session of the consumer", "session"),
    "request_id": _word("request_id", "one request", "request"),
    "ip_address": _word("ip_address", "address of the consumer", "ip"),
    "user_agent": _text("user_agent", "program of the consumer", "agent", "ua"),
    "referrer": _text("referrer", "where the consumer came from", "referer"),
    "country": _word("country", "the tag country", facet=True),
    "region": _word("region", "the tag region", facet=True),
    "city": _word("city", "the tag city", facet=True),
    "device_type": _word("device_type", "the tag device_type", "device", facet=True),
    "trace_id": _word("trace_id", "distributed trace, from trace or payload", "trace"),
    "span_id": _word("span_id", "span of the trace", "span"),
    "parent_span_id": _word("parent_span_id", "the span above it", "parent", "parent_span"),
    "error_code": _word("error_code", "error_details.error_code", facet=True),
    "error_message": _text("error_message", "error_details.error_message"),
    "error_type": _word("error_type", "error_details.error_type", facet=True),
    "stack_trace": _text("stack_trace", "error_details.stack_trace", "stack"),
    "metrics": _group(_IS_REQUEST, "a status and a response time"),
    "error": _group(
        "(error_code != '' OR error_message != '' OR error_type != '' OR stack_trace != '')", "error_details"
    ),
    "tags": _group("notEmpty(tag_pairs)", "tags"),
    "payload": _group("payload != ''", "a payload"),
    "metadata": _group("metadata != ''", "metadata"),
}

# Tags that are dimensions of their own, with a column each.
TAG_DIMENSIONS = ("country", "region", "city", "device_type")

NAMES: dict[str, str] = {
    name: long for long, dimension in DIMENSIONS.items() for name in (long, *dimension.aliases)
}  # the long and the short ones -> the long one

# ---- measures

_REQUESTS = f"countIf({_IS_REQUEST})"
RESPONSE_TIMES = f"response_time_ms, {_IS_REQUEST}"  # with a function that ends in -If


def _share(of: str, whole: str = _REQUESTS) -> str:
    return f"if({whole} = 0, NULL, countIf({of}) / {whole})"


def _of_times(function: str) -> str:
    return f"if({_REQUESTS} = 0, NULL, {function}If({RESPONSE_TIMES}))"


def _sum(column: str) -> str:
    """As whole numbers of 64 bits they would wrap around: a size may have 63. These are exact up to 2^53, 9 PB."""
    return f"sum(toFloat64({column}))"


def _distinct(column: str, help_: str) -> Measure:
    return Measure(
        # As good as the texts, of which the engine would keep a hash of 128 bits as well: one that takes longer.
        sql=f"uniqExactIf(reinterpretAsUInt128(murmurHash3_128({column})), {column} != '')",
        estimate=f"uniqCombined64If(17)({column}, {column} != '')",
        bound="standard error 0.3 %",  # HyperLogLog with 2^17 registers: 1.04 / sqrt(2^17)
        unit="",
        help=help_,
    )


# The threshold T of an event's endpoint, in ms: bound by the compiler. Apdex 1.1 (apdex.org): satisfied up to T,
# tolerating up to 4 T, frustrated beyond it and whenever the server failed.
APDEX_T = "{apdex_t}"
_APDEX_SATISFIED = f"{_IS_REQUEST} AND status_code < 500 AND response_time_ms <= {APDEX_T}"
_APDEX_TOLERATING = (
    f"{_IS_REQUEST} AND status_code < 500 AND response_time_ms > {APDEX_T} AND response_time_ms <= 4 * {APDEX_T}"
)

APDEX_SUM = f"countIf({_APDEX_SATISFIED}) + countIf({_APDEX_TOLERATING}) / 2"  # divided by the requests

MEASURES: dict[str, Measure] = {
    "count": Measure(sql="count()", unit="events", help="events of any kind"),
    "rate": Measure(sql="count()", unit="events/s", help="events a second", per_second=True),
    "requests": Measure(sql=_REQUESTS, unit="requests", help="events with a status"),
    "request_rate": Measure(sql=_REQUESTS, unit="requests/s", help="requests a second", per_second=True),
    "errors": Measure(sql="countIf(status_code >= 400)", unit="requests", help="requests with a status of 400 or more"),
    "errors_4xx": Measure(
        sql="countIf(status_code >= 400 AND status_code < 500)", unit="requests", help="requests that were refused"
    ),
    "errors_5xx": Measure(sql="countIf(status_code >= 500)", unit="requests", help="requests that the server failed"),
    "error_rate": Measure(sql=_share("status_code >= 400"), unit="ratio", help="errors / requests"),
    "rate_4xx": Measure(
        sql=_share("status_code >= 400 AND status_code < 500"), unit="ratio", help="errors_4xx / requests"
    ),
    "rate_5xx": Measure(sql=_share("status_code >= 500"), unit="ratio", help="errors_5xx / requests"),
    "apdex": Measure(
        sql=f"if({_REQUESTS} = 0, NULL, ({APDEX_SUM}) / {_REQUESTS})",
        unit="ratio",
        help="share of satisfied requests, and half of the tolerating ones: within the threshold, or four times it",
    ),
    "min_ms": Measure(sql=_of_times("min"), unit="ms", help="shortest response time"),
    "mean_ms": Measure(sql=_of_times("avg"), unit="ms", help="mean response time"),
    "max_ms": Measure(sql=_of_times("max"), unit="ms", help="longest response time"),
    "request_bytes": Measure(sql=_sum("request_size_bytes"), unit="bytes", help="size of all requests"),
    "response_bytes": Measure(sql=_sum("response_size_bytes"), unit="bytes", help="size of all responses"),
    "request_bytes_mean": Measure(
        sql="avg(toFloat64(request_size_bytes))", unit="bytes", help="mean size of a request"
    ),
    "response_bytes_mean": Measure(
        sql="avg(toFloat64(response_size_bytes))", unit="bytes", help="mean size of a response"
    ),
    "throughput": Measure(
        sql=f"ifNull({_sum('request_size_bytes')}, 0) + ifNull({_sum('response_size_bytes')}, 0)",
        unit="bytes/s",
        help="bytes of requests and responses a second",
        per_second=True,
    ),
    "cache_hit_rate": Measure(
        sql="if(count(cache_hit) = 0, NULL, countIf(cache_hit) / count(cache_hit))",
        unit="ratio",
        help="of the requests that say whether a cache answered, those that it did",
    ),
    "users": _distinct("user_id", "different users"),
    "sessions": _distinct("session_id", "different sessions"),
    "ips": _distinct("ip_address", "different addresses"),
}

_PERCENTILE = re.compile(r"p([0-9]{1,2}(?:\.[0-9]{1,3})?|100)(?:_ms)?")


def measure(name: str) -> Measure | None:
    """By its name; a percentile of the response time, p0 to p100, is `p95_ms` or `p99.9_ms`, or without its `_ms`."""
    if name in MEASURES:
        return MEASURES[name]
    level = percentile(name)
    if level is None:
        return None
    return Measure(
        sql=f"if({_REQUESTS} = 0, NULL, quantileExactIf({level})({RESPONSE_TIMES}))",
        # DDSketch (Masson, Rim and Lee, 2019): the relative error is a bound, not a likelihood.
        estimate=f"if({_REQUESTS} = 0, NULL, quantileDDIf(0.005, {level})({RESPONSE_TIMES}))",
        bound="within 0.5 % of the response time at that rank, or the one before",
        unit="ms",
        help=f"response time that {float(level) * 100:g} % of the requests stay under",
    )


def percentile(name: str) -> str | None:
    """The level, 0 to 1, of a measure that is a percentile of the response time."""
    match = _PERCENTILE.fullmatch(name)
    return None if match is None else f"{float(match[1]) / 100:.7g}"


def quantiles(levels: str, combinator: str, *, estimated: bool) -> str:
    """The function of several percentiles at once, without its arguments."""
    return f"quantilesDD{combinator}(0.005, {levels})" if estimated else f"quantilesExact{combinator}({levels})"


def measures_of(names: tuple[str, ...]) -> dict[str, Measure]:
    """Those that there are."""
    return {name: one for name, one in ((name, measure(name)) for name in names) if one is not None}
