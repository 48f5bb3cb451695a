"""Every hostile event and body against the real server: a clear answer, nothing lost, nobody else harmed."""

from __future__ import annotations

import itertools
import json

import psutil
import pytest

from hostile.bodies import LINES
from hostile.corpus import ID, Odd, odds, sizes
from hostile.sameness import BATCH, come_back, has_the_shape_of_a_refusal, outcome
from pulsestream.errors import Reason
from system.program import event, obeys_conservation

pytestmark = pytest.mark.slow

# The engine takes some hundred MB by itself; a body may inflate to 64 MiB, and what is made of it is a few times that.
MEMORY_BYTES_MAX = 1_500 << 20

_numbers = itertools.count()


def named(odd, form):
    """The text to send, and the id that stands in it."""
    name = f"odd_{form}_{next(_numbers)}"
    return odd.raw.replace(ID, name.encode()), name


def neighbour():
    return event(f"good_{next(_numbers)}", payload={"fine": [1, 2.5, None, "ü"]})


def check_results(cases, results, kept):
    """Asserts each event's outcome; adds those that were stored to `kept`."""
    assert len(results) == len(cases)
    wrong = []
    for (odd, text), result in zip(cases, results, strict=True):
        if outcome(result) != odd.outcome:
            wrong.append((odd.name, odd.outcome, result))
        elif outcome(result) == "stored":
            kept[result["event_id"]] = text
        else:
            assert Reason(result["reason"])
            assert has_the_shape_of_a_refusal(result["errors"]), result
            if odd.field:
                assert odd.field in [error["field"] for error in result["errors"]], (odd.name, result)
    assert wrong == []


def with_neighbours(cases, form):
    """Cases with a good event before each tenth one."""
    for number, odd in enumerate(cases):
        if number % 10 == 0:
            good = neighbour()
            yield Odd("neighbour", b"", "stored"), json.dumps(good).encode()
        yield odd, named(odd, form)[0]


def test_hostile_lines_sink_nobody(server):
    kept = {}
    cases = list(with_neighbours(odds(), "lines"))
    answer = server.ask("POST", BATCH, b"\n".join(text for _, text in cases), **LINES)
    assert answer.status == 200, answer.body[:500]
    check_results(cases, answer.json["results"], kept)
    come_back(server, kept)
    again = server.ask("POST", BATCH, b"\n".join(text for _, text in cases if text in kept.values()), **LINES).json
    assert again["rejected"] == 0, [result for result in again["results"] if result["status"] == "rejected"][:5]


@pytest.mark.parametrize("form", ["array", "envelope"])
def test_hostile_items_sink_nobody_where_the_document_can_be_read(server, form):
    kept = {}
    before, after = (b"[", b"]") if form == "array" else (b'{"events": [', b'], "batch_id": "b"}')
    # A document is JSON as a whole or not at all.
    cases = list(with_neighbours((odd for odd in odds() if odd.outcome != "malformed"), form))
    answer = server.ask("POST", BATCH, before + b",".join(text for _, text in cases) + after)
    assert answer.status == 200, answer.body[:500]
    check_results(cases, answer.json["results"], kept)
    come_back(server, kept)


def test_a_document_with_a_broken_item_is_refused_or_the_others_are_taken(server):
    for odd in odds():
        if odd.outcome != "malformed":
            continue
        good = neighbour()
        body = b"[" + json.dumps(good).encode() + b"," + named(odd, "broken")[0] + b"]"
        answer = server.ask("POST", BATCH, body)
        assert answer.status in (200, 400), (odd.name, answer.body)
        if answer.status == 200:
            assert [outcome(result) for result in answer.json["results"]] == ["stored", "malformed"], odd.name
        else:
            assert answer.json["code"] == "bad_request"
            assert "JSON" in answer.json["detail"]


def test_hostile_events_alone_are_answered_each_by_its_reason(server):
    kept = {}
    for odd in odds():
        text, _ = named(odd, "single")
        answer = server.ask("POST", "/ingestion/events", text)
        told = answer.json["processing_status"]
        if told == "rejected":
            told = answer.json["reason"]
            assert answer.status == Reason(told).http_status
            assert has_the_shape_of_a_refusal(answer.json["errors"])
        else:
            assert answer.status == 200
            kept[answer.json["event_id"]] = text
        assert told == odd.outcome, (odd.name, answer.body[:500])
    come_back(server, kept)


def test_large_events_are_taken_up_to_the_limit(server):
    kept = {}
    for odd in sizes():
        text, _ = named(odd, "size")
        good = json.dumps(neighbour()).encode()
        for path, body in ((BATCH, b"[" + text + b"," + good + b"]"),):
            answer = server.ask("POST", path, body)
            assert answer.status == 200, (odd.name, answer.body[:500])
            check_results([(odd, text), (Odd("good", b"", "stored"), good)], answer.json["results"], kept)
    come_back(server, kept)


def test_nothing_was_refused_by_the_engine_and_the_counts_add_up(server):
    stats = server.stats()
    assert obeys_conservation(stats)
    assert stats["requests_refused"].keys() <= {"bad_request", "too_large", "unsupported_encoding"}
    health = server.get("/ingestion/health")
    assert health["problems"] == []
    assert (health["status"], health["quarantined_events"], health["corrupt_segments"]) == ("healthy", 0, 0)
    assert "ERROR" not in server.log, server.log[-3000:]
    assert psutil.Process(server._process.pid).memory_info().rss < MEMORY_BYTES_MAX
