"""The pages of services: which need a look, one of them, and one of its endpoints."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from urllib.parse import quote
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import expect

from browser.seeded import ASKED, DAY, END
from browser.visitor import ZONE, ask, close_to, drag, figures, number, told
from system.program import event

pytestmark = pytest.mark.slow

SERVICE = "payment-service"
Q = f"service:{SERVICE}"


def figures_of(row):
    """Of a service or an endpoint, as its row tells them."""
    names = ("request_rate", "rate_5xx", "p50_ms", "p95_ms", "p99_ms", "apdex")
    return {name: row[name] for name in names} | {"rate_4xx": (row["errors"] - row["errors_5xx"]) / row["requests"]}


def cells(row):
    return {one.get_attribute("data-figure"): told(one) for one in row.locator("[data-figure]").all()}


def panel_of(page, title):
    """One that is asked about when it is seen."""
    panel = page.get_by_role("region", name=title, exact=True)
    panel.scroll_into_view_if_needed()
    expect(panel.locator("[data-row]").first).to_be_visible()
    return panel


def test_every_service_has_a_row_with_the_figures_of_the_api(server, visitor):
    page = visitor.open("/services", **DAY)
    services = {one["service"]: one for one in ask(server, "/query/services", **ASKED)["services"]}
    table = page.get_by_role("region", name="Services", exact=True)
    rows = {one.get_attribute("data-row"): one for one in table.locator("[data-row]").all()}
    assert rows.keys() == services.keys()
    for name, row in rows.items():
        assert cells(row) == {figure: close_to(value) for figure, value in figures_of(services[name]).items()}
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


def test_the_order_is_chosen_at_the_head_of_a_column_and_stands_in_the_address(server, visitor):
    page = visitor.open("/services", **DAY)
    services = ask(server, "/query/services", **ASKED)["services"]
    rows = page.get_by_role("region", name="Services", exact=True).locator("[data-row]")
    head = page.get_by_role("columnheader", name="p95")
    for sign, order in (("-", "descending"), ("", "ascending")):
        head.get_by_role("button").click()
        expect(head).to_have_attribute("aria-sort", order)
        assert visitor.parameters["sort"] == f"{sign}p95_ms"
        ranked = sorted(services, key=lambda one: one["p95_ms"], reverse=sign == "-")
        assert [one.get_attribute("data-row") for one in rows.all()] == [one["service"] for one in ranked]
    page.go_back()
    expect(head).to_have_attribute("aria-sort", "descending")


def test_how_many_need_a_look_is_said_and_leads_to_them(server, visitor):
    page = visitor.open("/services", **DAY)
    states = [one["health"]["state"] for one in ask(server, "/query/services", **ASKED)["services"]]
    rows = page.get_by_role("region", name="Services", exact=True).locator("[data-row]")
    for state in ("failing", "degraded", "silent", "healthy"):
        tile = page.locator(f'[data-state="{state}"]')
        assert told(tile) == states.count(state)
        tile.click()
        assert visitor.parameters["state"] == state
        expect(rows).to_have_count(states.count(state))


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


def test_charts_say_what_was_before(server, visitor):
    end = datetime.fromisoformat(END)
    start, ago = end - timedelta(hours=4), timedelta(hours=4)
    page = visitor.open(f"/services/{SERVICE}", **{"from": start.isoformat().replace("+00:00", "Z"), "to": END})
    chart = page.get_by_role("region", name="Response time", exact=True)
    box = chart.locator(".u-over").bounding_box()
    page.mouse.move(box["x"] + box["width"] * 0.5, box["y"] + 20)
    shown = chart.locator(".key", has_text="before").locator("b")
    expect(shown).not_to_have_text("–, –, –")
    step = page.get_by_role("region", name="Request rate", exact=True).locator(".note").inner_text().split()[-1]
    measures = ("p99_ms", "p95_ms", "p50_ms")
    asked = {"q": Q, "step": step, "measures": ",".join(measures)}
    was = ask(server, "/query/timeseries", start_time=start - ago, end_time=end - ago, **asked)
    clock = chart.locator(".when").inner_text().split(", ")[1][:8]  # in the zone of the visitor
    then = [(datetime.fromisoformat(one) + ago).astimezone(ZoneInfo(ZONE)) for one in was["times"]]
    at = [one.strftime("%H:%M:%S") for one in then].index(clock)
    values = was["series"][0]["values"]
    assert [number(one) for one in shown.inner_text().split(", ")] == [close_to(values[one][at]) for one in measures]


def test_what_is_compared_with_is_chosen_by_keyboard_and_goes_along(visitor):
    page = visitor.open(f"/services/{SERVICE}", **DAY)
    with page.expect_request(re.compile(r"timeseries.*start_time=2026-04-26T12%3A00")):
        visitor.press("c")
    assert visitor.parameters["compare"] == "last_week"
    apdex = page.get_by_role("region", name="Apdex")
    expect(apdex.locator(".key", has_text="last week")).to_be_visible()
    panel_of(page, "Endpoints").locator("[data-row] th a").first.click()
    expect(page.get_by_role("navigation", name="Way back")).to_contain_text(SERVICE)
    assert visitor.parameters["compare"] == "last_week"
    visitor.press("c")
    expect(apdex.locator(".key", has_text="last week")).to_have_count(0)
    expect(apdex.locator(".key", has_text="before")).to_have_count(0)


def test_a_stretch_of_a_chart_is_another_time_and_back_restores(server, visitor):
    page = visitor.open(f"/services/{SERVICE}", **DAY)
    before = figures(page)
    drag(page, page.get_by_role("region", name="Apdex").locator(".u-over"), 0.4, 0.6)
    page.wait_for_function("from => new URLSearchParams(location.search).get('from') !== from", arg=DAY["from"])
    visitor.settle()
    zoomed = {"start_time": visitor.parameters["from"], "end_time": visitor.parameters["to"]}
    total = ask(server, "/query/services", q=Q, **zoomed)["total"]
    assert figures(page) == {name: close_to(total[name]) for name in before} != before
    page.go_back()
    page.wait_for_function("from => new URLSearchParams(location.search).get('from') === from", arg=DAY["from"])
    visitor.settle()
    assert figures(page) == before


def test_its_statuses_and_versions_are_counted_and_lead_to_explore(server, visitor):
    page = visitor.open(f"/services/{SERVICE}", **DAY)
    for title, field, figure in (("Statuses", "status_code", "count"), ("Versions", "version", "requests")):
        rows = panel_of(page, title).locator("[data-row]").all()
        groups = ask(server, "/query/top", q=Q, by=field, limit=len(rows), **ASKED)["groups"]
        told_ = {one.get_attribute("data-row"): told(one.locator(f'[data-figure="{figure}"]')) for one in rows}
        assert told_ == {str(one["group"][field]): one["values"]["count"] for one in groups}
    worst = ask(server, "/query/top", q=f"{Q} class:5xx", by="status_code", limit=1, **ASKED)["groups"][0]
    code = str(worst["group"]["status_code"])
    panel_of(page, "Statuses").locator(f'[data-row="{code}"] a').click()
    page.wait_for_url("**/explore?*")
    found = ask(server, "/query/events", q=visitor.parameters["q"], limit=1, **ASKED)
    assert found["matched"] == worst["values"]["count"]
    assert {name: visitor.parameters[name] for name in DAY} == DAY


def test_a_figure_leads_to_the_requests_that_make_it(server, visitor):
    page = visitor.open(f"/services/{SERVICE}", **DAY)
    total = ask(server, "/query/services", q=Q, **ASKED)["total"]
    page.locator('dl [data-figure="error_rate"] a').click()
    page.wait_for_url("**/explore?*")
    assert ask(server, "/query/events", q=visitor.parameters["q"], limit=1, **ASKED)["matched"] == total["errors"]


def test_of_one_that_is_not_well_it_is_said_since_when_and_what_the_failed_ones_have_in_common(server, visitor_of):
    tenant = server.tenant("unwell")
    began = datetime(2026, 5, 4, 11, tzinfo=UTC)

    def one(at, minutes, endpoint, version, status):
        when = (began + timedelta(minutes=minutes)).isoformat()
        source = {"service": "pay", "endpoint": endpoint, "method": "GET", "version": version}
        return event(
            f"unwell_{at}", timestamp=when, source=source, metrics={"response_time_ms": 20.0, "status_code": status}
        )

    calm = [one(at, at / 5 - 120, ("/a", "/b")[at % 2], "1", 200) for at in range(600)]
    bad = [one(600 + at, at / 5, "/a", "2", 500 if at % 2 else 200) for at in range(150)]
    other = event(
        "unwell_other", timestamp=began.isoformat(), source={"service": "mail", "endpoint": "/", "method": "GET"}
    )
    tenant.send([*calm, *bad, other])
    assert tenant.stats()["fresh"]
    visitor = visitor_of(server).sign_in(tenant.key)
    page = visitor.open("/services/pay", **{"from": "2026-05-04T10:30:00Z", "to": "2026-05-04T11:30:00Z"})
    expect(page.locator("[data-since]")).to_contain_text("Since 13:00: 50\u202f% of the requests failed with 5xx")
    expect(page.locator('[data-suspect="version"]')).to_contain_text("100\u202f%")
    expect(page.locator('[data-suspect="endpoint"]')).to_contain_text("/a")
    expect(page.locator("[data-others]")).to_contain_text("All other services are as usual")
    new = panel_of(page, "Versions").locator('[data-row="2"]')
    expect(new).to_contain_text("new")
    expect(new).to_contain_text("fails more")


def test_one_that_was_not_asked_in_this_time_says_when_it_was(visitor):
    page = visitor.open(f"/services/{SERVICE}", **{"from": "2025-01-01T00:00:00Z", "to": "2025-01-02T00:00:00Z"})
    expect(page.get_by_text(f"No request to {SERVICE} in this time range")).to_be_visible()
    page.locator("main a", has_text="04 May").click()
    visitor.settle()
    assert figures(page)["request_rate"] > 0


def test_its_slowest_requests_are_the_slowest(server, visitor_of):
    visitor = visitor_of(server, height=4_000).sign_in(server.key)
    page = visitor.open(f"/services/{SERVICE}", **DAY)
    panel = page.get_by_role("region", name="Slowest requests")
    expect(panel.locator("[data-row]").first).to_be_visible()
    shown = [one.get_attribute("data-row") for one in panel.locator("[data-row]").all()]
    slowest = ask(server, "/query/events", q=f"{Q} has:metrics", sort="-response_time_ms", limit=len(shown), **ASKED)
    assert shown == [one["event_id"] for one in slowest["events"]]


def test_a_service_of_any_name_has_a_page(visitor):
    visitor.expect("status of 404")
    for name in ("..", ".", "no/such", "50%", "müller & söhne"):
        dots = name in {".", ".."}
        path = "/services" if dots else f"/services/{quote(name, safe='')}"
        page = visitor.open(path, **DAY, **({"name": name} if dots else {}))
        expect(page.get_by_role("heading", level=1)).to_contain_text(name)
