"""The law of exports: a line is the event as it is given back, byte by byte, whatever is in it."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from property import strategies
from pulsestream.query.export import FORMS, Format, finished, statement
from pulsestream.query.model import Query, View
from pulsestream.store import ndjson
from pulsestream.store.connect import connect
from unit.ingest.lines import StillClock, line

on_the_engine = settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


@pytest.fixture(scope="module")
def session():
    with contextlib.closing(connect("chdb://memory", clock=StillClock(), memory_bytes_max=1 << 30)) as store:
        store.migrate()
        with contextlib.closing(store.session(threads=1)) as session:
            yield session


@pytest.mark.slow
@given(drawn=st.lists(strategies.events, min_size=1, max_size=20), cut=st.integers(1, 2000))
@on_the_engine
def test_a_line_is_the_event(session, drawn, cut):
    first, _ = session.last_positions()
    sent = [whole | {"event_id": f"law_{first + number}"} for number, whole in enumerate(drawn, 1)]
    session.insert_events(b"".join(line(first + number, whole) for number, whole in enumerate(sent, 1)))
    asked = statement(Query(tenant="acme", limit=1), Format.NDJSON, fed=2**62, view=View())
    asked = type(asked)(asked.sql.replace(" ORDER BY", f" AND position > {first} ORDER BY"), asked.parameters)
    text = b"".join(session.stream(asked, FORMS[Format.NDJSON]))
    # However the engine cuts what it writes.
    pieces = (text[at : at + cut] for at in range(0, len(text), cut))
    found = b"".join(finished(Format.NDJSON, pieces)).splitlines(keepends=True)
    expected = session.events_by_id("acme", [whole["event_id"] for whole in sent])
    assert sorted(found) == sorted(ndjson.one_line(event) + b"\n" for event in expected.values())
