"""The whole program on a ClickHouse server: the same answers, the same laws, one owner."""

from __future__ import annotations

import pytest

from contract.node import Node
from system.program import Program, event, obeys_conservation

pytestmark = pytest.mark.slow


@pytest.fixture
def database(clickhouse_node):
    clickhouse_node.ask("CREATE DATABASE server_test")
    yield clickhouse_node.dsn("server_test")
    clickhouse_node.ask("DROP DATABASE server_test SYNC")


def test_events_are_kept_once_through_a_kill_and_found_again(tmp_path, database):
    with Program(tmp_path, store=database) as program:
        assert program.send([event(number) for number in range(50)])["stored"] == 50
        assert program.ask("DELETE", "/ingestion/events/evt_7").status == 200
        program.kill()
        program.start()
        answer = program.send([event(number) for number in range(60)])
        assert (answer["stored"], answer["duplicate"], answer["rejected"]) == (10, 49, 1)
        found = [hit["event_id"] for hit in program.all_events(service="order-service", status_code=200)]
        assert sorted(found) == sorted(f"evt_{number}" for number in range(60) if number != 7)
        stats = program.stats()
        assert stats["total_events"] == 59
        assert obeys_conservation(stats)


def test_a_store_belongs_to_one_data_folder(tmp_path, database):
    with Program(tmp_path / "first", store=database) as first:
        first.send([event(1)])
    second = Program(tmp_path / "second", store=database)
    with pytest.raises(AssertionError, match="did not start"):
        second.start()
    assert "belongs to another data folder" in second.log
    second.close()
    with Program(tmp_path / "first", store=database) as first:
        assert first.stats()["total_events"] == 1


def test_a_server_that_went_away_is_waited_for(tmp_path):
    node = Node.start(tmp_path / "node")
    try:
        with Program(tmp_path / "server", store=node.dsn()) as program:
            program.send([event(1)])
            assert program.stats()["total_events"] == 1
            node.kill()
            assert program.send([event(2)])["stored"] == 1
            assert program.ask("GET", "/ingestion/stats").status == 503
            node = Node.start(tmp_path / "node", port=node.http_port)
            assert program.stats()["total_events"] == 2
            assert program.get("/ingestion/health")["status"] == "healthy"
    finally:
        node.kill()
