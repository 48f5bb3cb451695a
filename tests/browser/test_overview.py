"""The overview: its numbers are the API's, and its charts lead on."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from browser.seeded import ASKED, DAY
from browser.visitor import FIGURES, ask, close_to, drag, figures, number, told
from system.program import event


def rows(page, title):
    """What the rows of a panel say: by the row's key, by the figure's name."""
    panel = page.get_by_role("region", name=title, exact=True)
    panel.scroll_into_view_if_needed()  # those below are asked about when they are seen
    expect(panel.locator("[data-row]").first).to_be_visible()
    found = {}
    for row in panel.locator("[data-row]").all():
        cells = row.locator("[data-figure]").all()
        found[row.get_attribute("data-row")] = {cell.get_attribute("data-figure"): told(cell) for cell in cells}
    return found


def test_each_figure_is_the_answer_of_the_api(server, visitor):
    page = visitor.open("/", **DAY)
    total = ask(server, "/query/services", **ASKED)["total"]
    assert figures(page) == {name: close_to(total[name]) for name in FIGURES}


def test_each_row_is_a_row_of_the_answer(server, visitor):
    page = visitor.open("/", **DAY)
    services = {one["service"]: one for one in ask(server, "/query/services", **ASKED)["services"]}
    shown = rows(page, "Services")
    assert shown.keys() == services.keys()
    for name, cells in shown.items():
        assert cells == {figure: close_to(services[name][figure]) for figure in cells}
        assert len(cells) == 5

    shown = rows(page, "Endpoints")
    endpoints = ask(server, "/query/endpoints", limit=len(shown), sort="-requests", **ASKED)["endpoints"]
    assert shown == {
        f"{one['service']} {one['method']} {one['endpoint']}": {
            name: close_to(one[name]) for name in ("request_rate", "error_rate", "p95_ms")
        }
        for one in endpoints
    }

    shown = rows(page, "Errors")
    groups = ask(server, "/query/errors", limit=len(shown), sort="-first_seen", **ASKED)["groups"]
    assert shown == {one["id"]: {"count": close_to(one["count"])} for one in groups}


def test_the_map_has_every_place_and_the_table_the_busiest(server, visitor):
    page = visitor.open("/", **DAY)
    page.locator("h2", has_text="Where calls come from").scroll_into_view_if_needed()
    measures = "request_rate,error_rate,p95_ms"
    places = ask(server, "/query/geo", by="city", measures=measures, sort="-request_rate", **ASKED)["places"]
    keys = [f"{one['country']}/{one['region']}/{one['city']}" for one in places]
    circles = page.locator("circle[data-place]")
    expect(circles).to_have_count(len(places))
    assert {one.get_attribute("data-place") for one in circles.all()} == set(keys)
    radii = {one.get_attribute("data-place"): float(one.get_attribute("r")) for one in circles.all()}
    busiest, calmest = (places[at]["values"]["request_rate"] for at in (0, -1))
    assert (radii[keys[0]] / radii[keys[-1]]) ** 2 == pytest.approx(busiest / calmest, rel=0.01)
    assert rows(page, "Where calls come from") == {
        key: {name: close_to(one["values"][name]) for name in ("request_rate", "error_rate", "p95_ms")}
        for key, one in list(zip(keys, places, strict=True))[:8]
    }
    expect(page.locator("[data-unknown]")).to_have_count(0)


def test_a_city_that_nobody_knows_is_in_its_country_and_a_country_that_nobody_knows_is_told(server, visitor_of):
    tenant = server.tenant("travels")
    places = [("MÜNCHEN", "de"), ("Nowhere-on-Sea", "FR"), ("Berlin", "XX"), (None, "Japan"), (None, None)]
    for number_, (city, country) in enumerate(places):
        tags = {name: value for name, value in (("city", city), ("country", country)) if value}
        tenant.send([event(number_, context={"tags": tags})])
    tenant.stats()
    visitor = visitor_of(server, height=2_600).sign_in(tenant.key)
    page = visitor.open("/", **{"from": "2026-05-04T00:00:00Z", "to": "2026-05-05T00:00:00Z"})
    circles = page.locator("circle[data-place]")
    expect(circles).to_have_count(3)
    found = {one.get_attribute("data-place"): "near" in one.get_attribute("class") for one in circles.all()}
    assert found == {"de//MÜNCHEN": False, "FR//Nowhere-on-Sea": True, "Japan//": True}
    expect(page.locator("[data-unknown]")).to_have_text("1 place unknown ·")
    expect(page.locator("[data-unknown]")).to_have_attribute("title", "Berlin, XX")
    expect(page.get_by_text("20 % of requests do not say")).to_be_visible()


def test_the_colour_of_the_map_is_chosen_in_the_address_and_a_circle_leads_to_its_events(visitor):
    page = visitor.open("/", **DAY)
    page.get_by_role("heading", name="Where calls come from").scroll_into_view_if_needed()
    page.get_by_role("button", name="p95 response", exact=True).click()
    assert visitor.parameters["map"] == "p95_ms"
    page.go_back()
    expect(page.get_by_role("button", name="Error rate", exact=True)).to_have_attribute("aria-pressed", "true")
    place = page.locator('circle[data-place$="Sydney"]')
    place.scroll_into_view_if_needed()
    box = place.bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    expect(page.locator(".tip")).to_contain_text("Sydney, AU")
    page.mouse.down()
    page.mouse.up()
    page.wait_for_url("**/explore?*")
    assert visitor.parameters["q"].startswith("city:Sydney country:AU")
    assert {name: visitor.parameters[name] for name in DAY} == DAY


def test_what_came_in_is_told_with_each_outcome_a_link(server, visitor):
    page = visitor.open("/", **DAY)
    stats = ask(server, "/ingestion/stats")
    for outcome, count in (stats["outcomes"] | {"received": stats["received"]}).items():
        link = page.locator(f'a[data-outcome="{outcome}"]')
        assert number(link.inner_text()) == count
        assert re.match("/(ingest|explore)", link.get_attribute("href"))


@pytest.mark.parametrize(("panel", "chart"), [("Requests", ".plot .u-over"), ("Response times", ".heatmap canvas")])
def test_dragging_over_a_chart_zooms_and_back_restores(server, visitor, panel, chart):
    page = visitor.open("/", **DAY)
    before = figures(page)
    page.get_by_role("heading", name=panel, exact=True).scroll_into_view_if_needed()
    drag(page, page.locator(chart).first, 0.4, 0.6)
    page.wait_for_function("from => new URLSearchParams(location.search).get('from') !== from", arg=DAY["from"])
    visitor.settle()
    zoomed = visitor.parameters
    assert DAY["from"] < zoomed["from"] < zoomed["to"] < DAY["to"]
    total = ask(server, "/query/services", start_time=zoomed["from"], end_time=zoomed["to"])["total"]
    assert figures(page) == {name: close_to(total[name]) for name in FIGURES}
    assert figures(page) != before
    page.go_back()
    page.wait_for_function("from => new URLSearchParams(location.search).get('from') === from", arg=DAY["from"])
    visitor.settle()
    assert figures(page) == before
    page.reload()
    visitor.settle()
    assert figures(page) == before


def test_filters_limit_every_figure_and_stand_in_the_address(server, visitor):
    page = visitor.open("/", **DAY)
    page.get_by_role("button", name="service: All services").click()
    page.get_by_role("button", name=re.compile("^payment-service")).click()
    page.keyboard.press("Escape")
    visitor.settle()
    assert visitor.parameters["service"] == "payment-service"
    total = ask(server, "/query/services", q="service:payment-service", **ASKED)["total"]
    assert figures(page) == {name: close_to(total[name]) for name in FIGURES}
    page.get_by_role("button", name="environment: All environments").click()
    page.get_by_role("button", name=re.compile("^production")).click()
    visitor.settle()
    q = "environment:production service:payment-service"
    total = ask(server, "/query/services", q=q, **ASKED)["total"]
    page.wait_for_function("() => new URLSearchParams(location.search).get('env') === 'production'")
    assert figures(page) == {name: close_to(total[name]) for name in FIGURES}
    page.go_back()
    page.go_back()
    visitor.settle()
    assert "service" not in visitor.parameters


def test_a_range_without_events_says_what_to_do(visitor):
    page = visitor.open("/", **{"from": "2025-01-01T00:00:00Z", "to": "2025-01-02T00:00:00Z"})
    expect(page.get_by_text("No requests in this time range").first).to_be_visible()
    page.get_by_role("heading", name="Where calls come from").scroll_into_view_if_needed()
    expect(page.get_by_text("No places in this time range")).to_be_visible()
