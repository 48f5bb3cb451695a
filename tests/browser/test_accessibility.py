"""axe finds nothing wrong with any page, light or dark, wide or narrow, nor with what opens on it."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from browser.seeded import ASKED, DAY
from browser.visitor import ask, in_light_and_dark

pytestmark = pytest.mark.slow

PAGES = {
    "overview": ("/", {}),
    "explore": ("/explore", {}),
    "services": ("/services", {}),
    "service": ("/services/payment-service", {}),
    "endpoint": ("/services/payment-service", {"method": "POST", "endpoint": "/api/v1/payments"}),
    "nowhere": ("/nowhere", {}),
}
# All of a page at once: what is below the first screen is asked about when it is seen.
TALL = 3_600


@pytest.mark.parametrize("name", PAGES)
def test_a_page_can_be_used_by_everybody(server, visitor_of, name):
    visitor = visitor_of(server, height=TALL).sign_in(server.key)
    path, own = PAGES[name]
    assert in_light_and_dark(visitor.open(path, **DAY, **own)) == []


def test_an_open_event_can_be_used_by_everybody(server, visitor):
    [event] = ask(server, "/query/events", limit=1, q="has:session_id status:>=500", **ASKED)["events"]
    page = visitor.open("/explore", **DAY, event=event["event_id"])
    expect(page.get_by_role("region", name="Events of the session")).to_be_visible()
    assert in_light_and_dark(page) == []


def test_the_front_door_can_be_used_by_everybody(server, visitor_of):
    page = visitor_of(server).page
    page.goto("/")
    expect(page.get_by_label("API key", exact=True)).to_be_visible()
    assert in_light_and_dark(page) == []


def test_what_keys_open_can_be_used_by_everybody(visitor):
    page = visitor.open("/", **DAY)
    for key in ("t", "?"):
        visitor.press(key)
        assert in_light_and_dark(page) == []
        visitor.press("Escape")


def test_a_narrow_screen_can_be_used_by_everybody(server, visitor_of):
    visitor = visitor_of(server, width=400, height=800).sign_in(server.key)
    page = visitor.open("/", **DAY)
    page.get_by_role("button", name="More").click()
    assert in_light_and_dark(page) == []
