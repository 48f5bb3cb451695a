"""Events at their limits: exactly as much as is allowed, and one more, of whatever characters."""

from __future__ import annotations

import itertools
import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hostile.sameness import come_back
from property import strategies
from pulsestream.event import INT_MAX
from pulsestream.ingest.validate import Admissible, Refusal
from unit.ingest.lines import checked

pytestmark = pytest.mark.slow

_names = itertools.count()

# Path -> (fewest, most) characters; None: no limit of its own.
LENGTHS = {
    "event_id": (1, 100),
    "title": (1, 200),
    "message": (0, 2_000),
    "source.service": (1, 100),
    "source.endpoint": (1, 500),
    "source.method": (1, 10),
    "source.version": (0, None),
    "context.user_id": (0, None),
    "context.user_agent": (0, 500),
    "trace.trace_id": (0, None),
    "error_details.error_message": (0, 1_000),
    "error_details.stack_trace": (0, None),
}
NUMBERS = {
    "metrics.status_code": (100, 599),
    "metrics.request_size_bytes": (0, INT_MAX),
    "metrics.response_size_bytes": (0, INT_MAX),
    "metrics.response_time_ms": (0, None),
}


def of_length(length: int) -> st.SearchStrategy[str]:
    """Text of exactly so many characters, of which few differ: the length is what is tried."""
    return st.text(strategies.characters, min_size=1, max_size=8).map(lambda some: (some * length)[:length])


def at_the_edge(fewest: int, most: int | None) -> st.SearchStrategy[tuple[str, bool]]:
    """(text, whether it is allowed)."""
    lengths = [(fewest, True), (fewest + 1, True)] + ([(fewest - 1, False)] if fewest else [])
    lengths += [(3_000, True)] if most is None else [(most - 1, True), (most, True), (most + 1, False)]
    return st.sampled_from(lengths).flatmap(lambda edge: st.tuples(of_length(edge[0]), st.just(edge[1])))


def beside(lowest: int, highest: int | None) -> st.SearchStrategy[tuple[float, bool]]:
    allowed = [lowest, lowest + 1] + ([10**15, 0.5, 1e300] if highest is None else [highest - 1, highest])
    refused = [lowest - 1] + ([-0.5, -1e300] if highest is None else [highest + 1, highest + 0.5])
    return st.sampled_from([(number, True) for number in allowed] + [(number, False) for number in refused])


EDGES = {path: at_the_edge(*limits) for path, limits in LENGTHS.items()} | {
    path: beside(*limits) for path, limits in NUMBERS.items()
}
changes = st.dictionaries(st.sampled_from(sorted(EDGES)), st.none(), min_size=1, max_size=5).flatmap(
    lambda chosen: st.fixed_dictionaries({path: EDGES[path] for path in chosen})
)


def changed(whole, values):
    event = {"event_id": f"limit_{next(_names)}"} | whole
    if any(path.startswith("metrics.") for path in values):
        event["metrics"] = {"response_time_ms": 1, "status_code": 200} | (event.get("metrics") or {})
    for path, (value, _) in values.items():
        group, _, name = path.rpartition(".")
        if group:
            event[group] = (event.get(group) or {}) | {name: value}
        else:
            event[name] = value
    return event


@given(whole=strategies.events, values=changes)
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_what_is_over_a_limit_is_named_and_nothing_else_is(whole, values):
    found = checked(changed(whole, values))
    over = {path for path, (_, allowed) in values.items() if not allowed}
    if over:
        assert isinstance(found, Refusal)
        assert {error.field for error in found.errors} == over
    else:
        assert isinstance(found, Admissible), found


@given(drawn=st.lists(st.tuples(strategies.events, changes), min_size=1, max_size=10))
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
def test_what_is_within_its_limits_comes_back_and_what_is_not_has_its_field_named(server, drawn):
    sent = []
    for whole, values in drawn:
        event = changed(whole, values)
        sent.append((event, {path for path, (_, allowed) in values.items() if not allowed}))
    results = server.send([event for event, _ in sent])["results"]
    kept = {}
    for (event, over), result in zip(sent, results, strict=True):
        if over:
            assert result["reason"] == "invalid"
            assert {error["field"] for error in result["errors"]} == over
        elif result["status"] == "stored":
            kept[result["event_id"]] = json.dumps(event)
        else:
            assert "event_id" in event  # that short that it was there before
            assert result.get("reason", "duplicate") in ("duplicate", "conflict"), result
    come_back(server, kept)


def test_the_engine_refused_nothing(server):
    server.stats()
    health = server.get("/ingestion/health")
    assert (health["status"], health["quarantined_events"]) == ("healthy", 0)
