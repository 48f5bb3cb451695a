"""Keys open what their scopes say; a tenant's rate lets in what fits, and everything refused is accounted for."""

from __future__ import annotations

import gzip
import http.client
import json
import threading
import time

import pytest

from system.program import Program, event, obeys_conservation

BATCH = "/ingestion/events/batch"


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with Program(tmp_path_factory.mktemp("server")) as program:
        yield program


def admin(server, method, path, body=None, **options):
    data = None if body is None else json.dumps(body).encode()
    return server.ask(method, path, data, Content_Type="application/json", **options)


def made_tenant(server, name, **limits):
    answer = admin(server, "POST", "/tenants", {"name": name, "limits": limits})
    assert answer.status == 201, answer.body
    return made_key(server, name, "ingest", "read", "admin")


def made_key(server, tenant, *scopes, **more):
    answer = admin(server, "POST", "/keys", {"tenant": tenant, "scopes": scopes} | more)
    assert answer.status == 201, answer.body
    return answer.json["key"]


def lines(*events):
    return b"\n".join(json.dumps(each).encode() for each in events)


def batch(server, key, *events, options="", **headers):
    return server.ask("POST", BATCH + options, lines(*events), key=key, Content_Type="application/x-ndjson", **headers)


def stats(server, key):
    answer = server.ask("GET", "/ingestion/stats", key=key)
    assert answer.status == 200, answer.body
    assert answer.json["fresh"]
    return answer.json


# ---- keys


NEEDS = [
    ("ingest", "POST", "/ingestion/events"),
    ("ingest", "POST", BATCH),
    ("read", "GET", "/ingestion/events/search"),
    ("read", "GET", "/ingestion/events/tail"),
    ("read", "GET", "/ingestion/events/some-id"),
    ("read", "GET", "/ingestion/stats"),
    ("read", "GET", "/query/services"),
    ("admin", "DELETE", "/ingestion/events/some-id"),
    ("admin", "GET", "/keys"),
    ("admin", "DELETE", "/keys/00000000"),
    ("admin", "GET", "/tenants"),
    ("admin", "DELETE", "/tenants/nobody"),
    ("admin", "GET", "/audit"),
]


@pytest.mark.parametrize(("scope", "method", "path"), NEEDS)
def test_a_key_opens_what_its_scope_says_and_nothing_else(server, scope, method, path):
    body = b"[]" if method == "POST" else None
    for other in {"ingest", "read", "admin"} - {scope}:
        refused = server.ask(method, path, body, key=made_key(server, "default", other))
        assert (refused.status, refused.json["code"]) == (403, "forbidden")
        assert repr(scope) in refused.json["detail"]
    assert server.ask(method, path, body, key=made_key(server, "default", scope)).status not in (401, 403)


def test_a_revoked_or_expired_key_opens_nothing(server):
    answer = admin(server, "POST", "/keys", {"scopes": ["read"]}).json
    assert server.ask("GET", "/ingestion/stats", key=answer["key"]).status == 200
    assert admin(server, "DELETE", f"/keys/{answer['id']}").json["revoked_at"]
    refused = server.ask("GET", "/ingestion/stats", key=answer["key"])
    assert refused.status == 401
    assert "revoked" in refused.json["detail"]
    past = admin(server, "POST", "/keys", {"scopes": ["read"], "expires_at": "2020-01-01T00:00:00Z"})
    assert (past.status, past.json["errors"][0]["field"]) == (422, "expires_at")


@pytest.mark.slow
def test_keys_survive_a_restart_and_a_key_of_the_settings_does_not(tmp_path):
    program = Program(tmp_path)
    with program:
        kept = made_key(program, "default", "read", "admin")
        assert program.ask("GET", "/ingestion/stats", key=kept).status == 200
    program.start()
    shown = program.ask("GET", "/keys", key=kept).json["keys"]
    assert [key["last_used_at"] is not None for key in shown] == [True]
    program.stop()


def test_only_the_operator_manages_tenants(server):
    key = made_tenant(server, "managed")
    for method, path, body in [
        ("POST", "/tenants", {"name": "other"}),
        ("PATCH", "/tenants/managed", {"rate_events_per_s": 5}),
        ("DELETE", "/tenants/managed", None),
        ("POST", "/keys", {"scopes": ["read"], "tenant": "default"}),
    ]:
        assert admin(server, method, path, body, key=key).status == 403, path
    seen = server.ask("GET", "/tenants", key=key).json["tenants"]
    assert [tenant["name"] for tenant in seen] == ["managed"]


def test_wrong_limits_are_named(server):
    for limits in ({"rate_events_per_s": -1}, {"burst_events": 0}, {"rate": 5}, {"retention_days": 1.5}):
        answer = admin(server, "POST", "/tenants", {"name": "wrong", "limits": limits})
        assert answer.status == 422, answer.body
        assert any(name in json.dumps(answer.json["errors"]) for name in limits)
    for name in ("", "UPPER", "a b", "-a", "x" * 64, "../etc", "a'; --", "\0"):
        assert admin(server, "POST", "/tenants", {"name": name}).status == 422, name
    assert admin(server, "PATCH", "/tenants/default", {"rate": 5}).status == 422
    assert admin(server, "PATCH", "/tenants/nobody", {}).status == 404


# ---- the rate


def test_a_tenant_over_its_rate_is_refused_whole_and_told_when_to_come_back(server):
    key = made_tenant(server, "limited", rate_events_per_s=0.001, burst_events=10)
    first = batch(server, key, *(event(number) for number in range(8)))
    assert first.json["stored"] == 8
    assert first.headers["RateLimit-Policy"] == '"events";q=10;qu="events";w=10000'
    assert first.headers["RateLimit"].startswith('"events";r=2;t=')
    refused = batch(server, key, *(event(f"more_{number}") for number in range(3)))
    assert (refused.status, refused.json["code"], refused.json["retryable"]) == (429, "rate_limited", True)
    assert 900 < refused.json["retry_after_s"] <= int(refused.headers["Retry-After"]) <= 1001
    assert batch(server, key, event("fits_1"), event("fits_2")).json["stored"] == 2
    single = server.ask("POST", "/ingestion/events", json.dumps(event("one")).encode(), key=key)
    assert (single.status, single.json["code"]) == (429, "rate_limited")
    quota = server.ask("GET", "/ingestion/rate-limit", key=key).json
    assert (quota["limit"], quota["remaining"], quota["exceeded"]) == (10, 0, True)
    assert quota["window_size_seconds"] == 10_000
    told = stats(server, key)
    assert told["outcomes"] == {"stored": 10, "duplicate": 0, "rejected": 0, "rate_limited": 4, "overloaded": 0}
    assert told["requests_refused"] == {}
    assert obeys_conservation(told)


def test_duplicates_and_refused_events_cost_like_new_ones(server):
    key = made_tenant(server, "repeating", rate_events_per_s=0.001, burst_events=10)
    assert batch(server, key, event(1), event(1), event(1), event(2, title="")).status == 200
    assert batch(server, key, *[event(1)] * 7).status == 429
    assert batch(server, key, *[event(1)] * 6).json["duplicate"] == 6


def test_more_than_the_burst_is_told_how_much_fits(server):
    key = made_tenant(server, "bursting", rate_events_per_s=100)
    answer = batch(server, key, *(event(number) for number in range(101)))
    assert (answer.status, answer.json["code"], answer.json["events_max"]) == (413, "too_large", 100)
    assert "100" in answer.json["detail"]


ODD = b"\n\n".join([b'{"not": "an event"}', b"junk", b"{" * 50, b'"x"', b"   "])


@pytest.mark.parametrize(
    ("body", "headers", "count"),
    [
        (ODD, {"Content_Type": "application/x-ndjson"}, 4),
        (gzip.compress(ODD), {"Content_Type": "application/x-ndjson", "Content_Encoding": "gzip"}, 4),
        (lines(event(1), event(2)), {}, 2),
        (json.dumps([1, {}, [], event(1)]).encode(), {}, 4),
        (json.dumps({"events": [1, {}]}, indent=2).encode(), {}, 2),
        (json.dumps(event(1), indent=2).encode(), {}, 1),
    ],
    ids=["lines", "gzip", "lines by looking", "array", "envelope", "one"],
)
def test_a_tenant_in_debt_is_refused_before_its_events_are_decoded(server, body, headers, count):
    key = made_tenant(server, f"debt-{abs(hash((body, count))) % 10**12}", rate_events_per_s=0.001, burst_events=1)
    assert batch(server, key, event(0)).status == 200
    assert server.ask("POST", BATCH, body, key=key, **headers).status == 429
    assert stats(server, key)["outcomes"]["rate_limited"] == count
    assert server.ask("POST", BATCH, b"junk", key=key).status == 400, "what cannot be read is no event"
    assert stats(server, key)["outcomes"]["rate_limited"] == count


@pytest.mark.slow
def test_what_was_refused_is_still_counted_after_a_kill(tmp_path):
    program = Program(tmp_path, rate_events_per_s=1, burst_events=5)
    program.start()
    program.send([event(number) for number in range(5)])
    assert program.ask("POST", BATCH, lines(*(event(number) for number in range(4)))).status == 429
    assert program.stats()["outcomes"]["rate_limited"] == 4
    program.kill()
    program.start()
    told = program.stats()
    assert told["outcomes"]["rate_limited"] == 4
    assert obeys_conservation(told)
    program.close()


def test_a_new_rate_holds_from_the_next_request(server):
    key = made_tenant(server, "changing", rate_events_per_s=0.001, burst_events=1)
    assert batch(server, key, event(1)).status == 200
    assert batch(server, key, event(2)).status == 429
    assert admin(server, "PATCH", "/tenants/changing", {"rate_events_per_s": 0}).status == 200
    answer = batch(server, key, *(event(number) for number in range(50)))
    assert answer.status == 200
    assert "RateLimit" not in answer.headers
    assert server.ask("GET", "/ingestion/rate-limit", key=key).json["limit"] is None


def test_one_tenants_rate_is_not_anothers(server):
    poor = made_tenant(server, "poor", rate_events_per_s=0.001, burst_events=1)
    rich = made_tenant(server, "rich")
    assert batch(server, poor, event(1)).status == 200
    assert batch(server, poor, event(2)).status == 429
    assert batch(server, rich, event(1), event(2)).json["stored"] == 2


# ---- sizes, dry runs, requests at one time


def test_a_tenants_sizes_hold_for_it_only(server):
    key = made_tenant(server, "small", body_bytes_max=2_000, batch_events_max=3)
    many = batch(server, key, *(event(number) for number in range(4)))
    assert (many.status, many.json["events_max"]) == (413, 3)
    assert batch(server, key, event("big", message="x" * 2_000)).status == 413
    assert batch(server, key, event("a"), event("b")).json["stored"] == 2
    assert server.send([event(f"large_{n}", message="x" * 2_000) for n in range(4)])["stored"] == 4


def test_a_dry_run_says_what_would_happen_and_keeps_nothing(server):
    key = made_tenant(server, "trying", rate_events_per_s=0.001, burst_events=6)
    assert batch(server, key, event("kept")).status == 200
    for _ in range(3):
        answer = batch(
            server, key, event("new"), event("kept"), event("kept", title="x"), event("bad", title=""), event("new"),
            options="?dry_run=true",
        )  # fmt: skip
        assert answer.status == 200
        assert answer.json["dry_run"] is True
        told = [result.get("reason", result["status"]) for result in answer.json["results"]]
        assert told == ["stored", "duplicate", "conflict", "invalid", "duplicate"]
    too_many = batch(server, key, *(event(number) for number in range(6)), options="?dry_run=true")
    assert too_many.status == 429
    one = server.ask("POST", "/ingestion/events?dry_run=true", json.dumps(event("new")).encode(), key=key)
    assert (one.json["processing_status"], one.json["dry_run"]) == ("stored", True)
    told = stats(server, key)
    assert (told["received"], told["total_events"]) == (1, 1)
    assert server.ask("GET", "/ingestion/events/evt_new", key=key).status == 404


def test_more_requests_at_one_time_than_a_tenant_may_are_refused(server):
    key = made_tenant(server, "crowded", requests_max=1)
    connection_open, let_go = threading.Event(), threading.Event()

    def slow():
        def body():
            yield b"["
            connection_open.set()
            assert let_go.wait(30)
            yield b"]"

        answers.append(server.ask("POST", BATCH, body(), key=key))

    answers: list = []
    sender = threading.Thread(target=slow)
    sender.start()
    assert connection_open.wait(30)
    for _ in range(1_000):  # the first part may still be on its way
        refused = server.ask("GET", "/ingestion/events/types", key=key)
        if refused.status != 200:
            break
    assert (refused.status, refused.json["code"]) == (429, "too_many_requests")
    assert refused.headers["Retry-After"] == "1"
    assert server.get("/ingestion/events/types"), "another tenant is not held up"
    let_go.set()
    sender.join(30)
    assert answers[0].status == 200
    assert server.ask("GET", "/ingestion/events/types", key=key).status == 200


def test_more_connections_than_a_tenant_may_have_are_closed(server):
    key = made_tenant(server, "wired", connections_max=2)
    connections = [http.client.HTTPConnection("127.0.0.1", server.port, timeout=30) for _ in range(3)]

    def status(connection):
        connection.request("GET", "/api/v1/ingestion/events/types", headers={"X-API-Key": key})
        response = connection.getresponse()
        response.read()
        return response.status

    assert [status(connection) for connection in connections] == [200, 200, 429]
    assert [status(connection) for connection in connections[:2]] == [200, 200]
    assert connections[2].sock is None, "the server said that it closes it"
    assert server.get("/ingestion/events/types"), "another tenant is not held up"
    for connection in connections:
        connection.close()


LARGE = gzip.compress(lines(*(event(f"large_{number}", message="x" * 900) for number in range(3_000))))


def search(server, key):
    return server.ask("GET", "/ingestion/events/search?q=nothing&fresh=false", key=key)


def large_batch(server, key):
    return server.ask("POST", BATCH + "?detail=none", LARGE, key=key, Content_Encoding="gzip")


@pytest.mark.slow
@pytest.mark.parametrize("ask", [search, large_batch])
def test_a_tenant_that_asks_much_does_not_make_another_wait_its_turn(server, ask):
    """Of a hundred requests under way one thread or two do one after the other; another tenant's comes in between."""
    busy, other = (made_tenant(server, f"{name}-{ask.__name__}".replace("_", "-")) for name in ("busy", "other"))
    begun, done = threading.Event(), []

    def flood():
        answer = ask(server, busy)
        done.append(answer.status)
        begun.set()

    senders = [threading.Thread(target=flood) for _ in range(100)]
    for sender in senders:
        sender.start()
    assert begun.wait(60)
    assert ask(server, other).status == 200
    answered = len(done)
    for sender in senders:
        sender.join(120)
    assert done == [200] * 100
    assert answered < 90, "the other tenant's request was not behind all of these"


def test_a_tenant_of_the_same_name_begins_with_nothing(server):
    key = made_tenant(server, "reborn", rate_events_per_s=1, burst_events=2)
    assert batch(server, key, event(1), event(2)).status == 200
    assert batch(server, key, event(3)).status == 429
    assert server.ask("POST", BATCH, b"junk", key=key).status == 400
    assert admin(server, "DELETE", "/tenants/reborn").status == 202
    refused = server.ask("GET", "/ingestion/stats", key=key)
    assert refused.status == 401, "its keys are gone with the answer"
    deadline = time.monotonic() + 60
    while any(tenant["name"] == "reborn" for tenant in server.get("/tenants")["tenants"]):
        assert time.monotonic() < deadline, "it was never removed"
    again = made_tenant(server, "reborn")
    told = stats(server, again)
    assert (told["received"], told["total_events"], told["requests_refused"]) == (0, 0, {})
    assert batch(server, again, event(1)).json["stored"] == 1
    acts = [line["act"] for line in server.ask("GET", "/audit", key=again).json["lines"]]
    assert acts == ["create key", "create tenant"]
    assert server.ask("GET", "/ingestion/stats", key=key).status == 401


def test_one_large_event_and_many_of_its_id_hold_up_nobody(server):
    """Each of them is compared with the first; the first is read once for all."""
    key = made_tenant(server, "crowd")
    large = event("crowd", payload={"list": list(range(100_000))})
    small = [event("crowd", title=f"other {number}") for number in range(500)]
    answer = batch(server, key, large, *small, options="?detail=none")
    assert (answer.json["stored"], answer.json["rejected"]) == (1, 500)
    again = batch(server, key, *small, options="?detail=none&dry_run=true")
    assert again.json["rejected"] == 500
