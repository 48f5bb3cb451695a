"""Any text in any field of text: it is taken, comes back as it was, and is found by exactly itself."""

from __future__ import annotations

import json
from urllib.parse import quote, urlencode

import pytest

from hostile.odd_texts import ODD_TEXTS
from hostile.sameness import BATCH, come_back
from system.program import event, obeys_conservation

pytestmark = pytest.mark.slow

# Field -> most characters. The rest of the text fields have no limit of their own.
FILTERS = {
    "service": 100, "endpoint": 500, "method": 10, "version": None, "environment": None,
    "user_id": None, "session_id": None, "request_id": None, "ip_address": None,
    "trace_id": None, "error_code": None, "error_type": None,
}  # fmt: skip


def full_of(number, text):
    """An event with this text wherever text can be, cut where it must be."""
    return event(
        f"text_{number}",
        title=text[:200],
        message=text[:2_000],
        source={
            "service": text[:100], "endpoint": text[:500], "method": text[:10], "version": text, "environment": text,
            text: text,
        },
        context={
            "user_id": text, "session_id": text, "request_id": text, "ip_address": text, "referrer": text,
            "user_agent": text[:500], "tags": {text: text, "plain": text, "odd " + text: "plain"},
        },
        trace={"trace_id": text, "span_id": text, "parent_span_id": text},
        error_details={"error_code": text, "error_message": text[:1_000], "error_type": text, "stack_trace": text},
        payload={text: text, "in": [text, {text: text}]},
        metadata={text: [text]},
        **{"unknown " + text: {text: text}},
    )  # fmt: skip


EVENTS = {name: full_of(number, text) for number, (name, text) in enumerate(ODD_TEXTS.items())}


@pytest.fixture(scope="module")
def filled(server):
    answer = server.send([*EVENTS.values(), event("plain")])
    assert answer["stored"] == len(EVENTS) + 1, answer["results"]
    return server


def found(server, **parameters):
    answer = server.ask("GET", "/ingestion/events/search?" + urlencode(parameters, doseq=True) + "&limit=1000")
    assert answer.status == 200, (parameters, answer.body[:500])
    return {each["event_id"] for each in answer.json["events"]}


def having(holds):
    return {each["event_id"] for each in EVENTS.values() if holds(each)}


def test_it_comes_back_as_it_was(filled):
    come_back(filled, {each["event_id"]: json.dumps(each) for each in EVENTS.values()})
    assert filled.send(list(EVENTS.values()))["duplicate"] == len(EVENTS)


@pytest.mark.parametrize("name", ODD_TEXTS)
def test_it_is_found_by_itself_and_nothing_else_is(filled, name):
    text = ODD_TEXTS[name]
    for field, most in FILTERS.items():
        assert found(filled, **{field: text[:most]}) == having(lambda each, m=most: value_of(each, m) == text[:m]), (
            field
        )
    same = {EVENTS[name]["event_id"]}
    assert found(filled, tag=f"plain:{text}") == same
    assert found(filled, tag=f"{text}:{text}") == same
    assert found(filled, tag=f"odd {text}:plain") == same
    assert found(filled, service=["no such", text[:100]], user_id=[text, text]) == same


def value_of(each, most):
    return each["context"]["user_id"][:most]


@pytest.mark.parametrize("name", ODD_TEXTS)
def test_it_is_found_as_text_in_title_and_message(filled, name):
    text = ODD_TEXTS[name]
    for asked in (text, text[:200]):
        ids = found(filled, q=asked)
        # Case is folded in the engine's way, so only what surely matches, and what surely does not, is held.
        assert ids >= having(lambda each, a=asked: a in each["title"] or a in each["message"])
        assert ids <= having(
            lambda each, a=asked: folded(a) in folded(each["title"]) or folded(a) in folded(each["message"])
        ) | ({"evt_plain"} if folded(asked) in folded("GET /api/v1/orders") else set())


def folded(text):
    return text.casefold().replace("i\u0307", "i").replace("\u0131", "i")


# An id stands in the path. A client or a proxy between may take dots for steps in it, so those are asked for as %2E.
@pytest.mark.parametrize("name", ODD_TEXTS)
def test_an_event_with_it_as_its_id_can_be_asked_for_and_deleted(filled, name):
    text = ODD_TEXTS[name][:100]
    assert filled.send([event(0, event_id=text)])["stored"] == 1
    path = "/ingestion/events/" + quote(text, safe="").replace(".", "%2E")
    got = filled.ask("GET", path)
    assert got.status == 200, got.body
    assert got.json["event_id"] == text
    gone = filled.ask("DELETE", path)
    assert (gone.status, gone.json["event_id"]) == (200, text)
    assert filled.ask("GET", path).status == 404
    assert filled.ask("DELETE", path).status == 404
    assert filled.send([event(0, event_id=text)])["results"][0]["reason"] == "deleted"


@pytest.mark.parametrize("word", ["batches", "a" * 100, "日" * 100])
def test_an_id_of_any_length_can_be_asked_for_and_deleted(filled, word):
    assert filled.send([event(0, event_id=word)])["stored"] == 1
    path = "/ingestion/events/" + quote(word, safe="")
    assert filled.ask("GET", path).json["event_id"] == word
    assert filled.ask("DELETE", path).status == 200
    assert filled.send([event(0, event_id=word)])["results"][0]["reason"] == "deleted"


def test_thousands_of_distinct_tags_in_one_request_are_each_found(filled):
    events = [event(f"tags_{n}", context={"tags": {f"name {n}": f"value {n}"}}) for n in range(2_000)]
    assert filled.send(events, "?detail=errors")["stored"] == 2_000
    for number in (0, 999, 1_999):
        assert found(filled, tag=f"name {number}:value {number}") == {f"evt_tags_{number}"}
    many = {f"n{n}": f"v{n}" for n in range(10_000)}
    assert filled.send([event("many", context={"tags": many})])["stored"] == 1
    assert found(filled, tag=["n0:v0", "n9999:v9999"]) == {"evt_many"}


def test_the_server_is_well_and_its_counts_add_up(filled):
    assert obeys_conservation(filled.stats())
    health = filled.get("/ingestion/health")
    assert (health["status"], health["quarantined_events"], health["problems"]) == ("healthy", 0, [])
    assert "ERROR" not in filled.log, filled.log[-3000:]


def test_nothing_of_it_reaches_another_path(filled):
    for path in ("..", "../../ingestion/stats", "%2e%2e/stats", "x/../search"):
        assert filled.ask("GET", "/ingestion/events/" + path).status == 404
    assert filled.ask("POST", BATCH + "?detail=%00%ff", b"[]").status == 422
