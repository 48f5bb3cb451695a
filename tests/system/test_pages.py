"""The pages of a real server: over the wire as they should be, beside an API that is what it was."""

from __future__ import annotations

import gzip
import http.client
import os
import time
from pathlib import Path

import pytest

from system.program import KEY, READY_SECONDS_MAX, Answer, Program
from unit.api.test_pages import INDEX, POLICY, SCRIPT

pytestmark = pytest.mark.slow

PAGED = str(Path(__file__).parent / "paged_server.py")
HTML = {"Accept": "text/html"}


def build(folder):
    (folder / "assets").mkdir(parents=True)
    (folder / "assets" / "index-1a2b.js").write_bytes(SCRIPT)
    (folder / "assets" / "index-1a2b.js.gz").write_bytes(gzip.compress(SCRIPT))
    (folder / "index.html").write_bytes(INDEX)
    for path in folder.rglob("*.*"):
        os.utime(path, (1e9, 1e9))


def ask(server, method, path, **headers):
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    try:
        connection.request(method, path, headers={name.replace("_", "-"): value for name, value in headers.items()})
        response = connection.getresponse()
        return Answer(response.status, response.headers, response.read())
    finally:
        connection.close()


@pytest.fixture(scope="module")
def paged(tmp_path_factory):
    folder = tmp_path_factory.mktemp("paged")
    build(folder / "pages")
    with Program(folder / "server", script=[PAGED, str(folder / "pages")]) as running:
        yield running


def test_a_page_comes_with_its_own_headers_and_each_once(paged):
    answer = ask(paged, "GET", "/explore", **HTML)
    assert (answer.status, answer.body) == (200, INDEX)
    for name, value in {
        "Content-Security-Policy": POLICY,
        "Cache-Control": "no-cache",
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
    }.items():
        assert answer.headers.get_all(name) == [value]
    assert answer.headers["X-Request-Id"]


def test_a_file_comes_compressed_and_is_kept(paged):
    answer = ask(paged, "GET", "/assets/index-1a2b.js", Accept_Encoding="gzip, br")
    assert (answer.headers["Content-Encoding"], gzip.decompress(answer.body)) == ("gzip", SCRIPT)
    assert answer.headers.get_all("Cache-Control") == ["public, max-age=31536000, immutable"]


def test_heads_and_what_a_client_has_already_come_without_a_body_and_the_connection_goes_on(paged):
    connection = http.client.HTTPConnection("127.0.0.1", paged.port, timeout=60)
    connection.connect()
    wire = connection.sock
    whole = str(len(INDEX))
    tag = ask(paged, "GET", "/").headers["ETag"]
    for method, has, *expected in (
        ("HEAD", "", 200, b"", whole),
        ("GET", tag, 304, b"", None),
        ("GET", "", 200, INDEX, whole),
    ):
        connection.request(method, "/", headers={"If-None-Match": has})
        answer = connection.getresponse()
        assert [answer.status, answer.read(), answer.headers["Content-Length"]] == expected
        assert (answer.headers["ETag"], answer.headers["Transfer-Encoding"]) == (tag, None)
        assert connection.sock is wire
    connection.close()


def test_the_api_is_what_it_was(paged):
    for path in ("/api/v1/nothing", "/api/nothing", "/assets/nothing.js"):
        answer = ask(paged, "GET", path, **HTML)
        assert (answer.status, answer.json["code"]) == (404, "not_found")
        assert answer.headers.get_all("Content-Security-Policy") == ["default-src 'none'; frame-ancestors 'none'"]
        assert answer.headers.get_all("Cache-Control") == ["no-store"]
    assert ask(paged, "GET", "/nothing").status == 404
    assert ask(paged, "GET", "/metrics", **HTML).status == 401
    assert ask(paged, "GET", "/metrics", X_API_Key=KEY, **HTML).status == 200
    assert ask(paged, "GET", "/schema/openapi.json", **HTML).status == 308
    options = ask(paged, "OPTIONS", "/api/v1/keys", X_API_Key=KEY)
    assert (options.status, options.headers["Allow"]) == (204, "GET, OPTIONS, POST")
    assert ask(paged, "POST", "/", **HTML).status == 404


@pytest.mark.parametrize("path", ["/assets/../../server/server.log", "/%2e%2e/server/server.log", "/assets/%2e%2e/x"])
def test_no_path_leads_out_of_the_folder(paged, path):
    assert ask(paged, "GET", path).status == 404


def test_pages_are_served_as_soon_as_they_are_built(tmp_path):
    pages = tmp_path / "pages"
    with Program(tmp_path / "server", script=[PAGED, str(pages)]) as server:
        first = ask(server, "GET", "/", **HTML)
        assert (first.status, b"make web" in first.body) == (200, True)
        assert "style-src 'sha256-" in first.headers["Content-Security-Policy"]
        build(pages)
        deadline = time.monotonic() + READY_SECONDS_MAX
        while (answer := ask(server, "GET", "/", **HTML)).body != INDEX:
            assert time.monotonic() < deadline, answer.body
            time.sleep(0.05)
        assert answer.headers["Content-Security-Policy"] == POLICY
        assert server.log == ""
