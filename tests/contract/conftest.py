"""The stores that the contract suite runs on."""

from __future__ import annotations

import pytest

from contract.node import Node


@pytest.fixture(scope="session")
def clickhouse_node(tmp_path_factory):
    """A ClickHouse server for the whole session. A test makes a database of its own, and drops it.

    Its folder holds its logs, and is kept: pytest removes those of older runs.
    """
    node = Node.start(tmp_path_factory.mktemp("clickhouse"))
    yield node
    assert node.running, node.log_end()
    node.kill()  # a clean stop waits 5 s for the driver's idle connections, and nobody needs the data
