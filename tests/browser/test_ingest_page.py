"""The Ingest page: what came in adds up, keys are made and ended, refusals say why."""

from __future__ import annotations

import json

import pytest
from playwright.sync_api import expect

from browser.visitor import ask, number
from system.program import event


@pytest.fixture
def tenant(server):
    """A tenant that was sent good events, the same again, and bad ones."""
    made = server.tenant(f"sends-{len(server.get('/tenants')['tenants'])}")
    made.send([event(at) for at in range(5)])
    made.send([event(at) for at in range(2)])
    made.send([event("bad", timestamp="yesterday"), event("worse", title="")])
    made.stats()
    return made


def test_what_was_received_is_the_sum_of_what_became_of_it(server, visitor_of, tenant):
    page = visitor_of(server).sign_in(tenant.key).open("/ingest")
    panel = page.get_by_role("region", name="What became of all that was sent")
    told = {
        one.get_attribute("data-outcome"): number(one.locator("b").inner_text())
        for one in panel.locator("[data-outcome]").all()
    }
    stats = ask(tenant, "/ingestion/stats")
    assert told == stats["outcomes"] | {"received": stats["received"]}
    assert told.pop("received") == sum(told.values()) == 9
    assert number(panel.locator('[data-figure="total_events"]').inner_text()) == 5


def test_each_refusal_says_why_and_how_often(server, visitor_of, tenant):
    visitor = visitor_of(server).sign_in(tenant.key)
    page = visitor.open("/ingest")
    for reason, count in ask(tenant, "/ingestion/stats")["reasons"].items():
        row = page.locator(f'[data-row="{reason}"]')
        expect(row.get_by_role("cell").last).to_have_text(str(count))
        expect(row).to_contain_text(".")
    page.locator('[data-outcome="rejected"]').first.click()
    assert visitor.parameters["outcome"] == "rejected"
    expect(page.get_by_role("heading", name="Rejected: why")).to_be_visible()
    page.go_back()
    expect(page.get_by_role("heading", name="Events refused: why")).to_be_visible()


def test_a_key_is_shown_once_works_and_ends_when_it_is_revoked(server, visitor_of, tenant):
    visitor = visitor_of(server).sign_in(tenant.key)
    page = visitor.open("/ingest")
    page.get_by_role("button", name="New key").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name").fill("till 4")
    dialog.get_by_role("button", name="Make the key").click()
    key = dialog.locator("[data-new-key]").input_value()
    sent = json.dumps(event("with the new key")).encode()
    assert server.ask("POST", "/ingestion/events", sent, key=key).status < 300
    assert server.ask("GET", "/query/services", key=key).status == 403  # it may only send
    dialog.get_by_role("button", name="I have copied it").click()
    expect(dialog).to_have_count(0)
    row = page.locator("[data-key]", has_text="till 4")
    expect(row).to_contain_text(key[:6])
    assert key not in page.content()
    page.reload()
    visitor.settle()
    assert key not in page.content()
    row.get_by_role("button", name="Revoke").click()
    page.get_by_role("dialog").get_by_role("button", name="Revoke").click()
    expect(row).to_have_count(0)
    assert server.ask("POST", "/ingestion/events", sent, key=key).status == 401


def test_a_key_that_may_only_read_sees_what_it_needs(server, visitor_of, tenant):
    made = tenant.ask("POST", "/keys", json.dumps({"name": "reader", "scopes": ["read"]}).encode())
    page = visitor_of(server).sign_in(made.json["key"]).open("/ingest")
    expect(page.get_by_text("Keys are listed, made and revoked")).to_be_visible()
    expect(page.get_by_role("button", name="New key")).to_have_count(0)
