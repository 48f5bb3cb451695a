"""Overload: ten times the rate that the server can sustain is offered to it, over many connections.

`python bench/overload.py` prints the figures as JSON. Before each case a closed loop finds the best rate; then ten
times that is offered, in requests of 1,000 events, on schedule, over 400 connections. A request that is refused is not
sent again; the next one is due anyway. Events come without ids, so that the same request can be sent any number of
times and is new each time: the load process would otherwise have to hold gigabytes of them. It takes a share of the
machine, as do the bytes that it offers; so the CPU per event says more than the rate about what the server does.
"""

from __future__ import annotations

import argparse
import json
import re
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from pulsestream.config import Settings
from rates import BATCH, CONNECTIONS, lines
from subject import BATCH_PATH, Subject

TIMES = 10  # the best rate
SECONDS = 8.0
PREPARED = 40  # different requests
CROWD = 400  # connections of the overload; under what a tenant may have
MIB = 1 << 20
DEFAULT_INFLIGHT = Settings().inflight_bytes_max
# What a server may take beyond what it has when idle and the ids that it learns: half as much again as bodies and
# checked events may have, and this for blocks on their way into the engine and for the engine's inserts and merges.
ROOM_TIMES = 1.5
ENGINE_BYTES = 400 * MIB
ID_BYTES = 200

CASES: dict[str, dict[str, int]] = {
    "as it comes": {},
    "little room for bodies": {"inflight_bytes_max": 32 * MIB},
    "little room in the store": {"backlog_bytes_max": 16 * MIB},
    "little room for requests": {"tenant_requests_max": 16},
    "a rate for the tenant": {"rate_events_per_s": 0},  # half of the best, when that is known
}


def anonymous(count: int, seed: int) -> list[bytes]:
    return [re.sub(rb'"event_id":"[^"]*",', b"", line, count=1) for line in lines(count, seed)]


def best(requests: list[bytes], events: int) -> dict[str, float]:
    """A closed loop over `events` events, as `make bench` measures batches."""
    times = max(1, events // (BATCH * len(requests)))
    with tempfile.TemporaryDirectory() as folder, Subject(Path(folder)) as subject:
        subject.load(_requests(subject, requests), CONNECTIONS, events=BATCH)  # warm
        warm = BATCH * len(requests)
        subject.wait_searchable(warm)
        cpu = subject.cpu_seconds()
        began = time.perf_counter()
        result = subject.load(_requests(subject, requests) * times, CONNECTIONS, events=BATCH)
        starting = time.perf_counter() - began - result["seconds"]
        subject.wait_searchable(warm + result["acknowledged_events"])
        elapsed = time.perf_counter() - began - starting
        cpu = subject.cpu_seconds() - cpu
    return {
        "server_cpu_us_per_event": cpu / result["acknowledged_events"] * 1e6,
        "acknowledged_per_second": result["acknowledged_events_per_second"],
        "searchable_per_second": result["acknowledged_events"] / elapsed,
        "p99_ms": result["p99_ms"],
    }


def _requests(subject: Subject, bodies: list[bytes]) -> list[bytes]:
    return [subject.request(BATCH_PATH, body) for body in bodies]


def overload(bodies: list[bytes], settings: dict[str, int], *, rate: float, seconds: float) -> dict[str, Any]:
    """`rate`: events a second."""
    with tempfile.TemporaryDirectory() as folder, Subject(Path(folder), **settings) as subject:
        requests = _requests(subject, bodies)
        subject.load(requests[:CONNECTIONS], CONNECTIONS, events=BATCH, refusals=True)
        before = subject.get("/ingestion/stats")["total_events"]
        idle = subject.memory_bytes()
        began = time.perf_counter()
        cpu = subject.cpu_seconds()
        with subject.sampled() as samples:
            result = subject.load(requests, CROWD, events=BATCH, rate=rate / BATCH, seconds=seconds, refusals=True)
            cpu = subject.cpu_seconds() - cpu
            starting = time.perf_counter() - began - result["seconds"]
            subject.wait_searchable(before + result["acknowledged_events"])
            elapsed = time.perf_counter() - began - starting
        stats = subject.get("/ingestion/stats")
        told, statuses = result["refusals_without_retry_after"], result["statuses"]
        room = settings.get("inflight_bytes_max", DEFAULT_INFLIGHT)
        bound = idle + ROOM_TIMES * room + ENGINE_BYTES + ID_BYTES * result["acknowledged_events"]
        peak = max(sample["rss_bytes"] for sample in samples)
        return {
            "settings": settings,
            "offered_events_per_second": result["offered_per_second"] * BATCH,
            "acknowledged_per_second": result["acknowledged_events_per_second"],
            "searchable_per_second": result["acknowledged_events"] / elapsed,
            "p50_ms": result["p50_ms"],
            "p99_ms": result["p99_ms"],
            "max_ms": result["max_ms"],
            "refused_p50_ms": result.get("refused_p50_ms", 0.0),
            "idle_memory_bytes": idle,
            "peak_memory_bytes": peak,
            "share_of_the_memory_bound": peak / bound,
            "journal_bytes_max": max(sample["journal_bytes"] for sample in samples),
            "server_cpu_us_per_event": cpu / result["acknowledged_events"] * 1e6,
            "statuses": statuses,
            "not_told": told + result["unanswered"] + sum(statuses.get(status, 0) for status in ("0", "500")),
            "outcomes": stats["outcomes"],
            "requests_refused": stats["requests_refused"],
            "load": result,
            "samples": samples,
        }


def measure(*, events: int = 200_000, seconds: float = SECONDS, only: tuple[str, ...] = ()) -> dict[str, Any]:
    made = anonymous(PREPARED * BATCH, seed=6)
    bodies = [b"".join(made[at : at + BATCH]) for at in range(0, len(made), BATCH)]
    measured = {}
    for name, settings in CASES.items():
        if only and name not in only:
            continue
        # Just before each, because a machine is faster at one time than at another.
        found = best(bodies, events)
        most = found["acknowledged_per_second"]
        chosen = settings
        if "rate_events_per_s" in settings:
            # With a rate of its own, a tenant can have no more than that.
            most = int(most / 2)
            chosen = {"rate_events_per_s": most}
        case = overload(bodies, chosen, rate=TIMES * found["acknowledged_per_second"], seconds=seconds)
        measured[name] = case | {"best": found, "share_of_best": case["acknowledged_per_second"] / most}
        cpu = found["server_cpu_us_per_event"], case["server_cpu_us_per_event"]
        measured[name]["share_of_best_by_cpu"] = cpu[0] / cpu[1]
    return {"worst": _worst(measured.values()), "cases": measured}


def _worst(cases: Iterable[dict[str, Any]]) -> dict[str, float]:
    found = list(cases)
    return {
        "share_of_best": min(case["share_of_best"] for case in found),
        **{
            name: max(case[name] for case in found)
            for name in ("share_of_the_memory_bound", "not_told", "p99_ms", "max_ms", "peak_memory_bytes")
        },
    }


def show(result: dict[str, Any]) -> Iterable[str]:
    """A line a case."""
    for name, case in result["cases"].items():
        statuses = ", ".join(f"{status}: {count:,}" for status, count in case["statuses"].items())
        yield (
            f"{name:26} offered {case['offered_events_per_second']:7,.0f}/s, "
            f"in {case['acknowledged_per_second']:6,.0f}/s ({case['share_of_best']:.2f}), "
            f"p50 {case['p50_ms']:.0f} p99 {case['p99_ms']:.0f} ms, refused p50 {case['refused_p50_ms']:.0f} ms, "
            f"{case['peak_memory_bytes'] / MIB:.0f} MiB, {case['server_cpu_us_per_event']:.0f} us/event, {statuses}"
        )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=200_000, help="of the closed loop that finds the best rate")
    parser.add_argument("--seconds", type=float, default=SECONDS, help="that each case is offered too much")
    parser.add_argument("--only", action="append", default=[], help="a case's name; may be repeated")
    parser.add_argument("--lines", action="store_true", help="a line a case in place of JSON")
    given = parser.parse_args()
    given_result = measure(events=given.events, seconds=given.seconds, only=tuple(given.only))
    print("\n".join(show(given_result)) if given.lines else json.dumps(given_result, indent=1))
