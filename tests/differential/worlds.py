"""Worlds: sets of events as Hypothesis draws them, from few values, so that they meet in groups and at boundaries.

The pools are public: a question is drawn from the same values, so that it finds something.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from pulsestream.clock import from_micros, to_micros
from pulsestream.event import EVENT_TYPES, INT_MAX, SEVERITIES

Event = dict[str, Any]  # as it is sent
World = tuple[Event, ...]

RECEIVED = datetime(2027, 3, 1, 10, tzinfo=UTC)  # later than everything

# Where days, weeks, months and years begin, and where clocks are put forward or back.
ANCHORS = tuple(
    datetime.fromisoformat(text)
    for text in (
        "1970-01-01T00:00:00Z",  # the first moment there is
        "2011-12-30T10:00:00Z",  # Apia left out a day
        "2024-02-29T00:00:00Z",
        "2026-03-08T05:00:00Z",  # Havana: forward, at midnight
        "2026-03-29T01:00:00Z",  # Berlin, London: forward
        "2026-04-04T15:00:00Z",  # Lord Howe: back, by half an hour
        "2026-05-04T00:00:00Z",  # a Monday
        "2026-10-25T01:00:00Z",  # Berlin, London: back
        "2026-11-01T05:00:00Z",  # Havana: back, to midnight; New York, an hour later
        "2027-01-01T00:00:00Z",
    )
)
ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "Pacific/Apia",
         "America/Havana")  # fmt: skip
_STEPS = (
    timedelta(0),
    timedelta(microseconds=1),
    timedelta(seconds=1),
    timedelta(seconds=59, microseconds=999_999),
    timedelta(minutes=1),
    timedelta(minutes=29, seconds=59),
    timedelta(minutes=30),
    timedelta(hours=1),
    timedelta(hours=5, minutes=45),
    timedelta(hours=23, minutes=59, seconds=59, microseconds=999_999),
    timedelta(days=1),
    timedelta(days=7),
)

# Upper and lower case, blanks, what LIKE and quoting give a meaning to, colons, characters of two to four bytes, those
# whose other case is two characters. Letters of three cases (sigma, long s, Kelvin) are not promised, and not here.
ODD = ("", " ", "%", "_", "\\", "\\%", "a%b", "a_b", "'", '"', "\n", "a\0b", "a:b", ":", "*", "é", "É", "ß", "日本",
       "𝄞", "straße", "STRASSE", "İ", "ı", "я", "Я")  # fmt: skip
TEXTS: dict[str, tuple[str, ...]] = {
    "title": ("GET /orders", "get /Orders", "Größe 100%", "GRÖSSE 100_", "a\nb", "日本語"),
    "message": ("card declined", "Card Declined!", "declined: card", "timeout after 30s", "ÉCHEC de l'appel", "\\%_"),
    "service": ("orders", "Orders", "auth", "a:b", "日本", "100%"),
    "endpoint": ("/orders", "/orders/{id}", "/ORDERS", "/or_ers", "/or%", "/"),
    "method": ("GET", "get", "Get", "POST", "É", "é"),
    "version": ("1.0", "1.10", "1.0.0", "v1"),
    "environment": ("production", "Production", "staging"),
    "user_id": ("u1", "u2", "U1", "ü"),
    "session_id": ("s1", "s2", "s3"),
    "request_id": ("r1", "r2"),
    "ip_address": ("10.0.0.1", "10.0.0.2", "2001:db8::1"),
    "user_agent": ("Mozilla/5.0 (X11; Linux)", "curl/8.5", "CURL/8.5"),
    "referrer": ("https://example.com/", "https://example.com/a%20b"),
    "trace_id": ("t1", "t2", "T1"),
    "span_id": ("p1", "p2"),
    "parent_span_id": ("p1", "p0"),
    "error_code": ("E1", "e1", "E_1"),
    "error_message": ("card declined", "no route to host", "Straße"),
    "error_type": ("Timeout", "timeout"),
    "stack_trace": ("a\n  b\n", "at x (y:1)"),
}
TAGS: dict[str, tuple[str, ...]] = {
    "country": ("DE", "de", "US"),
    "region": ("Bavaria", "CA"),
    "city": ("São Paulo", "Berlin"),
    "device_type": ("mobile", "desktop"),
    "plan": ("gold", "Gold", "10", "-1.5", "1e3", "007", "0.30000000000000004", " 1", "1 ", "1\n"),
    "a": ("b:c", "b", "123456789012345678901234567890", "9007199254740993"),
    "a:b": ("c", ""),
    "": ("nameless",),
    "k'\\": ("v'\\%_",),
}
TIMES_MS = (0, 0.001, 0.1 + 0.2, 1, 99.999, 100, 100.5, 400, 500, 500.001, 2000, 2000.0001, 1e6, 1e300, 5e-324)
STATUSES = (100, 200, 204, 302, 399, 400, 404, 499, 500, 503, 599)
SIZES = (0, 1, 1024, 4096, 2**32, 2**53, 2**53 + 1, INT_MAX)
KEYS = ("a", "b", "A", "a.b", "", "é", "trace_id", "0", "k'\\")
SCALARS = (
    *(
        None,
        True,
        False,
        0,
        -0.0,
        1,
        -1,
        1.0,
        1.5,
        100,
        1e3,
        2**53,
        2**53 + 1,
        INT_MAX,
        2**63,
        2**64 - 1,
        2**64,
        -(2**63),
    ),
    *(1e300, 5e-324, 0.1 + 0.2, "", "1", "1.0", "1e3", "true", "True", "null", "[]", "t1", *TEXTS["message"]),
)

_maybe = st.sampled_from((None, None, True))


def _text(name: str, *, most: int = 2_000) -> st.SearchStrategy[str]:
    """Nearly always from the pool."""
    odd = st.sampled_from(ODD).filter(lambda text: 0 < len(text) <= most)
    return st.sampled_from(TEXTS[name] * 3).flatmap(lambda text: odd if text == TEXTS[name][-1] else st.just(text))


def _optional(*names: str) -> dict[str, st.SearchStrategy[str]]:
    return {name: st.sampled_from((*TEXTS[name] * 2, "")) for name in names}


json_values = st.recursive(
    st.sampled_from(SCALARS),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=3),
    max_leaves=5,
)
objects = st.dictionaries(st.sampled_from(KEYS), json_values, max_size=4)
_sources = st.fixed_dictionaries(
    {"service": _text("service", most=100), "endpoint": _text("endpoint"), "method": _text("method", most=10)},
    optional=_optional("version", "environment"),
)
_metrics = st.fixed_dictionaries(
    {"response_time_ms": st.sampled_from(TIMES_MS), "status_code": st.sampled_from(STATUSES)},
    optional={
        "request_size_bytes": st.sampled_from(SIZES),
        "response_size_bytes": st.sampled_from(SIZES),
        "cache_hit": st.booleans(),
    },
)
_tags = st.sets(st.sampled_from(tuple(TAGS)), max_size=4).flatmap(
    lambda names: st.fixed_dictionaries({name: st.sampled_from(TAGS[name]) for name in sorted(names)})
)
_contexts = st.fixed_dictionaries(
    {},
    optional={
        **_optional("user_id", "session_id", "request_id", "ip_address", "user_agent", "referrer"),
        "tags": _tags,
    },
)


def _moments(anchor: datetime) -> st.SearchStrategy[datetime]:
    """Few, so that many are the same, none before 1970."""
    return st.builds(
        lambda step, times, back: max(anchor - step * times if back else anchor + step * times, ANCHORS[0]),
        st.sampled_from(_STEPS),
        st.sampled_from((1, 1, 1, 2)),
        st.booleans(),
    )


def events(anchor: datetime) -> st.SearchStrategy[Event]:
    """Without an id. They are some days around `anchor`."""
    return st.fixed_dictionaries(
        {
            "event_type": st.sampled_from(EVENT_TYPES),
            "timestamp": _moments(anchor).map(datetime.isoformat),
            "title": _text("title"),
            "source": _sources,
            "metrics": _metrics | _metrics | _metrics | st.none(),
        },
        optional={
            "severity": st.sampled_from(SEVERITIES),
            "message": st.sampled_from(TEXTS["message"]) | st.sampled_from(ODD),
            "context": _contexts,
            "trace": st.fixed_dictionaries({}, optional=_optional("trace_id", "span_id", "parent_span_id")),
            "error_details": st.fixed_dictionaries(
                {}, optional=_optional("error_code", "error_message", "error_type", "stack_trace")
            ),
            "payload": objects,
            "metadata": objects,
        },
    )


def _named(events: list[Event]) -> World:
    return tuple(
        {"event_id": f"e{number}"} | {name: one for name, one in event.items() if one is not None}
        for number, event in enumerate(events)
    )


worlds = (
    st.sampled_from(ANCHORS)
    .flatmap(
        lambda anchor: st.integers(0, 14).flatmap(lambda least: st.lists(events(anchor), min_size=least, max_size=16))
    )
    .map(_named)
)

# Moments for the ends of a time range: those that events have, and a microsecond beside them.
moments = st.builds(
    lambda moment, off: from_micros(max(to_micros(moment) + off, 0)),
    st.sampled_from(ANCHORS).flatmap(_moments),
    st.sampled_from((0, 0, 1, -1)),
)


@cache
def drawn(count: int, *, same: bool) -> list[World]:
    """So many worlds, drawn once a process: that takes longer than to fill a store with them.

    `same`: those of every other run too.
    """
    found: list[World] = []

    @given(worlds)
    @settings(
        max_examples=count, deadline=None, database=None, derandomize=same, phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    def collect(world: World) -> None:
        found.append(world)

    collect()
    return found
