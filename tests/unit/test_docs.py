"""What the documentation tells people to type and to open is there."""

from __future__ import annotations

import ast
import importlib
import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

import click
import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from pulsestream.cli import VERBS

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "SECURITY.md", *sorted((ROOT / "docs").glob("*.md"))]
TARGETS = frozenset(re.findall(r"^([a-z0-9-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))


def _fenced(page, language):
    """The code blocks of one language, as text."""
    return re.findall(rf"^```{language}\n(.*?)^```", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


def _commands(page):
    """Each command of the shell blocks as words, parts of a pipe apart, without what is set before it."""
    for block in _fenced(page, "sh"):
        for line in re.sub(r"\w+=\$\((.*)\)", r"\1", block).replace("\\\n", " ").splitlines():
            try:
                words = shlex.split(line, comments=True)
            except ValueError:  # a quoted text over several lines: its first line has the command
                words = line.split()
            while words:
                end = next((at for at, word in enumerate(words) if word in ("|", "&&", ";", "&")), len(words))
                command = [word for word in words[:end] if not re.match(r"[A-Z_]+=", word)]
                words = words[end + 1 :]
                if command:
                    yield command


def _uses(program):
    """(page, words) of each command that runs `program`, by its name or its path."""
    return [
        pytest.param(words, id=f"{page.name}: {' '.join(words)}"[:90])
        for page in PAGES
        for words in _commands(page)
        if words[0] == program or words[0].endswith(f"/{program}")
    ]


@pytest.mark.parametrize("words", _uses("pulsestream"))
def test_a_command_of_the_pages_exists_with_its_options(words):
    options = {word.split("=")[0] for word in words[1:] if word.startswith("-") and word != "-"}
    names = [word for word in words[1:] if not word.startswith("-")]
    if not names:
        assert options <= {"--help", "--version", "-h"}
        return
    assert names[0] in VERBS
    command = importlib.import_module(f"pulsestream.cli.{names[0]}").command
    if isinstance(command, click.Group) and names[1:]:
        assert names[1] in command.commands
        command = command.commands[names[1]]
    known = {name for param in command.params for name in (*param.opts, *param.secondary_opts)}
    assert options <= known | {"--help", "-h"}


@pytest.mark.parametrize(
    "words",
    ["pulsestream key made", "pulsestream key create --scopes x", "pulsestream keys", "pulsestream tenant --rate 1"],
)
def test_a_command_that_there_is_not_would_be_found(words):
    with pytest.raises(AssertionError):
        test_a_command_of_the_pages_exists_with_its_options(words.split())


@pytest.mark.parametrize("words", _uses("make"))
def test_a_make_target_of_the_pages_exists(words):
    assert {word for word in words[1:] if "=" not in word} <= TARGETS


@pytest.mark.parametrize("words", _uses("python3"))
def test_a_script_of_the_pages_exists_with_its_options(words):
    script = ROOT / words[1]
    assert script.exists()
    verb = re.search(r'enter\("(\w+)"\)', script.read_text()).group(1)
    test_a_command_of_the_pages_exists_with_its_options(["pulsestream", verb, *words[2:]])


def test_the_pages_tell_of_both_commands_that_matter_first():
    first = _fenced(ROOT / "README.md", "sh")[0]
    assert [line.split("#")[0].strip() for line in first.splitlines()] == ["make demo", "make test"]


def test_python_on_the_pages_is_python_and_imports_what_there_is():
    blocks = [block for page in PAGES for block in _fenced(page, "python")]
    assert blocks
    for block in blocks:
        for node in ast.walk(ast.parse(block)):
            if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("pulsestream"):
                module = importlib.import_module(node.module)
                assert [alias.name for alias in node.names if not hasattr(module, alias.name)] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_link_leads_to_a_file_and_a_heading(page):
    text = re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    lost = []
    for link in re.findall(r"\]\(([^)\s]+)\)", text):
        if "://" in link:
            continue
        name, _, anchor = link.partition("#")
        target = (page.parent / name).resolve() if name else page
        if not target.exists() or (anchor and anchor not in _anchors(target)):
            lost.append(link)
    assert lost == []


def _anchors(page):
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_every_verb_is_documented():
    headings = "\n".join(re.findall(r"^#+ (.+)$", (ROOT / "docs" / "cli.md").read_text(encoding="utf-8"), re.MULTILINE))
    assert [verb for verb in VERBS if not re.search(rf"\b{verb}\b", headings)] == []
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert [verb for verb in VERBS if f"`pulsestream {verb}`" not in readme] == []


def test_make_alone_lists_every_target():
    told = subprocess.run(["make", "--no-print-directory"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert set(re.findall(r"^make ([a-z0-9-]+)", told, re.MULTILINE)) == TARGETS - {"help"}


def test_the_lock_has_a_fitting_version_of_everything_the_project_names():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    lock = (ROOT / "requirements-dev.lock").read_text()
    locked = {}
    for name, version in re.findall(r"^([A-Za-z0-9._-]+)==([^\s;\\]+)", lock, re.MULTILINE):
        locked.setdefault(canonicalize_name(name), []).append(version)
    named = [*project["project"]["dependencies"], *project["dependency-groups"]["dev"]]
    named += [*project["dependency-groups"]["build"], *project["build-system"]["requires"]]
    lacking = []
    for text in named:
        wanted = Requirement(text)
        versions = locked.get(canonicalize_name(wanted.name), [])
        if not versions or not all(wanted.specifier.contains(version) for version in versions):
            lacking.append(text)
    assert lacking == [], "run `make lock`"


def test_the_lock_names_no_package_index():
    lock = (ROOT / "requirements-dev.lock").read_text()
    assert re.findall(r".*(?:://|file:|--index|--find-links).*", lock) == []
    assert "--hash=sha256:" in lock


def test_the_committed_events_are_the_ones_that_make_datasets_makes(tmp_path):
    said = subprocess.run(["make", "-n", "datasets"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    name = "test_events_500.jsonl"
    [line] = [line for line in said.splitlines() if line.endswith(f"--output {name}")]
    made = tmp_path / name
    subprocess.run([sys.executable, "-m", "pulsestream", *shlex.split(line)[1:-1], str(made)], check=True)
    assert made.read_bytes() == (ROOT / name).read_bytes()
