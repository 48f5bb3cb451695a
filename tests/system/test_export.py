"""Exports of the real server: whole, in every format, sent in again as duplicates, broken off where they fail."""

from __future__ import annotations

import contextlib
import gzip
import http.client
import io
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from system.program import KEY, Program, event

pytestmark = pytest.mark.slow

ODD = [
    {"message": '\u2028 \x01 " \\ /', "unknown": {"a": [1, None]}},
    {"message": "", "context": {"tags": {}}, "trace": {}},
    {"payload": {"a": 1, "b": "\u00e9"}, "metadata": {}},
]
SPACED = b'{"payload": {"spaced" :\n [1,\r\n 2 ] , "e": 1.0e2, "big": 123456789012345678901}, ' + json.dumps(
    event("spaced")
).encode().removeprefix(b"{")


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    with Program(tmp_path_factory.mktemp("export")) as program:
        program.send([event(n, payload={"n": n}) for n in range(500)])
        program.send([event(f"odd-{n}", **changes) for n, changes in enumerate(ODD)])
        assert program.ask("POST", "/ingestion/events", SPACED).status == 200
        yield program


def exported(program, query="", **headers):
    answer = program.ask("GET", f"/export{query}", **headers)
    assert answer.status == 200, answer.body
    return answer


def test_lines_are_the_events_and_are_duplicates_when_they_are_sent_again(program):
    answer = exported(program)
    lines = answer.body.splitlines()
    assert answer.headers["Content-Type"] == "application/x-ndjson"
    assert answer.headers["X-Events-Matched"] == str(len(lines)) == "504"
    assert answer.headers["X-Fresh"] == "true"
    for number in ("odd-0", "odd-1", "odd-2", "7"):
        [line] = [line for line in lines if json.loads(line)["event_id"] == f"evt_{number}"]
        assert line == program.ask("GET", f"/ingestion/events/evt_{number}").body
    again = program.ask("POST", "/ingestion/events/batch", answer.body, Content_Type="application/x-ndjson").json
    assert (again["duplicate"], again["stored"], again["rejected"]) == (504, 0, 0)


def test_every_format_has_all_events_under_a_name_of_its_own(program):
    whole = {one["event_id"] for one in program.all_events()}
    parquet, arrow = exported(program, "?format=parquet"), exported(program, "?format=arrow")
    assert set(pq.read_table(io.BytesIO(parquet.body))["event_id"].to_pylist()) == whole
    assert set(pa.ipc.open_file(arrow.body).read_all()["event_id"].to_pylist()) == whole
    assert exported(program, "?format=csv").body.count(b"evt_") == len(whole)
    assert parquet.headers["Content-Type"] == "application/vnd.apache.parquet"
    assert parquet.headers["Content-Disposition"].endswith('Z.parquet"')


def test_only_what_is_asked_for_is_in_it(program):
    assert exported(program, "?end_time=2026-01-01T00:00:00Z").body == b""
    lines = exported(program, "?q=service:order-service&start_time=2026-05-04T10:20:30Z").body.splitlines()
    assert len(lines) == 504
    assert exported(program, "?q=service:nobody").headers["X-Events-Matched"] == "0"


def test_lines_are_compressed_for_who_asks(program):
    plain = exported(program)
    packed = exported(program, Accept_Encoding="br, gzip;q=0.5")
    assert packed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.body) == plain.body
    assert len(packed.body) < len(plain.body) / 5
    assert exported(program, Accept_Encoding="gzip, zstd").headers["Content-Encoding"] == "zstd"
    assert exported(program, Accept_Encoding="gzip;q=0").headers["Content-Encoding"] is None
    assert exported(program, "?format=parquet", Accept_Encoding="gzip").headers["Content-Encoding"] is None


@pytest.mark.parametrize(
    ("query", "named"), [("?format=xlsx", "format"), ("?limit=3", "limit"), ("?start_time=x", "start_time")]
)
def test_a_wrong_parameter_is_named(program, query, named):
    answer = program.ask("GET", f"/export{query}")
    assert answer.status == 422
    assert [error["field"] for error in answer.json["errors"]] == [named]


def begun(program, query):
    """An export whose head is there, and whose body nobody has read."""
    connection = http.client.HTTPConnection("127.0.0.1", program.port, timeout=60)
    connection.request("GET", f"/api/v1/export{query}", headers={"X-API-Key": KEY})
    return connection, connection.getresponse()


def test_what_fails_in_the_middle_is_broken_off(tmp_path):
    script = [str(Path(__file__).with_name("failing_server.py"))]
    with Program(tmp_path, script=script) as program:
        source = {"service": "halfway", "endpoint": "/", "method": "GET"}
        program.send([event(n, source=source) for n in range(100)])
        for form in ("ndjson", "csv", "parquet", "arrow"):
            connection, answer = begun(program, f"?format={form}&q=service:halfway")
            assert (answer.status, answer.headers["X-Events-Matched"]) == (200, "100")
            with contextlib.closing(connection), pytest.raises(http.client.IncompleteRead):
                answer.read()
        # Where nothing was sent yet, it is an answer like any other.
        nothing = program.ask("GET", "/export?q=service:halfway&end_time=2000-01-01T00:00:00Z")
        assert (nothing.status, nothing.json["code"]) == (503, "store")
        assert program.get("/ingestion/health")["status"] == "healthy"
    said = program.log
    assert said.count("an export was broken off") == 4
    assert "Traceback" not in said
    assert "halfway" not in said


def test_an_export_ends_with_its_reader_and_with_the_server(tmp_path):
    with Program(tmp_path, export_threads=1) as program:
        for start in range(0, 4_000, 2_000):
            program.send([event(n, payload={"text": "x" * 8_000}) for n in range(start, start + 2_000)])
        connection, answer = begun(program, "")
        assert answer.status == 200
        # More than fits between the engine and a reader that does not read: this one has the thread.
        with contextlib.closing(connection):
            assert answer.read(1000)
        assert exported(program, "?format=csv").headers["X-Events-Matched"] == "4000"
        # A server that stops waits for no export.
        connection, answer = begun(program, "")
        assert program.stop() == 0
        with contextlib.closing(connection), pytest.raises((http.client.IncompleteRead, ConnectionError)):
            answer.read()
    assert "Traceback" not in program.log
