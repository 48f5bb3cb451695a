"""What can be asked for: the dimensions that events are filtered and grouped by, the measures of a group."""

from __future__ import annotations

from msgspec import Struct


class Dimension(Struct, frozen=True):
    column: str
    type: str  # the engine's type of one value
    help: str


class Measure(Struct, frozen=True):
    sql: str
    unit: str
    help: str


DIMENSIONS: dict[str, Dimension] = {
    "event_type": Dimension("event_type", "String", "kind of event"),
    "severity": Dimension("severity", "String", "info, warning, error or critical"),
    "service": Dimension("service", "String", "name of the service"),
    "endpoint": Dimension("endpoint", "String", "route template"),
    "method": Dimension("method", "String", "HTTP method"),
    "version": Dimension("version", "String", "version of the service"),
    "environment": Dimension("environment", "String", "production, staging, …"),
    "status_code": Dimension("status_code", "UInt16", "HTTP status"),
    "user_id": Dimension("user_id", "String", "consumer of the API"),
    "session_id": Dimension("session_id", "String", "session of the consumer"),
    "request_id": Dimension("request_id", "String", "one request"),
    "ip_address": Dimension("ip_address", "String", "address of the consumer"),
    "trace_id": Dimension("trace_id", "String", "distributed trace, from trace or payload"),
    "error_code": Dimension("error_code", "String", "error_details.error_code"),
    "error_type": Dimension("error_type", "String", "error_details.error_type"),
}

# Only events with metrics were requests with a status; a status of 0 stands for none.
_REQUESTS = "countIf(status_code > 0)"
_ERRORS = "countIf(status_code >= 400)"

MEASURES: dict[str, Measure] = {
    "events": Measure("count()", "events", "events of any kind"),
    "requests": Measure(_REQUESTS, "requests", "events with metrics"),
    "errors": Measure(_ERRORS, "requests", "requests with a status of 400 or more"),
    "error_rate": Measure(f"if({_REQUESTS} = 0, 0, {_ERRORS} / {_REQUESTS})", "ratio", "errors / requests"),
    **{
        # Exact up to 10,000 or so values, then within 1 % of rank (t-digest).
        f"p{level}_ms": Measure(
            f"if({_REQUESTS} = 0, NULL,"
            f" round(toFloat64(quantileTDigestIf({level / 100})(response_time_ms, status_code > 0)), 2))",
            "ms",
            f"response time that {level} % of requests stay under",
        )
        for level in (50, 95, 99)
    },
}
