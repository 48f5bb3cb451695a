"""Explore: what a query finds, counted, listed, opened, kept, taken away."""

from __future__ import annotations

import json
import re

from playwright.sync_api import expect

from browser.seeded import ASKED, DAY
from browser.visitor import ask, drag, number

ERRORS = "status:>=500"


def matched(server, **parameters):
    return ask(server, "/query/events", limit=1, **ASKED, **parameters)["matched"]


def shown(page):
    """How many events the page says that there are: over time, and in the table."""
    return [
        number(page.locator(f'[data-figure="{name}"]').inner_text().split("\n")[0]) for name in ("total", "matched")
    ]


def rows(page):
    return page.get_by_role("table", name="Events").locator("[data-row]")


def ids(page):
    return [one.get_attribute("data-row") for one in rows(page).all()]


def write(page, query):
    page.keyboard.press("/")
    page.get_by_role("combobox", name="Query").fill(query)
    page.keyboard.press("Enter")


def test_every_event_that_matches_is_counted_and_the_newest_come_first(server, visitor):
    page = visitor.open("/explore", **DAY, q=ERRORS)
    assert shown(page) == [matched(server, q=ERRORS)] * 2
    newest = ask(server, "/query/events", limit=20, q=ERRORS, **ASKED)["events"]
    assert ids(page)[:20] == [one["event_id"] for one in newest]
    first = rows(page).first
    for text in (newest[0]["source"]["service"], str(newest[0]["metrics"]["status_code"]), newest[0]["severity"]):
        expect(first).to_contain_text(text)


def test_a_query_is_written_by_keyboard_and_stands_in_the_address(server, visitor):
    page = visitor.open("/explore", **DAY)
    everything = shown(page)
    write(page, "service:payment-service status:>=500")
    page.wait_for_url("**q=service:payment-service*")
    visitor.settle()
    assert shown(page) == [matched(server, q="service:payment-service status:>=500")] * 2
    page.go_back()
    visitor.settle()
    expect(page.get_by_role("combobox", name="Query")).to_have_value("")
    assert shown(page) == everything == [matched(server)] * 2


def test_what_may_follow_is_offered_with_counts(server, visitor):
    page = visitor.open("/explore", **DAY)
    page.keyboard.press("/")
    page.keyboard.type("service:pay")
    offers = page.get_by_role("listbox", name="What may follow")
    expect(offers.get_by_role("option").first).to_contain_text("payment-service")
    page.keyboard.press("Tab")
    expect(page.get_by_role("combobox", name="Query")).to_have_value(re.compile("^service:payment-service"))
    page.keyboard.press("Enter")
    visitor.settle()
    assert visitor.parameters["q"] == "service:payment-service"
    assert shown(page)[1] == matched(server, q="service:payment-service")


def test_what_cannot_be_read_is_marked_and_mended(server, visitor):
    visitor.expect("status of 422")
    page = visitor.open("/explore", **DAY)
    before = shown(page)
    write(page, "servise:payment-service")
    alert = page.get_by_role("alert").first
    expect(alert).to_contain_text("servise")
    expect(page.get_by_role("combobox", name="Query")).to_have_attribute("aria-invalid", "true")
    assert shown(page) == before  # the last answer stays
    alert.get_by_role("button", name="Use service").click()
    visitor.settle()
    assert visitor.parameters["q"] == "service:payment-service"
    assert shown(page)[1] == matched(server, q="service:payment-service")


def test_a_value_is_chosen_and_left_out_by_a_click(server, visitor):
    page = visitor.open("/explore", **DAY)
    values = ask(server, "/query/facets", fields="service", limit=8, **ASKED)["facets"][0]["values"]
    facet = page.locator('[data-facet="service"]')
    expect(facet.locator("[data-value]")).to_have_count(len(values))
    counts = {
        one.get_attribute("data-value"): number(one.locator(".count").get_attribute("title"))
        for one in facet.locator("[data-value]").all()
    }
    assert counts == {one["value"]: one["count"] for one in values}
    facet.locator('[data-value="auth-service"] .value').click()
    page.wait_for_url("**q=service:auth-service*")
    visitor.settle()
    assert shown(page) == [counts["auth-service"]] * 2
    facet.locator('[data-value="auth-service"] .value').click()
    facet.get_by_role("button", name="Without auth-service").click()
    page.wait_for_function("() => /service/.test(new URLSearchParams(location.search).get('q'))")
    visitor.settle()
    assert shown(page)[1] == matched(server) - counts["auth-service"]


def test_dragging_over_the_bars_zooms(server, visitor):
    page = visitor.open("/explore", **DAY, q=ERRORS)
    drag(page, page.locator(".plot .u-over").first, 0.3, 0.7)
    page.wait_for_function("from => new URLSearchParams(location.search).get('from') !== from", arg=DAY["from"])
    visitor.settle()
    zoomed = visitor.parameters
    within = {"start_time": zoomed["from"], "end_time": zoomed["to"]}
    found = ask(server, "/query/events", limit=1, q=ERRORS, **within)["matched"]
    assert shown(page)[1] == found < matched(server, q=ERRORS)


def test_rows_are_walked_and_opened_by_keyboard(server, visitor):
    page = visitor.open("/explore", **DAY, q=ERRORS)
    first, second, third = ask(server, "/query/events", limit=3, q=ERRORS, **ASKED)["events"]
    visitor.press("j", "j", "k", "Enter")
    drawer = page.get_by_role("dialog")
    expect(drawer.locator(f'[data-event="{first["event_id"]}"]')).to_be_visible()
    assert visitor.parameters["event"] == first["event_id"]
    visitor.press("j")
    expect(drawer.locator(f'[data-event="{second["event_id"]}"]')).to_be_visible()
    visitor.press("Escape")
    expect(drawer).to_have_count(0)
    page.wait_for_function("() => !location.search.includes('event=')")
    visitor.press("j", "Enter")
    expect(drawer.locator(f'[data-event="{third["event_id"]}"]')).to_be_visible()


def test_an_event_is_shown_whole_with_its_trace_and_session(server, visitor):
    visitor.context.grant_permissions(["clipboard-read", "clipboard-write"])
    [event] = ask(server, "/query/events", limit=1, q="has:session_id status:>=500", **ASKED)["events"]
    page = visitor.open("/explore", **DAY, event=event["event_id"])
    drawer = page.get_by_role("dialog")
    expect(drawer).to_contain_text(event["title"])
    drawer.get_by_role("button", name="JSON", exact=True).click()
    expect(drawer.get_by_role("button", name="Copied")).to_be_visible()
    assert json.loads(page.evaluate("navigator.clipboard.readText()")) == ask(
        server, f"/query/event/{event['event_id']}"
    )
    for region, path in (
        ("Events of the trace", f"/query/traces/{event['payload']['trace_id']}"),
        ("Events of the session", f"/query/sessions/{event['context']['session_id']}"),
    ):
        story = ask(server, path, limit=50)
        found = drawer.get_by_role("region", name=region)
        expect(found).to_contain_text(f"{story['matched']} event")
        expect(found.get_by_role("listitem")).to_have_count(min(9, len(story["events"])) * (story["matched"] > 1))


def test_a_link_to_an_event_opens_it_and_back_closes_it(server, visitor):
    page = visitor.open("/explore", **DAY, q=ERRORS)
    rows(page).nth(2).click()
    drawer = page.get_by_role("dialog")
    expect(drawer).to_be_visible()
    page.reload()
    expect(drawer).to_be_visible()
    page.go_back()
    expect(drawer).to_have_count(0)
    visitor.settle()
    assert shown(page)[1] == matched(server, q=ERRORS)


def test_a_long_table_has_few_rows_in_the_page_and_every_event_is_reached(server, visitor):
    page = visitor.open("/explore", **DAY, q="service:auth-service")
    total = matched(server, q="service:auth-service")
    scroller = page.locator(".scroller").first
    assert rows(page).count() < 100 < total
    expect(rows(page).first).to_be_visible()
    last = ask(server, "/query/events", limit=1, q="service:auth-service", sort="timestamp", **ASKED)["events"][0]
    end = page.locator(f'[data-row="{last["event_id"]}"]')
    while not end.count():
        scroller.evaluate("one => one.scrollTo(0, one.scrollHeight)")
        page.wait_for_timeout(20)
    expect(end).to_be_attached()
    assert rows(page).count() < 100


def test_a_view_is_kept_under_a_name(server, visitor):
    page = visitor.open("/explore", **DAY, q=ERRORS)
    page.get_by_role("button", name="Saved views").click()
    page.get_by_label("Name of this view").fill("what fails")
    page.get_by_role("button", name="Save", exact=True).click()
    write(page, "service:auth-service")
    page.wait_for_url("**q=service:auth-service*")
    page.reload()
    visitor.settle()
    page.get_by_role("button", name="Saved views").click()
    expect(page.get_by_role("button", name="service:auth-service", exact=True)).to_be_visible()  # asked before
    page.get_by_role("link", name="what fails").click()
    visitor.settle()
    assert visitor.parameters == {**DAY, "q": ERRORS}
    assert shown(page)[1] == matched(server, q=ERRORS)


def test_what_matches_is_taken_away_as_a_file(server, visitor):
    page = visitor.open("/explore", **DAY, q=ERRORS)
    page.get_by_role("button", name="Export").click()
    with page.expect_download() as download:
        page.get_by_role("link", name="NDJSON").click()
    lines = download.value.path().read_text(encoding="utf-8").splitlines()
    assert len(lines) == matched(server, q=ERRORS)
    assert {json.loads(line)["metrics"]["status_code"] // 100 for line in lines} == {5}
