"""What a question costs at size: 1M and 10M events of 30 days, as a client sees it, warm.

The overview is what a dashboard asks for at once, over as many connections; single questions are asked one by one.
`--store FOLDER` asks a data folder that was filled before and is kept.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from questions import timed
from subject import KEY, Subject

SIZES = (1_000_000, 10_000_000)
REPEATS = 9
DAYS = 30
END = "2026-11-20T12:00:00Z"
DAY = {"start_time": "2026-11-19T12:00:00Z", "end_time": END, "fresh": "false"}
MONTH = {"start_time": "2026-10-21T12:00:00Z", "end_time": END, "fresh": "false"}

OVERVIEW = {
    "services": ("/query/services", {}),
    "per minute": ("/query/timeseries", {"measures": "count,error_rate,p50_ms,p95_ms,p99_ms", "step": "1m"}),
    "top endpoints": ("/query/top", {"by": "service,endpoint", "measures": "count,p99_ms", "sort": "-p99_ms"}),
    "geo": ("/query/geo", {"by": "city", "measures": "count,error_rate,p95_ms"}),
    "errors": ("/query/errors", {}),
}
SINGLE = {
    **OVERVIEW,
    "endpoints": ("/query/endpoints", {}),
    "versions": ("/query/versions", {}),
    "facets": ("/query/facets", {}),
    "heatmap": ("/query/heatmap", {}),
    "users": ("/query/timeseries", {"measures": "users", "by": "service"}),
    "filtered": ("/query/timeseries", {"q": "service:payment-service status:>=500 env:production"}),
    "inside the payload": ("/query/top", {"by": "payload.currency", "q": "payload.amount:>100"}),
    "newest": ("/query/events", {"limit": "100"}),
    "slowest": ("/query/events", {"limit": "100", "sort": "-response_time_ms"}),
}
TEXT = ("/query/events", {"q": '"timed out"', "limit": "100"})


@contextlib.contextmanager
def filled(count: int, folder: Path | None) -> Iterator[Subject]:
    """A server with so many events of 30 days."""
    if folder is not None:
        with Subject(folder) as subject:
            yield subject
        return
    with tempfile.TemporaryDirectory() as temporary, Subject(Path(temporary)) as subject:
        program = [sys.executable, "-m", "pulsestream"]
        made = subprocess.Popen(
            [
                *(*program, "generate", "--quiet", "--seed", "7", "--end", END),
                *("--count", str(count), "--hours", str(DAYS * 24)),
            ],
            stdout=subprocess.PIPE,
        )
        url = f"http://127.0.0.1:{subject.port}"
        subprocess.run(
            [*program, "ingest", "--url", url, "--api-key", KEY, "-"],
            stdin=made.stdout,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            check=True,
        )
        made.wait(60)
        subject.wait_searchable(count)
        yield subject


def path(question: tuple[str, dict[str, str]], within: dict[str, str]) -> str:
    return f"{question[0]}?{urlencode(question[1] | within)}"


def single(subject: Subject, asked: str) -> float:
    """Milliseconds, the median."""
    with contextlib.closing(subject.connection()) as connection:
        timed(subject, asked, connection)
        return statistics.median(timed(subject, asked, connection) for _ in range(REPEATS))


def overview(subject: Subject) -> float:
    """Milliseconds until all of it is answered, asked at once; the median."""
    paths = [path(question, DAY) for question in OVERVIEW.values()]
    connections: list[HTTPConnection] = [subject.connection() for _ in paths]
    took = []
    with ThreadPoolExecutor(len(paths)) as pool:
        for _ in range(REPEATS + 1):
            began = time.perf_counter()
            list(pool.map(lambda pair: subject.get(*pair), zip(paths, connections, strict=True)))
            took.append((time.perf_counter() - began) * 1000)
    for connection in connections:
        connection.close()
    return statistics.median(took[1:])


def measure_one(count: int, folder: Path | None = None) -> dict[str, Any]:
    with filled(count, folder) as subject:
        newest = subject.get(f"/query/events?{urlencode({'limit': '1'} | MONTH)}")["events"][0]
        return {
            "overview_ms": overview(subject),
            "day_ms": {name: single(subject, path(question, DAY)) for name, question in SINGLE.items()},
            "month_ms": {name: single(subject, path(question, MONTH)) for name, question in SINGLE.items()},
            "by_id_ms": single(subject, f"/query/event/{newest['event_id']}?fresh=false"),
            "text_ms": single(subject, path(TEXT, DAY)),
            "peak_memory_bytes": subject.peak_memory_bytes(),
        }


def measure(folders: dict[int, Path] | None = None) -> dict[str, Any]:
    """By size; and the slowest single question of each range, and by how much a day's grow, at the largest."""
    found = {count: measure_one(count, (folders or {}).get(count)) for count in SIZES}
    small, large = found[SIZES[0]], found[SIZES[-1]]
    growth = {name: large["day_ms"][name] / small["day_ms"][name] for name in SINGLE}
    return {
        "overview_ms": large["overview_ms"],
        "day_ms_at_most": max(large["day_ms"].values()),
        "month_ms_at_most": max(large["month_ms"].values()),
        "by_id_ms": large["by_id_ms"],
        "text_ms": large["text_ms"],
        "growth_at_most": max(growth.values()),
        "growth": growth,
        **{f"of_{count}": one for count, one in found.items()},
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=SIZES[-1])
    parser.add_argument("--store", type=Path, help="a data folder with the events")
    given = parser.parse_args()
    print(json.dumps(measure_one(given.events, given.store), indent=1))


if __name__ == "__main__":
    main()
