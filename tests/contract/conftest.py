"""The stores that the contract suite runs on."""

from __future__ import annotations

import contextlib
import itertools

import pytest

from contract.node import Node
from pulsestream.store.connect import connect
from pulsestream.store.port import Statement
from unit.ingest.lines import StillClock

_TABLES = """
SELECT name FROM system.tables
WHERE database = currentDatabase() AND engine LIKE '%MergeTree' AND name != 'migrations'
"""
_databases = itertools.count()


@pytest.fixture(scope="session")
def clickhouse_node(tmp_path_factory):
    """A ClickHouse server for the whole session. A store on it has a database of its own, and drops it.

    Its folder holds its logs, and is kept: pytest removes those of older runs.
    """
    node = Node.start(tmp_path_factory.mktemp("clickhouse"))
    yield node
    assert node.running, node.log_end()
    node.kill()  # a clean stop waits 5 s for the driver's idle connections, and nobody needs the data


# One store is enough for a quick run; what differs is between them. All tests of a module on one, then on the next.
@pytest.fixture(
    scope="module", params=["memory", *(pytest.param(name, marks=pytest.mark.slow) for name in ("folder", "http"))]
)
def kind(request):
    return request.param


class Shelf:
    """Holds one store open, and empties it for each test. A process can hold one embedded engine at a time.

    To open an engine and to make its tables takes a quarter of a second of CPU, to empty them a tenth of that.
    """

    def __init__(self, request, tmp_path_factory):
        self._request = request
        self._folders = tmp_path_factory
        self._open = contextlib.ExitStack()
        self._store = None
        self._kind = ""
        self._broom = None
        self._tables = []
        self.dsn = ""

    def _new_dsn(self, kind):
        if kind == "memory":
            return "chdb://memory"
        if kind == "folder":
            return f"chdb://{self._folders.mktemp('store')}"
        node = self._request.getfixturevalue("clickhouse_node")
        database = f"store_test_{next(_databases)}"
        node.ask(f"CREATE DATABASE {database}")
        self._open.callback(node.ask, f"DROP DATABASE {database} SYNC")
        return node.dsn(database)

    def take(self, kind):
        """A new DSN; whatever was open is closed."""
        self.close()
        self.dsn = self._new_dsn(kind)
        return self.dsn

    def store(self, kind):
        """A store with its tables, and no row in them."""
        if self._store is None or self._kind != kind:
            store = self._open.enter_context(_opened(self.take(kind)))
            store.migrate()
            self._broom = self._open.enter_context(contextlib.closing(store.session(threads=1)))
            self._tables = [name for (name,) in self._broom.ask(Statement(_TABLES, {})).rows]
            self._store, self._kind = store, kind
        else:
            for table in self._tables:
                self._broom.run(f"TRUNCATE TABLE {table}")
        return self._store

    def close(self):
        self._store = None
        self._open.close()


def _opened(dsn, memory_bytes_max=1 << 30):
    return contextlib.closing(connect(dsn, clock=StillClock(), memory_bytes_max=memory_bytes_max))


@pytest.fixture(scope="module")
def shelf(request, tmp_path_factory):
    with contextlib.closing(Shelf(request, tmp_path_factory)) as shelf:
        yield shelf


@pytest.fixture
def unshared(shelf):
    """For a test that leaves its store other than it was, or opens one by itself."""
    shelf.close()
    yield
    shelf.close()


@pytest.fixture
def dsn(kind, shelf, unshared):
    """A store without tables, not opened yet."""
    del unshared
    return shelf.take(kind)


@pytest.fixture
def opened():
    """A store by its DSN, with as much memory as it may use, for a `with`."""
    return _opened


@pytest.fixture
def store(kind, shelf):
    """A store with its tables, all empty."""
    return shelf.store(kind)


@pytest.fixture
def session(store):
    with contextlib.closing(store.session(threads=2)) as session:
        yield session
