"""Groups and measures are those that the events themselves give."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import strategies as st
from msgspec.structs import replace

from differential import reckoned
from differential.questions import grouped, views
from pulsestream.clock import to_micros
from pulsestream.event import INT_MAX
from pulsestream.query.model import Query, View


def test_groups_and_measures_are_those_of_the_events(filled):
    seconds = st.sampled_from((1, 900, 86_400, 0.5))
    filled.agrees(40, _agree, lambda world: {"query": grouped(world), "view": views(world), "seconds": seconds})


def test_sums_of_the_largest_sizes_do_not_wrap_around(filled):
    largest = {"response_time_ms": 1, "status_code": 200, "request_size_bytes": INT_MAX, "response_size_bytes": INT_MAX}
    source = {"service": "-", "endpoint": "-", "method": "-"}
    event = {"event_type": "api_call", "timestamp": "2026-05-04T00:00:00Z", "title": "-", "source": source}
    [tenant] = filled.fill([tuple(event | {"event_id": f"e{number}", "metrics": largest} for number in range(5))])
    _agree(filled, tenant, Query(tenant="-", limit=1, measures=reckoned.MEASURED), View(), 1)


def _agree(filled, tenant, query, view, seconds):
    query, view, rows = replace(query, tenant=tenant), filled.seen(tenant, view), filled.worlds[tenant]
    found = filled.run(filled.questions.groups(query, seconds=seconds))
    assert found.basis.events == reckoned.basis_events(rows, query, view)
    assert found.basis.exact
    expected = reckoned.groups(reckoned.asked_about(rows, query, view), query, view.apdex, seconds)
    names = len(query.group_by)
    assert [[_plain(one) for one in row[:names]] for row in found.rows] == [row[:names] for row in expected]
    for row, right in zip(found.rows, expected, strict=True):
        for measure, got, value in zip(query.measures, row[names:], right[names:], strict=True):
            assert reckoned.alike(got, value), (measure, row, right)


def _plain(value):
    """As the oracle has it. The driver gives times in UTC without saying so."""
    return to_micros(value.replace(tzinfo=UTC)) if isinstance(value, datetime) else value
