"""Nothing was sent yet: the page says how to, sees the first event arrive, and makes way for the dashboard."""

from __future__ import annotations

import itertools
import json
import shutil
import subprocess

import pytest
from playwright.sync_api import expect

from browser.visitor import in_light_and_dark
from system.program import event

pytestmark = pytest.mark.slow

_names = itertools.count()
needs_curl = pytest.mark.skipif(shutil.which("curl") is None, reason="the snippet is for machines with curl")
FIRST = "Send your first event"
WAITING, RECEIVED = "[data-first-run=waiting]", "[data-first-run=received]"


@pytest.fixture
def empty(server):
    """A tenant without events."""
    return server.tenant(f"empty-{next(_names)}")


def key_of(server, tenant, *scopes):
    made = server.ask("POST", "/keys", json.dumps({"tenant": tenant, "scopes": scopes}).encode())
    return made.json["key"]


def snippet(page):
    return page.locator("[data-snippet]").inner_text()


@needs_curl
def test_the_snippet_is_pasted_as_it_is_and_the_page_becomes_the_dashboard(server, empty, visitor_of):
    visitor = visitor_of(server)
    page = visitor.page
    page.goto("/services")
    page.get_by_label("API key", exact=True).fill(empty.key)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name=FIRST)).to_be_visible()
    expect(page.locator(WAITING)).to_contain_text("Listening")
    text = snippet(page)
    assert empty.key in text
    assert visitor.url in text
    subprocess.run(["sh", "-c", text], check=True, capture_output=True)
    expect(page.locator(RECEIVED)).to_contain_text("First event received")
    expect(page.get_by_role("heading", name="Services", level=1)).to_be_visible()
    assert visitor.path == "/services"
    assert empty.stats()["total_events"] == 1


def test_every_tab_has_the_own_key_and_the_own_server(server, empty, visitor_of):
    visitor = visitor_of(server)
    page = visitor.page
    page.goto("/")
    page.get_by_label("API key", exact=True).fill(empty.key)
    page.get_by_role("button", name="Sign in").click()
    for name in ("curl", "Python", "Python client", "A file", "Sample data"):
        tab = page.get_by_role("tab", name=name, exact=True)
        tab.click()
        expect(tab).to_have_attribute("aria-selected", "true")
        assert empty.key in snippet(page)
        assert visitor.url in snippet(page)
        assert "YOUR_KEY" not in snippet(page)


@needs_curl
def test_an_administrator_whose_key_the_page_does_not_know_makes_one_that_may_send(server, empty, visitor_of):
    page = visitor_of(server).sign_in(empty.key).open("/")
    assert "YOUR_KEY" in snippet(page)
    page.get_by_role("button", name="Make a key that may send").click()
    expect(page.locator("[data-snippet]")).not_to_contain_text("YOUR_KEY")
    [made] = [one for one in empty.get("/keys")["keys"] if one["prefix"] in snippet(page)]
    assert made["scopes"] == ["ingest"]
    subprocess.run(["sh", "-c", snippet(page)], check=True, capture_output=True)
    expect(page.locator(RECEIVED)).to_be_visible()


def test_who_may_only_read_is_told_whom_to_ask(server, empty, visitor_of):
    tenant = empty.get("/tenants")["tenants"][0]["name"]
    page = visitor_of(server).sign_in(key_of(server, tenant, "read")).open("/")
    expect(page.get_by_text("An administrator makes one")).to_be_visible()
    expect(page.get_by_role("button", name="Make a key that may send")).to_have_count(0)
    assert "YOUR_KEY" in snippet(page)


def test_an_event_that_is_refused_meanwhile_is_told_with_what_to_do(server, empty, visitor_of):
    page = visitor_of(server).sign_in(empty.key).open("/")
    empty.send_one(event(1, severity="loud"))
    refused = page.locator("[data-refused]")
    expect(refused).to_contain_text("1 event was refused as invalid")
    [told] = [one for one in empty.get("/ingestion/refusals")["events"] if one["reason"] == "invalid"]
    expect(refused).to_contain_text(told["help"])
    expect(page.locator(WAITING)).to_be_visible()


def test_it_can_be_put_off_until_the_browser_is_closed(server, empty, visitor_of):
    visitor = visitor_of(server).sign_in(empty.key)
    page = visitor.open("/")
    page.get_by_role("button", name="Show the empty dashboard").click()
    expect(page.get_by_role("heading", name="Overview", level=1)).to_be_visible()
    page = visitor.open("/services")
    expect(page.get_by_role("heading", name="Services", level=1)).to_be_visible()


def test_who_has_events_never_sees_it(visitor):
    page = visitor.open("/")
    expect(page.get_by_text("Receiving")).to_be_visible()
    expect(page.get_by_role("heading", name=FIRST)).to_have_count(0)


@pytest.mark.parametrize("width", [1440, 400])
def test_it_can_be_used_by_everybody(server, empty, visitor_of, width):
    page = visitor_of(server, width=width).sign_in(empty.key).open("/")
    expect(page.locator(WAITING)).to_be_visible()
    empty.send_one(event(1, severity="loud"))
    expect(page.locator("[data-refused]")).to_be_visible()
    assert in_light_and_dark(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
