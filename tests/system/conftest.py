from __future__ import annotations

import itertools

import pytest

from system.program import Program

_tenants = itertools.count()


@pytest.fixture
def program(tmp_path):
    """A server on an empty folder."""
    with Program(tmp_path) as running:
        yield running


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """A server that the tests of one file share: each uses ids and services of its own."""
    with Program(tmp_path_factory.mktemp("server")) as running:
        yield running


@pytest.fixture
def tenant(server):
    """A tenant of its own on the server that the file shares: for a test that must find nothing but what it sent."""
    return server.tenant(f"tenant-{next(_tenants)}")
