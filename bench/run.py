"""`make bench`: every figure beside its target, in one run; each the median of several rounds.

Machines differ more than shares do, so the rates of bulk ingest are given as a share of what the engine alone does on
the same machine, measured in turns with them. Everything runs side by side on loopback: the server is a process of
its own, the load another.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import platform
import time
from collections.abc import Callable
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import psutil

import generator
from questions import searches
from rates import bulk, singles
from targets import rows

Part = Callable[[], dict[str, Any]]
MODULES = (
    "client",
    "dedup",
    "overload",
    "sharing",
    "asking",
    "export",
    "tail",
    "pages",
)


def machine() -> dict[str, Any]:
    return {
        "cpus": os.cpu_count(),
        "processor": _processor(),
        "memory_bytes": psutil.virtual_memory().total,
        "system": platform.platform(),
        "python": platform.python_version(),
        "engine": version("chdb-core"),
        "load_average": os.getloadavg()[0],
    }


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor()


def _generator() -> dict[str, Any]:
    """On one core, as NDJSON in memory."""
    measured = generator.measure()
    return {"per_second": measured["events_per_second"], "per_cpu_second": measured["events_per_cpu_second"]}


def parts(given: argparse.Namespace) -> dict[str, Part]:
    """In the order in which they run. Some are modules of their own; each has `measure()`."""
    found: dict[str, Part] = {
        "generator": _generator,
        "bulk": lambda: bulk(given.events, given.rounds),
    }
    for connections in (1, 16, 64):
        found[f"singles_{connections}"] = lambda n=connections: singles(given.singles, n, given.rounds)  # type: ignore[misc]  # a default binds n now
    for name in MODULES:
        if find_spec(name):
            found[name] = lambda name=name: importlib.import_module(name).measure()  # type: ignore[misc]  # as above
    found["search"] = lambda: searches(given.search_events, 15)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=200_000, help="of a round of bulk")
    parser.add_argument("--singles", type=int, default=20_000, help="requests of a round of singles")
    parser.add_argument("--search-events", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", action="append", default=[], help="a part's name; may be repeated")
    parser.add_argument("--output", type=Path, default=Path(__file__).with_name("results") / "latest.json")
    given = parser.parse_args()
    known = parts(given)
    if unknown := set(given.only) - known.keys():
        parser.error(f"there is no part {', '.join(sorted(unknown))}: there are {', '.join(known)}")
    results: dict[str, Any] = {
        "machine": machine(),
        "given": {name: str(value) for name, value in vars(given).items()},
    }
    for name, part in known.items():
        if given.only and name not in given.only:
            continue
        print(f"{name} …", flush=True)
        began = time.perf_counter()
        results[name] = part()
        results[name]["took_s"] = round(time.perf_counter() - began, 1)
        _print(name, results)
    given.output.parent.mkdir(exist_ok=True)
    given.output.write_text(json.dumps(results, indent=1))
    print("\nTargets")
    for what, figure, bound, met in rows(results):
        print(f"  {what:60} {figure:>12}  {bound:>14}  {met}")
    print(f"raw output: {given.output}")


def _print(name: str, results: dict[str, Any]) -> None:
    """Every plain figure of a part, and one level of named ones."""
    if name == "overload":
        for line in importlib.import_module(name).show(results[name]):
            print(f"  {line}")
    for figure, value in results[name].items():
        if isinstance(value, int | float):
            print(f"  {figure:44} {value:16,.3f}")
        elif isinstance(value, dict):
            for inner, number in value.items():
                if isinstance(number, int | float):
                    print(f"  {figure + ' ' + inner:44} {number:16,.3f}")
    for what, figure, bound, met in rows(results, name):
        print(f"  → {what}: {figure}, target {bound}: {met}")


if __name__ == "__main__":
    main()
