"""What the server is started with, and where."""

from __future__ import annotations

import pytest

from system.program import Program, event

pytestmark = pytest.mark.slow

LOUD = "<clickhouse><logger><level>trace</level><console>1</console></logger></clickhouse>"


def test_a_config_of_somebody_else_in_the_folder_is_not_obeyed(tmp_path, monkeypatch):
    (tmp_path / "config.xml").write_text(LOUD)
    monkeypatch.chdir(tmp_path)
    with Program(tmp_path / "server") as program:
        assert program.send([event(1)])["stored"] == 1
        assert program.stop() == 0
        assert program.log == ""


def test_a_relative_data_folder_is_where_the_server_was_started(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with Program(tmp_path / "server", data="here") as program:
        program.send([event(1)])
    assert (tmp_path / "here" / "store").is_dir()


def test_a_server_that_is_stopped_as_soon_as_it_has_announced_itself_stops_in_order(tmp_path):
    with Program(tmp_path) as program:
        assert program.stop() == 0
        assert program.log == ""
