"""A condition holds of exactly those events of which the definition says so."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from differential import worlds
from differential.oracle import holds
from differential.questions import expressions
from pulsestream.event import INT_MAX
from pulsestream.query.expression import Between, Compared, Field, Has, Inside, Order, Pattern, Tag, Text, one_of

_EVENT = {"event_type": "api_call", "timestamp": "2026-05-04T00:00:00Z", "title": "-"}
_SOURCE = {"service": "-", "endpoint": "-", "method": "-"}
_AT_A = Inside("payload", ("a",))
_LIMITS = (0, -0.0, -1, 0.5, 1, 99.5, 400, 1e18, 9.3e18, 2**53, 2**53 + 1, 2.0**53, 2.0**63, INT_MAX, -INT_MAX,
           -(2**63), 0.1 + 0.2, 0.3, 5e-324, 1e300, -1e300, 2**64, 10**30, -(10**30), 10**400)  # fmt: skip


def _agree(filled, rows, conditions):
    found = filled.holding(conditions)
    for row in rows:
        for condition, store in zip(conditions, found[row.position], strict=True):
            expected = holds(row.event, condition)
            assert store == expected, f"{condition}\nof {row.event}\nis {expected}, and for the store {store}"


def test_conditions_hold_of_the_events_that_they_say(filled):
    @filled.settings(40)
    @given(conditions=st.lists(expressions, min_size=1, max_size=6))
    def agree(conditions):
        _agree(filled, filled.rows(), conditions)

    agree()


# ---- each value with each


def _of_numbers(place):
    yield from (Compared(place, order, limit) for order in Order for limit in _LIMITS)
    yield from (Between(place, low, high) for low, high in product(_LIMITS[::3], repeat=2))


def _numbers():
    sizes = (*worlds.SIZES, 400)
    events = [
        _EVENT
        | {"source": _SOURCE, "metrics": {"response_time_ms": ms, "status_code": 400, "request_size_bytes": size}}
        for ms, size in product((*worlds.TIMES_MS, -0.0, 2**53 + 1, INT_MAX), sizes)
    ]
    fields = [Field(name) for name in ("response_time_ms", "status_code", "request_size_bytes", "response_size_bytes")]
    conditions = [one_of(place, values) for place in fields for one in _LIMITS for values in ((one,), (one, 0.5))]
    return [*events, _EVENT | {"source": _SOURCE}], [
        *conditions,
        *(one for place in fields for one in _of_numbers(place)),
    ]


def _payloads():
    texts = ("1", "1.0", "-0", "0", "1e3", "1000", "1E3", "1_0", "10", "nan", "inf", " 1", "+1", "0x1", "1.", ".5",
             "01", "1e400", "١", "True", "true", "", "9007199254740993", "9223372036854775808", "18446744073709551615",
             str(10**30))  # fmt: skip
    values = (*worlds.SCALARS, 10, 0.5, 10**30, {}, [], {"a": 1}, [1], "x")
    events = [_EVENT | {"source": _SOURCE, "payload": {"a": value}} for value in values]
    conditions = [Has(_AT_A), *(one_of(_AT_A, (text,)) for text in texts), *_of_numbers(_AT_A)]
    return [*events, _EVENT | {"source": _SOURCE, "payload": {}}, _EVENT | {"source": _SOURCE}], conditions


def _tags():
    names, texts = ("plan", "a", "a:b"), ("", "c", "b:c", ":c", "10", "10.0")
    events = [
        _EVENT | {"source": _SOURCE, "context": {"tags": {name: text}}} for name in names for text in worlds.TAGS[name]
    ]
    conditions = [one for name in names for one in (Has(Tag(name)), *_of_numbers(Tag(name)))]
    conditions += [one_of(Tag(name), (text, *more)) for name in names for text in texts for more in ((), ("x", "b"))]
    return [*events, _EVENT | {"source": _SOURCE}], conditions


def _texts():
    texts = [text for text in worlds.ODD if text]
    events = [
        _EVENT | {"message": text, "source": _SOURCE | {"service": text, "method": text}}
        for text in texts
        if len(text) <= 10
    ]
    pieces = [shape for text in texts for shape in ((text, ""), ("", text), ("", text, ""), (text,), (text, text))]
    fields = [Field(name) for name in ("service", "method", "message")]
    conditions = [one_of(place, (one,)) for place in fields for one in (*texts, *map(Pattern, pieces))]
    return events, [*conditions, *(Text(shape) for shape in pieces)]


@pytest.mark.parametrize("every", [_numbers, _payloads, _tags, _texts])
def test_every_value_is_compared_with_every_other(filled, every):
    events, conditions = every()
    [tenant] = filled.fill([tuple({"event_id": f"e{number}"} | event for number, event in enumerate(events))])
    for at in range(0, len(conditions), 100):
        _agree(filled, filled.worlds[tenant], conditions[at : at + 100])
