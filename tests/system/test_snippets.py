"""What the pages give a newcomer to paste does what it says, as it stands there."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from system.program import Client

pytestmark = pytest.mark.slow

FOLDER = Path(__file__).parents[2] / "web" / "src" / "page" / "send" / "snippet"
# How many events each sends.
EVENTS = {"curl": 1, "python": 1, "client": 20, "file": 2, "sample": 20_000}
IN_PYTHON = {"python", "client"}


def run(name: str, tenant: Client, folder: Path) -> subprocess.CompletedProcess[str]:
    """Where pasted: into a shell that knows the commands, or into a file for Python."""
    text = (FOLDER / f"{name}.txt").read_text(encoding="utf-8")
    assert "http://127.0.0.1:8000" in text
    assert "YOUR_KEY" in text
    text = text.replace("http://127.0.0.1:8000", f"http://127.0.0.1:{tenant.port}").replace("YOUR_KEY", tenant.key)
    command = [sys.executable, "-"] if name in IN_PYTHON else ["sh"]
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    return subprocess.run(
        command, input=text, cwd=folder, env=os.environ | {"PATH": path}, capture_output=True, text=True, check=False
    )


def test_each_snippet_is_tried():
    assert {path.stem for path in FOLDER.iterdir()} == set(EVENTS)


@pytest.mark.parametrize("name", EVENTS)
def test_a_snippet_stores_its_events(tenant, tmp_path, name):
    done = run(name, tenant, tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    stats = tenant.stats()
    assert stats["outcomes"] == {
        "stored": EVENTS[name],
        "duplicate": 0,
        "rejected": 0,
        "rate_limited": 0,
        "overloaded": 0,
    }
    assert stats["total_events"] == EVENTS[name]


@pytest.mark.parametrize("name", ["curl", "python"])
def test_a_snippet_says_what_is_wrong_when_it_is_refused(tenant, tmp_path, name):
    tenant.key = tenant.key[:-1] + "?"
    done = run(name, tenant, tmp_path)
    assert "this key is not known here" in done.stdout
