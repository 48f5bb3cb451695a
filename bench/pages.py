"""What the pages cost a reader, in a real browser: on 10M events of 30 days, and over half an hour of live data.

`measure()` is a part of `make bench`, with a browser that has kept nothing: the overview of 24 hours, from navigation
until the last panel in view has drawn its answer; another range; 100,000 rows of Explore scrolled through; the script
of a first look. `python bench/pages.py --store FOLDER` asks a data folder that was filled before and is kept. `make
soak-pages` looks at the overview and the live tail while events come in, and at what the browser holds, by the minute.
"""

from __future__ import annotations

import argparse
import contextlib
import itertools
import json
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

from asking import DAY, filled
from subject import BATCH_PATH, KEY, Subject

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from browser.visitor import Visitor, build_pages, launch

COUNT = 10_000_000
ROUNDS = 9
ROWS = 100_000
QUIET_MS = 400  # without anything under way, until a page counts as complete
RANGE = {"from": DAY["start_time"], "to": DAY["end_time"]}
# Other days of the month; each range is asked about once.
DAYS = [(f"2026-11-{day:02}T12:00:00Z", f"2026-11-{day + 1:02}T12:00:00Z") for day in range(3, 3 + ROUNDS)]
SOAK_RATE = 50
SETTLED_MINUTES = 3  # before them caches fill
_MIB = 1 << 20

# Since when everything that was asked is answered and drawn; null while something is under way. It is looked at in each
# frame, after that was drawn. Beside it, each task that kept the page from answering for more than 50 ms.
WATCH = """() => {
    let underWay = 0;
    const ask = window.fetch;
    window.fetch = (...given) => {
        underWay += 1;
        const over = () => { underWay -= 1; };
        return ask(...given).then(answer => {
            const read = answer.json.bind(answer);
            answer.json = () => read().finally(over);
            if (!answer.ok) over();
            return answer;
        }, error => { over(); throw error; });
    };
    const seen = { since: null, tasks: [] };
    // What is further down is asked for when somebody gets there.
    const inView = (one) => {
        const box = one.getBoundingClientRect();
        return box.top < innerHeight && box.bottom > 0;
    };
    const look = () => {
        const still = underWay === 0 && document.querySelector("main h1") !== null
            && ![...document.querySelectorAll('[aria-busy="true"], .stale')].some(inView);
        if (!still) seen.since = null;
        else if (seen.since === null) setTimeout(() => { seen.since ??= performance.now(); });
        requestAnimationFrame(look);
    };
    requestAnimationFrame(look);
    new PerformanceObserver(list => seen.tasks.push(...list.getEntries()))
        .observe({ type: "longtask", buffered: true });
    window.watched = seen;
}"""
COMPLETE = f"() => watched.since !== null && performance.now() - watched.since > {QUIET_MS}"
# As a drag over a chart does it: the address, and all that follows from it.
ANOTHER = """([from, to]) => {
    const parameters = new URLSearchParams(location.search);
    parameters.set("from", from);
    parameters.set("to", to);
    watched.since = null;
    window.changed = performance.now();
    history.pushState(null, "", location.pathname + "?" + parameters);
    dispatchEvent(new PopStateEvent("popstate"));
}"""
# A screen and a half in each frame, as somebody who pulls at the scroll bar, until so many rows have gone by.
SCROLL = """rows => new Promise(resolve => {
    const scroller = document.querySelector(".scroller");
    const row = document.querySelector("[data-row]").offsetHeight;
    const began = performance.now();
    let frames = 0;
    const pull = () => {
        frames += 1;
        scroller.scrollTop += scroller.clientHeight * 1.5;
        const gone = Math.floor((scroller.scrollTop + scroller.clientHeight) / row);
        if (gone < rows) requestAnimationFrame(pull);
        else {
            const tasks = watched.tasks.filter(one => one.startTime >= began).map(one => one.duration);
            resolve({ gone, frames, seconds: (performance.now() - began) / 1000, tasks });
        }
    };
    pull();
})"""
SCRIPTS = """() => performance.getEntriesByType("resource").filter(one => one.name.endsWith(".js"))
    .reduce((sum, one) => sum + one.encodedBodySize, 0)"""


@contextlib.contextmanager
def visitor(browser: Browser, subject: Subject, **options: Any) -> Iterator[Visitor]:  # noqa: ANN401 - Playwright's own
    """Somebody who is signed in, with a browser that has kept nothing."""
    made = Visitor(browser, f"http://127.0.0.1:{subject.port}", **options)
    made.context.set_default_timeout(300_000)
    made.context.add_init_script(f"({WATCH})()")
    try:
        yield made.sign_in(KEY)
    finally:
        made.close()


def complete(page: Page) -> float:
    """When it was, in milliseconds since the navigation began."""
    page.wait_for_function(COMPLETE)
    return float(page.evaluate("watched.since"))


def opened(browser: Browser, subject: Subject, **options: Any) -> tuple[float, int]:  # noqa: ANN401 - as above
    """Milliseconds until the overview of 24 hours is complete, and the bytes of its script as they were sent."""
    with visitor(browser, subject, **options) as one:
        one.page.goto("/?" + "&".join(f"{name}={value}" for name, value in RANGE.items()))
        took_ms = complete(one.page)
        if one.complaints:
            raise SystemExit("\n".join(one.complaints))
        return took_ms, int(one.page.evaluate(SCRIPTS))


def changed(browser: Browser, subject: Subject) -> list[float]:
    """Milliseconds from another range in the address until all that is seen is of it."""
    took = []
    with visitor(browser, subject) as one:
        one.page.goto(f"/?from={RANGE['from']}&to={RANGE['to']}")
        complete(one.page)
        for day in DAYS:
            one.page.evaluate(ANOTHER, list(day))
            took.append(complete(one.page) - float(one.page.evaluate("changed")))
    return took


def scrolled(browser: Browser, subject: Subject) -> dict[str, Any]:
    with visitor(browser, subject) as one:
        one.page.goto(f"/explore?from={RANGE['from']}&to={RANGE['to']}")
        complete(one.page)
        found: dict[str, Any] = one.page.evaluate(SCROLL, ROWS)
    tasks = found.pop("tasks")
    return found | {"longest_task_ms": max(tasks, default=0.0), "tasks_over_50_ms": len(tasks)}


def measure(folder: Path | None = None) -> dict[str, Any]:
    build_pages()
    with filled(COUNT, folder) as subject, sync_playwright() as playwright:
        browser = launch(playwright)
        first_ms, script_bytes = opened(browser, subject)
        cold = [opened(browser, subject)[0] for _ in range(ROUNDS)]
        whole = [opened(browser, subject, height=2_600)[0] for _ in range(3)]
        ranges = changed(browser, subject)
        scrolling = scrolled(browser, subject)
        browser.close()
    return {
        "overview_s": statistics.median(cold) / 1000,
        "overview_first_s": first_ms / 1000,
        "overview_whole_s": statistics.median(whole) / 1000,
        "range_ms": statistics.median(ranges),
        "longest_task_ms": scrolling["longest_task_ms"],
        "script_kb": script_bytes / 1000,
        "cold_ms": cold,
        "ranges_ms": ranges,
        "scrolling": scrolling,
    }


# --- memory ----------------------------------------------------------------------------------------------------------


def live_event(number: int) -> dict[str, Any]:
    city, country = (("Berlin", "DE"), ("Paris", "FR"), ("Lima", "PE"))[number % 3]
    endpoint = f"/api/v1/things/{number % 40}"
    return {
        "event_id": f"soak_{number}",
        "event_type": "api_call",
        "timestamp": datetime.now(UTC).isoformat(),
        "title": f"GET {endpoint}",
        "source": {"service": f"service-{number % 8}", "endpoint": endpoint, "method": "GET"},
        "metrics": {"response_time_ms": 5 + number % 300, "status_code": 200 if number % 41 else 500},
        "context": {"tags": {"city": city, "country": country}},
    }


def traffic(subject: Subject, over: threading.Event) -> None:
    """Events of now, a batch each quarter of a second."""
    headers = {"X-API-Key": KEY, "Content-Type": "application/x-ndjson"}
    numbers = itertools.count()
    with contextlib.closing(subject.connection()) as connection:
        while not over.wait(0.25):
            lines = [json.dumps(live_event(next(numbers))) for _ in range(SOAK_RATE // 4)]
            connection.request("POST", "/api/v1" + BATCH_PATH, "\n".join(lines), headers)
            connection.getresponse().read()


def held(page: Page) -> dict[str, float]:
    """What the page holds after what nobody holds was thrown away."""
    session = page.context.new_cdp_session(page)
    session.send("HeapProfiler.enable")
    session.send("HeapProfiler.collectGarbage")
    session.send("Performance.enable")
    metrics = {one["name"]: one["value"] for one in session.send("Performance.getMetrics")["metrics"]}
    session.detach()
    return {"heap_mib": metrics["JSHeapUsedSize"] / _MIB, "nodes": metrics["Nodes"]}


def soak(minutes: int, seconds: float = 60.0) -> dict[str, Any]:
    """By minute and page. `growth`: of the heap, from when it had settled to the end, as a ratio less 1."""
    build_pages()
    over = threading.Event()
    found: dict[str, list[dict[str, float]]] = {"overview": [], "tail": []}
    with tempfile.TemporaryDirectory() as folder, Subject(Path(folder)) as subject, sync_playwright() as playwright:
        sender = threading.Thread(target=traffic, args=(subject, over), daemon=True)
        sender.start()
        browser = launch(playwright)
        with visitor(browser, subject, height=2_600) as overview, visitor(browser, subject) as tail:
            time.sleep(2)
            overview.page.goto("/?from=15m")
            tail.page.goto("/explore?tail=1")
            for number in range(1, minutes + 1):
                overview.page.wait_for_timeout(seconds * 1000)
                line = f"minute {number:4}:"
                for name, one in (("overview", overview), ("tail", tail)):
                    found[name].append(held(one.page))
                    line += f"  {name} {found[name][-1]['heap_mib']:6.1f} MiB, {found[name][-1]['nodes']:6.0f} nodes"
                print(line, flush=True)
            complaints = overview.complaints + tail.complaints
        browser.close()
        over.set()
        sender.join(60)
    return {"growth": {name: growth(series) for name, series in found.items()}, "complaints": complaints, **found}


def growth(series: list[dict[str, float]]) -> float:
    """Of the medians of the first and of the last fifth of what comes after the caches are full."""
    heap = [one["heap_mib"] for one in series[SETTLED_MINUTES:]]
    part = max(1, len(heap) // 5)
    return statistics.median(heap[-part:]) / statistics.median(heap[:part]) - 1 if heap else 0.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--store", type=Path, help="a data folder with the 10M events")
    parser.add_argument("--soak", type=int, metavar="MINUTES", help="look at the memory instead")
    given = parser.parse_args()
    result = soak(given.soak) if given.soak else measure(given.store)
    if given.soak:
        output = Path(__file__).with_name("results") / "soak-pages.json"
        output.parent.mkdir(exist_ok=True)
        output.write_text(json.dumps(result, indent=1))
        result = {"growth": result["growth"], "complaints": result["complaints"]}
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
