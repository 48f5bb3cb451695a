import sys

import pytest

from pulsestream.cli import main

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
