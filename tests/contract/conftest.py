"""The stores that the contract suite runs on."""

from __future__ import annotations

import contextlib
import itertools

import pytest

from contract.node import Node
from pulsestream.store.connect import connect
from unit.ingest.lines import StillClock

_databases = itertools.count()


@pytest.fixture(scope="session")
def clickhouse_node(tmp_path_factory):
    """A ClickHouse server for the whole session. A test makes a database of its own, and drops it.

    Its folder holds its logs, and is kept: pytest removes those of older runs.
    """
    node = Node.start(tmp_path_factory.mktemp("clickhouse"))
    yield node
    assert node.running, node.log_end()
    node.kill()  # a clean stop waits 5 s for the driver's idle connections, and nobody needs the data


# One store is enough for a quick run; what differs is between them.
@pytest.fixture(params=["memory", *(pytest.param(name, marks=pytest.mark.slow) for name in ("folder", "http"))])
def dsn(request, tmp_path):
    """An empty store. A process can hold one embedded engine at a time, so every test closes what it opens."""
    if request.param == "memory":
        yield "chdb://memory"
    elif request.param == "folder":
        yield f"chdb://{tmp_path / 'store'}"
    else:
        node = request.getfixturevalue("clickhouse_node")
        database = f"store_test_{next(_databases)}"
        node.ask(f"CREATE DATABASE {database}")
        yield node.dsn(database)
        node.ask(f"DROP DATABASE {database} SYNC")


@pytest.fixture
def opened():
    """A store by its DSN, with as much memory as it may use, for a `with`."""

    def opened(dsn, memory_bytes_max=1 << 30):
        return contextlib.closing(connect(dsn, clock=StillClock(), memory_bytes_max=memory_bytes_max))

    return opened


@pytest.fixture
def store(dsn, opened):
    with opened(dsn) as store:
        store.migrate()
        yield store


@pytest.fixture
def session(store):
    with contextlib.closing(store.session(threads=2)) as session:
        yield session
