"""Events that nobody should send are shown as what they are: text."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from browser.seeded import hostile_events

pytestmark = pytest.mark.slow

RANGE = {"from": "2026-05-04T00:00:00Z", "to": "2026-05-05T00:00:00Z"}


def is_only_text(page):
    """Nothing of an event ran, became an element, or turned the direction of reading."""
    assert page.evaluate("window.hacked") is None
    assert page.locator("main script, main img, dialog img, dialog script").count() == 0
    assert page.evaluate("() => /[\\u0000\\u202a-\\u202e\\u2066-\\u2069]/.test(document.body.innerText)") is False
    assert page.evaluate("() => /[\\u0000\\u202a-\\u202e\\u2066-\\u2069]/.test(document.title)") is False
    assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0


@pytest.mark.parametrize("path", ["/", "/explore", "/services"])
def test_a_page_shows_them_as_text(server, hostile, visitor_of, path):
    visitor = visitor_of(server, height=3_600).sign_in(hostile.key)
    page = visitor.open(path, **RANGE)
    for text in ("<script>window.hacked = true</script>", "<img src=x onerror="):
        expect(page.get_by_role("main")).to_contain_text(text)
    is_only_text(page)


def test_each_opens_as_text(server, hostile, visitor_of):
    visitor = visitor_of(server).sign_in(hostile.key)
    for one in hostile_events():
        page = visitor.open("/explore", **RANGE, event=one["event_id"])
        drawer = page.get_by_role("dialog")
        expect(drawer.locator(f'[data-event="{one["event_id"]}"]')).to_be_visible()
        expect(drawer).to_contain_text("as a key")
        is_only_text(page)


def test_its_service_has_a_page(server, hostile, visitor_of):
    visitor = visitor_of(server, height=3_600).sign_in(hostile.key)
    page = visitor.open("/services", **RANGE)
    page.get_by_role("link", name="svc <script>").first.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("<script>")
    visitor.settle()
    is_only_text(page)


def test_ten_megabytes_open_and_close(server, hostile, visitor_of):
    visitor = visitor_of(server).sign_in(hostile.key)
    page = visitor.open("/explore", **RANGE, q='title:"ten megabytes"')
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    drawer = page.get_by_role("dialog")
    expect(drawer.locator('[data-event="hostile_big"], [data-event="evt_hostile_big"]')).to_be_visible()
    expect(drawer).to_contain_text("0123456789abcdef")
    page.keyboard.press("Escape")
    expect(drawer).to_have_count(0)


def test_the_address_is_text_too(visitor):
    page = visitor.open("/explore", q='"<script>window.hacked = true</script>"', **RANGE)
    expect(page.get_by_role("combobox", name="Query")).to_have_value('"<script>window.hacked = true</script>"')
    page = visitor.open("/services/<img src=x onerror='window.hacked=true'>", **RANGE)
    expect(page.get_by_role("heading", level=1)).to_contain_text("<img src=x")
    is_only_text(page)
