"""Every act of an administrator leaves a line: in the database and in the log."""

from __future__ import annotations

import json

import pytest

from pulsestream.api.app import HANDLERS
from system.program import Program, event

pytestmark = pytest.mark.slow

# method and path -> how it is called, with the id of a key that it may revoke; and the line it leaves
ACTS = {
    ("POST", "/keys"): ("/keys", {"scopes": ["read"]}, "create key"),
    ("DELETE", "/keys/{key_id:str}"): ("/keys/{key_id}", None, "revoke key"),
    ("POST", "/tenants"): ("/tenants", {"name": "acme"}, "create tenant"),
    ("PATCH", "/tenants/{name:str}"): ("/tenants/acme", {"burst_events": 5}, "update tenant"),
    ("DELETE", "/tenants/{name:str}"): ("/tenants/acme", None, "delete tenant"),
    ("DELETE", "/ingestion/events/{event_id:path}"): ("/ingestion/events/evt_gone", None, "delete event"),
}


def changing():
    """Every route that changes something; to send events, or to sign in, is no act of an administrator."""
    routes = {(method, path) for handler in HANDLERS for method in handler.http_methods for path in handler.paths}
    return {one for one in routes if one[0] not in ("GET", "HEAD", "OPTIONS") and one[1] != "/session"}


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with Program(tmp_path_factory.mktemp("server"), log_level="info") as running:
        yield running


def newest(program):
    return program.get("/audit", limit=1)["lines"][0]


def test_every_route_that_changes_something_is_known_here():
    assert changing() == ACTS.keys()


def test_every_act_leaves_a_line_with_who_did_it_and_to_what(server):
    server.send([event("gone")])
    key_id = ""
    for (method, _), (path, body, act) in ACTS.items():
        sent = None if body is None else json.dumps(body).encode()
        answer = server.ask(method, path.format(key_id=key_id), sent, Content_Type="application/json")
        assert answer.status < 300, answer.body
        key_id = key_id or answer.json["id"]
        line = newest(server)
        assert (line["act"], line["actor"]) == (act, "given@default")
        assert line["subject"] in {key_id, "acme", "evt_gone"}
        assert f"INFO pulsestream.audit: {act} {line['subject']} by given@default" in server.log


def test_a_refused_act_leaves_none(server):
    reader = server.ask("POST", "/keys", b'{"scopes": ["read"]}', Content_Type="application/json").json["key"]
    made = newest(server)
    for (method, _), (path, body, _act) in ACTS.items():
        sent = None if body is None else json.dumps(body).encode()
        answer = server.ask(method, path.format(key_id="0" * 8), sent, key=reader, Content_Type="application/json")
        assert answer.status == 403
    assert newest(server) == made
