"""Builds the web pages, and gets what that takes.

    web.py build          build web/ into src/pulsestream/pages; does nothing while nothing changed
    web.py npm ...        run npm in web/: npm run check, npm test, npm run dev
    web.py node ...       run Node.js with these arguments; without any, say where it is

    --steps               (build) say what is done to a program, as JSON lines on standard output: see `Steps`
    --since SECONDS       (build) when `make` began, as time since 1970

What it gets and makes on the way is in .web/. The build hook of the package uses this file too (hatch_build.py), so it
needs nothing but Python's own modules.
"""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import nodejs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

ROOT = Path(__file__).resolve().parents[1]
WEB = ROOT / "web"
PAGES = ROOT / "src" / "pulsestream" / "pages"
# What the pages were built from. It is in the folder of the pages, so that it goes when they go.
BUILT_FROM = PAGES / ".built-from"
OWN = ROOT / ".web"
LOG = OWN / "log"
INSTALLED = ROOT / ".venv" / "installed"
LAST_LINES = 25


class Failed(Exception):
    """What could not be done, and what to do about it."""


class Lines:
    """Says what is done to a person who waits."""

    def __init__(self) -> None:
        self._began = time.monotonic()
        self._downloads_s = 0.0

    @contextlib.contextmanager
    def step(self, doing: str, *, download: bool = False) -> Iterator[None]:
        """Say that something begins and, when it has gone well, how long it took."""
        self._say(f"{doing} ...")
        began = time.monotonic()
        yield
        took = time.monotonic() - began
        self._downloads_s += took if download else 0
        self._say(f"... took {took:.1f} s")

    def ready(self, *, built: bool) -> None:
        where = PAGES.relative_to(ROOT)
        took = time.monotonic() - self._began
        self._say(
            f"the pages are in {where}, after {took:.1f} s, of which {self._downloads_s:.1f} s were downloads"
            if built
            else f"nothing has changed since the pages in {where} were built"
        )

    def failed(self, why: str) -> None:
        self._say(why)

    def _say(self, text: str) -> None:
        print(f"web: {text}", file=sys.stderr, flush=True)


class Steps(Lines):
    """Says it to a program.

    `{"began": 1764198000.0, "downloads_s": 46.0}` comes first, where `make` began before: when, and how much of the
    time since then were downloads. `{"doing": "building the pages", "download": false}` begins a step and ends the one
    before. `{"ready": true}` or `{"failed": "why"}` comes last.
    """

    def before(self, *, began: float, downloads_s: float) -> None:
        self._put({"began": began, "downloads_s": downloads_s})

    @contextlib.contextmanager
    def step(self, doing: str, *, download: bool = False) -> Iterator[None]:
        self._put({"doing": doing, "download": download})
        yield

    def ready(self, *, built: bool) -> None:
        del built
        self._put({"ready": True})

    def failed(self, why: str) -> None:
        self._put({"failed": why})

    def _put(self, step: Mapping[str, object]) -> None:
        print(json.dumps(step), flush=True)


def get_node(told: Lines) -> nodejs.Node:
    """Find Node.js, or bring it. Raises Failed."""
    found = nodejs.find()
    if found is None:
        with told.step("downloading Node.js from the Python package index (61 MB)", download=True):
            _run(["sh", "scripts/packages.sh", "node"], ROOT, os.environ, failed=_no_node)
        found = nodejs.find()
    if found is None:
        raise Failed(_no_node(f"{nodejs.requirement()} does not run on this machine"))
    return found


def _no_node(output: str) -> str:
    return (
        f"this machine has {nodejs.of_this_machine()}, and the Python package index gave none:\n{_last(output)}\n"
        f"The pages are built by Node.js 20.19, or 22.12 and newer, with npm: install it, or let pip reach an index "
        f"that has {nodejs.requirement()}"
    )


def get_packages(node: nodejs.Node, told: Lines) -> None:
    """What builds the pages, as package-lock.json says. Raises Failed."""
    if not has_packages(WEB):
        with told.step("downloading what builds the pages (npm ci)", download=True):
            # Nothing of it needs a script to run when it is installed, so none may.
            flags = ["--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline", "--loglevel=error"]
            # Without a network npm by itself would wait for 70 s before it says so.
            flags += ["--fetch-retries=3", "--fetch-retry-mintimeout=2000", "--fetch-retry-maxtimeout=8000"]
            _run([*node.npm, "ci", *flags], WEB, node.environment(), failed=_no_packages)


def has_packages(web: Path) -> bool:
    """Whether node_modules has what the lock says: npm writes down there what it has installed."""
    try:
        wanted = json.loads((web / "package-lock.json").read_text(encoding="utf-8"))["packages"]
        there = json.loads((web / "node_modules" / ".package-lock.json").read_text(encoding="utf-8"))["packages"]
    except FileNotFoundError:
        return False
    # "" is web/ itself. What is optional may be for other machines.
    needed = {name for name, package in wanted.items() if name and not package.get("optional")}
    return needed <= there.keys() <= wanted.keys() and all(
        package.get(what) == wanted[name].get(what)
        for name, package in there.items()
        for what in ("version", "integrity")
    )


def _no_packages(output: str) -> str:
    code = re.search(r"npm (?:error|ERR!) code (\S+)", output)
    return (
        f"npm could not get what builds the pages{f' ({code[1]})' if code else ''}:\n{_last(output)}\n"
        f"If it is for want of an npm registry: `npm config get registry` says which one npm asks"
    )


def _last(output: str) -> str:
    """The last lines, without colours, and without those that say where in npm something happened."""
    plain = re.sub(r"\x1b\[[0-9;]*m", "", output)
    lines = [line for line in plain.splitlines() if line.strip() and not re.search(r"^(npm error)? +at ", line)]
    return "\n".join(f"    {line}" for line in lines[-LAST_LINES:])


def digest(web: Path) -> str:
    """Of everything that the pages are made of: names and contents."""
    total = hashlib.sha256()
    for path in sources(web):
        content = hashlib.sha256(path.read_bytes()).hexdigest()
        total.update(f"{content}  {path.relative_to(web).as_posix()}\n".encode())
    return total.hexdigest()


def sources(web: Path) -> list[Path]:
    """The files in the order of their names, without what npm and other tools put beside them."""
    found: list[Path] = []
    for folder, folders, names in os.walk(web):
        folders[:] = [name for name in folders if name != "node_modules" and not name.startswith(".")]
        found += [Path(folder, name) for name in names if not name.startswith(".")]
    return sorted(found)


def is_built() -> bool:
    """Whether the pages are what web/, as it is now, gives."""
    try:
        return (PAGES / "index.html").is_file() and BUILT_FROM.read_text(encoding="utf-8") == digest(WEB)
    except FileNotFoundError:
        return False


def build(told: Lines) -> None:
    """Build the pages if web/ has changed since they were. Of two at once, the second waits. Raises Failed."""
    with _alone(told):
        needed = not is_built()
        if needed:
            node = get_node(told)
            get_packages(node, told)
            _build(node, told)
    told.ready(built=needed)


def _build(node: nodejs.Node, told: Lines) -> None:
    made_of, made = digest(WEB), OWN / "pages"
    shutil.rmtree(made, ignore_errors=True)
    made.mkdir()  # also for a build that fails: a plugin that finds no folder would hide why
    with told.step("building the pages"):
        environment = node.environment() | {"PAGES": str(made)}
        _run([*node.npm, "run", "build"], WEB, environment, failed=lambda said: f"the build failed:\n{_last(said)}")
    if not (made / "index.html").is_file():
        raise Failed("the build made no index.html in the folder that the variable PAGES names")
    put(made, PAGES)
    BUILT_FROM.write_text(made_of, encoding="utf-8")


def put(made: Path, place: Path) -> None:
    """Move a build to where a server may be serving the one before: at each moment what a page names is there.

    So index.html, which names the others, comes after them, and what it names no longer goes after that.
    """
    names = [path.relative_to(made) for path in made.rglob("*") if path.is_file()]
    for name in sorted(names, key=lambda name: (name.name.startswith("index.html"), name.name == "index.html")):
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        (made / name).replace(place / name)
    for path in [path for path in place.rglob("*") if path.is_file() and path.relative_to(place) not in names]:
        path.unlink()


@contextlib.contextmanager
def _alone(told: Lines) -> Iterator[None]:
    """Whoever gets packages or builds is the only one in this checkout."""
    OWN.mkdir(exist_ok=True)
    with (OWN / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            with told.step("waiting for another build of the pages"):
                fcntl.flock(lock, fcntl.LOCK_EX)
        # The programs that we start hold it too: npm takes some seconds to undo what it began, and we may be killed.
        fcntl.fcntl(lock, fcntl.F_SETFD, 0)
        yield


def _run(command: list[str], folder: Path, environment: Mapping[str, str], *, failed: Callable[[str], str]) -> None:
    """Run a program in a folder. `failed` makes the message of Failed of what it said."""
    with LOG.open("w+", encoding="utf-8", errors="replace") as log:
        ended = subprocess.run(
            command,
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            close_fds=False,  # the lock: see `_alone`
            check=False,
        )
        if ended.returncode:
            log.seek(0)
            raise Failed(failed(log.read()))


def run_npm(words: list[str]) -> NoReturn:
    """Become npm in web/, when what builds the pages is there. Raises Failed."""
    told = Lines()
    with _alone(told):
        node = get_node(told)
        get_packages(node, told)
    os.chdir(WEB)
    os.execve(node.npm[0], [*node.npm, *words], node.environment())  # noqa: S606 - npm, without a shell


def run_node(words: list[str]) -> None:
    """Become Node.js with these arguments; say where it is if there are none. Raises Failed."""
    told = Lines()
    with _alone(told):
        node = get_node(told)
        if words:
            get_packages(node, told)
    if words:
        os.execve(node.program, [str(node.program), *words], node.environment())  # noqa: S606 - without a shell
    print(node.program)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="build|npm|node")
    of_build = verbs.add_parser("build")
    of_build.add_argument("--steps", action="store_true")
    of_build.add_argument("--since", type=float)
    verbs.add_parser("npm", add_help=False)
    verbs.add_parser("node", add_help=False)
    asked, words = parser.parse_known_args()
    if words and asked.verb == "build":
        parser.error(f"what is {' '.join(words)}?")
    told = Steps() if asked.verb == "build" and asked.steps else Lines()
    try:
        match asked.verb:
            case "build":
                if isinstance(told, Steps) and asked.since is not None:
                    told.before(began=asked.since, downloads_s=_installed_s(asked.since))
                build(told)
            case "npm":
                run_npm(words)
            case "node":
                run_node(words)
    except Failed as failure:
        told.failed(str(failure))
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)


def _installed_s(since: float) -> float:
    """The seconds of downloads of an install since then: packages.sh writes them down."""
    with contextlib.suppress(FileNotFoundError, ValueError):
        if INSTALLED.stat().st_mtime >= since:
            return float(INSTALLED.read_text(encoding="utf-8"))
    return 0.0


if __name__ == "__main__":
    main()
