"""The stores that are asked, each filled once with many worlds."""

from __future__ import annotations

import contextlib

import pytest

from contract.conftest import clickhouse_node  # noqa: F401 - a fixture
from differential import worlds
from differential.stored import TORTURE_SECONDS, WORLDS, Filled
from pulsestream.store.connect import connect
from unit.ingest.lines import StillClock

_NODE_SHARE = 0.3  # of the examples: the SQL is the same


# Hundreds of questions a module: more than a quick run has time for.
@pytest.fixture(scope="module", params=[pytest.param(kind, marks=pytest.mark.slow) for kind in ("memory", "http")])
def filled(request):
    """A process can hold one embedded engine at a time, so every module closes it."""
    dsn, node = "chdb://memory", None
    if request.param == "http":
        node = request.getfixturevalue("clickhouse_node")
        node.ask("CREATE DATABASE differential")
        dsn = node.dsn("differential")
    with contextlib.closing(connect(dsn, clock=StillClock(), memory_bytes_max=1 << 30)) as store:
        store.migrate()
        with contextlib.closing(Filled(store, share=_NODE_SHARE if node else 1)) as filled:
            filled.fill(worlds.drawn(WORLDS, same=not TORTURE_SECONDS))
            yield filled
    if node:
        node.ask("DROP DATABASE differential SYNC")
