"""The page about what comes in: its numbers are the API's and add up; keys are made, shown once and revoked on it."""

from __future__ import annotations

import itertools
import json
import re

import pytest
from playwright.sync_api import expect

from browser.visitor import in_light_and_dark, number
from system.program import event

pytestmark = pytest.mark.slow

_names = itertools.count()
OUTCOMES = ("stored", "duplicate", "rejected", "rate_limited", "overloaded")


@pytest.fixture
def sender(server):
    """A tenant that was sent good events and others."""
    tenant = server.tenant(f"sender-{next(_names)}")
    tenant.send([event(n) for n in range(5)])
    tenant.send([event(1), event(1), event(2, title="another"), *(event(9, severity="loud") for _ in range(3))])
    assert tenant.ask("POST", "/ingestion/events", b"{cut short").status == 422
    assert tenant.ask("POST", "/ingestion/events", b"x", Content_Encoding="br").status == 415
    assert tenant.ask("DELETE", "/ingestion/events/evt_4").status == 200
    tenant.stats()
    return tenant


def figure(page, name):
    return number(page.locator(f'[data-figure="{name}"]').inner_text())


def test_what_was_received_is_the_sum_of_what_became_of_it(server, sender, visitor_of):
    page = visitor_of(server).sign_in(sender.key).open("/ingest")
    stats = sender.stats()
    shown = {name: figure(page, name) for name in OUTCOMES}
    assert shown == stats["outcomes"]
    assert sum(shown.values()) == figure(page, "received") == stats["received"]
    assert shown["duplicate"] == 2
    gone = sum(figure(page, f"{name}_events") for name in ("deleted", "expired", "quarantined"))
    assert figure(page, "total_events") == figure(page, "stored_events") - gone == stats["total_events"]
    assert gone == 1


def test_each_number_leads_to_its_reasons_and_back(server, sender, visitor_of):
    visitor = visitor_of(server).sign_in(sender.key)
    page = visitor.open("/ingest")
    refused = page.locator("#refusals [data-row]")
    expect(refused).to_have_count(len(sender.stats()["reasons"]))
    page.locator('[data-outcome="duplicate"]').click()
    expect(page.locator("[data-detail=duplicate]")).to_contain_text("the event was there already")
    page.locator('[data-outcome="rejected"]').click()
    expect(page.locator("[data-detail=rejected]")).to_contain_text("invalid 3")
    assert visitor.parameters == {"outcome": "rejected"}
    page.reload()
    visitor.settle()
    expect(page.locator("[data-detail=rejected]")).to_be_visible()
    page.go_back()
    expect(page.locator("[data-detail=duplicate]")).to_be_visible()
    page.locator('[data-outcome="rate_limited"]').click()
    expect(refused).to_have_count(0)
    page.locator('[data-outcome="rate_limited"]').click()
    assert visitor.parameters == {}
    expect(page.locator("[data-detail]")).to_have_count(0)


def test_each_reason_says_how_often_what_it_means_and_what_to_do(server, sender, visitor_of):
    page = visitor_of(server).sign_in(sender.key).open("/ingest")
    stats, told = sender.stats(), sender.get("/ingestion/refusals")
    words = {one["reason"]: one for one in told["events"]}
    for reason, events in stats["reasons"].items():
        row = page.locator(f'#refusals [data-row="{reason}"]')
        assert [number(cell.inner_text()) for cell in row.locator("td.number").all()] == [events, events]
        for part in (words[reason]["meaning"], words[reason]["help"]):
            expect(row).to_contain_text(re.compile(re.escape(part[1:])))
    codes = {one["code"]: one for one in told["requests"]}
    assert stats["requests_refused"].keys() == {"unsupported_encoding"}
    row = page.locator("[data-code=unsupported_encoding]")
    assert number(row.locator("td.number").inner_text()) == 1
    expect(row).to_contain_text(codes["unsupported_encoding"]["help"][1:])


def test_what_comes_in_while_one_looks_is_counted(server, sender, visitor_of):
    page = visitor_of(server).sign_in(sender.key).open("/ingest")
    before = figure(page, "stored")
    sender.send([event(f"late {n}") for n in range(7)])
    expect(page.locator('[data-figure="stored"]')).to_have_text(str(int(before) + 7))


def test_limits_and_storage_are_those_of_the_api(server, visitor):
    page = visitor.open("/ingest")
    [own] = [one for one in server.get("/tenants")["tenants"] if one["name"] == "default"]
    expect(page.locator("[data-limit=batch_events_max] td")).to_have_text("50\u202f000")
    expect(page.locator("[data-limit=retention_days] td")).to_have_text("all is kept")
    assert (own["limits"]["batch_events_max"], own["limits"]["retention_days"]) == (50_000, None)
    stored = server.get("/query/stats", minutes=1)
    for week in stored["weeks"]:
        row = page.locator(f'[data-week="{week["week"]}"] td').first
        assert number(row.inner_text()) == week["events"]
    largest = max(stored["store"]["columns"], key=lambda column: column["compressed_bytes"])
    shown = page.locator("[data-column]").first
    assert shown.get_attribute("data-column") == largest["name"]
    assert number(shown.locator("td.number").first.inner_text()) == pytest.approx(largest["compressed_bytes"], rel=0.01)


def test_a_day_is_told_too(server, sender, visitor_of):
    visitor = visitor_of(server).sign_in(sender.key)
    page = visitor.open("/ingest")
    page.get_by_role("button", name="Last 24 hours").click()
    expect(page.get_by_text("each 10 minutes")).to_be_visible()
    assert visitor.parameters == {"last": "24h"}
    page.go_back()
    expect(page.get_by_text("each minute")).to_be_visible()


def test_a_key_is_made_shown_once_works_and_is_revoked_by_its_name(server, sender, visitor_of):
    visitor = visitor_of(server).sign_in(sender.key)
    page = visitor.open("/ingest")
    page.get_by_role("button", name="New key").click()
    expect(page.get_by_label("Name")).to_be_focused()
    page.keyboard.type("checkout service")
    page.get_by_label("read").check()
    page.get_by_label("It works for").select_option("30 days")
    page.get_by_role("button", name="Make the key").click()
    key = page.locator("[data-new-key]").input_value()
    expect(page.get_by_role("dialog")).to_contain_text("only time that it is shown")
    assert sender.ask("GET", "/ingestion/rate-limit", key=key).status == 200
    [made] = [one for one in sender.get("/keys")["keys"] if key.startswith(one["prefix"])]
    assert (made["name"], made["scopes"]) == ("checkout service", ["ingest", "read"])
    page.get_by_role("button", name="I have copied it").click()

    row = page.locator(f'[data-key="{made["id"]}"]')
    expect(row).to_contain_text("checkout service")
    expect(row).to_contain_text("30\u202fd")
    assert key not in page.content()
    row.get_by_role("button", name="Revoke checkout service").click()
    expect(page.get_by_role("dialog")).to_contain_text("checkout service")
    page.get_by_role("button", name="Keep it").click()
    assert sender.ask("GET", "/ingestion/rate-limit", key=key).status == 200
    row.get_by_role("button", name="Revoke checkout service").click()
    page.get_by_role("dialog").get_by_role("button", name=re.compile("Revoke ps_")).click()
    expect(row).to_have_count(0)
    assert sender.ask("GET", "/ingestion/rate-limit", key=key).status == 401
    page.get_by_role("button", name=re.compile("that ended")).click()
    expect(row).to_contain_text("revoked")


def test_the_operator_sees_to_the_keys_of_another_tenant(sender, visitor):
    [tenant] = [one["name"] for one in sender.get("/tenants")["tenants"]]
    page = visitor.open("/ingest")
    page.get_by_label("Tenant", exact=True).select_option(tenant)
    [key] = sender.get("/keys")["keys"]
    expect(page.locator(f'[data-key="{key["id"]}"]')).to_be_visible()
    assert visitor.parameters == {"tenant": tenant}
    page.get_by_role("button", name="New key").click()
    page.get_by_role("button", name="Make the key").click()
    made = page.locator("[data-new-key]").input_value()
    assert sender.send_one(event("by the new key")).status == 200
    assert any(made.startswith(one["prefix"]) for one in sender.get("/keys")["keys"])


def test_what_a_key_may_not_see_is_said_in_words(server, sender, visitor_of):
    [tenant] = [one["name"] for one in sender.get("/tenants")["tenants"]]
    made = server.ask("POST", "/keys", json.dumps({"tenant": tenant, "scopes": ["read"]}).encode()).json
    page = visitor_of(server).sign_in(made["key"]).open("/ingest")
    for title in ("Keys", "Limits"):
        expect(page.get_by_role("region", name=title, exact=True)).to_contain_text("Needs an admin key")
    expect(page.get_by_role("region", name="Storage by field")).to_contain_text("Needs an admin key of the operator")
    expect(page.get_by_role("button", name="New key")).to_have_count(0)
    expect(page.get_by_role("alert")).to_have_count(0)


def test_the_rate_limit_is_told_to_everybody(server, visitor_of):
    name = f"limited-{next(_names)}"
    limits = {"rate_events_per_s": 2, "burst_events": 10}
    server.ask("POST", "/tenants", json.dumps({"name": name, "limits": limits}).encode())
    made = server.ask("POST", "/keys", json.dumps({"tenant": name, "scopes": ["read", "ingest"]}).encode()).json
    assert server.ask("POST", "/ingestion/events", json.dumps(event(1)).encode(), key=made["key"]).status == 200
    page = visitor_of(server).sign_in(made["key"]).open("/ingest")
    expect(page.locator("[data-figure=rate]")).to_have_text("2 events/s, 10 at once")


@pytest.mark.parametrize("width", [1440, 400])
def test_the_page_and_what_opens_on_it_can_be_used_by_everybody(server, sender, visitor_of, width):
    visitor = visitor_of(server, width=width).sign_in(sender.key)
    page = visitor.open("/ingest", outcome="stored")
    assert in_light_and_dark(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.get_by_role("button", name="Send events").click()
    expect(page.get_by_role("tab", name="curl")).to_be_visible()
    assert in_light_and_dark(page) == []
    page.keyboard.press("Escape")
    page.get_by_role("button", name="New key").click()
    assert in_light_and_dark(page) == []
    page.get_by_role("button", name="Make the key").click()
    expect(page.locator("[data-new-key]")).to_be_visible()
    assert in_light_and_dark(page) == []
    page.get_by_role("button", name="I have copied it").click()
    page.locator("[data-key]").get_by_role("button").first.click()
    expect(page.get_by_role("button", name="Keep it")).to_be_visible()
    assert in_light_and_dark(page) == []


def test_a_name_that_nobody_should_give_is_shown_as_text(server, sender, visitor_of):
    name = "<script>alert(1)</script> \u202ecod.exe"
    made = sender.ask("POST", "/keys", json.dumps({"scopes": ["read"], "name": name}).encode()).json
    page = visitor_of(server).sign_in(sender.key).open("/ingest")
    row = page.locator(f'[data-key="{made["id"]}"]')
    expect(row).to_contain_text("<script>alert(1)</script> \u27e8U+202E\u27e9cod.exe")
    row.get_by_role("button", name="Revoke").click()
    expect(page.get_by_role("dialog")).to_contain_text("\u27e8U+202E\u27e9cod.exe")


def test_how_to_send_is_a_link_that_knows_which(server, sender, visitor_of):
    visitor = visitor_of(server).sign_in(sender.key)
    page = visitor.open("/ingest")
    page.get_by_role("button", name="Send events").click()
    page.get_by_role("tab", name="curl").press("ArrowRight")
    expect(page.get_by_role("tab", name="Python", exact=True)).to_be_focused()
    assert visitor.parameters == {"send": "python"}
    page.reload()
    expect(page.locator("[data-snippet=python]")).to_contain_text(f"{visitor.url}/api/v1/ingestion/events")
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.wait_for_url(f"{visitor.url}/ingest")
