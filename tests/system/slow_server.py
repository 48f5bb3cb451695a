"""`pulsestream serve` with an engine that takes as many seconds for an answer as a question's text says."""

from __future__ import annotations

import re

from pulsestream.cli.serve import command
from pulsestream.store.clickhouse import ClickHouseSession
from pulsestream.store.port import Statement

SLEEP = "SELECT sleepEachRow(1) FROM numbers({seconds:UInt64}) SETTINGS max_block_size = 1"
ask = ClickHouseSession.ask


def ask_slowly(self, statement, name=""):
    """The engine itself waits, a second a row, and can be stopped between two."""
    for value in statement.parameters.values():
        if found := re.search(r"seconds(\d+)", str(value)):
            ask(self, Statement(SLEEP, {"seconds": int(found[1])}), name)
    return ask(self, statement, name)


if __name__ == "__main__":
    ClickHouseSession.ask = ask_slowly
    command()
