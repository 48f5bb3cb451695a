"""One server with a day of events, one browser a file, one context a test."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect, sync_playwright

from browser.seeded import fill, generated, hostile_tenant
from browser.visitor import PATIENCE_MS, Visitor, build_pages, launch
from system.program import Program

# A state is waited for; how long it takes on a machine that is busy is no finding.
expect.set_options(timeout=PATIENCE_MS)


@pytest.fixture(scope="session")
def pages():
    """The folder with the pages, as this checkout builds them."""
    return build_pages()


@pytest.fixture(scope="session")
def server(pages, tmp_path_factory):
    assert (pages / "index.html").exists()
    folder = tmp_path_factory.mktemp("pages")
    with Program(folder) as running:
        fill(running, generated(folder))
        yield running


@pytest.fixture(scope="session")
def hostile(server):
    """A tenant with what nobody should send."""
    return hostile_tenant(server)


@pytest.fixture(scope="module")
def browser():
    # Not of the session: while Playwright is there, no other test of this process can begin an event loop.
    with sync_playwright() as playwright:
        chromium = launch(playwright)
        yield chromium
        chromium.close()


@pytest.fixture
def visitor_of(browser):
    """Makes visitors of any server; when the test is over nobody may have anything to complain of."""
    visitors = []

    def made(server, **options):
        visitors.append(Visitor(browser, f"http://127.0.0.1:{server.port}", **options))
        return visitors[-1]

    yield made
    for one in visitors:
        one.close()
    assert [text for one in visitors for text in one.complaints] == []


@pytest.fixture
def visitor(server, visitor_of):
    """Somebody who is signed in on the server with a day of events."""
    return visitor_of(server).sign_in(server.key)
