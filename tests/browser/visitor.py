"""Somebody who looks at the pages in a real browser, and takes exception to whatever goes wrong behind them."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Locator, Page, Playwright, Request

from system.program import Client

ROOT = Path(__file__).parents[2]
AXE = ROOT / "web" / "node_modules" / "axe-core" / "axe.min.js"
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
# As long as a busy machine may take; where all is well nothing waits for it.
PATIENCE_MS = 20_000
ZONE = "Europe/Berlin"

# What a page shows is there: nothing is loading, nothing is of a question before.
SETTLED = """() => !document.querySelector('[aria-busy="true"], .stale')
    && document.querySelector("h1") !== null && document.fonts.status === "loaded\""""


def build_pages() -> Path:
    """Build them as `make web` does: nothing is done where nothing has changed. Returns their folder."""
    web = [sys.executable, str(ROOT / "scripts" / "web.py")]
    subprocess.run([*web, "build"], check=True, stdin=subprocess.DEVNULL)
    if not AXE.exists():
        subprocess.run([*web, "node", "-e", ""], check=True, stdin=subprocess.DEVNULL)
    return ROOT / "src" / "pulsestream" / "pages"


def launch(playwright: Playwright, *more: str) -> Browser:
    """The Chromium that CHROMIUM names, or one on PATH."""
    program = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
    assert program, (
        "there is no Chromium: `sh scripts/chromium.sh` installs one, or CHROMIUM=/path/to/chrome says where"
    )
    arguments = [*more, "--disable-background-networking"]
    if os.getuid() == 0:
        arguments.append("--no-sandbox")  # which Chromium refuses to build as root
    return playwright.chromium.launch(executable_path=program, args=arguments)


class Visitor:
    """One person, with cookies and preferences of their own. `page` is what they look at.

    `complaints`: what must not happen: anything on the console, an error nobody caught, a request to elsewhere.
    """

    def __init__(self, browser: Browser, url: str, *, width: int = 1440, height: int = 900, **options: Any) -> None:
        self.url = url
        self.complaints: list[str] = []
        self._expected: list[re.Pattern[str]] = []
        settings = {"timezone_id": ZONE, "locale": "en-GB", "reduced_motion": "reduce"} | options
        self.context: BrowserContext = browser.new_context(
            viewport={"width": width, "height": height}, base_url=url, **settings
        )
        self.context.set_default_timeout(PATIENCE_MS)
        self.page: Page = self.context.new_page()
        self.page.on("console", self._console)
        self.page.on("pageerror", lambda error: self._complain(f"not caught: {error}"))
        self.page.on("request", self._request)
        self.page.on("dialog", lambda dialog: self._complain(f"dialog: {dialog.message}"))

    def sign_in(self, key: str) -> Self:
        """Without the page for it, which has a test of its own."""
        answer = self.context.request.post("/api/v1/session", data={"key": key})
        assert answer.ok, answer.text()
        return self

    def expect(self, *patterns: str) -> None:
        """What may be complained of from now on: the browser itself reports each answer that is an error."""
        self._expected += map(re.compile, patterns)

    def open(self, path: str, **parameters: Any) -> Page:
        """A page of ours, when what it shows is there."""
        query = "?" + urlencode(parameters, doseq=True) if parameters else ""
        self.page.goto(path + query)
        return self.settle()

    def settle(self) -> Page:
        self.page.wait_for_function(SETTLED)
        return self.page

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    @property
    def parameters(self) -> dict[str, str]:
        """Of the address."""
        found: dict[str, str] = self.page.evaluate("Object.fromEntries(new URLSearchParams(location.search))")
        return found

    @property
    def path(self) -> str:
        return str(self.page.evaluate("location.pathname"))

    def close(self) -> None:
        self.context.close()

    def _console(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning", "assert"}:
            self._complain(f"console: {message.text} ({message.location.get('url', '')})")

    def _request(self, request: Request) -> None:
        if not request.url.startswith((self.url + "/", "data:")):
            self._complain(f"leaves the origin: {request.url}")

    def _complain(self, text: str) -> None:
        if not any(pattern.search(text) for pattern in self._expected):
            self.complaints.append(text)


def violations(page: Page, *rules: str) -> list[str]:
    """What axe finds wrong with a page, as `rule: where`. `rules`: only these, else all."""
    if not page.evaluate("() => 'axe' in window"):
        page.evaluate(AXE.read_text(encoding="utf-8"))
    options = {"resultTypes": ["violations"]} | ({"runOnly": list(rules)} if rules else {})
    found = page.evaluate("options => axe.run(document, options)", arg=options)
    return [
        f"{one['id']}: {node['target'][0]} ({' '.join((node.get('failureSummary') or '').split())[:160]})"
        for one in found["violations"]
        for node in one["nodes"]
    ]


def in_light_and_dark(page: Page) -> list[str]:
    """What axe finds in light, and what of it in dark: there only colours differ. The page is in light afterwards."""
    found = violations(page)
    for scheme in ("dark", "light"):
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type] # one of its literals
        page.wait_for_function("scheme => document.documentElement.dataset.theme === scheme", arg=scheme)
        if scheme == "dark":
            found += [f"dark: {one}" for one in violations(page, "color-contrast")]
    return found


_NUMBER = re.compile(r"([+\u2212<]?)([\d.\u202f]+)\u202f?([kMGT]?)(.*)", re.DOTALL)
_PREFIXES = {"": 1.0, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12}
_UNITS = {"": 1.0, "/s": 1.0, "/min": 1 / 60, "/h": 1 / 3600, "ms": 1.0, "s": 1e3, "min": 6e4, "%": 0.01, "B": 1.0}


def number(text: str) -> float:
    """What a text of a page says, in the API's units: events a second, milliseconds, parts of one."""
    found = _NUMBER.fullmatch(text.strip().replace("\u00a0", "\u202f"))
    assert found, f"{text!r} is no number"
    sign, digits, prefix, unit = found.groups()
    value = float(digits.replace("\u202f", "")) * _PREFIXES[prefix] * _UNITS[unit.strip("\u202f ")]
    return -value if sign == "\u2212" else value


def told(locator: Locator) -> float:
    """The number that is the first line of what is found."""
    return number(locator.inner_text().strip().split("\n")[0])


FIGURES = ("request_rate", "error_rate", "p50_ms", "p95_ms", "p99_ms", "apdex")


def figures(page: Page) -> dict[str, float]:
    """The row of large figures, by the API's names."""
    return {name: number(page.locator(f'dl [data-figure="{name}"] .value').inner_text()) for name in FIGURES}


def close_to(value: float) -> Any:
    """A figure is shown with three digits that count; a share to a hundredth of a percent."""
    return pytest.approx(value, rel=0.006, abs=0.00006)


def ask(client: Client, path: str, **parameters: object) -> Any:
    """The same question, asked without a page."""
    return client.get(path, fresh="false", **parameters)


def drag(page: Page, locator: Locator, start: float, end: float) -> None:
    """Across a part of it, given as shares of its width."""
    locator.scroll_into_view_if_needed()
    box = locator.bounding_box()
    assert box is not None
    y = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + box["width"] * start, y)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * (start + end) / 2, y)
    page.mouse.move(box["x"] + box["width"] * end, y)
    page.mouse.up()
