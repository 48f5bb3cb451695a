"""Tenants from the command line, on a real server."""

import fcntl
import json
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from pathlib import Path

import pytest
from rich.console import Console

from pulsestream.cli.tenant import Limits, Tenant, _render
from pulsestream.control.tenants import OwnLimits
from system.program import KEY


def row(out, name):
    return next(line.split() for line in out.splitlines() if line.startswith(name))


def own(operate, name):
    tenants = json.loads(operate("tenant", "list", "--json")[1])["tenants"]
    return next(tenant["own"] for tenant in tenants if tenant["name"] == name)


def test_every_limit_of_a_tenant_can_be_set_and_put_back(operate):
    given = {
        "--rate": ("rate_events_per_s", 1000.5),
        "--burst": ("burst_events", 5000),
        "--retention-days": ("retention_days", 30),
        "--body-bytes-max": ("body_bytes_max", 2048),
        "--batch-events-max": ("batch_events_max", 10),
        "--requests-max": ("requests_max", 20),
        "--connections-max": ("connections_max", 40),
        "--scrub": ("scrub", ""),
        "--apdex": ("apdex", "300ms /api/v1/search*=100ms"),
    }
    assert {name for name, _ in given.values()} == set(OwnLimits.__struct_fields__)
    options = [str(part) for option, (_, value) in given.items() for part in (option, value)]
    code, out, _ = operate("tenant", "create", "limited", *options)
    assert code == 0
    assert "pulsestream key create --tenant limited --scope" in out
    assert own(operate, "limited") == dict(given.values())

    for option, (name, _) in given.items():
        code, out, _ = operate("tenant", "update", "limited", option, "default")
        assert code == 0
        assert out.splitlines()[1].startswith("limited")
        assert name not in own(operate, "limited")


def test_the_list_marks_what_a_tenant_sets_itself(operate):
    operate("tenant", "create", "marked", "--rate", 1000, "--retention-days", 30)
    code, out, _ = operate("tenant", "list")
    assert code == 0
    assert row(out, "marked")[1:4] == ["1,000*", "1,000", "30*"]
    assert row(out, "default")[1:5] == ["no", "limit", "-", "all"]
    assert "* set for this tenant" in out


def test_without_the_operators_key_it_is_your_own_tenant(operate):
    operate("tenant", "create", "lonely")
    theirs = operate("key", "create", "--tenant", "lonely", "--scope", "admin")[1].strip()
    out = operate("tenant", "list", key=theirs)[1]
    assert row(out, "lonely")
    assert "default" not in out
    code, _, err = operate("tenant", "update", "lonely", "--rate", 1, key=theirs)
    assert code == 1
    assert "only an admin key of the operator's tenant manages tenants" in err


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["create", "Acme"], 2, "'Acme' cannot be a tenant's name: it has a-z, 0-9, _ and -"),
        (["create", "default"], 1, "there is a tenant 'default' already"),
        (["create", "x", "--rate", "many"], 2, "'many' is not a number, nor the word default"),
        (["create", "x", "--burst", "1.5"], 2, "'1.5' is not a whole number"),
        (["update", "default"], 2, "say what changes, such as --rate 1000, or --rate default"),
        (["update", "default", "--burst", "-5"], 2, "burst_events: Expected `int` >= 1"),
        (["update", "default", "--body-bytes-max", "5"], 2, "body_bytes_max: Expected `int` >= 1024"),
        (["update", "default", "--apdex", "fast"], 2, "apdex: fast: write 300ms or 1.5s for all endpoints"),
        (["update", "nobody", "--rate", "1"], 1, "there is no tenant 'nobody': `pulsestream tenant list`"),
        (["update", "a/b", "--rate", "1"], 1, ""),
        (["delete", "nobody", "--yes"], 1, "there is no tenant 'nobody'"),
        (["delete", "default", "--yes"], 1, "the tenant 'default' is the operator's and stays"),
    ],
)
def test_what_cannot_be_done_is_said(operate, arguments, code, said):
    ended, out, err = operate("tenant", *arguments)
    assert (ended, out) == (code, "")
    assert said in err


def test_a_delete_needs_yes_where_nobody_is_asked(operate, server, monkeypatch):
    operate("tenant", "create", "leaving")
    key = operate("key", "create", "--tenant", "leaving", "--scope", "read")[1].strip()
    with Path(os.devnull).open() as nobody:
        monkeypatch.setattr(sys, "stdin", nobody)
        code, _, err = operate("tenant", "delete", "leaving")
    assert code == 2
    assert "--yes" in err
    assert server.ask("GET", "/ingestion/stats", key=key).status == 200

    code, out, _ = operate("tenant", "delete", "leaving", "--yes")
    assert code == 0
    assert "The keys of leaving open nothing from now on. Its events are being removed" in out
    assert server.ask("GET", "/ingestion/stats", key=key).status == 401


@pytest.mark.parametrize(("typed", "code"), [("asked-x", 1), ("", 1), ("asked", 0)])
def test_on_a_terminal_the_name_is_typed_again(operate, server, typed, code):
    operate("tenant", "create", "asked")
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    environment = os.environ | {"PULSESTREAM_API_KEY": KEY, "PULSESTREAM_URL": server.url}
    os.write(ours, f"{typed}\n".encode())
    done = subprocess.run(
        [sys.executable, "-m", "pulsestream", "tenant", "delete", "asked"],
        env=environment,
        stdin=theirs,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    os.close(ours)
    os.close(theirs)
    assert done.returncode == code
    assert "This ends the keys of asked and deletes its events, for good." in done.stderr
    assert ("nothing was deleted" in done.stderr) == (code == 1)


@pytest.mark.parametrize("width", [80, 120])
def test_the_list_fits_a_terminal(width):
    limits = Limits(1000, 5000, 30, 64 << 20, 50_000, 1000, 2000, "card:mask email:hash")
    tenants = [
        Tenant("default", None, Limits(), limits),
        Tenant("a-tenant-with-a-long-name", None, limits, limits, deleting=True),
    ]
    console = Console(width=width, color_system=None, highlight=False)
    with console.capture() as captured:
        _render(console, tenants)
    lines = captured.get().splitlines()
    assert all(len(line.rstrip()) <= width for line in lines)
    assert re.search(r"default +1,000 +5,000 +30 +64 MiB +50,000 +1,000 +2,000", captured.get())
    assert "1,000*" in captured.get()
    assert ("card:mask" in captured.get()) == (width >= 120)
