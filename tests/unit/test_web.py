"""scripts/web.py on a checkout of its own: real npm packages, built by the real npm, without a registry."""

import base64
import gzip
import hashlib
import io
import json
import os
import re
import runpy
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SCRIPTS = ROOT / "scripts"
# What `npm run build` runs. It writes down that it ran, and uses the package that npm installed.
BUILD = """
import { appendFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { word } from "paint";
appendFileSync("../built", "x");
const text = readFileSync("page.txt", "utf8").trim();
if (text === "slow") readFileSync("../gate");
if (text === "broken") throw new Error("page.txt is \\x1b[31mbroken\\x1b[0m");
mkdirSync(process.env.PAGES + "/assets", { recursive: true });
writeFileSync(`${process.env.PAGES}/assets/${text}.js`, word);
writeFileSync(process.env.PAGES + "/index.html", `assets/${text}.js`);
"""


@pytest.fixture
def web(monkeypatch):
    """The script as a module."""
    monkeypatch.syspath_prepend(SCRIPTS)
    return runpy.run_path(SCRIPTS / "web.py")


@pytest.fixture
def nodejs():
    return runpy.run_path(SCRIPTS / "nodejs.py")


class Checkout:
    """A folder with the scripts and a small web/ that needs one package."""

    def __init__(self, folder):
        self.folder = folder
        self.web = folder / "web"
        self.pages = folder / "src" / "pulsestream" / "pages"
        self.web.mkdir(parents=True)
        (folder / "scripts").mkdir()
        for name in ("web.py", "nodejs.py", "packages.sh"):
            shutil.copy(SCRIPTS / name, folder / "scripts" / name)
        shutil.copy(ROOT / "pyproject.toml", folder)
        # Where the machine has no Node.js, that of the real checkout serves here too.
        subprocess.run([sys.executable, SCRIPTS / "web.py", "node"], check=True, capture_output=True)
        (folder / ".web").mkdir()
        (folder / ".web" / "node").symlink_to(ROOT / ".web" / "node")
        (self.web / "build.js").write_text(BUILD)
        (self.web / "page.txt").write_text("first")
        self.need("1.0.0", "red")

    def need(self, version, word):
        """Let web/ need this version of the package, and its lock say so."""
        name = f"paint-{version}.tgz"
        _pack(self.web / name, {"name": "paint", "version": version, "type": "module", "exports": "./paint.js"}, word)
        scripts = {"build": "node build.js", "check": "node --check build.js", "test": "exit 3"}
        package = {"name": "pages", "type": "module", "scripts": scripts, "dependencies": {"paint": f"file:{name}"}}
        (self.web / "package.json").write_text(json.dumps(package))
        digest = base64.b64encode(hashlib.sha512((self.web / name).read_bytes()).digest()).decode()
        locked = {"version": version, "resolved": f"file:{name}", "integrity": f"sha512-{digest}"}
        lock = {"name": "pages", "lockfileVersion": 3, "packages": {"": package, "node_modules/paint": locked}}
        (self.web / "package-lock.json").write_text(json.dumps(lock))

    def start(self, *words, **environment):
        return subprocess.Popen(
            [sys.executable, self.folder / "scripts" / "web.py", *words],
            env=os.environ | environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *words, **environment):
        """(exit code, standard output, standard error)"""
        process = self.start(*words, **environment)
        out, err = process.communicate()
        return process.returncode, out, err

    @property
    def builds(self):
        return (self.folder / "built").stat().st_size

    @property
    def built(self):
        """(the page, what it names)"""
        named = (self.pages / "index.html").read_text()
        return named, (self.pages / named).read_text()


def _pack(path, package, word):
    files = {"package.json": json.dumps(package), "paint.js": f"export const word = {word!r};"}
    with gzip.open(path, "wb") as packed, tarfile.open(fileobj=packed, mode="w") as archive:
        for name, text in files.items():
            entry = tarfile.TarInfo(f"package/{name}")
            entry.size = len(text)
            archive.addfile(entry, io.BytesIO(text.encode()))


@pytest.fixture
def checkout(tmp_path):
    return Checkout(tmp_path)


def test_pages_are_built_once_and_again_when_something_under_web_changes(checkout):
    code, _, said = checkout.run("build")
    assert (code, checkout.built) == (0, ("assets/first.js", "red")), said
    assert re.search(r"the pages are in src/pulsestream/pages, after [\d.]+ s, of which [\d.]+ s were downloads", said)
    code, _, said = checkout.run("build")
    assert (code, said) == (0, "web: nothing has changed since the pages in src/pulsestream/pages were built\n")
    assert checkout.builds == 1

    (checkout.web / "page.txt").write_text("second")
    code, _, said = checkout.run("build")
    assert (code, checkout.built) == (0, ("assets/second.js", "red"))
    assert "npm ci" not in said
    # What nothing names any more is gone.
    assert [path.name for path in (checkout.pages / "assets").iterdir()] == ["second.js"]


def test_packages_are_installed_again_when_the_lock_names_others(checkout):
    checkout.run("build")
    checkout.need("1.1.0", "blue")
    code, _, said = checkout.run("build")
    assert (code, checkout.built) == (0, ("assets/first.js", "blue"))
    assert "npm ci" in said


def test_pages_that_somebody_removed_are_built_again(checkout):
    checkout.run("build")
    (checkout.pages / "index.html").unlink()
    assert checkout.run("build")[0] == 0
    assert checkout.built == ("assets/first.js", "red")


def test_of_two_builds_at_once_one_builds_and_both_end_well(checkout):
    both = [checkout.start("build") for _ in range(2)]
    said = [process.communicate()[1] for process in both]
    assert [process.returncode for process in both] == [0, 0]
    assert checkout.builds == 1
    assert checkout.built == ("assets/first.js", "red")
    assert sum("nothing has changed" in text for text in said) == 1


def test_a_build_waits_for_what_a_build_that_was_killed_has_started(checkout):
    gate = checkout.folder / "gate"
    os.mkfifo(gate)
    (checkout.web / "page.txt").write_text("slow")
    killed = checkout.start("build")
    with gate.open("w"):  # opened when npm's script reads it
        killed.kill()
        killed.communicate()
        (checkout.web / "page.txt").write_text("second")
        waiting = checkout.start("build")
        assert waiting.stderr.readline() == "web: waiting for another build of the pages ...\n"
    waiting.communicate()
    assert waiting.returncode == 0
    assert checkout.built == ("assets/second.js", "red")


def test_a_build_that_fails_says_why_and_leaves_the_pages_of_before(checkout):
    checkout.run("build")
    (checkout.web / "page.txt").write_text("broken")
    code, _, said = checkout.run("build")
    assert code == 1
    assert "Error: page.txt is broken" in said
    assert checkout.built == ("assets/first.js", "red")


def test_a_program_that_waits_is_told_each_step_as_json(checkout):
    (checkout.folder / ".venv").mkdir()
    (checkout.folder / ".venv" / "installed").write_text("46\n")
    code, told, _ = checkout.run("build", "--steps", "--since", "1000")
    assert code == 0
    assert [json.loads(line) for line in told.splitlines()] == [
        {"began": 1000.0, "downloads_s": 46.0},
        {"doing": "downloading what builds the pages (npm ci)", "download": True},
        {"doing": "building the pages", "download": False},
        {"ready": True},
    ]
    # An install of before is no part of it.
    _, told, _ = checkout.run("build", "--steps", "--since", "99999999999")
    assert [json.loads(line) for line in told.splitlines()] == [
        {"began": 99999999999.0, "downloads_s": 0.0},
        {"ready": True},
    ]
    (checkout.web / "page.txt").write_text("broken")
    code, told, _ = checkout.run("build", "--steps")
    assert code == 1
    assert json.loads(told.splitlines()[-1])["failed"].startswith("the build failed:\n")


def test_npm_gets_the_packages_first_and_ends_as_it_would_by_itself(checkout):
    code, _, said = checkout.run("npm", "run", "check")
    assert code == 0
    assert "npm ci" in said
    assert checkout.run("npm", "--silent", "test")[0] == 3


def test_node_runs_what_it_is_given(checkout):
    code, out, _ = checkout.run("node", "--eval", "console.log(6 * 7)")
    assert (code, out) == (0, "42\n")
    code, out, _ = checkout.run("node")
    assert code == 0
    assert Path(out.strip()).name == "node"


@pytest.mark.slow
def test_without_a_registry_it_says_what_is_missing(checkout, tmp_path):
    checkout.run("build")
    shutil.rmtree(checkout.web / "node_modules")
    for name in ("package.json", "package-lock.json"):
        text = (checkout.web / name).read_text()
        (checkout.web / name).write_text(text.replace("file:paint-1.0.0.tgz", "1.0.0"))
    (checkout.web / "page.txt").write_text("second")
    nobody = {"npm_config_registry": "http://127.0.0.1:9/", "npm_config_cache": str(tmp_path / "cache")}
    code, _, said = checkout.run("build", **nobody)
    assert code == 1
    assert "npm could not get what builds the pages (ECONNREFUSED)" in said
    assert "`npm config get registry` says which one" in said
    assert checkout.built == ("assets/first.js", "red")


def test_without_node_and_without_an_index_it_says_what_to_install(checkout, tmp_path):
    old = tmp_path / "old"
    old.mkdir()
    (old / "node").write_text("#!/bin/sh\necho v18.19.0\n")
    (old / "node").chmod(0o755)
    for name in ("sh", "dirname", "rm"):
        (old / name).symlink_to(shutil.which(name))
    shutil.rmtree(checkout.folder / ".web", ignore_errors=True)
    (checkout.folder / "scripts" / "packages.sh").write_text("echo no index; exit 1\n")
    code, _, said = checkout.run("build", PATH=str(old))
    assert code == 1
    assert (
        "this machine has Node.js v18.19.0 without npm, and the Python package index gave none:\n    no index" in said
    )
    assert "Node.js 20.19, or 22.12 and newer, with npm: install it" in said


@pytest.mark.parametrize(
    ("version", "good"),
    [
        ("v18.20.4", False),
        ("v20.18.9", False),
        ("v20.19.0", True),
        ("v20.100.0", True),
        ("v21.7.3", False),
        ("v22.11.0", False),
        ("v22.12.0", True),
        ("v24.0.0", True),
        ("v100.0.0", True),
        ("", False),
        ("node 24", False),
    ],
)
def test_a_version_of_node_is_new_enough_or_not(nodejs, version, good):
    assert nodejs["new_enough"](version) is good


def test_while_a_build_is_moved_into_place_the_page_names_only_what_is_there(web, tmp_path, monkeypatch):
    made, place = tmp_path / "made", tmp_path / "place"
    for folder, names in ((place, ["a.js", "same.css"]), (made, ["b.js", "same.css", "z.js"])):
        (folder / "assets").mkdir(parents=True)
        for name in names:
            (folder / "assets" / name).write_text(name)
        for name in ("index.html", "index.html.br"):
            (folder / name).write_text(" ".join(names))
    move, remove = Path.replace, Path.unlink
    looked = []

    def look():
        for page in ("index.html", "index.html.br"):
            named = (place / page).read_text().split()
            assert [name for name in named if not (place / "assets" / name).exists()] == []
            looked.append(page)

    def watched(act):
        def acts(*arguments):
            act(*arguments)
            look()

        return acts

    monkeypatch.setattr(Path, "replace", watched(move))
    monkeypatch.setattr(Path, "unlink", watched(remove))
    web["put"](made, place)
    assert len(looked) == 2 * 6
    assert sorted(path.name for path in (place / "assets").iterdir()) == ["b.js", "same.css", "z.js"]
    assert (place / "index.html").read_text() == "b.js same.css z.js"


def test_the_lock_of_node_has_the_version_that_is_asked_for(nodejs):
    lock = (ROOT / "requirements-node.lock").read_text()
    assert re.findall(r"^(\S+==\S+) \\$", lock, re.MULTILINE) == [nodejs["requirement"]()]
    assert re.findall(r".*(?:://|file:|--index|--find-links).*", lock) == []
