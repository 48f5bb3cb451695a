"""The laws that hold for every file. The first half proves that each detector finds what it is there to find."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from pulsestream.cli import VERBS
from unit import tidiness

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "pulsestream"
LINES_MAX = 400

# Unit tests of several modules at once: what they share is what they test.
OF_SEVERAL = {
    "api/test_documented.py": ("api/app.py",),
}

BAD = [
    (tidiness.clock_reads, "import time\nt = time.time()"),
    (tidiness.clock_reads, "from time import monotonic as tick\nt = tick()"),
    (tidiness.clock_reads, "import time\nstart(clock=time.perf_counter_ns)"),
    (tidiness.clock_reads, "from datetime import datetime, UTC\nx = datetime.now(UTC)"),
    (tidiness.clock_reads, "import datetime as dt\nx = dt.datetime.utcnow()"),
    (tidiness.clock_reads, "def f():\n    import datetime\n    return datetime.date.today()"),
    (tidiness.entropy, "import secrets\nx = secrets.token_hex(4)"),
    (tidiness.entropy, "from uuid import uuid4\nx = uuid4()"),
    (tidiness.entropy, "import os\nx = os.urandom(8)"),
    (tidiness.hidden_generators, "import random\nx = random.random()"),
    (tidiness.hidden_generators, "from random import choice\nx = choice([1])"),
    (tidiness.hidden_generators, "import random\nx = random.Random()"),
    (tidiness.hidden_generators, "import numpy as np\nx = np.random.normal(size=3)"),
    (tidiness.hidden_generators, "import numpy as np\nx = np.random.default_rng()"),
    (tidiness.sql, 'x = "SELECT 1"'),
    (tidiness.sql, 'x = f"INSERT INTO {table} VALUES (1)"'),
    (tidiness.sql, 'x = """\n  DELETE\n  FROM events"""'),
    (tidiness.sql, 'x = "CREATE MATERIALIZED VIEW v"'),
    (tidiness.sql, 'def f():\n    """Speaks of it."""\n    return "ALTER TABLE t"'),
    (tidiness.unexplained, "x = 1  # noqa"),
    (tidiness.unexplained, "x = 1  # noqa: S101"),
    (tidiness.unexplained, "x = 1  # type: ignore[arg-type]"),
    (tidiness.unexplained, "x = 1  # noqa: S101, PLR2004 -"),
    (tidiness.names_nothing, "ingest/utils.py"),
    (tidiness.names_nothing, "query/base_query.py"),
    (tidiness.names_nothing, "store/clickhouse_v2.py"),
    (tidiness.emoji, "done \N{PARTY POPPER}"),
]

GOOD = [
    (tidiness.clock_reads, "import time\ntime.sleep(1)\nx = clock.monotonic()"),
    (tidiness.clock_reads, "from datetime import datetime\nx = datetime.fromisoformat(y)"),
    (tidiness.hidden_generators, "import random\ndef f(rng: random.Random): return rng.random()\nf(random.Random(7))"),
    (tidiness.hidden_generators, "import numpy as np\nrng = np.random.default_rng(seed)"),
    (tidiness.sql, 'def f():\n    """Runs a SELECT of it."""\n    raise Bad("select one of them")'),
    (tidiness.unexplained, "x = 1  # noqa: S101 - a defect of ours"),
    (tidiness.unexplained, "x = 1  # type: ignore[arg-type]  # the stub is behind the package"),
    (tidiness.names_nothing, "ingest/journal.py"),
    (tidiness.emoji, "a → b, 1 × 2, São Paulo, ┌──┐ █"),
]


@pytest.mark.parametrize(("detector", "snippet"), BAD)
def test_a_detector_finds_what_breaks_its_rule(detector, snippet):
    assert detector(snippet)


@pytest.mark.parametrize(("detector", "snippet"), GOOD)
def test_a_detector_leaves_good_code_alone(detector, snippet):
    assert detector(snippet) == []


def test_imports_are_found_wherever_they_stand():
    source = "def f():\n    from chdb import session\n"
    assert tidiness.imported(source, of=["chdb"]) == ["line 2: chdb", "line 2: chdb.session"]
    assert tidiness.imported("import chdbx", of=["chdb"]) == []


def test_modules_that_only_import_each_other_are_dead():
    modules = {
        "p": "",
        "p.main": "from p import used\nspawn('p.child:run')",
        "p.used": "",
        "p.child": "",
        "p.a": "import p.b",
        "p.b": "import p.a",
    }
    assert tidiness.unreached(modules, entries=["p.main"]) == ["p.a", "p.b"]


def _files(*folders):
    paths = [path for folder in folders for path in (ROOT / folder).rglob("*.py")]
    assert paths, f"no Python under {folders}"
    return paths


def _findings(detector, paths):
    return {
        str(path.relative_to(ROOT)): found for path in paths if (found := detector(path.read_text(encoding="utf-8")))
    }


def _outside(*homes):
    """The modules of the package that are not one of `homes`, nor in it."""
    places = [SOURCE / home for home in homes]
    return [path for path in _files("src") if not any(path == place or place in path.parents for place in places)]


def _modules():
    names = {}
    for path in _files("src"):
        parts = path.relative_to(SOURCE.parent).with_suffix("").parts
        names[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path.read_text(encoding="utf-8")
    return names


def test_sql_lives_in_store_query_and_control():
    assert _findings(tidiness.sql, _outside("store", "query", "control")) == {}


def test_only_control_speaks_sqlite_and_only_store_knows_the_engine():
    assert _findings(lambda text: tidiness.imported(text, of=["sqlite3"]), _outside("control")) == {}
    engine = ["chdb", "clickhouse_connect"]
    assert _findings(lambda text: tidiness.imported(text, of=engine), _outside("store")) == {}


def test_only_clock_reads_the_clock():
    assert _findings(tidiness.clock_reads, _outside("clock.py")) == {}


def test_randomness_without_a_seed_enters_at_the_edge():
    # api is the edge too, for the names it gives to its answers: batch_id, search_id.
    assert _findings(tidiness.entropy, _outside("wiring.py", "cli", "api", "control")) == {}
    assert _findings(tidiness.hidden_generators, _outside("wiring.py", "cli", "tables", "control")) == {}


def test_no_module_is_dead():
    entries = ["pulsestream.__main__", "pulsestream.client", *(f"pulsestream.cli.{verb}" for verb in VERBS)]
    assert tidiness.unreached(_modules(), entries=entries) == []


def test_every_verb_has_its_module():
    assert [verb for verb in VERBS if not (SOURCE / "cli" / f"{verb}.py").exists()] == []


@pytest.mark.parametrize(("folder", "lines_max"), [("src", LINES_MAX), ("bench", LINES_MAX), ("tests", 600)])
def test_a_module_fits_on_a_few_screens(folder, lines_max):
    lines = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in _files(folder)}
    assert {str(path.relative_to(ROOT)): count for path, count in lines.items() if count > lines_max} == {}


def test_every_module_is_named_for_what_is_in_it():
    # A verb's module and its tests have the name that people type.
    verbs = {way.format(verb) for verb in VERBS for way in ("src/pulsestream/cli/{}.py", "tests/unit/cli/test_{}.py")}
    paths = [str(path.relative_to(ROOT)) for path in _files("src", "tests", "bench", "scripts")]
    assert {path: words for path in paths if path not in verbs and (words := tidiness.names_nothing(path))} == {}


def test_whatever_silences_a_tool_says_why():
    # The bad examples above are strings, and so no comments.
    assert _findings(tidiness.unexplained, _files("src", "tests", "bench", "scripts")) == {}


def test_no_file_holds_an_emoji():
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False).stdout
    names = [name for name in listed.splitlines() if name.endswith((".py", ".md", ".toml", ".sh", "Makefile"))]
    paths = [path for name in names if (path := ROOT / name).exists()] or _files("src", "tests")
    assert _findings(tidiness.emoji, paths) == {}


def test_every_unit_test_mirrors_a_module():
    strays = []
    for path in (ROOT / "tests" / "unit").glob("*/**/test_*.py"):
        inside = path.relative_to(ROOT / "tests" / "unit")
        noun = path.stem.removeprefix("test_")
        # A package as a whole is tested in the file of its own name.
        ways = [inside.parent / f"{noun}.py", inside.parent / noun / "__init__.py"]
        ways += [inside.parent / "__init__.py"] if inside.parent.name == noun else []
        named = [SOURCE / module for module in OF_SEVERAL.get(inside.as_posix(), ())]
        if not any((SOURCE / way).exists() for way in ways) and not (named and all(map(Path.exists, named))):
            strays.append(inside.as_posix())
    assert strays == []
