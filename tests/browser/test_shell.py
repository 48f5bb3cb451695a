"""What holds on every page: colours, zones, narrow screens, tabs that nobody looks at, servers that go away."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from browser.seeded import DAY
from system.program import Program, event

pytestmark = pytest.mark.slow

PAGES = ("/", "/explore", "/services", "/services/payment-service", "/ingest")

HIDE = """hidden => {
    const told = { hidden, visibilityState: hidden ? "hidden" : "visible" };
    for (const name in told) Object.defineProperty(document, name, { configurable: true, get: () => told[name] });
    document.dispatchEvent(new Event("visibilitychange"));
}"""


def theme(page):
    return page.evaluate("document.documentElement.dataset.theme")


def test_colours_follow_the_system_until_somebody_chooses(server, visitor_of):
    visitor = visitor_of(server, color_scheme="dark").sign_in(server.key)
    page = visitor.open("/", **DAY)
    assert theme(page) == "dark"
    page.emulate_media(color_scheme="light")
    page.wait_for_function("() => document.documentElement.dataset.theme === 'light'")
    choice = page.get_by_role("button", name="Colours:")
    choice.click()
    choice.click()
    expect(choice).to_have_attribute("title", "Colours: dark")
    assert theme(page) == "dark"
    page.reload()
    visitor.settle()
    assert theme(page) == "dark"


def test_times_are_the_readers_until_they_switch_to_utc(visitor):
    page = visitor.open("/", **DAY)
    picked = page.get_by_role("button", name="Time range")
    expect(picked).to_contain_text("03 May, 14:00")
    page.get_by_role("button", name="Time zone:").click()
    expect(picked).to_contain_text("03 May, 12:00")
    page.reload()
    expect(picked).to_contain_text("03 May, 12:00")


def test_nothing_is_wider_than_a_narrow_screen(server, visitor_of):
    visitor = visitor_of(server, width=400, height=800).sign_in(server.key)
    for path in PAGES:
        page = visitor.open(path, **DAY)
        wide = page.evaluate(
            """() => [document.documentElement, ...document.querySelectorAll("main h1, main h2, main button, nav a")]
                .filter(one => one.checkVisibility() && !one.closest(".scroll, .scroller")
                    && (one.getBoundingClientRect().right > innerWidth + 1 || one.scrollWidth > innerWidth))
                .map(one => one.outerHTML.slice(0, 80))"""
        )
        assert (path, wide) == (path, [])


def test_a_tab_that_nobody_sees_listens_to_nothing(visitor):
    page = visitor.page
    with page.expect_request(re.compile("/query/pulse")):
        visitor.open("/")
    with page.expect_event("requestfailed", lambda request: "/query/pulse" in request.url):
        page.evaluate(HIDE, arg=True)
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    expect(page.get_by_text("Not connected", exact=True)).to_be_attached()
    with page.expect_request(re.compile("/query/pulse")):
        page.evaluate(HIDE, arg=False)
    assert "/query/pulse" in asked[0]
    expect(page.get_by_text("Receiving", exact=True)).to_be_attached()


def test_a_server_that_goes_away_is_told_of_and_all_is_well_when_it_is_back(pages, visitor_of, tmp_path):
    assert (pages / "index.html").exists()
    with Program(tmp_path) as server:
        server.send([event(number) for number in range(100)])
        server.stats()
        visitor = visitor_of(server).sign_in(server.key)
        page = visitor.open("/", **DAY)
        rows = page.get_by_role("region", name="Services", exact=True).locator("[data-row]")
        before = rows.count()
        assert before > 0
        visitor.expect("net::ERR_", "ERR_INCOMPLETE_CHUNKED")
        server._settings["port"] = server.port
        server.kill()
        page.get_by_role("button", name="Show twice the time").click()
        expect(page.get_by_role("alert").first).to_contain_text("The server cannot be reached")
        expect(rows).to_have_count(before)  # the last that was known stays
        server.start()
        page.evaluate("document.querySelectorAll('[role=alert] button').forEach(one => one.click())")
        visitor.settle()
        expect(page.get_by_role("alert")).to_have_count(0)
        expect(page.get_by_text("Receiving", exact=True)).to_be_attached()


def test_an_address_without_a_page_leads_back(visitor):
    page = visitor.open("/nowhere")
    page.get_by_role("main").get_by_role("link").first.click()
    expect(page.get_by_role("heading", name="Overview")).to_be_visible()
