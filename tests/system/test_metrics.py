"""What the server says of itself agrees with what it did, and is the operator's alone."""

from __future__ import annotations

import asyncio
import http.client
import json
import socket
import threading
import time

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse

from pulsestream.metrics import METRICS, Stage
from system.program import KEY, Program, event, obeys_conservation
from system.resident import FaultySession, Resident

pytestmark = pytest.mark.slow

OPENMETRICS = "application/openmetrics-text; version=1.0.0"
OUTCOMES = ("stored", "duplicate", "rejected", "rate_limited", "overloaded")


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    settings = {"log_format": "json", "log_level": "debug", "feed_linger_ms": 50, "scrub": "email:hash"}
    with Program(tmp_path_factory.mktemp("server"), **settings) as running:
        yield running


def ask(server, path="/metrics", **headers):
    """On a connection of its own: status, headers, text."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    try:
        connection.request("GET", path, headers={name.replace("_", "-"): value for name, value in headers.items()})
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read().decode()
    finally:
        connection.close()


def samples(text):
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in parse(text)
        for sample in family.samples
    }


def scrape(server):
    status, _, text = ask(server, X_API_Key=KEY)
    assert status == 200
    return samples(text)


def value(found, name, **labels):
    return found.get((name, tuple(sorted(labels.items()))), 0)


def key_of(server, tenant, *scopes):
    body = json.dumps({"tenant": tenant, "scopes": scopes}).encode()
    return server.ask("POST", "/keys", body).json["key"]


def counted(found, tenant):
    """Outcomes and reasons of a tenant, as the counters have them."""
    outcomes, reasons = dict.fromkeys(OUTCOMES, 0), {}
    for (name, pairs), count in found.items():
        labels = dict(pairs)
        if name == "pulsestream_events_total" and labels["tenant"] == tenant:
            outcomes[labels["outcome"]] += count
            if labels["reason"]:
                reasons[labels["reason"]] = reasons.get(labels["reason"], 0) + count
    return outcomes, reasons


def mix(server, key):
    """A bit of everything that can become of events."""

    def send(path, body, **headers):
        return server.ask("POST", path, body, key=key, **headers).status

    for number in range(20):
        assert send("/ingestion/events", json.dumps(event(number)).encode()) == 200
    batch = [event(number) for number in range(10, 60)]  # half of the first twenty again
    batch += [event(0, title="other"), event("bad", severity="loud"), {"no": "event"}, event(59)]
    assert send("/ingestion/events/batch", json.dumps({"events": batch}).encode()) == 200
    assert send("/ingestion/events", b"{not json") == 422
    assert send("/ingestion/events", b"{}", Content_Encoding="br") == 415
    many = json.dumps([event(f"many_{number}") for number in range(500)]).encode()
    return [send("/ingestion/events/batch", many) for _ in range(2)]


@pytest.mark.parametrize("tenant", ["default", "limited"])
def test_the_counters_agree_with_what_was_journaled(server, tenant):
    key = KEY
    if tenant == "limited":
        body = {"name": tenant, "limits": {"rate_events_per_s": 1, "burst_events": 600}}
        assert server.ask("POST", "/tenants", json.dumps(body).encode()).status == 201
        key = key_of(server, tenant, "ingest", "read")
    assert mix(server, key) == ([200, 200] if tenant == "default" else [200, 429])
    stats = server.ask("GET", "/ingestion/stats?minutes=3", key=key).json
    assert sum(one["received"] for one in stats["minutes"]) == stats["received"]
    if tenant == "limited":
        costs = [one["cost"] for one in stats["minutes"] if one["cost"]]
        assert sum(cost["requests"] for cost in costs) == 25, "its own, refused ones too, and nobody else's"
    assert obeys_conservation(stats)
    outcomes, reasons = counted(scrape(server), tenant)
    assert outcomes == stats["outcomes"]
    assert reasons == stats["reasons"]
    assert {"conflict", "invalid", "malformed"} <= set(reasons)
    assert ("rate_limited" in reasons) == (tenant == "limited")
    assert value(scrape(server), "pulsestream_requests_refused_total", tenant=tenant, code="unsupported_encoding") == 1


def test_the_minutes_add_up_and_say_what_they_cost(server):
    key = key_of(server, "default", "read")
    server.send([event(f"minute_{number}") for number in range(10)])
    before = server.ask("GET", "/ingestion/stats", key=key).json
    assert before["minutes"] == []
    stats = server.ask("GET", "/ingestion/stats?minutes=30", key=key).json
    minutes = stats["minutes"]
    assert len(minutes) == 30
    assert [one["minute"] for one in minutes] == sorted({one["minute"] for one in minutes})
    for name in (*OUTCOMES, "received"):
        assert sum(one[name] for one in minutes) == (stats[name] if name == "received" else stats["outcomes"][name])
    assert minutes[0] | {"minute": ""} == {
        "minute": "", "received": 0, **dict.fromkeys(OUTCOMES, 0), "reasons": {}, "cost": None
    }  # fmt: skip
    costs = [one["cost"] for one in minutes if one["cost"]]
    assert sum(cost["requests"] for cost in costs) >= 1
    for cost in costs:
        assert 0 < cost["p50_ms"] <= cost["p99_ms"]
        assert cost["seconds"]["journal_wait"] > 0
        assert set(cost["seconds"]) == {stage.label for stage in Stage if stage <= Stage.ANSWER}
    assert server.ask("GET", "/ingestion/stats?minutes=1441", key=key).status == 422


def test_every_metric_is_there_with_its_kind_and_help_in_both_formats(server):
    server.stats()  # the engine has a block, so that each stage was passed
    for accept, reader in [("", parse), (OPENMETRICS, parse_openmetrics)]:
        status, headers, text = ask(server, X_API_Key=KEY, Accept=accept)
        assert status == 200
        assert headers["Content-Type"].startswith("application/openmetrics-text" if accept else "text/plain; version")
        assert headers["Content-Type"].count("charset") == 1
        families = {family.name: family for family in reader(text)}
        for metric in METRICS:
            family = families[metric.name.removesuffix("_total")]
            assert (family.type, family.documentation) == (metric.kind, metric.help)
            assert all(set(sample.labels) - {"le"} == set(metric.labels) for sample in family.samples)
        for name in (
            "process_resident_memory_bytes",
            "process_cpu_seconds",
            "process_open_fds",
            "python_gc_collections",
        ):
            assert families[name].samples, name
        silent = {metric.name for metric in METRICS if not families[metric.name.removesuffix("_total")].samples}
        assert silent == set()


def test_each_stage_was_timed_and_its_events_counted(server):
    before = scrape(server)
    # Rules for personal data, and a body that waits for the decoder's thread: so that it passes every stage.
    server.send([event(f"stage_{number}", message="x" * 200) for number in range(100)])
    server.stats()
    after = scrape(server)

    def grown(name, **labels):
        return value(after, name, **labels) - value(before, name, **labels)

    for stage in Stage:
        assert grown("pulsestream_stage_events_total", stage=stage.label) >= 100, stage
        assert grown("pulsestream_stage_seconds_count", stage=stage.label) >= 1, stage
        assert value(after, "pulsestream_stage_seconds_sum", stage=stage.label) > 0, stage
    assert grown("pulsestream_journal_group_events_sum") == 100
    assert grown("pulsestream_feed_block_rows_sum") == 100
    assert grown("pulsestream_requests_total", route="batch", status="200") == 1
    assert grown("pulsestream_request_seconds_count", route="batch") == 1
    assert grown("pulsestream_received_bytes_total") > 10_000
    blocks = grown("pulsestream_feed_lag_seconds_count")
    assert blocks >= 1
    assert grown("pulsestream_feed_lag_seconds_bucket", le="10.0") == blocks, "linger and two inserts take no longer"
    assert value(after, "pulsestream_searchable_lag_seconds") == 0
    assert value(after, "pulsestream_engine_up") == 1
    assert value(after, "pulsestream_index_entries") > 100


def test_only_the_operator_may_ask(server):
    assert server.ask("POST", "/tenants", b'{"name": "curious"}').status == 201
    assert ask(server)[0] == 401
    assert ask(server, X_API_Key="wrong")[0] == 401
    assert ask(server, Authorization="Bearer wrong")[0] == 401
    assert ask(server, Authorization="Basic dXNlcjpwYXNz")[0] == 401
    for tenant, scopes, status in [
        ("default", ["ingest"], 403),
        ("default", ["read"], 200),
        ("default", ["admin"], 200),
        ("curious", ["ingest", "read", "admin"], 403),
    ]:
        key = key_of(server, tenant, *scopes)
        assert ask(server, X_API_Key=key)[0] == status
        assert ask(server, Authorization=f"Bearer {key}")[0] == status
        assert ask(server, Authorization=f"bearer  {key} ")[0] == status
    assert ask(server, "/metrics?colour=red", X_API_Key=KEY)[0] == 422


def test_a_key_opens_the_same_as_a_bearer_token_everywhere(server):
    path = "/api/v1/ingestion/stats"
    assert ask(server, path, Authorization=f"Bearer {KEY}")[0] == 200
    assert ask(server, path, Authorization=f"Bearer {KEY}", X_API_Key="wrong")[0] == 401, "X-API-Key is the one"
    assert server.ask("POST", "/ingestion/events", b"{}", key=None, Authorization=f"Bearer {KEY}").status == 422


def test_a_request_has_an_id_in_its_answer_and_in_the_log(server):
    assert server.send_one(event("named"), X_Request_Id="trace-7").headers["X-Request-Id"] == "trace-7"
    made = [server.ask("GET", path, key=None).headers["X-Request-Id"] for path in ("/ingestion/health", "/x", "/keys")]
    assert len(set(made)) == 3
    odd = server.send_one(event("odd"), X_Request_Id="a b").headers["X-Request-Id"]
    assert len(odd) == 16
    with socket.create_connection(("127.0.0.1", server.port)) as peer:
        peer.sendall(b"no http\r\n\r\n")
        assert b"\r\nx-request-id: " in peer.recv(4096)

    lines = [json.loads(line) for line in server.log.splitlines()]
    assert all({"time", "level", "logger", "message"} <= set(line) for line in lines)
    [line] = [line for line in lines if line.get("request_id") == "trace-7"]
    assert line["logger"] == "pulsestream.api.observer"
    assert line["tenant"] == "default"
    assert line["message"].startswith("single answered 200 after ")
    assert line["time"].endswith("Z")
    for name in made:
        assert ["tenant" in line for line in lines if line.get("request_id") == name] == [False]


def test_a_scrape_works_while_the_engine_is_stuck(tmp_path, monkeypatch):
    gate = threading.Event()

    def stuck(self, *arguments):
        assert gate.wait(60)
        return self._session.engine(*arguments)

    async def run():
        async with Resident(tmp_path) as resident:
            assert await resident.send(event("a")) == ["stored"]
            assert await resident.found() == ["evt_a"]
            monkeypatch.setattr(FaultySession, "engine", stuck, raising=False)
            with resident.server.feeder.held():
                assert await resident.send(event("b"), event("c")) == ["stored"] * 2
                began = time.monotonic()
                answer = await resident.http.get("http://server/metrics", headers={"X-API-Key": KEY})
                assert answer.status_code == 200
                assert time.monotonic() - began < 30
                found = samples(answer.text)
                assert value(found, "pulsestream_engine_up") == 0
                assert ("pulsestream_engine_parts", ()) not in found, "it never said"
                assert value(found, "pulsestream_feed_waiting_events") == 2
                assert value(found, "pulsestream_searchable_lag_seconds") > 0
                stats = (await resident.ask("GET", "/ingestion/stats?fresh=false")).json()
                assert stats["processing_queue_size"] == 2
                assert stats["searchable_lag_s"] > 0
            gate.set()
            await resident.until(lambda: _is_up(resident))

    asyncio.run(run())


async def _is_up(resident):
    return (await resident.server.probe.look()).up


def test_a_tenant_that_is_removed_is_counted_no_more(tmp_path):
    async def run():
        async with Resident(tmp_path) as resident:
            await resident.create("gone")
            assert await resident.send(event("a"), tenant="gone") == ["stored"]
            assert counted(await _scrape(resident), "gone")[0]["stored"] == 1
            assert [*resident.server.minutes.of("gone")]
            assert (await resident.ask("DELETE", "/tenants/gone")).status_code < 300
            await resident.sweep()
            assert "gone" not in "".join(await resident.tenants())
            assert counted(await _scrape(resident), "gone")[0]["stored"] == 0
            assert [*resident.server.minutes.of("gone")] == []

    asyncio.run(run())


async def _scrape(resident):
    return samples((await resident.http.get("http://server/metrics", headers={"X-API-Key": KEY})).text)
