"""What is in an sdist and a wheel, and that a wheel serves its pages without Node.js."""

from __future__ import annotations

import contextlib
import http.client
import os
import re
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from system.program import Program

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
PAGES = "pulsestream/pages/"


def _build(target, source, into, **environment):
    """The file that the build backend makes of a folder."""
    command = [sys.executable, "-m", "hatchling", "build", "--target", target, "--directory", into]
    subprocess.run(command, cwd=source, env=os.environ | environment, check=True, capture_output=True)
    [made] = [path for path in into.iterdir() if path.suffix in (".gz", ".whl")]
    return made


@pytest.fixture(scope="module")
def sdist(tmp_path_factory):
    """An sdist of the checkout, unpacked."""
    folder = tmp_path_factory.mktemp("sdist")
    with tarfile.open(_build("sdist", ROOT, folder)) as packed:
        packed.extractall(folder, filter="data")
    [unpacked] = [path for path in folder.iterdir() if path.is_dir()]
    return unpacked


@pytest.fixture(scope="module")
def wheel(sdist, tmp_path_factory):
    """The wheel of that sdist, made where there is no program to be found at all."""
    return zipfile.ZipFile(_build("wheel", sdist, tmp_path_factory.mktemp("wheel"), PATH=""))


def test_an_sdist_has_the_pages_what_they_were_made_of_and_nothing_that_was_installed(sdist):
    names = {path.relative_to(sdist).as_posix() for path in sdist.rglob("*") if path.is_file()}
    listed = subprocess.run(["git", "ls-files", "web"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert set(listed.splitlines()) <= names
    assert f"src/{PAGES}index.html" in names
    assert [name for name in names if "node_modules" in name or name.startswith((".web/", ".venv/"))] == []


def test_whoever_unpacks_an_sdist_needs_not_build_the_pages(sdist):
    command = [sys.executable, "scripts/web.py", "build"]
    told = subprocess.run(command, cwd=sdist, env={"PATH": ""}, capture_output=True, text=True, check=False)
    assert (told.returncode, told.stderr) == (
        0,
        "web: nothing has changed since the pages in src/pulsestream/pages were built\n",
    )


def test_a_wheel_of_an_sdist_has_the_pages_as_they_were_built(wheel):
    built = {
        PAGES + path.relative_to(ROOT / "src" / PAGES).as_posix(): path.read_bytes()
        for path in (ROOT / "src" / PAGES).rglob("*")
        if path.is_file() and path.name != ".built-from"
    }
    there = {name: wheel.read(name) for name in wheel.namelist() if name.startswith(PAGES)}
    assert there == built
    assert {f"{PAGES}index.html", f"{PAGES}index.html.br", f"{PAGES}index.html.gz"} <= there.keys()


def test_an_installed_wheel_serves_the_pages_without_node(wheel, tmp_path, monkeypatch):
    site = tmp_path / "site"
    wheel.extractall(site)  # noqa: S202 - we have made it
    index = site / PAGES / "index.html"
    # So that it is this one and not the checkout's.
    index.write_bytes(index.read_bytes() + b"<!-- of the wheel -->")
    for path in (site / PAGES).rglob("*"):
        os.utime(path, (0, 0))  # the server does not take what is just being written
    monkeypatch.setenv("PYTHONPATH", str(site))
    monkeypatch.setenv("PATH", "")
    monkeypatch.chdir(tmp_path)
    with Program(tmp_path / "server") as program:
        page = _get(program.port, "/")
        assert page.endswith(b"<!-- of the wheel -->")
        named = re.findall(r'["\'](/assets/[^"\']+)["\']', page.decode())
        assert {_get(program.port, name) for name in named} == {
            (site / PAGES / name[1:]).read_bytes() for name in named
        }
        assert named


def _get(port, path):
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", port, timeout=60)) as connection:
        connection.request("GET", path)
        return connection.getresponse().read()
