"""What an error becomes on the wire, and what a client makes of that again."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from random import Random
from zoneinfo import ZoneInfo

import pytest

from pulsestream.api import problems
from pulsestream.client.connection import Connection, Reply
from pulsestream.clock import SystemClock
from pulsestream.errors import BadQuery
from pulsestream.query import language

MISTYPED = BadQuery("there is no field 'sevice': did you mean service?", position=4, length=6, suggestion="service")


def test_a_query_that_cannot_be_read_is_answered_with_its_place():
    answer = problems.answer(MISTYPED)
    body = json.loads(answer.body)
    assert (answer.status, body["code"], body["retryable"]) == (422, "bad_query", False)
    assert (body["position"], body["length"], body["suggestion"]) == (4, 6, "service")
    said = "write service instead of the 6 characters from position 4 on"
    assert body["errors"] == [{"field": "q", "rule": str(MISTYPED), "value": "", "help": said}]
    bare = json.loads(problems.answer(BadQuery("this quote is not closed", position=0, length=1)).body)
    assert (bare["position"], bare["length"], "suggestion" in bare) == (0, 1, False)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("x servce:a", "write service instead of the 6 characters from position 2 on"),
        ("status:abc", "change the 3 characters from position 7 on: /api/v1/query/complete with at=7 says to what"),
        ("a b)", "change the character at position 3: /api/v1/query/complete with at=3 says to what"),
        ("status:500 OR", "go on at position 13: /api/v1/query/complete with at=13 says how"),
        ("x" * 60_002, "leave out the 2 characters from position 60000 on"),
    ],
)
def test_a_query_that_cannot_be_read_is_told_what_to_do(text, said):
    with pytest.raises(BadQuery) as refused:
        language.read(text, now=datetime(2026, 5, 4, tzinfo=UTC), zone=ZoneInfo("UTC"))
    [error] = json.loads(problems.answer(refused.value).body)["errors"]
    assert (error["field"], error["rule"], error["help"]) == ("q", str(refused.value), said)


def test_a_client_knows_the_place_as_well():
    asking = Connection("http://127.0.0.1:1", "key", clock=SystemClock(), rng=Random(1))
    error = asking.refusal(Reply(422, problems.answer(MISTYPED).body))
    assert isinstance(error, BadQuery)
    assert (error.position, error.length, error.suggestion) == (4, 6, "service")
    assert str(error) == str(MISTYPED)
