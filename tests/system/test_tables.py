"""pulsestream.query: the same table from a server and from its folder, and clear words where there is none."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from datetime import UTC, datetime

import pytest

import pulsestream
from pulsestream.errors import BadParameters, BadQuery, ServerUnreachable, Unauthorized
from pulsestream.query import language
from system.program import KEY, Program, event

pytestmark = pytest.mark.slow

EVENTS = [
    event(n, source={"service": "ab"[n % 2], "endpoint": "/", "method": "GET"}, payload={"n": n}) for n in range(20)
]

# In a process of its own: one can have one engine, and these tests have others.
OF_FOLDER = """
import json, sys, pulsestream, pulsestream.errors
for data, q, tenant in json.loads(sys.argv[1]):
    try:
        table = pulsestream.query(q, data=data, tenant=tenant)
        print(json.dumps(sorted(table["event_id"].to_pylist())))
    except pulsestream.errors.PulseStreamError as error:
        print(json.dumps([type(error).__name__, str(error)]))
"""


def of_folder(data, *asked):
    """What each question is answered: ids, or the name of an error and what it says."""
    questions = [(str(data), q, tenant) for q, tenant in asked or [("", None)]]
    command = [sys.executable, "-c", OF_FOLDER, json.dumps(questions)]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True, cwd=data.parent)
    return [json.loads(line) for line in done.stdout.splitlines()]


def ids(*numbers):
    return sorted(f"evt_{n}" for n in numbers)


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    with Program(tmp_path_factory.mktemp("tables"), feed_linger_ms=60_000) as program:
        program.send(EVENTS)
        assert program.ask("DELETE", "/ingestion/events/evt_7").status == 200
        yield program


@pytest.fixture
def ask(program):
    return lambda q="", **more: pulsestream.query(q, **{"url": program.url, "api_key": KEY} | more)


def test_a_table_has_what_matches_in_typed_columns(ask):
    table = ask("service:b", start=datetime(2026, 5, 4, tzinfo=UTC), end="2026-05-05")
    assert sorted(table["event_id"].to_pylist()) == ids(1, 3, 5, 9, 11, 13, 15, 17, 19)
    assert str(table.schema.field("timestamp").type) == "timestamp[us, tz=UTC]"
    assert table["service"].combine_chunks().dictionary.to_pylist() == ["b"]
    assert ask(end="2026-05-04T10:20:30Z").num_rows == 0


def test_a_time_is_what_it_is_in_the_query_language(ask):
    day = {"start": "2026-05-04", "end": "2026-05-04"}
    assert ask(**day).num_rows == ask("ts:2026-05-04").num_rows == 19
    assert ask(**day, tz="Pacific/Kiritimati").num_rows == 0  # 14 hours ahead: there it is the 5th
    for moment in ("2026-05-05T00:20:30", datetime(2026, 5, 5, 0, 20, 30)):  # noqa: DTZ001 - without a zone
        assert ask(end=moment, tz="Pacific/Kiritimati").num_rows == 0
        assert ask(start=moment, tz="Pacific/Kiritimati").num_rows == 19
    assert ask(start="now-15m").num_rows == 0


def test_pandas_gets_what_pandas_has(ask):
    frame = ask("service:a", to="pandas")
    assert frame["service"].dtype == "category"
    assert str(frame["timestamp"].dt.tz) == "UTC"
    assert frame["response_time_ms"].mean() == 12.5


def test_it_can_be_asked_where_a_loop_runs_already(ask):
    async def notebook():
        return ask().num_rows

    assert asyncio.run(notebook()) == 19


def test_what_cannot_be_asked_is_said(ask):
    with pytest.raises(BadQuery):
        ask("service:(a")
    with pytest.raises(BadParameters, match="to: must be arrow"):
        ask(to="excel")
    with pytest.raises(BadParameters, match="start: 'soon' is no time"):
        ask(start="soon")
    for where in ({}, {"url": None, "api_key": None, "data": "x"}):
        with pytest.raises(BadParameters, match="tz: is no time zone"):
            ask(tz="Mars/Olympus", **where)
    with pytest.raises(BadParameters, match="give one of them"):
        ask(data="x")
    with pytest.raises(BadParameters, match="the key says which"):
        ask(tenant="acme")
    with pytest.raises(Unauthorized):
        ask(api_key="wrong")
    with pytest.raises(ServerUnreachable):
        ask(url="http://127.0.0.1:1")


def test_a_folder_is_asked_when_no_server_has_it_and_it_has_all_events(program):
    data = program.folder / "data"
    [[name, said]] = of_folder(data)
    assert name == "StoreInUse"
    assert "a server has the data folder" in said
    assert program.stop() == 0
    everything, some, nobody, wrong = of_folder(data, ("", None), ("service:a", None), ("", "nobody"), ("a:(", None))
    assert everything == ids(*(n for n in range(20) if n != 7))
    assert some == ids(*range(0, 20, 2))
    assert (nobody[0], wrong[0]) == ("NotFound", "BadQuery")
    # Acknowledged and not yet in the store when the server is killed: the folder alone does not have it.
    program.start()
    program.send([event("late")])
    program.kill()
    [[name, said]] = of_folder(data)
    assert name == "ConfigError"
    assert "in its journal only" in said
    program.start()
    assert program.stats()["total_events"] == 20


def test_a_folder_of_something_else_is_left_as_it_is(tmp_path):
    [[name, said]] = of_folder(tmp_path / "elsewhere")
    assert name == "ConfigError"
    assert "is no data folder" in said
    assert list(tmp_path.iterdir()) == []


def test_the_name_is_there_at_once_and_costs_nothing():
    code = "import sys, pulsestream; pulsestream.query; print([n for n in sys.modules if 'arrow' in n or 'chdb' in n])"
    assert subprocess.run([sys.executable, "-c", code], stdout=subprocess.PIPE, check=True).stdout == b"[]\n"
    assert callable(pulsestream.query)
    assert pulsestream.query.language is language
