"""Pages are served as they were built, and nothing else of the machine; what is no page goes on as it came."""

from __future__ import annotations

import asyncio
import gzip
import os
from datetime import timedelta

import httpx
import pytest

from pulsestream.api.pages import LOOK_S, Pages
from unit.control.test_keys import Clock

BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8", "Accept-Encoding": "gzip, deflate, br, zstd"}
INDEX = b'<!doctype html><script type="module" src="/assets/index-1a2b.js"></script>'
SCRIPT = b"export const answer = 42;"
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "font-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


async def beyond(_scope, _receive, send):
    """The API, in one word."""
    await send({"type": "http.response.start", "status": 404, "headers": [(b"content-type", b"text/plain")]})
    await send({"type": "http.response.body", "body": b"beyond", "more_body": False})


class Site:
    def __init__(self, folder, clock):
        self.folder = folder
        self.clock = clock
        self.pages = Pages(folder, clock, beyond)

    def ask(self, path, method="GET", **headers):
        async def asked():
            async with httpx.AsyncClient(transport=httpx.ASGITransport(self.pages), base_url="http://there") as client:
                client.headers.clear()
                given = {name.replace("_", "-"): value for name, value in headers.items()}
                return await client.request(method, path, headers=given)

        return asyncio.run(asked())

    def browse(self, path):
        return self.ask(path, **BROWSER)

    def pass_(self, seconds):
        self.clock.seconds += seconds
        self.clock.time += timedelta(seconds=seconds)


def put(clock, folder, *, age_s=60, **files):
    """Files of the folder, by their names with _ for / and __ for a dot, written so long ago."""
    for name, content in files.items():
        path = folder / name.replace("__", ".").replace("_", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        written_s = clock.now().timestamp() - age_s
        os.utime(path, (written_s, written_s))


def build(clock, folder, **more):
    put(clock, folder, index__html=INDEX, **more)
    put(clock, folder, **{"assets_index-1a2b__js": SCRIPT, "assets_index-1a2b__js__gz": gzip.compress(SCRIPT)})
    put(clock, folder, **{"assets_index-1a2b__js__br": b"brotli", "favicon__svg": b"<svg/>"})


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def site(tmp_path, clock):
    build(clock, tmp_path / "pages")
    return Site(tmp_path / "pages", clock)


@pytest.mark.parametrize("path", ["/", "/explore", "/services/a%2Fb?q=x", "/api-keys", "/index.html", "/schemas"])
def test_one_page_answers_for_every_path_that_a_browser_opens(site, path):
    answer = site.browse(path)
    assert (answer.status_code, answer.content) == (200, INDEX)
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert answer.headers["Cache-Control"] == "no-cache"
    assert answer.headers["Content-Security-Policy"] == POLICY
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert answer.headers["Cross-Origin-Opener-Policy"] == "same-origin"


def test_the_page_of_the_address_alone_needs_no_word_of_html(site):
    assert site.ask("/", Accept="*/*").content == INDEX


@pytest.mark.parametrize(
    "path",
    ["/api", "/api/", "/api/v1/session", "/api/v1/nothing", "/metrics", "/schema/openapi.json", "/assets/none.js"],
)
def test_what_is_of_the_api_goes_on_to_it_also_from_a_browser(site, path):
    assert site.browse(path).text == "beyond"


@pytest.mark.parametrize(("method", "path"), [("POST", "/"), ("OPTIONS", "/"), ("DELETE", "/assets/index-1a2b.js")])
def test_what_changes_anything_goes_on_to_the_api(site, method, path):
    assert site.ask(path, method, **BROWSER).text == "beyond"


def test_what_asks_for_no_page_goes_on_to_the_api(site):
    assert site.ask("/nothing", Accept="*/*").text == "beyond"
    assert site.ask("/favicon.ico", Accept="image/avif,image/webp,*/*").text == "beyond"


def test_a_file_whose_name_says_what_is_in_it_is_kept_for_ever(site):
    answer = site.browse("/assets/index-1a2b.js")
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert answer.headers["Content-Type"] == "text/javascript; charset=utf-8"
    answer = site.ask("/favicon.svg", Accept="image/*")
    assert (answer.content, answer.headers["Cache-Control"]) == (b"<svg/>", "no-cache")
    assert answer.headers["Content-Type"] == "image/svg+xml"


@pytest.mark.parametrize(
    ("accepted", "coding"),
    [
        ("gzip, deflate, br, zstd", "br"),
        ("gzip, deflate", "gzip"),
        ("GZIP", "gzip"),
        ("br;q=0, gzip;q=0.5", "gzip"),
        ("br; q=0.0, gzip", "gzip"),
        ("*", "br"),
        ("*;q=0", None),
        ("identity", None),
        ("xbr", None),
        ("", None),
        (",;,;q=,", None),
    ],
)
def test_what_goes_over_the_wire_is_as_small_as_the_client_takes(site, accepted, coding):
    given = {"Accept-Encoding": accepted} if accepted else {}
    answer = site.ask("/assets/index-1a2b.js", "HEAD", **given)
    bodies = {"br": b"brotli", "gzip": gzip.compress(SCRIPT), None: SCRIPT}
    assert answer.headers.get("Content-Encoding") == coding
    assert answer.headers["Content-Length"] == str(len(bodies[coding]))
    assert answer.headers["Vary"] == "Accept-Encoding"


def test_what_a_client_has_already_is_not_sent_again(site):
    plain, small = site.ask("/").headers["ETag"], site.ask("/assets/index-1a2b.js", **BROWSER).headers["ETag"]
    for given in (plain, f'"x", {plain}', f"W/{plain}"):
        answer = site.ask("/", If_None_Match=given)
        assert (answer.status_code, answer.content) == (304, b"")
        assert (answer.headers["ETag"], answer.headers["Cache-Control"]) == (plain, "no-cache")
    for given in ('"x"', small, plain.strip('"'), "", b"\xff"):
        assert site.ask("/", If_None_Match=given).status_code == 200
    assert site.ask("/assets/index-1a2b.js", If_None_Match=small, **BROWSER).status_code == 304
    assert site.ask("/assets/index-1a2b.js", If_None_Match=small).status_code == 200, "it has a compressed one"


@pytest.mark.parametrize(
    "path",
    [
        "/../secret.txt",
        "/assets/../../secret.txt",
        "/assets/..%2f..%2fsecret.txt",
        "/%2e%2e/secret.txt",
        "//etc/passwd",
        "/assets/%00",
        "/assets/index-1a2b.js/",
        "/assets/index-1a2b.js.br",
        "/assets/",
        "/assets",
        "/.built-from",
    ],
)
def test_no_name_leads_out_of_the_folder(site, path):
    (site.folder.parent / "secret.txt").write_bytes(b"secret")
    (site.folder / ".built-from").write_bytes(b"secret")
    site.pass_(LOOK_S)
    answer = site.ask(httpx.URL("http://there", raw_path=path.encode()), Accept="*/*")
    assert answer.text == "beyond"


def test_while_nothing_is_built_a_plain_page_says_so_and_looks_again(tmp_path, clock):
    site = Site(tmp_path / "pages", clock)
    answer = site.browse("/explore")
    assert answer.status_code == 200
    assert "make web" in answer.text
    assert '<meta http-equiv="refresh"' in answer.text
    assert (answer.headers["Cache-Control"], "ETag" in answer.headers) == ("no-store", False)
    policy = answer.headers["Content-Security-Policy"]
    assert "style-src 'sha256-" in policy
    assert "unsafe" not in policy
    assert "<script" not in answer.text
    assert site.browse("/api/v1/x").text == "beyond"


def test_pages_that_are_built_beside_the_server_are_served_without_a_restart(tmp_path, clock):
    site = Site(tmp_path / "pages", clock)
    build(clock, site.folder)
    assert site.browse("/").content != INDEX, "it does not look at the disk for every request"
    site.pass_(LOOK_S)
    assert site.browse("/").content == INDEX
    put(clock, site.folder, index__html=INDEX + b"<!-- new -->", age_s=30)
    site.pass_(LOOK_S)
    assert site.browse("/").content.endswith(b"<!-- new -->")


def test_pages_that_are_half_written_are_not_served(tmp_path, clock):
    site = Site(tmp_path / "pages", clock)
    put(clock, site.folder, index__html=INDEX)
    site.pass_(LOOK_S)
    assert site.browse("/").content != INDEX, "its script is not there"
    build(clock, site.folder, age_s=-0.5 - LOOK_S)
    site.pass_(2 * LOOK_S)
    assert site.browse("/").content != INDEX, "a file was written half a second ago"
    site.pass_(LOOK_S)
    assert site.browse("/").content == INDEX


def test_pages_are_served_on_while_new_ones_are_built(site):
    for path in site.folder.rglob("*.*"):
        path.unlink()
    site.pass_(LOOK_S)
    assert site.browse("/").content == INDEX
    put(site.clock, site.folder, index__html=INDEX.replace(b"1a2b", b"3c4d"))
    site.pass_(LOOK_S)
    assert site.browse("/").content == INDEX
    put(site.clock, site.folder, **{"assets_index-3c4d__js": SCRIPT})
    site.pass_(LOOK_S)
    assert b"3c4d" in site.browse("/").content
    assert site.browse("/assets/index-1a2b.js").text == "beyond"
