"""Everything by keyboard, and what it says about itself."""

from __future__ import annotations

from playwright.sync_api import expect

from browser.seeded import DAY


def test_g_and_a_letter_goes_to_a_page_and_keeps_the_time(visitor):
    page = visitor.open("/", **DAY)
    pages = {"e": ("/explore", "Explore"), "s": ("/services", "Services"), "i": ("/ingest", "Ingest")}
    for key, (path, title) in (pages | {"o": ("/", "Overview")}).items():
        visitor.press("g", key)
        expect(page.get_by_role("heading", name=title, level=1)).to_be_visible()
        assert (visitor.path, visitor.parameters) == (path, DAY)
        assert page.title() == f"{title} · PulseStream"


def test_t_chooses_a_time_and_escape_leaves_it(visitor):
    page = visitor.open("/", **DAY)
    visitor.press("t")
    expect(page.get_by_role("button", name="Last 15 minutes")).to_be_visible()
    visitor.press("Escape")
    expect(page.get_by_role("button", name="Last 15 minutes")).to_have_count(0)
    expect(page.get_by_role("button", name="Time range")).to_be_focused()
    visitor.press("t")
    page.get_by_label("From", exact=True).fill("2026-05-03T20:00:00")  # in Berlin
    page.get_by_label("To", exact=True).fill("2026-05-03T22:00:00")
    visitor.press("Enter")
    page.wait_for_url("**from=2026-05-03T18:00:00.000Z&to=2026-05-03T20:00:00.000Z*")


def test_a_question_mark_lists_the_keys_and_escape_closes_it(visitor):
    page = visitor.open("/", **DAY)
    visitor.press("?")
    dialog = page.get_by_role("dialog", name="Keys")
    for word in ("choose the time range", "go to Explore", "list the keys", "pause, or go on live"):
        expect(dialog).to_contain_text(word)
    visitor.press("Escape")
    expect(dialog).to_have_count(0)


def test_letters_in_a_field_are_letters(visitor):
    page = visitor.open("/explore", **DAY)
    visitor.press("/")
    query = page.get_by_role("search").locator("input, textarea").first
    expect(query).to_be_focused()
    page.keyboard.type("g s t")
    expect(query).to_have_value("g s t")
    assert visitor.path == "/explore"


def test_the_first_tab_leads_past_the_navigation(visitor):
    page = visitor.open("/", **DAY)
    visitor.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    visitor.press("Enter")
    expect(page.locator("main")).to_be_focused()
