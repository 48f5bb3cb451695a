"""The ClickHouse server that the contract suite uses is a real one, over HTTP and with the driver we ship."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import clickhouse_connect
import psutil
import pytest

from contract import node as node_module
from contract.node import Node

pytestmark = pytest.mark.slow

LINES = b'{"service":"auth","ms":12.5,"tags":{"city":"S\xc3\xa3o Paulo"}}\n{"service":"search","ms":80}\n'


@pytest.fixture
def client(clickhouse_node):
    clickhouse_node.ask("CREATE DATABASE node_test")
    client = clickhouse_connect.get_client(
        interface="http",
        host="127.0.0.1",
        port=clickhouse_node.http_port,
        database="node_test",
        autogenerate_session_id=False,
    )
    yield client
    client.close()
    clickhouse_node.ask("DROP DATABASE node_test SYNC")


def test_takes_lines_into_a_merge_tree_and_gives_them_back(client):
    client.command("CREATE TABLE calls (service String, ms Float64, tags Map(String, String)) ORDER BY service")

    written = client.raw_insert("calls", insert_block=LINES, fmt="JSONEachRow").written_rows

    assert written == 2
    rows = client.query("SELECT * FROM calls WHERE ms > {least:Float64} ORDER BY service", {"least": 1}).result_rows
    assert rows == [("auth", 12.5, {"city": "São Paulo"}), ("search", 80.0, {})]


def test_a_view_takes_apart_what_a_null_table_receives(client):
    client.command("CREATE TABLE calls_in (service String, ms Float64) ENGINE = Null")
    client.command("CREATE TABLE calls (service String, seconds Float64) ORDER BY service")
    client.command("CREATE MATERIALIZED VIEW taken TO calls AS SELECT service, ms / 1000 AS seconds FROM calls_in")

    client.raw_insert("calls_in", insert_block=LINES, fmt="JSONEachRow")

    assert client.query("SELECT * FROM calls ORDER BY service").result_rows == [("auth", 0.0125), ("search", 0.08)]
    assert client.query("SELECT count() FROM calls_in").result_rows == [(0,)]


def test_two_statements_run_at_once(client, clickhouse_node):
    counting = client.query("SELECT (SELECT count() FROM system.processes)").result_rows
    assert counting == [(2,)], "the statement itself, and the one that keeps the node up"
    assert clickhouse_node.ask("SELECT 1") == "1"


def test_a_stopped_node_comes_back_with_its_data(tmp_path):
    node = Node.start(tmp_path)
    node.ask("CREATE TABLE kept (a Int32) ORDER BY a")
    node.ask("INSERT INTO kept VALUES (1), (2)")
    node.stop()
    assert not node.running

    again = Node.start(tmp_path)
    assert again.ask("SELECT sum(a) FROM kept") == "3"
    again.kill()
    third = Node.start(tmp_path)
    assert third.ask("SELECT sum(a) FROM kept") == "3"
    third.stop()


def test_a_node_ends_with_the_process_that_started_it(tmp_path):
    program = (
        "import sys, pathlib; from contract.node import Node;"
        f"node = Node.start(pathlib.Path({str(tmp_path)!r}));"
        "print(node._process.pid, flush=True); sys.stdin.read()"
    )
    starter = subprocess.Popen(
        [sys.executable, "-c", program],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={"PYTHONPATH": str(Path(node_module.__file__).parents[1])},
    )
    with starter:
        node = psutil.Process(int(starter.stdout.readline()))
        starter.send_signal(signal.SIGKILL)
    node.wait(node_module.STOP_SECONDS_MAX)


def test_a_node_that_cannot_start_says_why(tmp_path):
    (tmp_path / "data").write_text("a file where the data should be")
    with pytest.raises(RuntimeError, match="ended with exit code"):
        Node.start(tmp_path)
