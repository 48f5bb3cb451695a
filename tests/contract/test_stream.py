"""Whole exports as the engine writes them, on every store: complete, in every format, and ended when nobody reads."""

from __future__ import annotations

import contextlib
import csv
import io
import json
import time
from datetime import datetime

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pulsestream.errors import Cancelled, QueryTooHeavy, StoreError
from pulsestream.query.export import COLUMNS, FORMS, Format, finished, statement
from pulsestream.query.expression import All, Field, Has, Not, one_of
from pulsestream.query.model import Query, View
from pulsestream.store import ndjson
from pulsestream.store.port import QueryLimits, Statement
from pulsestream.store.record import COLUMNS as RECORD
from pulsestream.store.record import event_json
from unit.ingest.lines import event, line

QUERY = Query(tenant="acme", limit=1)
LAST = 2**63 - 1

# What is stored in columns of its own, what is not, and what an engine writes otherwise than we do.
ODD = [
    {"message": 'quotes " and \\ and / and \t\r\n \x01\x1f\x7f', "title": "Ünïcödé 語 \u2028\u2029\ufffd"},
    {"message": "", "source": {"service": "s", "endpoint": "/{id}", "method": "GET", "version": "", "flag": True}},
    {"unknown": {"deep": [1, None, "x"]}, "context": {"user_id": "u", "tags": {}, "more": 1}},
    {"context": {}, "trace": {}, "error_details": {}, "payload": {}, "metadata": {}},
    {"context": {"tags": {"a:b": "c", "": "empty", "\"'\\": "\u2028"}}, "trace": {"trace_id": "t", "span_id": "s"}},
    {"payload": {"trace_id": "of payload", "text": "\\u2028 \\n"}, "severity": "critical"},
    {"error_details": {"error_code": "E1", "stack_trace": "a\n\tb\x0b"}, "timestamp": "2026-05-04T10:20:30Z"},
    *(
        {"metrics": {"response_time_ms": ms, "status_code": 200}}
        for ms in (0, -0.0, 12, 0.1, 1e-5, 1e-6, 123456.789, 1e15, 1e16, 123456789012345680000, 1e300)
    ),
    {
        "metrics": {
            "response_time_ms": 1.5,
            "status_code": 599,
            "request_size_bytes": 0,
            "response_size_bytes": 2**63 - 1,
            "cache_hit": False,
        }
    },
    {"metrics": {"response_time_ms": 2, "status_code": 100, "cache_hit": True, "unknown": 1}},
]
ODD_TEXTS = [
    b'"payload": {"spaced" :\n [1,\r\n\t2 ] , "a":1.0e2, "t":"\\u00e9\\u2028"}',
    b'"metadata": { "same" : 1, "same" : 2 }',
    b'"payload": {"n": 123456789012345678901234567890, "e": 1E400}, "metadata": {}',
]


def _sent():
    for number, changes in enumerate(ODD):
        yield line(number + 1, event(f"odd-{number}", **changes))
    for number, text in enumerate(ODD_TEXTS):
        plain = json.dumps(event(f"text-{number}")).encode()
        yield line(101 + number, plain[:-1] + b", " + text + b"}")


@pytest.fixture
def odd(session):
    session.insert_events(b"".join(_sent()) + line(500, event("theirs"), tenant="zeta"))
    return session


def _exported(session, form, query=QUERY, **parts):
    asked = statement(query, form, **{"fed": LAST, "view": View()} | parts)
    return b"".join(finished(form, session.stream(asked, FORMS[form], "export")))


def _events(session):
    order = "tenant, hour, service, timestamp, position"
    sql = f"SELECT {RECORD} FROM events WHERE tenant = 'acme' ORDER BY {order}"  # noqa: S608 - a constant
    return [event_json(row) for row in session.ask(Statement(sql, {})).rows]


def test_a_line_is_the_event_as_it_is_given_back_byte_by_byte(odd):
    lines = _exported(odd, Format.NDJSON).splitlines(keepends=True)
    whole = _events(odd)
    assert len(whole) == len(ODD) + len(ODD_TEXTS)
    for found, expected in zip(lines, whole, strict=True):
        assert found == ndjson.one_line(expected) + b"\n"


def _tables(session):
    yield pa.ipc.open_file(_exported(session, Format.ARROW)).read_all()
    yield pq.read_table(io.BytesIO(_exported(session, Format.PARQUET)))


def test_tables_have_the_columns_of_the_catalog_with_their_types(odd):
    for table in _tables(odd):
        assert table.column_names == list(COLUMNS)
        assert table.num_rows == len(ODD) + len(ODD_TEXTS)
        types = dict(zip(table.column_names, table.schema.types, strict=True))
        assert types["timestamp"] == types["received_at"] == pa.timestamp("us", tz="UTC")
        assert [types["tags"].key_type, types["tags"].item_type] == [pa.string(), pa.string()]
        assert [
            str(types[name]) for name in ("status_code", "response_time_ms", "cache_hit", "payload", "service")
        ] == [*("uint16", "double", "bool", "string", "string")]


def test_a_row_has_what_the_event_has_and_null_for_the_rest(odd):
    events = {one["event_id"]: one for one in map(json.loads, _events(odd))}
    for table in _tables(odd):
        for row in table.to_pylist():
            whole = events[row["event_id"]]
            for name in ("event_type", "severity", "title"):
                assert row[name] == whole[name]
            assert row["message"] == (whole.get("message") or None)
            assert row["timestamp"] == datetime.fromisoformat(whole["timestamp"])
            metrics, context = whole.get("metrics", {}), whole.get("context", {})
            for name in ("response_time_ms", "status_code", "response_size_bytes", "cache_hit"):
                assert row[name] == metrics.get(name)
            assert row["user_id"] == context.get("user_id")
            assert dict(row["tags"] or []) == context.get("tags", {})
            if row["payload"] is not None:
                assert json.loads(row["payload"]) == whole["payload"]
            assert ("unknown" in whole) <= (row["extra"] is not None)


def test_csv_is_as_rfc_4180_says(odd):
    text = _exported(odd, Format.CSV).decode()
    assert text.endswith("\r\n")
    header, *rows = csv.reader(io.StringIO(text, newline=""), strict=True)
    assert header == list(COLUMNS)
    found = {row[header.index("event_id")]: dict(zip(header, row, strict=True)) for row in rows}
    assert len(found) == len(ODD) + len(ODD_TEXTS)
    assert found["odd-0"]["message"] == ODD[0]["message"]
    assert found["odd-6"]["timestamp"] == "2026-05-04T10:20:30.000000Z"
    assert json.loads(found["odd-4"]["tags"]) == ODD[4]["context"]["tags"]
    assert found["text-0"]["payload"] == ODD_TEXTS[0].decode().partition(": ")[2]
    assert found["odd-5"]["user_id"] == ""


def test_only_what_matches_and_may_be_seen_is_in_it(odd):
    assert _exported(odd, Format.NDJSON, Query(tenant="nobody", limit=1)) == b""
    some = Query(tenant="acme", limit=1, where=one_of(Field("severity"), ("critical",)))
    assert [json.loads(one)["event_id"] for one in _exported(odd, Format.NDJSON, some).splitlines()] == ["odd-5"]
    assert _exported(odd, Format.NDJSON, some, view=View(hidden=["odd-5"])) == b""
    assert _exported(odd, Format.NDJSON, some, fed=5) == b""
    # A column of a table has the name of one that is asked for: it must not stand in its place.
    without = Query(tenant="acme", limit=1, where=All((Not(Has(Field("message"))), one_of(Field("service"), ("s",)))))
    assert pq.read_table(io.BytesIO(_exported(odd, Format.PARQUET, without)))["event_id"].to_pylist() == ["odd-1"]


def test_nothing_is_a_whole_file_too(session):
    assert _exported(session, Format.NDJSON) == b""
    assert _exported(session, Format.CSV).decode() == ",".join(f'"{name}"' for name in COLUMNS) + "\r\n"
    assert [table.num_rows for table in _tables(session)] == [0, 0]


# ---- in the middle of it

ENDLESS = Statement("SELECT repeat('x', 100) FROM numbers(1000000000000)", {})
FAILS = Statement(
    "SELECT concat(repeat('x', 100), toString(throwIf(number = 1000000, 'secret'))) FROM numbers(2000000)", {}
)


def _under_way(session, name):
    """How many rows the statement of this name has read; None where there is no such statement."""
    asked = "SELECT read_rows FROM system.processes WHERE Settings['log_comment'] = {name:String}"
    rows = session.ask(Statement(asked, {"name": name})).rows
    return rows[0][0] if rows else None


def _until(holds):
    deadline = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.fixture
def beside(store):
    with contextlib.closing(store.session(threads=1)) as beside:
        yield beside


def test_who_leaves_ends_the_statement(session, beside):
    with contextlib.closing(session.stream(ENDLESS, "RawBLOB", "left")) as stream:
        assert next(stream)
        assert _under_way(beside, "left") is not None
    _until(lambda: _under_way(beside, "left") is None)
    assert session.ask(Statement("SELECT 1", {})).rows[0][0] == 1


def test_who_reads_slowly_stops_the_engine(session, beside):
    with contextlib.closing(session.stream(ENDLESS, "RawBLOB", "slow")) as stream:
        for _ in range(2):
            next(stream)
            seen = [None]

            def stands_still(seen=seen):
                seen.append(_under_way(beside, "slow"))
                time.sleep(0.1)
                return seen[-1] is not None and seen[-1] == seen[-2]

            _until(stands_still)
            assert seen[-1] < 10_000_000  # of 100 bytes each


def test_another_session_can_end_it(session, beside):
    stream = session.stream(ENDLESS, "RawBLOB", "ended")
    next(stream)
    _until(lambda: beside.cancel("ended"))
    with pytest.raises(Cancelled):
        for _ in stream:
            pass


def test_what_fails_in_the_middle_is_raised_behind_what_there_was(session):
    found = []
    with pytest.raises(StoreError, match="error 395") as caught:
        found.extend(session.stream(FAILS, "RawBLOB", "fails"))
    assert b"".join(found).strip(b"x0") == b""
    assert "secret" not in str(caught.value)
    assert sum(map(len, found)) > 1_000_000


@pytest.mark.usefixtures("odd")
def test_a_limit_ends_it(store):
    limits = QueryLimits(seconds_max=30, rows_max=5, memory_bytes_max=1 << 30)
    with contextlib.closing(store.session(threads=1, limits=limits)) as limited, pytest.raises(QueryTooHeavy):
        _exported(limited, Format.PARQUET)
    limits = QueryLimits(seconds_max=1, rows_max=10**15, memory_bytes_max=1 << 30)
    with contextlib.closing(store.session(threads=1, limits=limits)) as limited, pytest.raises(QueryTooHeavy):
        for _ in limited.stream(ENDLESS, "RawBLOB", "long"):
            pass
