"""`make screenshots`: every page, light and dark, wide and narrow, as PNG in docs/images/pages.

A server of its own has a day of the generator's events, and then an hour in a minute: its time of day is another
(dated_server.py), so that the pictures are of the same day whenever they are made. In the last 25 minutes the payment
service has a new version, and it is a bad one: that is what one looks at such pages for.
"""

from __future__ import annotations

import argparse
import io
import itertools
import json
import os
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tests"))

import numpy as np  # noqa: E402 - after the path to the modules of the tests
from PIL import Image  # noqa: E402 - `make screenshots` gets it: nothing else needs it
from playwright.sync_api import Page, sync_playwright  # noqa: E402 - after the path to the modules of the tests

from browser.seeded import generated  # noqa: E402 - as above
from browser.visitor import Visitor, build_pages, launch  # noqa: E402 - as above
from system.program import Client, Program  # noqa: E402 - as above

DATED = Path(__file__).with_name("dated_server.py")
COUNT = 150_000
END = datetime.fromisoformat("2026-05-04T12:00:00Z")
BEGIN = END - timedelta(hours=1)  # of the hour that passes in a minute
SPEED = 60
AFTER = timedelta(minutes=5)
WATCHED_S = 60  # before the first picture, for what is shown of the last seconds
BAD_SINCE = END - timedelta(minutes=25)
EXACT = 144  # colours of a picture that stay what they are
NARROW, WIDE = (400, 860), (1440, 900)
SCHEMES = ("light", "dark")

Event = dict[str, Any]


# What is called before and around a payment, in its trace: service, method, endpoint, begins and takes (ms).
CALLS = (
    ("order-service", "POST", "/api/v1/orders/{order_id}/checkout", -210, 3_390),
    ("auth-service", "GET", "/api/v1/auth/token/verify", -196, 11),
    ("user-service", "GET", "/api/v1/users/{user_id}", -180, 24),
    ("product-service", "GET", "/api/v1/products/{product_id}/stock", -150, 86),
)


def say(text: str) -> None:
    sys.stdout.write(text + "\n")


def spoilt(event: Event) -> Event:
    """What the bad version makes of a request: slow."""
    event["source"]["version"] = "1.9.0"
    event["metrics"]["response_time_ms"] = round(event["metrics"]["response_time_ms"] * 2.2, 2)
    return event


def failed(event: Event, number: int) -> Iterator[Event]:
    """And of one in six: no answer in time. With the calls of its trace, all of one session."""
    message = "Payment provider did not answer in 3000 ms"
    trace = f"4bf92f3577b34da6{number:016x}"
    details = {"error_code": "PROVIDER_TIMEOUT", "error_type": "Timeout", "error_message": message}
    event["metrics"] |= {"status_code": 504, "response_time_ms": 3_000.0 + number % 90}
    event |= {"severity": "error", "message": message, "error_details": details}
    event["trace"] = {"trace_id": trace, "span_id": f"{number:08x}00", "parent_span_id": f"{number:08x}01"}
    event["payload"].pop("trace_id", None)
    at = datetime.fromisoformat(event["timestamp"])
    for place, (service, method, endpoint, begins_ms, took_ms) in enumerate(CALLS, 1):
        fails = service == "order-service"
        yield {
            "event_id": f"{event['event_id']}_{place}",
            "event_type": "api_call",
            "timestamp": (at + timedelta(milliseconds=begins_ms)).isoformat(),
            "title": f"{method} {endpoint}",
            "message": "Checkout failed: no payment" if fails else f"Successfully processed request to {service}",
            "severity": "error" if fails else "info",
            "source": {"service": service, "method": method, "endpoint": endpoint, "environment": "production"},
            "metrics": {"response_time_ms": took_ms, "status_code": 502 if fails else 200},
            "context": event["context"],
            "trace": {"trace_id": trace, "span_id": f"{number:08x}0{place}"},
        }
    yield event


def story(file: Path) -> Iterator[tuple[datetime, Event]]:
    numbers = itertools.count()
    for line in file.read_text(encoding="utf-8").splitlines():
        event = json.loads(line)
        at = datetime.fromisoformat(event["timestamp"])
        if at >= BAD_SINCE and event["source"]["service"] == "payment-service":
            event, number = spoilt(event), next(numbers)
            if number % 6 == 0:
                yield from ((at, one) for one in failed(event, number))
                continue
        yield at, event


class Traffic(threading.Thread):
    """Sends each event when its time has come on the server, some of them twice, and now and then a bad one."""

    def __init__(self, client: Client, events: list[tuple[datetime, Event]]) -> None:
        super().__init__(daemon=True)
        self._client = client
        self._events = events
        self._pace = (BEGIN, float(SPEED), time.monotonic())
        self.ended = threading.Event()

    def now(self) -> datetime:
        start, speed, since = self._pace
        return start + timedelta(seconds=(time.monotonic() - since) * speed)

    def slow(self) -> None:
        self._pace = (END, 1.0, time.monotonic())

    def run(self) -> None:
        sent = 0
        while not self.ended.wait(0.25):
            until = self.now()
            due = []
            while sent < len(self._events) and self._events[sent][0] <= until:
                event = self._events[sent][1]
                due.append(event)
                sent += 1
                if sent % 19 == 0:
                    due.append(event)  # from a client that was not sure
                if sent % 47 == 0:
                    due.append(event | {"event_id": f"bad_{sent}", "title": "", "timestamp": "yesterday"})
            if due:
                self._client.send(due)


def fill(server: Program, events: list[tuple[datetime, Event]]) -> None:
    """What was before the hour."""
    before = [event for at, event in events if at < BEGIN]
    for at in range(0, len(before), 5_000):
        server.send(before[at : at + 5_000])
    server.stats()


def pages(server: Client) -> dict[str, tuple[str, dict[str, str]]]:
    """By the picture's name: a path, and its parameters."""
    newest = server.get("/query/events", q="service:payment-service has:trace_id status:504", limit=1)["events"][0]
    range_ = {"from": "3h"}
    query = {"q": "service:payment-service status:>=500"} | range_
    slow = {"method": "POST", "endpoint": "/api/v1/payments"} | range_
    return {
        "overview": ("/", range_),
        "explore": ("/explore", range_ | {"q": "service:payment-service"}),
        "event": ("/explore", query | {"event": newest["event_id"]}),
        "services": ("/services", range_),
        "service": ("/services/payment-service", range_),
        "endpoint": ("/services/payment-service", slow),
        "ingest": ("/ingest", {}),
    }


def in_few_colours(taken: Image.Image) -> Image.Image:
    """Its most frequent colours as they are, all others as the nearest of these and of a few more."""
    red, green, blue = np.moveaxis(np.asarray(taken, dtype=np.int32), -1, 0)
    found, where, counts = np.unique(red << 16 | green << 8 | blue, return_inverse=True, return_counts=True)
    colours = np.stack([found >> 16, found >> 8 & 255, found & 255], axis=1)
    order = np.argsort(-counts, kind="stable")
    exact, rest = colours[order[:EXACT]], colours[order[EXACT:]]
    few = Image.fromarray(rest[np.newaxis].astype(np.uint8)).quantize(256 - EXACT) if len(rest) else None
    more = np.array(few.getpalette() if few else [], dtype=np.int32).reshape(-1, 3)
    palette = np.concatenate([exact, more])[:256]
    nearest = [int(np.argmin(((palette - colour) ** 2).sum(axis=1))) for colour in colours]
    made = Image.fromarray(np.array(nearest, dtype=np.uint8)[where].reshape(red.shape), "P")
    made.putpalette(palette.astype(np.uint8).tobytes())
    return made


def written(page: Page, target: Path, *, whole: bool = False) -> None:
    """A picture, in as many colours as it needs: a fifth of the size."""
    size = page.viewport_size
    assert size is not None
    if whole:
        for _ in range(2):  # what comes when it is seen may make it longer
            height = page.evaluate("document.documentElement.scrollHeight")
            page.set_viewport_size({"width": size["width"], "height": height})
            page.wait_for_function("() => !document.querySelector('[aria-busy=\"true\"], .stale')")
            page.wait_for_timeout(1_500)  # the map is drawn then
    taken = Image.open(io.BytesIO(page.screenshot(animations="disabled", caret="hide"))).convert("RGB")
    in_few_colours(taken).save(target, optimize=True)
    if whole:
        page.set_viewport_size(size)


def within(page: Page, path: str, parameters: dict[str, str]) -> None:
    """To another page without loading it: what was seen of the last seconds stays."""
    page.evaluate(
        """([path, parameters]) => {
            history.pushState(null, "", path + "?" + new URLSearchParams(parameters));
            dispatchEvent(new PopStateEvent("popstate"));
            scrollTo(0, 0);
        }""",
        [path, parameters],
    )


def take(server: Program, traffic: Traffic, target: Path) -> None:
    url = server.url
    with sync_playwright() as playwright:
        chromium = launch(playwright)

        def visitor(size: tuple[int, int], scheme: str) -> Visitor:
            phone = size == NARROW
            made = Visitor(chromium, url, width=size[0], height=size[1], color_scheme=scheme, is_mobile=phone)
            made.page.clock.install(time=traffic.now())
            return made

        kinds = [(size, scheme) for size in (WIDE, NARROW) for scheme in SCHEMES]
        visitors = {kind: visitor(*kind).sign_in(server.key) for kind in kinds}
        for one in visitors.values():
            one.open("/", **{"from": "3h"})
        next(iter(visitors.values())).page.wait_for_timeout(WATCHED_S * 1_000)
        for name, (path, parameters) in pages(server).items():
            for (size, scheme), one in visitors.items():
                within(one.page, path, parameters)
                one.page.wait_for_timeout(700)
                one.settle()
                written(one.page, target / f"{name}-{size[0]}-{scheme}.png")
                if name in {"overview", "service", "ingest"} and (size, scheme) == (WIDE, "light"):
                    written(one.page, target / f"{name}-whole.png", whole=True)
        _doors(server, visitor, kinds, target)
        problems = [text for one in visitors.values() for text in one.complaints]
        assert problems == [], problems
        chromium.close()


def _doors(
    server: Program,
    visitor: Callable[[tuple[int, int], str], Visitor],
    kinds: list[tuple[tuple[int, int], str]],
    target: Path,
) -> None:
    """What is seen before there is anything to be seen: sign-in, and the page of a tenant without events."""
    tenant = server.tenant("newcomer")
    for size, scheme in kinds:
        one = visitor(size, scheme)
        one.page.goto("/")
        field = one.page.get_by_label("API key", exact=True)
        field.wait_for()
        written(one.page, target / f"sign-in-{size[0]}-{scheme}.png")
        one.sign_in(tenant.key)
        one.page.goto("/")
        one.page.get_by_role("heading", name="Send your first event").wait_for()
        one.page.get_by_text("Listening").wait_for()
        written(one.page, target / f"first-run-{size[0]}-{scheme}.png")
        one.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--into", type=Path, default=ROOT / "docs" / "images" / "pages")
    target = parser.parse_args().into
    target.mkdir(parents=True, exist_ok=True)
    build_pages()
    paces = f"{(BEGIN - timedelta(minutes=4)).isoformat()}*1,{BEGIN.isoformat()}*{SPEED},{END.isoformat()}*1"
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        say(f"screenshots: {COUNT:,} events of 25 hours")
        end = (END + AFTER).isoformat().replace("+00:00", "Z")
        events = list(story(generated(folder, count=COUNT, hours=25, end=end)))
        with Program(folder, script=[str(DATED), paces]) as server:
            fill(server, events)
            say("screenshots: an hour, in a minute")
            traffic = Traffic(server, [one for one in events if one[0] >= BEGIN])
            os.kill(server.pid, signal.SIGUSR1)
            traffic.start()
            while traffic.now() < END:
                time.sleep(0.05)
            os.kill(server.pid, signal.SIGUSR1)
            traffic.slow()
            say(f"screenshots: pictures, after {WATCHED_S} seconds of traffic")
            take(server, traffic, target)
            traffic.ended.set()
            traffic.join()
    sizes = [path.stat().st_size for path in target.glob("*.png")]
    say(f"screenshots: {len(sizes)} pictures in {target}, {sum(sizes) / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
