"""A file of events through the real ingester into a real server, from an empty folder to the same file sent again.

    make bench-100k
    .venv/bin/python bench/scale.py --events 100000

Events are made by `pulsestream generate` and sent by `pulsestream ingest`, four requests of 1,000 events at one time.
Meanwhile somebody else sends one event four times a second and asks a question four times a second. At the end
everything has to be there exactly once, also after the same file again and after a restart. Figures go to
bench/results/, with a plot of throughput, latency and memory over time.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import resource
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pulsestream.clock import SystemClock
from pulsestream.store.connect import connect
from pulsestream.store.port import Statement
from questions import DASHBOARD, ask_all, timed
from rates import END
from run import machine
from subject import KEY, Subject

EVERY_S = 0.25
REPEATS = 9
RESULTS = Path(__file__).with_name("results")
_PARTS = """
SELECT count(), uniqExact(partition), sum(rows), sum(bytes_on_disk) FROM system.parts WHERE active AND table = 'events'
"""


def pulsestream(*words: str) -> tuple[str, float, float]:
    """What the program printed, its wall seconds and its CPU seconds."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    began = time.perf_counter()
    done = subprocess.run([sys.executable, "-m", "pulsestream", *words], check=True, stdout=subprocess.PIPE, text=True)
    seconds = time.perf_counter() - began
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return done.stdout, seconds, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def ingest(subject: Subject, file: Path) -> dict[str, Any]:
    """The ingester's own report, with `cpu_seconds`."""
    url = f"http://127.0.0.1:{subject.port}"
    told, seconds, cpu = pulsestream("ingest", str(file), "--json", "--url", url, "--api-key", KEY)
    report: dict[str, Any] = json.loads(told)
    return report | {"cpu_seconds": cpu, "wall_seconds": seconds}


class Neighbour:
    """Somebody else: one event and one question at a time, and how long each took (ms)."""

    def __init__(self, subject: Subject) -> None:
        self.events: list[tuple[float, float]] = []
        self.questions: list[tuple[float, str, float]] = []
        self._subject = subject
        self._over = threading.Event()

    @contextlib.contextmanager
    def at_work(self) -> Iterator[None]:
        threads = [threading.Thread(target=work, daemon=True) for work in (self._send, self._ask)]
        self._began = time.perf_counter()
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self._over.set()
            for thread in threads:
                thread.join(60)

    def _at(self) -> float:
        return time.perf_counter() - self._began

    def _send(self) -> None:
        source = {"service": "neighbour", "endpoint": "/neighbour", "method": "GET"}
        headers = {"X-API-Key": KEY}
        with contextlib.closing(self._subject.connection()) as connection:
            while not self._over.wait(EVERY_S):
                event = {"event_id": f"neighbour_{len(self.events)}", "event_type": "api_call", "title": "neighbour"}
                event["timestamp"] = END.isoformat()
                began = self._at()
                body = json.dumps(event | {"source": source})
                connection.request("POST", "/api/v1/ingestion/events", body, headers)
                response = connection.getresponse()
                response.read()
                assert response.status == 200, response.status
                self.events.append((began, (self._at() - began) * 1000))

    def _ask(self) -> None:
        names = list(DASHBOARD)
        with contextlib.closing(self._subject.connection()) as connection:
            while not self._over.wait(EVERY_S):
                name = names[len(self.questions) % len(names)]
                began = self._at()
                self.questions.append((began, name, timed(self._subject, DASHBOARD[name], connection)))

    def middle(self) -> dict[str, float]:
        """The median of each question, where it was asked."""
        found = {}
        for name in DASHBOARD:
            took = sorted(ms for _, asked, ms in self.questions if asked == name)
            if took:
                found[name] = took[len(took) // 2]
        return found


def first_time(subject: Subject, file: Path, count: int) -> dict[str, Any]:
    before = ask_all(subject, DASHBOARD, REPEATS)
    idle, cpu = subject.memory_bytes(), subject.cpu_seconds()
    neighbour = Neighbour(subject)
    with subject.sampled() as samples, neighbour.at_work():
        time.sleep(2 * EVERY_S)  # what comes before is in the plot
        began = time.perf_counter()
        began_at = samples[-1]["at_s"] if samples else 0.0
        report = ingest(subject, file)
        # What the ingester needs to start and to end is not the server's.
        starting = report["wall_seconds"] - report["seconds"]
        subject.wait_fed()
        searchable = time.perf_counter() - began - starting
        time.sleep(2 * EVERY_S)
    subject.wait_searchable(count + len(neighbour.events))
    cpu = subject.cpu_seconds() - cpu
    took = sorted(ms for _, ms in neighbour.events)
    return {
        "acknowledged_per_second": count / report["seconds"],
        "searchable_per_second": count / searchable,
        "server_cpu_us_per_event": cpu / count * 1e6,
        "ingester_cpu_us_per_event": report["cpu_seconds"] / count * 1e6,
        "idle_memory_bytes": idle,
        "memory_bytes": subject.memory_bytes(),
        "peak_memory_bytes": subject.peak_memory_bytes(),
        "one_event_p50_ms": took[len(took) // 2],
        "one_event_max_ms": took[-1],
        "questions_ms": {
            "before": before,
            "during": neighbour.middle(),
            "after": ask_all(subject, DASHBOARD, REPEATS),
        },
        "began_at_s": began_at,
        "report": report,
        "samples": samples,
        "neighbour": {"events": neighbour.events, "questions": neighbour.questions},
    }


def second_time(subject: Subject, file: Path, count: int) -> dict[str, Any]:
    """Nothing is new. Raises SystemExit where something was."""
    cpu = subject.cpu_seconds()
    report = ingest(subject, file)
    if report["duplicate"] != count or report["stored"]:
        raise SystemExit(f"the same file again was not {count} duplicates: {report}")
    return {
        "duplicates_per_second": count / report["seconds"],
        "server_cpu_us_per_event": (subject.cpu_seconds() - cpu) / count * 1e6,
    }


def check(subject: Subject, count: int, neighbours: int) -> None:
    """Everything is there once, and what was sent twice is counted. Raises SystemExit."""
    stats = subject.get("/ingestion/stats")
    told = {name: events for name, events in stats["outcomes"].items() if events}
    expected = {"stored": count + neighbours, "duplicate": count}
    if stats["total_events"] != count + neighbours or told != expected or not stats["fresh"]:
        raise SystemExit(f"not exactly once: {expected} expected, {stats} found")


def store_parts(folder: Path) -> dict[str, int]:
    """Of the store of a server that has stopped."""
    store = connect(f"chdb://{folder}/store", clock=SystemClock(), memory_bytes_max=4 << 30)
    session = store.session(threads=1)
    [[parts, weeks, rows, size]] = session.ask(Statement(_PARTS, {})).rows
    session.close()
    store.close()
    return {"parts": int(parts), "weeks": int(weeks), "rows": int(rows), "bytes": int(size)}


def measure(count: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        file, data = Path(folder) / "events.jsonl", Path(folder) / "data"
        end = END.isoformat().replace("+00:00", "Z")
        options = ["--seed", "1", "--count", str(count), "--hours", "24", "--end", end, "--output", str(file)]
        _, seconds, _ = pulsestream("generate", "--quiet", *options)
        result: dict[str, Any] = {
            "events": count,
            "machine": machine(),
            "when": datetime.now(UTC).isoformat(timespec="seconds"),
            "file_bytes": file.stat().st_size,
            "generated_per_second": count / seconds,
        }
        with Subject(data) as subject:
            result |= first_time(subject, file, count)
            result["again"] = second_time(subject, file, count)
            neighbours = len(result["neighbour"]["events"])
            check(subject, count, neighbours)
        result["disk_bytes"] = subject.disk_bytes()
        result["store"] = store_parts(data)
        began = time.perf_counter()
        with Subject(data) as subject:
            result["restart_s"] = time.perf_counter() - began
            check(subject, count, neighbours)
        return result


def rows(result: dict[str, Any]) -> Iterator[tuple[str, str]]:
    count, mib = result["events"], 1 << 20
    yield "events, and their size as NDJSON", f"{count:,}, {result['file_bytes'] / mib:,.0f} MiB"
    yield "generated", f"{result['generated_per_second']:,.0f} events/s, with the start of the program"
    yield "acknowledged", f"{result['acknowledged_per_second']:,.0f} events/s"
    yield "until all is searchable", f"{result['searchable_per_second']:,.0f} events/s"
    yield "CPU of the server", f"{result['server_cpu_us_per_event']:.1f} us an event"
    yield "CPU of the ingester", f"{result['ingester_cpu_us_per_event']:.1f} us an event"
    memory = [f"{result[name] / mib:,.0f}" for name in ("idle_memory_bytes", "peak_memory_bytes", "memory_bytes")]
    yield "memory of the server", "{} MiB idle, {} at most, {} after".format(*memory)
    store = result["store"]
    kept, disk = store["bytes"] / count, result["disk_bytes"] / count
    yield "disk", f"{kept:.0f} bytes an event; {disk:.0f} with merged parts that are not removed yet"
    yield "parts of the store", f"{store['parts']} in {store['weeks']} weekly partitions"
    yield (
        "a request of 1,000",
        f"p50 {result['report']['latency_ms']['p50']:.0f} ms, p99 {result['report']['latency_ms']['p99']:.0f} ms",
    )
    yield (
        "one event meanwhile, from another",
        f"p50 {result['one_event_p50_ms']:.1f} ms, max {result['one_event_max_ms']:.0f} ms",
    )
    for name in DASHBOARD:
        asked = result["questions_ms"]
        during = f"{asked['during'][name]:.0f}" if name in asked["during"] else "-"
        yield (
            f"question: {name}",
            f"{asked['before'][name]:.0f} ms before, {during} during, {asked['after'][name]:.0f} after",
        )
    yield "the same file again", f"{result['again']['duplicates_per_second']:,.0f} duplicates/s"
    yield "exactly once", "yes: after the first time, after the second, after a restart"
    yield "restart, until ready", f"{result['restart_s']:.1f} s"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=100_000)
    parser.add_argument("--plot", type=Path, help="where the plot goes [default: beside the figures]")
    parser.add_argument("--draw", type=Path, help="measure nothing: draw these figures of an earlier run")
    given = parser.parse_args()
    if given.draw:
        result = json.loads(given.draw.read_text())
    else:
        result = measure(given.events)
        RESULTS.mkdir(exist_ok=True)
        output = RESULTS / f"scale-{given.events}.json"
        output.write_text(json.dumps(result, indent=1))
        print(f"figures: {output}")
    for what, figure in rows(result):
        print(f"  {what:36} {figure}")
    from plot import draw_scale

    path = given.plot or RESULTS / f"scale-{result['events']}.svg"
    draw_scale(result, path)
    print(f"plot: {path}")


if __name__ == "__main__":
    main()
