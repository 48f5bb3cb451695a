"""What arrives while somebody looks: the live tail, and a dashboard that moves on by itself."""

from __future__ import annotations

import time
from datetime import UTC, datetime

from playwright.sync_api import expect

from browser.visitor import number
from system.program import event

WITHIN_S = 2
TRIES = 3


def now(name, **changes):
    return event(name, timestamp=datetime.now(UTC).isoformat(), **changes)


def test_the_live_tail_shows_an_event_within_two_seconds_of_its_post(server, visitor_of):
    tenant = server.tenant("tailed")
    tenant.send([event("before")])
    visitor = visitor_of(server).sign_in(tenant.key)
    page = visitor.open("/explore", tail=1)
    expect(page.locator('[data-figure="tail"]')).to_contain_text("arriving")
    took = []
    for number_ in range(TRIES):
        tenant.send([now(f"tailed_{number_}")])
        sent = time.monotonic()
        page.locator(f'[data-row="evt_tailed_{number_}"]').wait_for()
        took.append(time.monotonic() - sent)
    assert min(took) < WITHIN_S, took
    expect(page.get_by_role("table").locator("[data-row]").first).to_have_attribute("data-row", "evt_tailed_2")


def test_while_the_tail_is_paused_events_wait(server, visitor_of):
    tenant = server.tenant("paused")
    tenant.send([event("before")])
    visitor = visitor_of(server).sign_in(tenant.key)
    page = visitor.open("/explore", tail=1, q="service:wanted")
    expect(page.locator('[data-figure="tail"]')).to_contain_text("arriving")
    visitor.press("p")
    expect(page.locator("[data-paused]")).to_have_attribute("data-paused", "true")
    source = {"service": "wanted", "endpoint": "/", "method": "GET"}
    tenant.send([now("other"), now("waiting", source=source)])
    expect(page.locator('[data-figure="waiting"]')).to_contain_text("1 waiting")
    assert page.locator('[data-row="evt_waiting"]').count() == 0
    page.locator('[data-figure="waiting"]').click()
    expect(page.locator('[data-row="evt_waiting"]')).to_be_visible()
    assert page.locator('[data-row="evt_other"]').count() == 0


def test_the_overview_moves_on_by_itself_until_it_is_paused(server, visitor_of):
    tenant = server.tenant("moving")
    tenant.send([now(f"moving_{at}") for at in range(10)])
    tenant.stats()
    visitor = visitor_of(server).sign_in(tenant.key)
    page = visitor.open("/", **{"from": "5m"})
    link = page.locator('a[data-outcome="received"]')
    expect(link).to_have_text("10")
    tenant.send([now(f"more_{at}") for at in range(5)])
    expect(link).to_have_text("15")
    rate = page.locator('dl [data-figure="request_rate"] .value')
    page.wait_for_function(
        """rate => document.querySelector('dl [data-figure="request_rate"] .value').innerText.startsWith("3")""",
    )  # 15 in 5 minutes are 3 a minute
    assert number(rate.inner_text()) * 300 == 15
    visitor.press("p")
    expect(page.get_by_role("button", name="Live")).to_have_attribute("aria-pressed", "false")
