"""Questions and ingest on one machine: what dashboards and senders take from each other.

`python bench/sharing.py` prints the figures as JSON. A store is filled; dashboards ask alone; the best rate of ingest
is found on that store; then half of it is offered on schedule, in requests of 200 events, alone and while the
dashboards ask. A dashboard asks its questions in turn, one every second, and does not wait for what was acknowledged a
moment ago, as a page that draws itself again does.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import statistics
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

from overload import anonymous
from questions import DASHBOARD, ask_all, fill, timed
from rates import BATCH, CONNECTIONS
from subject import BATCH_PATH, Subject

SHARE = 0.5  # of the best rate
SMALL = 200  # events a request: a pace that is even, and requests that are many
DASHBOARDS = 3
EVERY_S = 1.0
SECONDS = 20.0


class Dashboard(threading.Thread):
    """Asks each question in turn, on schedule, until it is told to stop."""

    def __init__(self, subject: Subject, number: int, over: threading.Event) -> None:
        super().__init__(daemon=True)
        self.asked: list[tuple[str, float]] = []
        self._subject = subject
        self._number = number
        self._over = over

    def run(self) -> None:
        names = list(DASHBOARD)
        began = time.perf_counter()
        turn = 0
        with contextlib.closing(self._subject.connection()) as connection:
            while True:
                due = began + (turn + self._number / DASHBOARDS) * EVERY_S
                if self._over.wait(max(0.0, due - time.perf_counter())):
                    break
                name = names[(turn + self._number) % len(names)]
                self.asked.append((name, timed(self._subject, DASHBOARD[name], connection)))
                turn += 1


@contextlib.contextmanager
def dashboards(subject: Subject) -> Any:  # noqa: ANN401 - an iterator of one list
    """The questions asked, and how long each took; whole when it is left."""
    over = threading.Event()
    threads = [Dashboard(subject, number, over) for number in range(DASHBOARDS)]
    asked: list[tuple[str, float]] = []
    for thread in threads:
        thread.start()
    try:
        yield asked
    finally:
        over.set()
        for thread in threads:
            thread.join(60)
            asked += thread.asked


def middle(asked: list[tuple[str, float]]) -> dict[str, float]:
    return {name: statistics.median([ms for asked_name, ms in asked if asked_name == name]) for name in DASHBOARD}


def measure(*, stored: int = 200_000, events: int = 100_000, seconds: float = SECONDS) -> dict[str, Any]:
    """`stored`: events in the store before. `events`: of the closed loop that finds the best rate."""
    made = anonymous(max(BATCH * 40, SMALL * 40), seed=7)
    large = [b"".join(made[at : at + BATCH]) for at in range(0, len(made), BATCH)]
    small = [b"".join(made[at : at + SMALL]) for at in range(0, len(made), SMALL)]
    with tempfile.TemporaryDirectory() as folder, Subject(Path(folder)) as subject:
        fill(subject, stored)
        ask_all(subject, DASHBOARD, 1)
        with dashboards(subject) as before:
            time.sleep(seconds)
        requests = [subject.request(BATCH_PATH, body) for body in large]
        times = max(1, events // len(made))
        best = subject.load(requests * times, CONNECTIONS, events=BATCH)["acknowledged_events_per_second"]
        stored += BATCH * len(requests) * times
        subject.wait_searchable(stored)
        rate = best * SHARE
        requests = [subject.request(BATCH_PATH, body) for body in small]
        offered = {"events": SMALL, "rate": rate / SMALL, "seconds": seconds}
        alone = subject.load(requests, CONNECTIONS * 4, **offered)
        subject.wait_searchable(stored := stored + alone["acknowledged_events"])
        with dashboards(subject) as during:
            shared = subject.load(requests, CONNECTIONS * 4, **offered)
        subject.wait_searchable(stored + shared["acknowledged_events"])
        # The store has grown meanwhile: what the questions cost now is what they are compared with as well.
        with dashboards(subject) as after:
            time.sleep(seconds)
    first, busy, last = middle(before), middle(during), middle(after)
    calm = {name: (first[name] + last[name]) / 2 for name in DASHBOARD}
    slowdowns = {name: busy[name] / calm[name] for name in DASHBOARD}
    return {
        "best_per_second": best,
        "offered_per_second": rate,
        "kept": shared["acknowledged_events"] / (rate * shared["seconds"]),
        "kept_without_dashboards": alone["acknowledged_events"] / (rate * alone["seconds"]),
        "ingest_p99_ms": shared["p99_ms"],
        "ingest_p99_ms_without_dashboards": alone["p99_ms"],
        "questions": len(during),
        "before_ms": first,
        "during_ms": busy,
        "after_ms": last,
        "slowdowns": slowdowns,
        "slowdown": statistics.geometric_mean(slowdowns.values()),
        "slowdown_max": max(slowdowns.values()),
        "load": shared,
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--stored", type=int, default=200_000, help="events in the store before")
    parser.add_argument("--events", type=int, default=100_000, help="of the closed loop that finds the best rate")
    parser.add_argument("--seconds", type=float, default=SECONDS, help="of each of the four spells")
    given = parser.parse_args()
    print(json.dumps(measure(stored=given.stored, events=given.events, seconds=given.seconds), indent=1))
