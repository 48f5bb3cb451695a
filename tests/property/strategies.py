"""Events as Hypothesis draws them: valid ones with everything odd that a sender may put in."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

from hypothesis import strategies as st

from pulsestream.event import EVENT_TYPES, SEVERITIES

# Surrogates cannot be sent as UTF-8.
characters = st.characters(exclude_categories=["Cs"])


def text(minimum: int, maximum: int) -> st.SearchStrategy[str]:
    return st.text(characters, min_size=minimum, max_size=maximum)


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | text(0, 20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(text(0, 8), inner, max_size=4),
    max_leaves=12,
)
objects = st.dictionaries(text(0, 8), json_values, max_size=4)
# Names that no field of an event has.
unknown_fields = st.dictionaries(text(1, 8).map(lambda name: "x_" + name), json_values, max_size=2)
moments = st.builds(
    lambda moment, minutes: moment.astimezone(timezone(timedelta(minutes=minutes))).isoformat(),
    st.datetimes(datetime(1971, 1, 1), datetime(2026, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001 - the zone is apart
    st.integers(-12 * 60, 14 * 60),
)
optional_text = st.none() | text(0, 30)
bytes_counts = st.none() | st.integers(0, 2**63 - 1)


def _object(**names: st.SearchStrategy[object]) -> st.SearchStrategy[dict[str, object]]:
    """Any of the names, and unknown ones."""
    return st.builds(lambda known, unknown: known | unknown, st.fixed_dictionaries({}, optional=names), unknown_fields)


sources = st.builds(
    lambda needed, more: needed | more,
    st.fixed_dictionaries({"service": text(1, 100), "endpoint": text(1, 500), "method": text(1, 10)}),
    _object(version=optional_text, environment=optional_text),
)
metrics = st.builds(
    lambda needed, more: needed | more,
    st.fixed_dictionaries(
        {"response_time_ms": st.floats(0, 1e9) | st.integers(0, 10**6), "status_code": st.integers(100, 599)}
    ),
    _object(request_size_bytes=bytes_counts, response_size_bytes=bytes_counts, cache_hit=st.none() | st.booleans()),
)
contexts = _object(
    **dict.fromkeys(("user_id", "session_id", "request_id", "ip_address", "user_agent", "referrer"), optional_text),
    tags=st.none() | st.dictionaries(text(0, 10), text(0, 10), max_size=4),
)
traces = _object(trace_id=optional_text, span_id=optional_text, parent_span_id=optional_text)
error_details = _object(**dict.fromkeys(("error_code", "error_message", "error_type", "stack_trace"), optional_text))

# Everything but the id.
events = st.builds(
    lambda needed, more, unknown: needed | more | unknown,
    st.fixed_dictionaries({"event_type": st.sampled_from(EVENT_TYPES), "title": text(1, 200), "source": sources}),
    st.fixed_dictionaries(
        {},
        optional={
            "timestamp": st.none() | moments,
            "message": st.none() | text(0, 200),
            "severity": st.sampled_from(SEVERITIES),
            "metrics": st.none() | metrics,
            "context": st.none() | contexts,
            "trace": st.none() | traces,
            "error_details": st.none() | error_details,
            "payload": st.none() | objects,
            "metadata": st.none() | objects,
        },
    ),
    unknown_fields,
)
