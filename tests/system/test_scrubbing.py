"""What a tenant's rules take out of an event is nowhere: in no answer, in no file."""

from __future__ import annotations

import json

import pytest

from system.program import Program, event

pytestmark = pytest.mark.slow

CARD, ADDRESS, TOKEN, PASSWORD = "4111111111111111", "joe@example.com", "eyJhbGciOi.eyJzdWIiOi.c2lnbmF0dXJl", "hunter2"
RULES = "card:mask email:hash bearer:drop field.password:mask"


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with Program(tmp_path_factory.mktemp("server"), scrub=RULES, feed_linger_ms=1) as program:
        yield program


def personal(name, **changes):
    return event(
        name,
        **{
            "message": f"card {CARD} of {ADDRESS} with Bearer {TOKEN}",
            "context": {"user_id": ADDRESS, "tags": {"plan": "gold"}},
            "payload": {"password": PASSWORD, "amount": 12.50, "card": int(CARD)},
            "unknown": {"password": PASSWORD},
        }
        | changes,
    )


def test_what_is_taken_out_is_in_no_answer_and_in_no_file(tmp_path):
    with Program(tmp_path, scrub=RULES, feed_linger_ms=1) as server:
        answer = server.send([personal("a"), event("b")])
        assert answer["results"][0]["scrubbed"] == [
            "context.user_id", "message", "payload.card", "payload.password", "unknown.password",
        ]  # fmt: skip
        assert "scrubbed" not in answer["results"][1]
        assert server.send_one(personal("c")).json["scrubbed"]
        stored = server.get("/ingestion/events/evt_a")
        assert stored["payload"] == {"password": "***", "amount": 12.50, "card": "************1111"}
        assert stored["unknown"] == {"password": "***"}
        assert server.stats()["total_events"] == 3
        server.kill()  # a stop would empty the journal
        kept = b"".join(file.read_bytes() for file in server.folder.rglob("*") if file.is_file())
        assert b"evt_a" in kept
        for secret in (CARD, ADDRESS, TOKEN, PASSWORD):
            assert secret.encode() not in kept


def test_the_same_event_again_is_a_duplicate_and_equal_values_have_equal_hashes(tenant):
    tenant.send([personal("a"), personal("b", message="another")])
    assert tenant.send([personal("a")])["duplicate"] == 1
    users = {found["context"]["user_id"] for found in tenant.all_events()}
    assert len(users) == 1
    assert len(tenant.all_events(user_id=users.pop())) == 2


def test_tenants_have_rules_of_their_own_and_no_hash_in_common(server):
    def admin(method, path, body):
        answer = server.ask(method, path, json.dumps(body).encode(), Content_Type="application/json")
        assert answer.status in (200, 201), answer.body
        return answer.json

    for name, rules in (("plain", ""), ("own", "email:hash"), ("same", None)):
        admin("POST", "/tenants", {"name": name, "limits": {"scrub": rules}})
    users = {"default": server.send([personal("x")]) and server.get("/ingestion/events/evt_x")["context"]["user_id"]}
    for name in ("plain", "own", "same"):
        key = admin("POST", "/keys", {"tenant": name, "scopes": ["ingest", "read"]})["key"]
        assert server.ask("POST", "/ingestion/events", json.dumps(personal("x")).encode(), key=key).status == 200
        users[name] = server.ask("GET", "/ingestion/events/evt_x", key=key).json["context"]["user_id"]
    assert users["plain"] == ADDRESS
    assert len({users["default"], users["own"], users["same"]}) == 3
    wrong = server.ask(
        "PATCH", "/tenants/own", json.dumps({"scrub": "card:burn"}).encode(), Content_Type="application/json"
    )
    assert (wrong.status, wrong.json["errors"][0]["field"]) == (422, "scrub")


def test_a_dry_run_says_what_would_be_taken_out(tenant):
    body = b"\n".join(json.dumps(each).encode() for each in (personal("a"), event("b")))
    answer = tenant.ask("POST", "/ingestion/events/batch?dry_run=true&detail=errors", body).json
    assert [(result["index"], result["scrubbed"][0]) for result in answer["results"]] == [(0, "context.user_id")]
    assert tenant.stats()["received"] == 0


def test_what_is_no_event_is_refused_as_ever(tenant):
    body = (
        b'{"event_type": "api_call", "title": "joe@example.com"\n[]\n"joe@example.com"\n'
        + json.dumps(event("ok")).encode()
    )
    answer = tenant.ask("POST", "/ingestion/events/batch", body, Content_Type="application/x-ndjson").json
    assert [result.get("reason", result["status"]) for result in answer["results"]] == [
        "malformed", "invalid", "invalid", "stored",
    ]  # fmt: skip
