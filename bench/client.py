"""What sending costs the client: CPU time of `pulsestream ingest` per event, against a server that does nothing.

`measure()` gives the figures, `python bench/client.py` prints them as JSON; with `--compare` throughput into a real
server by the number of requests at once. Loopback only.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from pulsestream.generate import generate
from subject import KEY, Subject

if TYPE_CHECKING:
    from collections.abc import Iterator

FEW, MANY = 100_000, 300_000
RUNS = 3
END = datetime(2026, 11, 20, 12, tzinfo=UTC)


def measure(few: int = FEW, many: int = MANY, runs: int = RUNS) -> dict[str, object]:
    """The median of `runs` rounds, in microseconds of CPU per event of about 1 kB, user and system apart.

    One round sends a file of `many` events and one of `few`, each by a process of its own; the difference leaves
    the start of the program out. The sink is another process, so its time is its own, but what the kernel does
    to carry a byte over loopback is the sender's for the most part.
    """
    ways = {"plain": ("--compress", "none"), "zstd": ("--compress", "zstd")}
    with tempfile.TemporaryDirectory() as folder, _sink() as url:
        files = [_file(Path(folder), count) for count in (few, many)]
        rounds: dict[str, list[tuple[float, float]]] = {way: [] for way in ways}
        for _ in range(runs):
            for way, options in ways.items():  # in turn, so that a change of the machine's mood meets them all
                low, high = (_cpu_s(path, url, options) for path in files)
                rounds[way].append(((high[0] - low[0]) / (many - few), (high[1] - low[1]) / (many - few)))
        size = files[1].stat().st_size / many
    return {
        "bytes_per_event": round(size),
        "events": [few, many],
        **{way: _figures(results) for way, results in rounds.items()},
        "load_average": round(os.getloadavg()[0], 2),
    }


def _figures(results: list[tuple[float, float]]) -> dict[str, object]:
    user, system = sorted(results, key=sum)[len(results) // 2]
    return {
        "cpu_us_per_event": round((user + system) * 1e6, 2),
        "user_us_per_event": round(user * 1e6, 2),
        "system_us_per_event": round(system * 1e6, 2),
        "rounds": [round(sum(one) * 1e6, 2) for one in results],
    }


def compare(events: int = FEW, runs: int = RUNS) -> dict[str, dict[str, object]]:
    """Events a second into a real server, with requests at once as the client finds out and as they are given.

    In turns, so that a change of the machine's mood meets them all; `share` is of the best fixed number.
    """
    ways = ("auto", "1", "2", "4", "8", "16")
    rounds: dict[str, list[dict[str, float]]] = {way: [] for way in ways}
    with tempfile.TemporaryDirectory() as folder, Subject(Path(folder) / "data") as subject:
        for run in range(runs):
            for number, way in enumerate(ways):
                path = _file(Path(folder), events, seed=100 * run + number)
                rounds[way].append(_report(path, subject, ("--concurrency", way)))
                subject.wait_searchable(events * (run * len(ways) + number + 1))
    rates = {way: statistics.median(report["events_per_second"] for report in rounds[way]) for way in ways}
    best = max(rate for way, rate in rates.items() if way != "auto")
    return {
        way: {
            "events_per_second": round(rates[way]),
            "share": round(rates[way] / best, 3),
            "rounds": [round(report["events_per_second"]) for report in rounds[way]],
            "concurrency": [report["concurrency"] for report in rounds[way]],
        }
        for way in ways
    }


def _report(path: Path, subject: Subject, options: tuple[str, ...]) -> dict[str, float]:
    where = ("--url", f"http://127.0.0.1:{subject.port}", "--api-key", KEY)
    command = [sys.executable, "-m", "pulsestream", "ingest", str(path), *where, "--json", *options]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True)
    report: dict[str, float] = json.loads(done.stdout)
    return report


def _file(folder: Path, count: int, seed: int = 6) -> Path:
    path = folder / f"{count}.jsonl"
    with path.open("wb") as file:
        for block in generate(count, start=END - timedelta(hours=24), end=END, seed=seed):
            file.write(block)
    return path


@contextmanager
def _sink() -> Iterator[str]:
    command = [sys.executable, str(Path(__file__).with_name("sink.py"))]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as sink:
        try:
            assert sink.stdout is not None
            yield f"http://127.0.0.1:{int(sink.stdout.readline())}"
        finally:
            sink.terminate()


def _cpu_s(path: Path, url: str, options: tuple[str, ...]) -> tuple[float, float]:
    """User and system seconds of one whole run of the program."""
    command = [sys.executable, "-m", "pulsestream", "ingest", str(path), "--url", url, "--json", *options]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} ended with {process.returncode}")
    return used.ru_utime, used.ru_stime


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=RUNS)
    parser.add_argument("--compare", action="store_true", help="requests at once, against a real server, instead")
    given = parser.parse_args()
    print(json.dumps(compare(runs=given.runs) if given.compare else measure(runs=given.runs), indent=2))


if __name__ == "__main__":
    main()
