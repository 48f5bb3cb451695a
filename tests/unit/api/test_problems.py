"""What an error becomes on the wire, and what a client makes of that again."""

from __future__ import annotations

import json
from random import Random

from pulsestream.api import problems
from pulsestream.client.connection import Connection, Reply
from pulsestream.clock import SystemClock
from pulsestream.errors import BadQuery

MISTYPED = BadQuery("there is no field 'sevice': did you mean service?", position=4, length=6, suggestion="service")


def test_a_query_that_cannot_be_read_is_answered_with_its_place():
    answer = problems.answer(MISTYPED)
    body = json.loads(answer.body)
    assert (answer.status, body["code"], body["retryable"]) == (422, "bad_query", False)
    assert (body["position"], body["length"], body["suggestion"]) == (4, 6, "service")
    assert body["errors"] == [{"field": "q", "rule": str(MISTYPED), "value": "", "help": "write service"}]
    bare = json.loads(problems.answer(BadQuery("this quote is not closed", position=0, length=1)).body)
    assert (bare["position"], bare["length"], "suggestion" in bare) == (0, 1, False)


def test_a_client_knows_the_place_as_well():
    asking = Connection("http://127.0.0.1:1", "key", clock=SystemClock(), rng=Random(1))
    error = asking.refusal(Reply(422, problems.answer(MISTYPED).body))
    assert isinstance(error, BadQuery)
    assert (error.position, error.length, error.suggestion) == (4, 6, "service")
    assert str(error) == str(MISTYPED)
