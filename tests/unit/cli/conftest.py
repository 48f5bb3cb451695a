import sys

import pytest

from pulsestream.cli import main
from system.program import KEY as KEY_OF_THE_OPERATOR
from system.program import Program

KEY = "the-key"


@pytest.fixture
def run(stand_in, monkeypatch, capsys):
    """Run a verb of `pulsestream` in this process, against the stand-in: (exit code, stdout, stderr)."""

    def run(*arguments, key=KEY, url=None):
        monkeypatch.setenv("PULSESTREAM_API_KEY", key)
        monkeypatch.setenv("PULSESTREAM_URL", url or stand_in.url)
        monkeypatch.setattr(sys, "argv", ["pulsestream", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
        return ended.value.code, *capsys.readouterr()

    return run


@pytest.fixture(scope="session")
def server(tmp_path_factory):
    """A real server, whose key is the operator's. Each test makes names of its own."""
    with Program(tmp_path_factory.mktemp("server")) as program:
        yield program


@pytest.fixture
def operate(server, run):
    """Run a verb against the real server: (exit code, stdout, stderr)."""
    return lambda *arguments, key=KEY_OF_THE_OPERATOR: run(*arguments, key=key, url=server.url)
