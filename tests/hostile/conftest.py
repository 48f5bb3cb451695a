from __future__ import annotations

import pytest

from system.program import Program


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """A server that the tests of one file share: each uses ids and services of its own."""
    with Program(tmp_path_factory.mktemp("server")) as running:
        yield running
