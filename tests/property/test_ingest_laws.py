"""Laws of ingest, on the real server: what comes back is what was sent; every event has the outcome it must have."""

from __future__ import annotations

import itertools
import json
from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import fields

from property import strategies
from pulsestream.event import GROUPS, Event
from system.program import event, obeys_conservation

pytestmark = pytest.mark.slow  # they have a server

on_the_server = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
_names = itertools.count()
KNOWN = {field.name for field in fields(Event)}


def normal(sent):
    """An event as JSON, without what the server may change: nulls for absent, the default severity, time zones."""
    whole = {"severity": "info"} | {
        name: value for name, value in sent.items() if not (value is None and name in KNOWN)
    }
    for group, struct in GROUPS.items():
        if group in whole:
            inner = {field.name for field in fields(struct)}
            whole[group] = {
                name: value for name, value in whole[group].items() if not (value is None and name in inner)
            }
    if "timestamp" in whole:
        whole["timestamp"] = datetime.fromisoformat(whole["timestamp"]).astimezone(UTC)
    return whole


@given(drawn=st.lists(strategies.events, min_size=1, max_size=8))
@on_the_server
def test_what_was_sent_comes_back_as_equal_json(server, drawn):
    sent = [whole | {"event_id": f"round_{next(_names)}"} for whole in drawn]
    answer = server.send(sent)
    assert answer["rejected"] == 0, answer["results"]
    for whole in sent:
        back = server.get(f"/ingestion/events/{whole['event_id']}")
        received_at = back.pop("received_at")
        if whole.get("timestamp") is None:
            assert back.pop("timestamp") == received_at
        assert normal(back) == normal(whole)
    assert server.send(sent)["duplicate"] == len(sent)


_steps = st.lists(
    st.one_of(
        st.tuples(
            st.just("send"),
            st.lists(st.tuples(st.integers(0, 5), st.sampled_from(["one", "two", ""])), max_size=6),
        ),
        st.tuples(st.just("delete"), st.integers(0, 5)),
    ),
    max_size=12,
)


@given(steps=_steps)
@on_the_server
def test_every_event_has_the_outcome_it_must_have(server, steps):
    """Against a model in which an id is nothing yet, a content, or gone."""
    name = next(_names)
    before = server.stats()
    model: dict[int, str | None] = {}
    expected = dict.fromkeys(("stored", "duplicate", "rejected"), 0)

    def outcome(number, title):
        if title == "":
            return "invalid"
        if number not in model:
            model[number] = title
            return "stored"
        if model[number] is None:
            return "deleted"
        return "duplicate" if model[number] == title else "conflict"

    for what, detail in steps:
        if what == "send":
            answer = server.send([event(f"{name}_{number}", title=title) for number, title in detail])
            told = [result.get("reason", result["status"]) for result in answer["results"]]
            assert told == [outcome(number, title) for number, title in detail]
            for result in answer["results"]:
                expected[result["status"]] += 1
        else:
            status = server.ask("DELETE", f"/ingestion/events/evt_{name}_{detail}").status
            assert status == (200 if model.get(detail) else 404)
            if detail in model:
                model[detail] = None
    for number in range(6):
        status = server.ask("GET", f"/ingestion/events/evt_{name}_{number}").status
        assert status == (200 if model.get(number) else 404)
    after = server.stats()
    assert {key: after["outcomes"][key] - before["outcomes"][key] for key in expected} == expected
    assert after["received"] - before["received"] == sum(expected.values())
    assert after["total_events"] - before["total_events"] == sum(1 for title in model.values() if title)


@given(bodies=st.lists(st.binary(max_size=60) | st.from_type(str).map(str.encode), max_size=5))
@on_the_server
def test_no_body_breaks_the_server_or_its_counts(server, bodies):
    for body in bodies:
        answer = server.ask("POST", "/ingestion/events/batch", body)
        assert answer.status in (200, 400)
        if answer.status == 200:
            assert answer.json["total_events"] == answer.json["stored"] + answer.json["rejected"]
    assert server.ask("GET", "/ingestion/health").json["status"] == "healthy"


@given(body=st.recursive(
    st.sampled_from(["1", '"a"', "null", "1e400", "NaN", '{"a":1,"a":2}', r'"\ud800"', "-0.0", "1" * 400]),
    lambda inner: st.lists(inner).map(lambda parts: "[" + ",".join(parts) + "]"),
))  # fmt: skip
@on_the_server
def test_a_payload_that_is_taken_is_given_back_as_it_was(server, body):
    """Whatever JSON a payload holds, it is refused with a reason or comes back as the text it was."""
    name = f"text_{next(_names)}"
    payload = f'{{"value": {body}}}'
    sent = json.dumps(event(name))[:-1] + f', "payload": {payload}}}'
    answer = server.ask("POST", "/ingestion/events", sent.encode())
    if answer.status != 200:
        assert answer.json["reason"] in ("malformed", "invalid")
        return
    back = server.ask("GET", f"/ingestion/events/evt_{name}").body.decode()
    assert f'"payload":{payload}' in back


def test_the_law_of_conservation_holds_after_all_this(server):
    stats = server.stats()
    assert obeys_conservation(stats)
    assert stats["received"] > 0
