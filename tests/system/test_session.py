"""People at the pages: signed in with a key, by a cookie that is worth nothing to other sites."""

from __future__ import annotations

import asyncio
import json
import threading

import pytest

from pulsestream.control.keys import DEMO_KEY
from system.program import KEY, Program, event
from system.resident import Resident
from system.test_tail import tailing

pytestmark = pytest.mark.slow

SIGNED_OUT = {"signed_in": False, "tenant": None, "scopes": [], "key": None, "operator": False, "csrf": None}
SIGNED_OUT |= {"demo_key": None, "expires_at": None}


class Browser:
    """Keeps the cookie, and sends what a page of ours would."""

    def __init__(self, server, cookie=""):
        self.server = server
        self.cookie = cookie
        self.csrf = ""

    def ask(self, method, path, body=None, *, csrf=True, **headers):
        if self.cookie:
            headers = {"Cookie": self.cookie} | headers
        if csrf and method != "GET":
            headers = {"X_CSRF_Token": self.csrf} | headers
        data = None if body is None else json.dumps(body).encode()
        answer = self.server.ask(method, path, data, key=None, **headers)
        if "Set-Cookie" in answer.headers:
            self.cookie = answer.headers["Set-Cookie"].partition(";")[0]
        return answer

    def sign_in(self, key):
        answer = self.ask("POST", "/session", {"key": key}, csrf=False)
        assert answer.status == 200, answer.body
        self.csrf = answer.json["csrf"]
        return self

    @property
    def signed_in(self):
        answer = self.ask("GET", "/session")
        assert answer.status == 200
        return answer.json["signed_in"]


def made_key(server, *scopes, **given):
    return server.ask("POST", "/keys", json.dumps({"scopes": scopes, **given}).encode()).json


@pytest.fixture
def browser(server):
    return Browser(server).sign_in(KEY)


def test_nobody_is_signed_in_at_first(server):
    answer = server.ask("GET", "/session", key=None)
    assert answer.status == 200
    assert answer.json.items() >= SIGNED_OUT.items()
    assert "Set-Cookie" not in answer.headers


def test_who_signs_in_with_a_key_may_do_what_the_key_may(server):
    made = made_key(server, "read", "admin", name="on call")
    browser = Browser(server)
    answer = browser.ask("POST", "/session", {"key": f" {made['key']}\n"}, csrf=False)
    assert answer.status == 200
    name, *parts = answer.headers["Set-Cookie"].split("; ")
    assert name.startswith(f"pulsestream_{server.port}=")
    assert parts == ["Path=/", "Max-Age=604800", "HttpOnly", "SameSite=Strict"]
    signed_in = answer.json
    assert signed_in["signed_in"]
    assert signed_in["key"] == {"id": made["id"], "name": "on call", "prefix": made["prefix"]}
    assert (signed_in["tenant"], signed_in["operator"], signed_in["demo_key"]) == ("default", True, None)
    assert signed_in["scopes"] == ["read", "admin"]
    browser.csrf = signed_in["csrf"]
    again = browser.ask("GET", "/session").json
    assert again | {"expires_at": None} == signed_in | {"expires_at": None}
    assert browser.ask("GET", "/ingestion/stats").status == 200
    made_too = browser.ask("POST", "/keys", {"scopes": ["read"]})
    assert made_too.status == 201
    assert browser.ask("DELETE", f"/keys/{made_too.json['id']}").status == 200
    refused = browser.ask("POST", "/ingestion/events", event("unscoped"))
    assert (refused.status, "'ingest'" in refused.json["detail"]) == (403, True)
    [line] = [one for one in server.get("/audit")["lines"] if one["subject"] == made_too.json["id"]][:1]
    assert line["actor"] == f"{made['id']}@default"


def test_who_may_only_read_can_sign_in_and_who_may_only_send_cannot(server):
    reader = Browser(server).sign_in(made_key(server, "read")["key"])
    assert reader.ask("GET", "/ingestion/stats").status == 200
    assert reader.ask("POST", "/keys", {"scopes": ["read"]}).status == 403
    for scope in ("ingest", "admin"):
        answer = Browser(server).ask("POST", "/session", {"key": made_key(server, scope)["key"]}, csrf=False)
        assert (answer.status, answer.json["code"]) == (403, "forbidden")
        assert "'read'" in answer.json["detail"]
        assert "Set-Cookie" not in answer.headers


@pytest.mark.parametrize("key", ["wrong", "ps_00000000_" + "x" * 43, " ", "ключ", "x" * 60_000, "\0"])
def test_a_wrong_key_signs_nobody_in(server, key):
    answer = server.ask("POST", "/session", json.dumps({"key": key}).encode(), key=None)
    assert (answer.status, answer.json["code"]) == (401, "unauthorized")
    assert "Set-Cookie" not in answer.headers


NO_KEYS = [b"", b"{", b"{}", b'{"key":""}', b'{"key":1}', b'{"key":"a","b":1}', b'{"key":"\\ud800"}']


@pytest.mark.parametrize("body", NO_KEYS)
def test_what_holds_no_key_is_refused(server, body):
    answer = server.ask("POST", "/session", body, key=None, Content_Type="application/json")
    assert answer.status in {400, 422}


def test_who_signs_in_again_has_one_session(server, browser):
    before = Browser(server, browser.cookie)
    assert before.signed_in
    browser.sign_in(made_key(server, "read")["key"])
    assert browser.signed_in
    assert not before.signed_in


def test_who_signs_out_is_signed_out_on_the_server(server, browser):
    stolen = Browser(server, browser.cookie)
    assert stolen.signed_in
    answer = browser.ask("DELETE", "/session")
    assert answer.status == 200
    assert answer.json.items() >= SIGNED_OUT.items()
    assert "Max-Age=0;" in answer.headers["Set-Cookie"]
    assert not stolen.signed_in
    assert stolen.ask("GET", "/ingestion/stats").status == 401
    assert browser.ask("DELETE", "/session").status == 200


def test_a_key_that_is_sent_counts_and_not_the_cookie(server, browser):
    made = made_key(server, "ingest")
    for headers in ({"X_API_Key": made["key"]}, {"Authorization": f"Bearer {made['key']}"}):
        assert browser.ask("GET", "/ingestion/stats", **headers).status == 403
        assert browser.ask("POST", "/ingestion/events", event("by-key"), csrf=False, **headers).status == 200
    assert browser.ask("GET", "/ingestion/stats", X_API_Key="wrong").status == 401
    assert browser.ask("GET", "/ingestion/stats", Authorization="Basic YTpi").status == 200


UNSAFE = [
    ("POST", "/keys", {"scopes": ["read"], "name": "forged"}),
    ("POST", "/ingestion/events", event("forged-one")),
    ("POST", "/ingestion/events/batch", {"events": [event("forged-batch")]}),
    ("DELETE", "/ingestion/events/evt_kept", None),
    ("PATCH", "/tenants/default", {"burst_events": 12_345}),
    ("DELETE", "/session", None),
]


def state(server):
    """Whatever those would change."""
    keys = [key["name"] for key in server.get("/keys")["keys"]]
    found = [
        server.ask("GET", f"/ingestion/events/evt_{name}").status for name in ("forged-one", "forged-batch", "kept")
    ]
    return keys, found, server.get("/tenants")["tenants"][0]["own"]


@pytest.mark.parametrize(("method", "path", "body"), UNSAFE)
def test_what_changes_anything_needs_the_token_of_the_session(server, browser, method, path, body):
    server.send_one(event("kept"))
    other = Browser(server).sign_in(KEY)
    before = state(server)
    for sent in ({}, {"X_CSRF_Token": ""}, {"X_CSRF_Token": other.csrf}, {"X_CSRF_Token": "\xff"}):
        answer = browser.ask(method, path, body, csrf=False, **sent)
        assert (answer.status, answer.json["code"]) == (403, "forbidden"), sent
        assert "X-CSRF-Token" in answer.json["detail"]
    assert (browser.signed_in, state(server)) == (True, before)
    assert browser.ask(method, path, body).status in {200, 201}
    assert (browser.signed_in, state(server)) != (True, before)


CROSS_SITE = [
    {"Origin": "https://evil.example"},
    {"Origin": "null"},
    {"Sec_Fetch_Site": "cross-site"},
    {"Sec_Fetch_Site": "same-site"},
]


@pytest.mark.parametrize("headers", CROSS_SITE)
def test_a_page_of_another_site_can_do_nothing_with_the_session(browser, headers):
    for method, path, body in [("GET", "/ingestion/stats", None), ("GET", "/session", None), *UNSAFE]:
        answer = browser.ask(method, path, body, **headers)
        assert (answer.status, answer.json["code"]) == (403, "forbidden")
        assert "another site" in answer.json["detail"]
        assert "Set-Cookie" not in answer.headers
    assert browser.signed_in


@pytest.mark.parametrize("headers", CROSS_SITE)
def test_a_page_of_another_site_signs_nobody_in_or_out(server, headers):
    for method, body in (("POST", json.dumps({"key": KEY}).encode()), ("DELETE", None)):
        answer = server.ask(method, "/session", body, key=None, **headers)
        assert answer.status == 403
        assert "Set-Cookie" not in answer.headers


def test_with_a_key_of_its_own_another_site_is_as_anybody(server):
    assert server.ask("GET", "/ingestion/stats", Origin="https://evil.example").status == 200


def test_behind_tls_the_cookie_is_for_tls_only(server):
    headers = {"Origin": "https://events.example.com", "Host": "events.example.com"}
    answer = server.ask("POST", "/session", json.dumps({"key": KEY}).encode(), key=None, **headers)
    assert answer.headers["Set-Cookie"].startswith("pulsestream=")
    assert answer.headers["Set-Cookie"].endswith("; Secure")


def test_a_revoked_key_ends_its_sessions_at_once(server):
    made = made_key(server, "read")
    browser = Browser(server).sign_in(made["key"])
    server.ask("DELETE", f"/keys/{made['id']}")
    refused = browser.ask("GET", "/ingestion/stats")
    assert (refused.status, "revoked" in refused.json["detail"]) == (401, True)
    assert not browser.signed_in


def test_a_tail_of_a_session_ends_with_it(server):
    browser = Browser(server).sign_in(KEY)
    with tailing(server, key="", headers={"Cookie": browser.cookie}, last=0) as tail:
        server.send([event("session-before")])
        assert tail.ids(1) == ["evt_session-before"]
        assert browser.ask("DELETE", "/session").status == 200
        server.send([event("session-after")])
        assert tail.next() is None


HOSTILE = {
    "huge": "pulsestream_{port}=" + "x" * 60_000,
    "many": "; ".join(f"c{number}=x" for number in range(6_000)),
    "many of ours": "; ".join(["pulsestream_{port}=x"] * 2_000),
    "not ASCII": "pulsestream_{port}=\xff\xfe" + "\xff" * 41,
    "no name": "=",
    "nothing": "",
    "quoted": 'pulsestream_{port}="x"; ;; ,',
}


@pytest.mark.parametrize("name", HOSTILE)
def test_odd_cookies_sign_nobody_in_and_hurt_nobody(server, name):
    headers = {"Cookie": HOSTILE[name].replace("{port}", str(server.port))}
    assert server.ask("GET", "/ingestion/stats", key=None, **headers).status == 401
    assert not server.ask("GET", "/session", key=None, **headers).json["signed_in"]
    assert server.ask("GET", "/ingestion/stats", **headers).status == 200


def test_a_cookie_among_others_is_found(server, browser):
    cookie = "a=b; " * 5_000 + browser.cookie + "; c=\xe9"
    assert server.ask("GET", "/ingestion/stats", key=None, Cookie=cookie).status == 200


def test_many_may_sign_in_at_one_time(server):
    made = made_key(server, "read")
    browsers = [Browser(server) for _ in range(10)]
    threads = [threading.Thread(target=browser.sign_in, args=(made["key"],)) for browser in browsers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(browser.signed_in for browser in browsers)


def test_a_session_is_there_after_a_restart_and_tokens_are_in_no_file(tmp_path):
    with Program(tmp_path, log_level="debug") as program:
        browser = Browser(program).sign_in(made_key(program, "read")["key"])
        token = browser.cookie.partition("=")[2]
        program.stop()
        for path in program.folder.rglob("*"):
            assert not path.is_file() or token.encode() not in path.read_bytes(), path
        program.start()
        browser.cookie = f"pulsestream_{program.port}={token}"
        assert browser.signed_in
        program.kill()
        program.start()
        browser.cookie = f"pulsestream_{program.port}={token}"
        assert browser.signed_in


def test_a_session_ends_by_the_clock(tmp_path):
    async def test():
        async with Resident(tmp_path) as resident:
            answer = await resident.http.post("/session", json={"key": KEY})
            assert answer.json()["expires_at"] == "2026-05-05T00:00:00Z"
            assert (await resident.http.get("/session")).json()["signed_in"], "the client keeps the cookie"
            resident.pass_(hours=12)
            assert not (await resident.http.get("/session")).json()["signed_in"]
            assert (await resident.http.get("/ingestion/stats")).status_code == 401

    asyncio.run(test())


def test_the_key_that_everybody_knows_is_told_and_no_other(tmp_path):
    async def test(name, key):
        async with Resident(tmp_path / name, api_key=key, sign_in="open") as resident:
            told = await resident.http.get("/session", headers={"Host": "localhost:8000"})
            assert told.json()["signed_in"]
            return told.json()["demo_key"], key in told.text

    assert asyncio.run(test("demo", DEMO_KEY)) == (DEMO_KEY, True)
    assert asyncio.run(test("own", KEY)) == (None, False)


@pytest.fixture(scope="module")
def open_server(tmp_path_factory):
    with Program(tmp_path_factory.mktemp("open"), sign_in="open") as running:
        yield running


def test_on_this_machine_an_open_server_signs_in_whoever_opens_it(open_server):
    browser = Browser(open_server)
    answer = browser.ask("GET", "/session", Sec_Fetch_Site="same-origin")
    assert answer.json["signed_in"]
    assert (answer.json["key"]["id"], answer.json["demo_key"]) == ("given", None)
    browser.csrf = answer.json["csrf"]
    cookie = browser.cookie
    assert browser.ask("GET", "/session").json["csrf"] == browser.csrf
    assert browser.cookie == cookie, "once is enough"
    assert browser.ask("POST", "/ingestion/events", event("open"), csrf=False).status == 403
    assert browser.ask("POST", "/ingestion/events", event("open")).status == 200
    assert open_server.ask("GET", "/ingestion/stats", key=None).status == 401


def test_a_stale_cookie_does_not_keep_an_open_server_shut(open_server):
    assert Browser(open_server, f"pulsestream_{open_server.port}=" + "x" * 43).signed_in


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example:8000", "Sec_Fetch_Site": "same-origin"},  # a name that leads to 127.0.0.1
        {"Host": "localhost.evil.example"},
        {"Host": "10.0.0.1:8000"},
        {"X_Forwarded_For": "192.0.2.7"},
        {"Via": "1.1 proxy"},
        *CROSS_SITE,
    ],
)
def test_an_open_server_signs_in_nobody_who_may_be_elsewhere(open_server, headers):
    answer = open_server.ask("GET", "/session", key=None, **headers)
    assert answer.json.items() >= SIGNED_OUT.items()
    assert "Set-Cookie" not in answer.headers


@pytest.mark.parametrize("host", ["localhost", "[::1]:8000", "127.0.0.9:80"])
def test_all_names_of_this_machine_are_as_good(open_server, host):
    assert open_server.ask("GET", "/session", key=None, Host=host).json["signed_in"]
