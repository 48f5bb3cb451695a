"""Who may see the pages: sign-in by key, sign-out, and what is asked of somebody who is not signed in."""

from __future__ import annotations

from playwright.sync_api import expect

from browser.seeded import DAY
from system.program import event

SIGN_IN = "Sign in to PulseStream"


def test_somebody_without_a_key_signs_in_and_is_where_they_wanted_to_be(server, visitor_of):
    visitor = visitor_of(server)
    page = visitor.page
    page.goto("/services?from=2026-05-03T12:00:00.000Z&to=2026-05-04T12:00:00.000Z")
    expect(page.get_by_role("heading", name=SIGN_IN)).to_be_visible()
    expect(page.get_by_label("API key", exact=True)).to_be_focused()
    page.keyboard.type(server.key)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Services", level=1)).to_be_visible()
    assert visitor.path == "/services"
    [cookie] = visitor.context.cookies()
    assert (cookie["httpOnly"], cookie["sameSite"]) == (True, "Strict")
    kept = page.evaluate("JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie])")
    assert server.key not in kept


def test_a_wrong_key_is_refused_with_what_to_do_and_can_be_mended(server, visitor_of):
    visitor = visitor_of(server)
    visitor.expect("status of 401")
    page = visitor.page
    page.goto("/")
    page.get_by_label("API key", exact=True).fill("ps_wrong")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_contain_text("key")
    expect(page.get_by_label("API key", exact=True)).to_have_attribute("aria-invalid", "true")
    page.get_by_label("API key", exact=True).fill(server.key)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Overview")).to_be_visible()


def test_who_signs_out_is_out_in_every_tab(server, visitor_of):
    visitor = visitor_of(server).sign_in(server.key)
    page = visitor.open("/", **DAY)
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", name=SIGN_IN)).to_be_visible()
    assert visitor.context.request.get("/api/v1/query/services").status == 401
    page.reload()
    expect(page.get_by_role("heading", name=SIGN_IN)).to_be_visible()


def test_whose_key_is_revoked_is_told_so_on_the_page(server, visitor_of):
    tenant = server.tenant("left")
    visitor = visitor_of(server).sign_in(tenant.key)
    visitor.expect("status of 401")
    tenant.send([event(1)])
    page = visitor.open("/")
    [key] = [one for one in server.get("/keys", tenant="left")["keys"] if tenant.key.startswith(one["prefix"])]
    assert server.ask("DELETE", f"/keys/{key['id']}").status in {200, 204}
    page.get_by_role("button", name="environment: All environments").click()
    expect(page.get_by_role("heading", name=SIGN_IN)).to_be_visible()
    expect(page.locator("[data-ended]")).to_contain_text("signed out")


def test_a_server_that_is_away_is_said_and_found_again_by_itself(server, visitor_of):
    visitor = visitor_of(server)
    visitor.expect("ERR_FAILED")
    page = visitor.page
    page.route("**/api/v1/session", lambda route: route.abort())
    page.goto("/")
    expect(page.locator("[data-unreachable]")).to_contain_text("cannot be reached")
    page.unroute("**/api/v1/session")
    expect(page.get_by_label("API key", exact=True)).to_be_visible()

    page.route("**/api/v1/session", lambda route: route.abort())
    page.get_by_label("API key", exact=True).fill(server.key)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_contain_text("cannot be reached")
    expect(page.get_by_label("API key", exact=True)).not_to_have_attribute("aria-invalid", "true")


def test_a_key_that_may_not_read_is_refused_with_what_it_lacks(server, visitor_of):
    visitor = visitor_of(server)
    visitor.expect("status of 403")
    made = server.ask("POST", "/keys", b'{"scopes": ["ingest"]}').json
    page = visitor.page
    page.goto("/")
    page.get_by_label("API key", exact=True).fill(made["key"])
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_contain_text("the scope 'read'")
