"""What a linter does not know about this project: detectors that read source and name what breaks a rule.

Each takes text and returns findings, so that a test can show it a bad line and see it found.
"""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterable, Iterator, Mapping

# Where a name leads that reads the clock of the machine.
CLOCKS = frozenset(
    {
        *(f"datetime.datetime.{name}" for name in ("now", "utcnow", "today")),
        "datetime.date.today",
        *(
            f"time.{name}{unit}"
            for name in ("time", "monotonic", "perf_counter", "process_time", "thread_time")
            for unit in ("", "_ns")
        ),
    }
)

# Randomness without a seed. Generators that take one are not here: see `_SEEDED`.
ENTROPY = ("secrets.", "os.urandom", "os.getrandom", "uuid.uuid1", "uuid.uuid4", "random.SystemRandom")
_SEEDED = frozenset(
    {
        "random.Random",
        *(f"numpy.random.{name}" for name in ("default_rng", "SeedSequence", "PCG64", "SFC64", "Philox", "Generator")),
    }
)
_TYPES = frozenset({"numpy.random.BitGenerator"})

_STATEMENT = re.compile(
    r"\b(SELECT\s|INSERT\s+INTO\b|DELETE\s+FROM\b|ALTER\s+TABLE\b|UPDATE\s+\w+\s+SET\b"
    r"|(CREATE|DROP)\s+(OR\s+REPLACE\s+)?(TEMPORARY\s+)?(TABLE|DATABASE|VIEW|MATERIALIZED|INDEX|UNIQUE)\b)"
)

_SUPPRESSION = re.compile(r"#\s*(noqa|type:\s*ignore|pragma)\b")
_WITH_REASON = re.compile(r"(noqa: [A-Z]+\d+(, ?[A-Z]+\d+)*|type: ignore\[[\w, -]+\]) +(-|#) +.*\S{3,}")

FORBIDDEN_WORDS = frozenset(
    {"util", "utils", "helper", "helpers", "service", "services", "manager", "managers", "common", "base", "misc"}
)

_EMOJI = re.compile("[\U0001f000-\U0001faff\u2600-\u27bf\ufe0f]")


def clock_reads(source: str) -> list[str]:
    """Uses of the machine's clock, called or passed on."""
    return [f"line {line}: {name}" for line, name in _names(source) if name in CLOCKS]


def entropy(source: str) -> list[str]:
    """Randomness that no seed can repeat and that comes from the machine."""
    return [f"line {line}: {name}" for line, name in _names(source) if name.startswith(ENTROPY)]


def hidden_generators(source: str) -> list[str]:
    """The generators inside `random` and `numpy.random`, and new ones made without a seed."""
    tree = ast.parse(source)
    imports = _imports(tree)
    found = [
        f"line {line}: {name}"
        for line, name in _names(source)
        if name.startswith(("random.", "numpy.random.")) and name not in _SEEDED | _TYPES and not _is_entropy(name)
    ]
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and not node.args and not node.keywords:
            name = _dotted(node.func, imports)
            if name in _SEEDED:
                found.append(f"line {node.lineno}: {name} without a seed")
    return found


def sql(source: str) -> list[str]:
    """Strings that hold an SQL statement. Docstrings may speak of one."""
    tree = ast.parse(source)
    docstrings = {
        node.body[0].value
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    return [
        f"line {node.lineno}: {node.value.strip()[:60]}"
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and node not in docstrings
        and _STATEMENT.search(node.value)
    ]


def imported(source: str, *, of: Iterable[str]) -> list[str]:
    """Imports of the packages `of`, wherever in the source they stand."""
    wanted = frozenset(of)
    return [
        f"line {node.lineno}: {name}"
        for node in ast.walk(ast.parse(source))
        for name in _targets(node)
        if name.split(".")[0] in wanted
    ]


def unexplained(source: str) -> list[str]:
    """Comments that silence a tool and do not say why."""
    return [
        f"line {token.start[0]}: {token.string}"
        for token in tokenize.generate_tokens(io.StringIO(source).readline)
        if token.type == tokenize.COMMENT
        and _SUPPRESSION.search(token.string)
        and not _WITH_REASON.search(token.string)
    ]


def names_nothing(path: str) -> list[str]:
    """Words of a path that say nothing of what is inside, or that number a second try."""
    words = re.split(r"[/_.]", path)
    return [word for word in words if word in FORBIDDEN_WORDS or re.fullmatch(r"v\d+|new|old|final", word)]


def emoji(text: str) -> list[str]:
    return [f"line {number}" for number, line in enumerate(text.splitlines(), 1) if _EMOJI.search(line)]


def unreached(modules: Mapping[str, str], *, entries: Iterable[str]) -> list[str]:
    """Modules (name -> source) that nothing reachable from `entries` imports.

    A string that is exactly a module's name, or `name:attribute`, counts: that is how a child process is told
    what to run. Importing a module imports the packages it is in.
    """
    reached: set[str] = set()
    waiting = [entry for entry in entries if entry in modules]
    while waiting:
        name = waiting.pop()
        if name in reached:
            continue
        reached.add(name)
        package = name.rpartition(".")[0]
        if package in modules:
            waiting.append(package)
        for node in ast.walk(ast.parse(modules[name])):
            for target in (*_targets(node), *_spelled(node)):
                waiting += [target] if target in modules else []
    return sorted(set(modules) - reached)


def _names(source: str) -> Iterator[tuple[int, str]]:
    """Each use of an imported name, by the dotted path it was imported from."""
    tree = ast.parse(source)
    imports = _imports(tree)
    inner = {node.value for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Name | ast.Attribute) and node not in inner:
            name = _dotted(node, imports)
            if name:
                yield node.lineno, name


def _dotted(node: ast.expr, imports: Mapping[str, str]) -> str | None:
    if isinstance(node, ast.Name):
        return imports.get(node.id)
    if isinstance(node, ast.Attribute):
        left = _dotted(node.value, imports)
        return f"{left}.{node.attr}" if left else None
    return None


def _imports(tree: ast.Module) -> dict[str, str]:
    """Local name -> what it stands for."""
    found = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                local = alias.asname or alias.name.split(".")[0]
                found[local] = alias.name if alias.asname else local
        elif isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                found[alias.asname or alias.name] = f"{node.module}.{alias.name}"
    return found


def _targets(node: ast.AST) -> list[str]:
    """What an import statement may load: `from a import b` is the module a, and a.b if that is one."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom) and node.module:
        return [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
    return []


def _spelled(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return [node.value.split(":")[0]]
    return []


def _is_entropy(name: str) -> bool:
    return name.startswith(ENTROPY)
