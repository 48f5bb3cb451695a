"""The pages of services: which need a look, one of them, and one of its endpoints."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from playwright.sync_api import expect

from browser.seeded import ASKED, DAY
from browser.visitor import ask, close_to, figures, told

SERVICE = "payment-service"
Q = f"service:{SERVICE}"


def test_every_service_has_a_row_with_the_figures_of_the_api(server, visitor):
    page = visitor.open("/services", **DAY)
    services = {one["service"]: one for one in ask(server, "/query/services", **ASKED)["services"]}
    table = page.get_by_role("region", name="Services", exact=True)
    rows = {one.get_attribute("data-row"): one for one in table.locator("[data-row]").all()}
    assert rows.keys() == services.keys()
    for name, row in rows.items():
        assert told(row.locator('[data-figure="requests"]')) == close_to(services[name]["request_rate"])
        expect(row).to_contain_text(services[name]["health"]["state"])


def test_services_are_found_sorted_and_opened_by_keyboard(visitor):
    page = visitor.open("/services", **DAY)
    visitor.press("/")
    page.keyboard.type("pay")
    rows = page.get_by_role("region", name="Services", exact=True).locator("[data-row]")
    expect(rows).to_have_count(1)
    assert visitor.parameters["find"] == "pay"
    visitor.press("Escape", "j", "Enter")
    expect(page.get_by_role("heading", name=SERVICE, level=1)).to_be_visible()
    assert visitor.path == f"/services/{SERVICE}"
    assert {name: visitor.parameters[name] for name in DAY} == DAY
    page.go_back()
    expect(rows).to_have_count(1)


def test_a_service_has_the_figures_of_the_api(server, visitor):
    page = visitor.open(f"/services/{SERVICE}", **DAY)
    total = ask(server, "/query/services", q=Q, **ASKED)["total"]
    assert figures(page) == {name: close_to(total[name]) for name in figures(page)}
    assert page.title() == f"{SERVICE} · PulseStream"


def test_its_endpoints_lead_to_pages_of_their_own(server, visitor):
    page = visitor.open(f"/services/{SERVICE}", **DAY)
    endpoints = ask(server, "/query/endpoints", q=Q, limit=1, sort="-requests", **ASKED)["endpoints"]
    busiest = endpoints[0]
    panel = page.get_by_role("region", name="Endpoints", exact=True)
    panel.scroll_into_view_if_needed()
    panel.get_by_role("link", name=f"{busiest['method']} {busiest['endpoint']}", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text(f"{busiest['method']} {busiest['endpoint']}")
    visitor.settle()
    assert (visitor.parameters["method"], visitor.parameters["endpoint"]) == (busiest["method"], busiest["endpoint"])
    assert figures(page) == {name: close_to(busiest[name]) for name in figures(page)}


def test_its_slowest_requests_are_the_slowest(server, visitor_of):
    visitor = visitor_of(server, height=4_000).sign_in(server.key)
    page = visitor.open(f"/services/{SERVICE}", **DAY)
    panel = page.get_by_role("region", name="Slowest requests")
    expect(panel.locator("[data-row]").first).to_be_visible()
    shown = [one.get_attribute("data-row") for one in panel.locator("[data-row]").all()]
    slowest = ask(server, "/query/events", q=f"{Q} has:metrics", sort="-response_time_ms", limit=len(shown), **ASKED)
    assert shown == [one["event_id"] for one in slowest["events"]]


@pytest.mark.parametrize("name", ["..", ".", "no/such", "50%", "müller & söhne"])
def test_a_service_of_any_name_has_a_page(visitor, name):
    visitor.expect("status of 404")
    path = "/services" if name in {".", ".."} else f"/services/{quote(name, safe='')}"
    page = visitor.open(path, **DAY, **({"name": name} if name in {".", ".."} else {}))
    expect(page.get_by_role("heading", level=1)).to_contain_text(name)
