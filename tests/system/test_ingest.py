"""What the ingest paths take, refuse and say: every outcome in order, every refusal with its reason."""

from __future__ import annotations

import gzip
import http.client
import json
import socket

import pytest
from backports import zstd

from system.program import Program, event, obeys_conservation

BATCH = "/ingestion/events/batch"


def lines(*events):
    return b"\n".join(json.dumps(each).encode() for each in events)


def outcomes(answer):
    return [result.get("reason", result["status"]) for result in answer["results"]]


def test_each_event_of_a_batch_has_its_outcome_in_order(server):
    server.send([event("known")])
    answer = server.send(
        [
            event("fresh"),
            event("known"),
            event("known", title="other"),
            event("wrong", severity="loud"),
            event("fresh"),
            event("fresh", title="other"),
            event("future", timestamp="2226-01-01T00:00:00Z"),
            event("ancient", timestamp="1969-12-31T23:59:59Z"),
            event(None, event_id=None),
        ]
    )
    assert outcomes(answer) == [
        "stored", "duplicate", "conflict", "invalid", "duplicate", "conflict", "in_future", "invalid", "stored",
    ]  # fmt: skip
    assert [result["index"] for result in answer["results"]] == list(range(9))
    assert answer["processing_status"] == "partial"
    assert (answer["total_events"], answer["successful_events"], answer["failed_events"]) == (9, 4, 5)
    assert (answer["stored"], answer["duplicate"], answer["rejected"]) == (2, 2, 5)
    assert answer["results"][8]["event_id"].startswith("evt_")
    broken = answer["results"][3]["errors"][0]
    assert broken["field"] == "severity"
    assert broken["value"] == '"loud"'
    assert "critical" in broken["rule"]
    assert broken["help"]


def test_detail_says_how_much_is_told(server):
    events = [event("detail"), event("detail_bad", title="")]
    assert [r["index"] for r in server.send(events, "?detail=all")["results"]] == [0, 1]
    assert [r["index"] for r in server.send(events, "?detail=errors")["results"]] == [1]
    assert server.send(events, "?detail=none")["results"] == []


def test_a_batch_keeps_its_own_id(server):
    body = json.dumps({"batch_id": "my-batch", "events": []}).encode()
    answer = server.ask("POST", BATCH, body).json
    assert (answer["batch_id"], answer["total_events"], answer["processing_status"]) == ("my-batch", 0, "completed")


@pytest.mark.parametrize(
    ("name", "body", "headers"),
    [
        ("envelope", json.dumps({"events": [event("as_envelope")]}).encode(), {}),
        ("array", json.dumps([event("as_array")]).encode(), {"Content_Type": "application/json"}),
        ("lines", lines(event("as_lines")), {"Content_Type": "application/x-ndjson"}),
        ("one", lines(event("as_one")), {"Content_Type": "application/json"}),
        ("lines by looking", lines(event("as_looked_1"), event("as_looked_2")), {"Content_Type": "application/json"}),
        ("array named lines", json.dumps([event("as_misnamed")]).encode(), {"Content_Type": "application/x-ndjson"}),
        ("bom", b"\xef\xbb\xbf" + lines(event("as_bom")), {}),
        ("gzip", gzip.compress(lines(event("as_gzip"))), {"Content_Encoding": "gzip"}),
        (
            "two gzips",
            gzip.compress(lines(event("g1")) + b"\n") + gzip.compress(lines(event("g2"))),
            {"Content_Encoding": "gzip"},
        ),
        ("zstd", zstd.compress(lines(event("as_zstd"))), {"Content_Encoding": "zstd"}),
        ("form", lines(event("as_curl")), {"Content_Type": "application/x-www-form-urlencoded"}),
    ],
)
def test_a_batch_is_taken_in_every_form(server, name, body, headers):
    answer = server.ask("POST", BATCH, body, **headers)
    assert answer.status == 200, answer.body
    assert set(outcomes(answer.json)) == {"stored"}, name


def test_a_malformed_line_is_rejected_with_its_number_and_sinks_nobody(server):
    body = b"\n".join(
        [lines(event("line_1")), b"", b'{"event_type": "api_call",', b"\xff\xfe", lines(event("line_5")), b"[]", b"{}"]
    )
    answer = server.ask("POST", BATCH, body, Content_Type="application/x-ndjson").json
    told = [(result.get("line"), result.get("reason", result["status"])) for result in answer["results"]]
    assert told == [
        (None, "stored"), (3, "malformed"), (4, "malformed"), (None, "stored"), (6, "invalid"), (7, "invalid"),
    ]  # fmt: skip
    fields = [error["field"] for error in answer["results"][5]["errors"]]
    assert fields == ["event_type", "title", "source"]


@pytest.mark.parametrize(
    ("body", "headers", "status", "said"),
    [
        (b"hello", {}, 400, "NDJSON"),
        (b"", {}, 200, ""),
        (b'{"events": [', {}, 400, "JSON"),
        (b'{"events": 5}', {}, 400, "events"),
        (b"[1, 2", {}, 400, "JSON"),
        (b"not gzip", {"Content_Encoding": "gzip"}, 400, "gzip"),
        (gzip.compress(b"[]" * 50, mtime=0)[:-4], {"Content_Encoding": "gzip"}, 400, "gzip"),
        (zstd.compress(b"[]" * 50)[:-2], {"Content_Encoding": "zstd"}, 400, "zstd"),
        (b"[]", {"Content_Encoding": "br"}, 415, "gzip, zstd"),
        (b"[]", {"Idempotency_Key": "k" * 256}, 422, "255"),
        ("[]".encode("utf-16"), {}, 400, "JSON"),
    ],
)
def test_an_unreadable_request_is_refused_as_a_whole(server, body, headers, status, said):
    answer = server.ask("POST", BATCH, body, **headers)
    assert answer.status == status
    if status != 200:
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert said in answer.json["detail"]


@pytest.mark.parametrize("query", ["?detail=some", "?ack=maybe", "?details=all"])
def test_wrong_options_are_named(server, query):
    answer = server.ask("POST", BATCH + query, b"[]")
    assert answer.status == 422
    assert answer.json["errors"][0]["field"] in query


def test_a_single_event_is_answered_as_before(server):
    stored = server.send_one(event("single"))
    assert stored.status == 200
    assert stored.json["processing_status"] == "stored"
    before = {"success", "event_id", "ingested_at", "processing_status", "message", "errors"}
    assert stored.json.keys() == {*before, "ack"}
    assert stored.json["ack"] == "durable"
    found = server.ask("POST", "/ingestion/events?ack=searchable", json.dumps(event("single_found")).encode())
    assert found.json["ack"] == "searchable"
    assert server.send_one(event("single")).json["processing_status"] == "duplicate"
    conflict = server.send_one(event("single", title="other"))
    assert (conflict.status, conflict.json["code"], conflict.json["success"]) == (409, "conflict", False)
    invalid = server.send_one(event("single_bad", metrics={"response_time_ms": -1, "status_code": 999}))
    assert invalid.status == 422
    assert [error["field"] for error in invalid.json["errors"]] == ["metrics.response_time_ms", "metrics.status_code"]
    assert server.ask("POST", "/ingestion/events", b"{not json").json["reason"] == "malformed"


def test_the_same_content_written_otherwise_is_a_duplicate(server):
    server.send([event("twice", payload={"a": 1, "b": [True, None]}, timestamp="2026-05-04T10:20:30Z")])
    again = event(
        "twice", payload={"b": [True, None], "a": 1.0}, timestamp="2026-05-04T12:20:30+02:00", severity="info"
    )
    assert outcomes(server.send([again])) == ["duplicate"]
    assert outcomes(
        server.send([event("twice", payload={"a": 1, "b": [1, None]}, timestamp="2026-05-04T10:20:30Z")])
    ) == ["conflict"]
    without_time = event("twice", payload={"a": 1, "b": [True, None]}, timestamp=None)
    assert outcomes(server.send([without_time])) == ["duplicate"]
    assert outcomes(server.send([event("timeless", timestamp=None)] * 2)) == ["stored", "duplicate"]
    assert outcomes(server.send([event("timeless")])) == ["duplicate"]


@pytest.mark.parametrize("key", [None, "", "wrong", "test-key-of-the-system-tests "])
def test_without_the_right_key_nothing_is_taken(server, key):
    for method, path in [("POST", BATCH), ("POST", "/ingestion/events"), ("GET", "/ingestion/stats")]:
        answer = server.ask(method, path, b"[]" if method == "POST" else None, key=key)
        if key and key.strip() == "test-key-of-the-system-tests":
            continue  # HTTP strips blanks around a header's value
        assert answer.status == 401
        assert ("is not known here" if key == "wrong" else "X-API-Key") in answer.json["detail"]


@pytest.mark.slow
def test_too_large_says_the_limit(tmp_path):
    with Program(tmp_path, body_bytes_max=10_000, batch_events_max=3) as small:
        answer = small.ask("POST", BATCH, b"[" + b" " * 10_000 + b"]")
        assert (answer.status, answer.json["code"]) == (413, "too_large")
        assert "10000" in answer.json["detail"]
        bomb = small.ask("POST", BATCH, gzip.compress(b"[" + b" " * 10_000_000 + b"]")[:9_000], Content_Encoding="gzip")
        assert bomb.status == 413
        many = small.ask("POST", BATCH, lines(*(event(number) for number in range(4))))
        assert many.status == 413
        assert "3" in many.json["detail"]
        assert small.send([event(number) for number in range(3)])["stored"] == 3
        assert small.get("/ingestion/stats")["requests_refused"] == {"too_large": 3}


@pytest.mark.slow
def test_too_much_at_once_is_refused_with_when_to_come_back(tmp_path):
    with Program(tmp_path, backlog_bytes_max=1 << 20, feed_linger_ms=60_000) as slow:
        statuses = []
        for number in range(8):
            body = lines(*(event(f"{number}_{i}", payload={"filler": "x" * 1_000}) for i in range(200)))
            statuses.append(slow.ask("POST", BATCH, body).status)
        assert 200 in statuses
        assert 503 in statuses
        refused = slow.ask("POST", BATCH, lines(*(event(f"more_{i}", payload={"f": "x" * 9_000}) for i in range(120))))
        assert int(refused.headers["Retry-After"]) >= 1
        assert refused.json["retryable"] is True
        stored = statuses.count(200) * 200
        assert slow.stats()["total_events"] == stored  # a question wakes the feeder, and there is room again
        assert slow.send([event("after")])["stored"] == 1
        stats = slow.stats()
        assert stats["total_events"] == stored + 1
        assert stats["outcomes"]["overloaded"] == statuses.count(503) * 200 + 120
        assert stats["requests_refused"] == {}, "what is counted in events is not counted in requests too"
        assert obeys_conservation(stats)


def test_a_request_that_breaks_off_stores_nothing(server):
    before = server.stats()["total_events"]
    for sent in (
        b"",
        b"POST /api/v1",
        b"POST /api/v1/ingestion/events/batch HTTP/1.1\r\nContent-Length: 500\r\n\r\n[{",
    ):
        with socket.create_connection(("127.0.0.1", server.port)) as connection:
            connection.sendall(sent)
    assert server.stats()["total_events"] == before


@pytest.mark.parametrize("length", ["-1", "abc", "99999999999999999999"])
def test_an_odd_content_length_is_refused(server, length):
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    connection.putrequest("POST", "/api/v1" + BATCH)
    connection.putheader("X-API-Key", "test-key-of-the-system-tests")
    connection.putheader("Content-Length", length)
    connection.endheaders()
    assert connection.getresponse().status in (400, 413)
    connection.close()


def test_what_the_server_took_adds_up(tenant):
    tenant.send([event(1), event(1), event(2, title=""), event(3)])
    tenant.send([event(1), event(3, title="other")])
    tenant.ask("POST", BATCH, b"junk")
    tenant.ask("DELETE", "/ingestion/events/evt_3")
    tenant.send([event(3)])
    stats = tenant.stats()
    assert stats["received"] == 7
    assert stats["outcomes"] == {"stored": 2, "duplicate": 2, "rejected": 3, "rate_limited": 0, "overloaded": 0}
    assert stats["reasons"] == {"invalid": 1, "conflict": 1, "deleted": 1}
    assert stats["requests_refused"] == {"bad_request": 1}
    assert stats["total_events"] == 1


def test_types_severities_and_health_answer(server):
    assert "api_call" in server.get("/ingestion/events/types")
    assert server.get("/ingestion/events/severities") == ["info", "warning", "error", "critical"]
    assert server.get("/ingestion/health")["disk_free_bytes"] > 0


def test_health_needs_no_key_and_tells_its_numbers_to_the_operator_only(server):
    anyone = server.ask("GET", "/ingestion/health", key=None)
    assert anyone.status == 200
    assert anyone.json.keys() == {"status", "version", "uptime_seconds"}
    assert server.ask("GET", "/ingestion/health", key="wrong").json["status"] == "healthy"
    health = server.get("/ingestion/health")
    assert health["status"] == "healthy"
    assert health["problems"] == []
    assert health["last_position"] >= health["searchable_position"]


def test_requests_without_a_key_are_counted(server):
    before = server.get("/ingestion/health")["unauthorized_requests"]
    for key in (None, "wrong"):
        assert server.ask("POST", BATCH, b"[]", key=key).status == 401
    assert server.get("/ingestion/health")["unauthorized_requests"] == before + 2


@pytest.mark.slow
def test_events_past_the_retention_are_refused(tmp_path):
    with Program(tmp_path, retention_days=1) as program:
        answer = program.send([event("old"), event("new", timestamp=None)])
        assert outcomes(answer) == ["too_old", "stored"]
        assert "retention" in answer["results"][0]["errors"][0]["rule"]


@pytest.mark.slow
def test_a_store_in_memory_works_and_says_that_it_forgets(tmp_path):
    with Program(tmp_path, store="chdb://memory") as program:
        assert program.send([event(1)])["stored"] == 1
        assert len(program.all_events()) == 1
        assert "in memory" in program.log


@pytest.mark.parametrize(("method", "path", "status"), [("GET", "/nothing", 404), ("PUT", "/ingestion/stats", 405)])
def test_an_unknown_path_is_a_problem_too(server, method, path, status):
    answer = server.ask(method, path)
    assert answer.status == status
    assert answer.json["code"] == {404: "not_found", 405: "method_not_allowed"}[status]
