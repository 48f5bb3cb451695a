"""A tenant sees nothing of another: whatever A does, B is answered what it would be answered if there were no A.

Every operation of the served document is asked with B's keys, with B's own values and with A's. The same script runs
twice: before there is an A, with made-up values in the place of A's, and after A did all that a tenant can do. A new
operation is part of it the day it is in the document; a parameter that is new has to be put into one of the tables.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple
from urllib.parse import quote, urlencode

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from system.program import KEY, READY_SECONDS_MAX, Answer, Program, event

pytestmark = pytest.mark.slow

SCOPES = ["ingest", "read", "admin"]
# Parameters and members that hold nothing of a tenant.
NEUTRAL = {
    *("limit", "offset", "fresh", "detail", "ack", "dry_run", "event_type", "severity", "method", "status_code"),
    *("start_time", "end_time", "minutes", "Content-Encoding"),
    *("tz", "sort", "step", "other", "measures", "by", "compare", "fields", "field", "buckets", "scale", "format"),
    *("last", "at"),
}
# Of what never ends only what is refused is asked for.
ENDLESS = {"query_tail": ("after",), "query_pulse": ("q",)}
# What an answer may change in without another tenant's doing: times, what is drawn at random, what the machine's load
# decides. Tokens of pages are sealed with a random nonce; tests/unit/query/test_token.py opens them.
VOLATILE = {
    *("at", "created_at", "ingested_at", "received_at", "last_used_at", "revoked_at", "reset_time", "start_time"),
    *("end_time", "uptime_seconds", "execution_time_ms", "fresh", "searchable_lag_s"),
    *("search_id", "batch_id", "next_cursor", "next", "key", "times", "took_ms", "lag_s", "minutes"),
}
_RANDOM = re.compile(r"evt_[0-9a-f]{32}|\b[0-9a-f]{8}\b(?=@|\")|ps_[0-9a-f]{8}")
_RESET = re.compile(r";t=\d+|(?<=events-)[-\dT]+Z")
# A connection is closed where an answer came before all of the body had.
_HEADERS_IGNORED = {"x-request-id", "date", "content-length", "connection"}
# Below, what of A's nobody may ever see, whoever asks for what.
SECRETS = {
    "title": "Zanzibar settlement",
    "message": "xylophone quarrel in ledger",
    "payload": "mauve-otter-4711",
    "key_name": "obsidian key",
    "rate": 43.2175,
    "burst": 19876,
    "retention": 31337,
    "batch": 28657,
}
# As a word of its own: a fraction of a second is no secret.
_SECRETS = re.compile(rf"(?<![\w.])(?:{'|'.join(re.escape(str(secret)) for secret in SECRETS.values())})(?!\w)")


class Values(NamedTuple):
    """What B puts in the place of A's values, by the name of a parameter or of a member of a body."""

    of: dict[str, str]

    def hide(self, text: str) -> str:
        """With the names of values in their place: those that were sent before there was an A, and A's."""
        for name, value in (*GHOST.items(), *self.of.items()):
            text = text.replace(json.dumps(value)[1:-1], f"<{name}>").replace(value, f"<{name}>")
        return text


def values(word: str) -> Values:
    """Of an A called `word`; words of one length make values of one shape."""
    names = ("service", "version", "environment", "user_id", "session_id", "request_id", "trace_id")
    plain = {name: f"{word}-{name}" for name in (*names, "error_code", "error_type")}
    return Values(
        plain
        | {
            "event_id": f"evt_{word}_1",
            "endpoint": f"/{word}/endpoint",
            "ip_address": f"{word}-address",
            "session": f"{word}-session_id",
            "trace": f"{word}-trace_id",
            "tag": f"{word}-tag:{word}-value",
            "q": f"{word} text",
            "name": f"{word}-tenant",
            "tenant": f"{word}-tenant",
            "Idempotency-Key": f"{word}-idempotency",
        }
    )


# Of an A that there is not.
GHOST = {"cursor": "Z" * 54, "after": "Z" * 32, "key_id": "0badc0de"}
GHOST |= values("ghost").of


class Tenant:
    """One tenant of the server, with a key of every scope."""

    def __init__(self, server: Program, name: str, **limits: object) -> None:
        self.server = server
        self.name = name
        operator(server, "POST", "/tenants", {"name": name, "limits": limits})
        made = operator(server, "POST", "/keys", {"tenant": name, "scopes": SCOPES})
        self.key, self.key_id = made["key"], made["id"]
        self.spare_id = self.ask("POST", "/keys", {"scopes": ["read"]}).json["id"]

    def ask(self, method: str, path: str, body: object = None, **headers: str) -> Answer:
        data = body if isinstance(body, bytes | None) else json.dumps(body).encode()
        return self.server.ask(method, path, data, key=self.key, **headers)

    def send(self, events: list[dict[str, Any]], **headers: str) -> Answer:
        return self.ask("POST", "/ingestion/events/batch", {"events": events}, **headers)

    def settle(self) -> None:
        """Wait until everything acknowledged is searchable."""
        deadline = time.monotonic() + READY_SECONDS_MAX
        while time.monotonic() < deadline:
            stats = self.ask("GET", "/ingestion/stats").json
            if stats["fresh"] and not stats["processing_queue_size"]:
                return
        raise AssertionError("the store never caught up")


def operator(server: Program, method: str, path: str, body: object) -> Any:
    answer = server.ask(method, path, json.dumps(body).encode(), key=KEY)
    assert answer.status < 300, answer.body
    return answer.json


# ---- B's requests, from the document


class Request(NamedTuple):
    name: str
    method: str
    path: str
    body: bytes | None
    headers: dict[str, str]


def requests(document: Any, own: dict[str, str], others: Values) -> Iterator[Request]:
    """Each operation with B's own values, then once for each place where a value of A's can be put."""
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            where = {"method": method.upper(), "path": path.removeprefix("/api/v1")}
            yield from _requests(document, **where, operation=operation, own=own, others=others)


def _requests(
    document: Any, *, method: str, path: str, operation: Any, own: dict[str, str], others: Values
) -> Iterator[Request]:
    named = operation["operationId"]
    parameters = {parameter["name"]: parameter for parameter in operation["parameters"]}
    unknown = set(parameters) - NEUTRAL - set(others.of)
    assert not unknown, f"{named} has new parameters: put {unknown} into NEUTRAL, or say what A's value is"
    bodies = {"": None}
    if "requestBody" in operation:
        content = operation["requestBody"]["content"]["application/json"]
        [example] = content["examples"].values()
        whole = _replaced(example["value"], others.of)
        members = _members(document, content["schema"])
        bodies = {
            "": example["value"],
            "body of A": whole | {name: others.of[name] for name in members & set(others.of)},
        }
    needed = [name for name, parameter in parameters.items() if parameter["required"]]
    placed = [name for name in parameters if name not in NEUTRAL]
    for of_body, body in bodies.items():
        for of_a in ENDLESS.get(named, ["", *placed]):
            given = {
                name: own.get(f"{named} {name}") or own.get(name) or parameters[name]["examples"][name]["value"]
                for name in needed
            }
            if of_a:
                given[of_a] = others.of[of_a]
            data = None if body is None else json.dumps(body).encode()
            yield _request(Request(f"{named} {of_body} {of_a}", method, path, data, {}), parameters, given)


def _request(bare: Request, parameters: Any, given: dict[str, str]) -> Request:
    """With each parameter where it belongs."""
    path, query, headers = bare.path, {}, {}
    for name, value in given.items():
        place = parameters.get(name, {"in": "query"})["in"]  # one that it does not have is refused
        if place == "path":
            path = path.replace("{" + name + "}", quote(value, safe=""))
        else:
            (query if place == "query" else headers)[name] = value
    return bare._replace(path=path + ("?" + urlencode(query) if query else ""), headers=headers)


def _replaced(value: Any, of: dict[str, str]) -> Any:
    if isinstance(value, dict):
        return {name: of[name] if name in of else _replaced(inner, of) for name, inner in value.items()}
    return [_replaced(inner, of) for inner in value] if isinstance(value, list) else value


def _members(document: Any, schema: Any) -> set[str]:
    if "$ref" in schema:
        return _members(document, document["components"]["schemas"][schema["$ref"].rpartition("/")[2]])
    return set(schema.get("properties", {}))


# ---- what B is answered


def seen(answer: Answer, hide: Callable[[str], str]) -> tuple[int, dict[str, str], Any]:
    """An answer without what may differ."""
    headers = {name.lower(): _RESET.sub("…", hide(value)) for name, value in answer.headers.items()}
    headers = {name: value for name, value in headers.items() if name not in _HEADERS_IGNORED}
    body = _RANDOM.sub("<random>", hide(answer.body.decode()))
    lines = answer.headers["Content-Type"].startswith("application/x-ndjson")
    return answer.status, headers, _steady([*map(json.loads, body.splitlines())] if lines else json.loads(body))


def _steady(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            name: "…" if name in VOLATILE and inner is not None else _steady(inner) for name, inner in value.items()
        }
    return [_steady(inner) for inner in value] if isinstance(value, list) else value


def walk(tenant: Tenant, document: Any, others: Values, *, reading: bool = False) -> dict[str, Any]:
    """Every request and its answer. `reading`: only those that change nothing."""
    own = {"event_id": "evt_own_1", "key_id": tenant.spare_id, "name": tenant.name}
    own |= {"query_event event_id": "evt_own_2"}  # the other one has been deleted by then
    hidden = Values({"own": tenant.name, **others.of})
    found = {}
    for request in requests(document, own, others):
        if reading and request.method != "GET":
            continue
        answer = tenant.ask(request.method, request.path, request.body, **request.headers)
        told = _SECRETS.search(answer.body.decode() + str(answer.headers))
        assert told is None, f"{request} told A's {told[0]!r}"
        found[request.name] = seen(answer, hidden.hide)
        if request.method != "GET":
            tenant.settle()
    return found


def nobody(server: Program, document: Any, others: Values) -> dict[str, Any]:
    """Every request without a key."""
    return {
        request.name: seen(
            server.ask(request.method, request.path, request.body, key=None, **request.headers), others.hide
        )
        for request in requests(document, {"event_id": "evt_own_1", "key_id": "0", "name": "own"}, others)
    }


# ---- what A does


def event_of(a: Values, number: int) -> dict[str, Any]:
    of = a.of
    tag, _, value = of["tag"].partition(":")
    return event(
        number,
        event_id=of["event_id"].removesuffix("1") + str(number),
        title=f"{SECRETS['title']} {of['q']}",
        message=SECRETS["message"],
        severity="critical",
        source={name: of[name] for name in ("service", "endpoint", "version", "environment")} | {"method": "POST"},
        metrics={"response_time_ms": 987.0, "status_code": 599},
        context={name: of[name] for name in ("user_id", "session_id", "request_id", "ip_address")}
        | {"tags": {tag: value}},
        trace={"trace_id": of["trace_id"]},
        error_details={name: of[name] for name in ("error_code", "error_type")},
        payload={"secret": SECRETS["payload"]},
    )


def send_many(a: Tenant, of: Values) -> None:
    assert a.send([event_of(of, number) for number in range(1, 3_001)]).status == 200


def send_again(a: Tenant, of: Values) -> None:
    assert a.send([event_of(of, 1)], **{"Idempotency-Key": of.of["Idempotency-Key"]}).status == 200


def send_wrong(a: Tenant, of: Values) -> None:
    assert a.send([event_of(of, 1) | {"title": "other"}, event(1, severity="loud")]).json["rejected"] == 2
    assert a.ask("POST", "/ingestion/events", b"{").status == 422
    assert a.ask("POST", "/ingestion/events/batch", b"x", Content_Encoding="br").status == 415


def send_too_many(a: Tenant, of: Values) -> None:
    batch = json.dumps({"events": [event_of(of, number) for number in range(1, 8_001)]}).encode()
    answers = [a.ask("POST", "/ingestion/events/batch", batch) for _ in range(3)]
    assert answers[-1].status == 429


def remove(a: Tenant, of: Values) -> None:
    for number in range(10, 20):
        path = "/ingestion/events/" + of.of["event_id"].removesuffix("1") + str(number)
        assert a.ask("DELETE", path).status in {200, 404}


def make_keys(a: Tenant, _of: Values) -> None:
    made = a.ask("POST", "/keys", {"scopes": ["read"], "name": SECRETS["key_name"]}).json
    assert a.ask("DELETE", f"/keys/{made['id']}").status == 200


def ask_much(a: Tenant, of: Values) -> None:
    assert a.ask("GET", f"/ingestion/events/search?service={of.of['service']}&limit=1000").status == 200
    assert a.ask("GET", "/ingestion/events/search?limit=0").status == 422
    assert a.ask("GET", "/tenants/none").status == 405


def new_limits(a: Tenant) -> None:
    """The operator's act: A begins with all of its burst."""
    operator(a.server, "PATCH", f"/tenants/{a.name}", {"burst_events": SECRETS["burst"]})


ACTS = (send_many, send_again, send_wrong, send_too_many, remove, make_keys, ask_much)


def make_a(server: Program, of: Values) -> tuple[Tenant, Values]:
    """A, after it did everything; its values, with those that the server made."""
    a = Tenant(
        server,
        of.of["tenant"],
        rate_events_per_s=SECRETS["rate"],
        burst_events=SECRETS["burst"],
        retention_days=SECRETS["retention"],
        batch_events_max=SECRETS["batch"],
    )
    for act in ACTS:
        act(a, of)
        new_limits(a)
    a.settle()
    page = a.ask("GET", "/ingestion/events/search?limit=1").json
    after = a.ask("GET", "/ingestion/events/tail?limit=1").json["next"]
    return a, Values(of.of | {"cursor": page["next_cursor"], "after": after, "key_id": a.key_id})


class World(NamedTuple):
    server: Program
    document: Any
    a: Tenant
    of_a: Values
    b: Tenant
    twins: tuple[dict[str, Any], dict[str, Any]]
    readings: tuple[dict[str, Any], dict[str, Any]]
    nobodies: tuple[dict[str, Any], dict[str, Any]]


def make_b(server: Program, name: str) -> Tenant:
    # So slow a rate that what is left of the burst is what was sent.
    b = Tenant(server, name, rate_events_per_s=0.001, burst_events=50_000)
    kept = event("own_2", severity="error", context={"session_id": "sess_7"})
    assert b.send([event("own_1"), kept]).status == 200
    b.settle()
    return b


@pytest.fixture(scope="module")
def world(server):
    """What B was answered before and after there was an A."""
    document = server.ask("GET", "/openapi.json", key=None).json
    made_up = Values(GHOST)
    before = make_b(server, "b-before")
    twin = walk(before, document, made_up)
    reading = walk(before, document, made_up, reading=True)
    nobody_before = nobody(server, document, made_up)
    a, of_a = make_a(server, values("acorn"))
    reading_after = walk(before, document, of_a, reading=True)
    twin_after = walk(make_b(server, "b-after1"), document, of_a)
    nobody_after = nobody(server, document, of_a)
    return World(
        server,
        document,
        a,
        of_a,
        before,
        (twin, twin_after),
        (reading, reading_after),
        (nobody_before, nobody_after),
    )


def differences(before, after):
    assert before.keys() == after.keys()
    return {name: (before[name], after[name]) for name in before if before[name] != after[name]}


def test_a_tenant_with_another_beside_it_is_answered_as_if_alone(world):
    assert differences(*world.twins) == {}


def test_what_a_tenant_reads_stays_the_same_whatever_another_does(world):
    assert differences(*world.readings) == {}


def test_nobody_learns_of_a_tenant_without_a_key(world):
    assert differences(*world.nobodies) == {}
    answered = {name.split()[0] for name, (status, _, _) in world.nobodies[1].items() if status != 401}
    assert answered == {"health", "openapi", "get_session", "close_session"}


def test_the_walk_asks_every_operation_and_is_really_answered(world):
    names = {operation["operationId"] for methods in world.document["paths"].values() for operation in methods.values()}
    assert {name.split()[0] for name in world.twins[1]} == names
    taken = {name.split()[0] for name, (status, _, _) in world.twins[1].items() if status < 300}
    others = {"create_tenant", "update_tenant", "delete_tenant", "open_session"}  # the operator's; a key is its body
    assert names - taken == {*others, *ENDLESS}


def test_tokens_of_another_tenant_are_refused_as_any_that_is_not_ours(world):
    for name in ("search  cursor", "query_events  cursor", "tail  after", "query_tail  after"):
        status, _, body = world.twins[1][name]
        assert status == 422
        assert "is not one of ours" in body["detail"]


def test_the_id_of_anothers_event_is_free(world):
    """B stores, changes its mind about, and deletes an event of A's id: A's event is as it was."""
    path = "/ingestion/events/" + world.of_a.of["event_id"]
    kept = world.a.ask("GET", path).json
    b = make_b(world.server, "b-borrows")
    mine = event(1, event_id=kept["event_id"], title="mine")
    assert b.ask("GET", path).status == 404
    assert b.ask("POST", "/ingestion/events", mine).json["processing_status"] == "stored"
    assert b.ask("POST", "/ingestion/events", mine).json["processing_status"] == "duplicate"
    assert b.ask("POST", "/ingestion/events", mine | {"title": "changed"}).status == 409
    assert b.ask("GET", path).json["title"] == "mine"
    assert world.a.ask("GET", path).json == kept
    assert b.ask("DELETE", path).status == 200
    assert world.a.ask("GET", path).json == kept


def test_the_same_idempotency_key_makes_other_ids_for_another_tenant(world):
    b = make_b(world.server, "b-retries")
    sent = [event(1, event_id=None)]
    header = {"Idempotency-Key": "nightly"}
    [of_a] = world.a.send(sent, **header).json["results"]
    [of_b] = b.send(sent, **header).json["results"]
    [again] = b.send(sent, **header).json["results"]
    assert of_b["status"] == "stored"
    assert of_a["event_id"] != of_b["event_id"] == again["event_id"]
    assert again["status"] == "duplicate"


@pytest.mark.parametrize("rate", [5e-324, 1e-300, 0.0009])
def test_a_rate_that_no_clock_can_hold_is_refused(world, rate):
    body = json.dumps({"rate_events_per_s": rate}).encode()
    answer = world.server.ask("PATCH", f"/tenants/{world.b.name}", body)
    assert answer.status == 422
    assert [error["field"] for error in answer.json["errors"]] == ["rate_events_per_s"]


def test_the_slowest_rate_with_the_largest_burst_is_told_in_numbers_that_there_are(world):
    slow = Tenant(world.server, "b-slow", rate_events_per_s=0.001, burst_events=1_000_000_000)
    assert slow.send([event(1)]).headers["RateLimit-Policy"] == '"events";q=1000000000;qu="events";w=1000000000000'
    assert slow.ask("GET", "/ingestion/rate-limit").status == 200


def test_a_tenant_that_is_being_removed_takes_no_new_limits(world):
    made = operator(world.server, "POST", "/tenants", {"name": "b-goes"})
    operator(world.server, "DELETE", f"/tenants/{made['name']}", {})
    body = json.dumps({"rate_events_per_s": 7}).encode()
    assert world.server.ask("PATCH", f"/tenants/{made['name']}", body).status == 404


@pytest.fixture
def read_before(world):
    return walk(world.b, world.document, world.of_a, reading=True)


@given(acts=st.lists(st.sampled_from(ACTS), min_size=1, max_size=6))
@settings(max_examples=8, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_order_of_acts_of_one_tenant_changes_what_another_reads(world, read_before, acts):
    for act in acts:
        act(world.a, world.of_a)
        new_limits(world.a)
    assert differences(read_before, walk(world.b, world.document, world.of_a, reading=True)) == {}
