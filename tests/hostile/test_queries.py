"""Hostile questions: never a defect, never another answer than the obvious one."""

from __future__ import annotations

import base64
import http.client
import itertools
from urllib.parse import quote, quote_from_bytes

import pytest

from system.program import KEY, event

pytestmark = pytest.mark.slow

SEARCH = "/ingestion/events/search"
PATHS = (SEARCH, "/ingestion/events/tail", "/ingestion/stats", "/query/services", "/ingestion/events/evt_1")
TIMES = ["1970-01-01T00:00:00Z", "2020-06-01T12:00:00.000001Z", "2026-05-04T10:20:30Z"]

RAW = {
    "empty": b"",
    "sql": b"' OR 1=1; DROP TABLE events; --",
    "quotes": b"\"'`",
    "parameter": b"{tenant:String}",
    "backslashes": b"\\\\\\'",
    "zero": b"\0",
    "no utf-8": b"\xff\xfe",
    "cut utf-8": b"\xe2\x82",
    "surrogate": b"\xed\xa0\x80",
    "crlf": b"a\r\nX-Evil: 1\r\n\r\n",
    "emoji": "\U0001f468\u200d\U0001f469".encode(),
    "right to left": "\u202e\u05d0".encode(),
    "long": b"x" * 5_000,
    "list": b"[1,2]",
    "object": b'{"a":1}',
}
PARAMETERS = {
    SEARCH: [
        "event_type", "severity", "service", "endpoint", "method", "version", "environment", "status_code", "user_id",
        "session_id", "request_id", "ip_address", "trace_id", "error_code", "error_type", "tag", "q", "start_time",
        "end_time", "limit", "offset", "cursor", "fresh", "unknown",
    ],
    "/ingestion/events/tail": ["service", "tag", "q", "start_time", "limit", "after", "fresh"],
    "/ingestion/stats": ["fresh", "limit"],
    "/query/services": ["start_time", "end_time", "tz", "sort", "limit", "compare", "fresh", "service"],
    "/query/errors": ["start_time", "end_time", "tz", "sort", "limit", "fresh", "service"],
    "/query/versions": ["start_time", "end_time", "tz", "fresh", "q", "service", "limit"],
    "/query/endpoints": ["start_time", "end_time", "tz", "sort", "limit", "compare", "fresh", "service"],
    "/ingestion/events/evt_1": ["fresh", "id"],
}  # fmt: skip
WORDS = {"service", "endpoint", "method", "version", "environment", "user_id", "session_id", "request_id",
         "ip_address", "trace_id", "error_code", "error_type", "tag", "q"}  # fmt: skip


@pytest.fixture(scope="module")
def filled(server):
    server.send([event(number, timestamp=time) for number, time in enumerate(TIMES)])
    server.get("/ingestion/stats")
    return server


def ask(server, path, query):
    answer = server.ask("GET", f"{path}?{query}")
    assert answer.status < 500, (path, query[:200], answer.body[:300])
    body = answer.json
    if answer.status >= 400:
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert body.keys() >= {"title", "status", "detail", "code", "retryable"}
        assert len(body["detail"]) < 2_000, (query[:100], len(body["detail"]))
    return answer


def ids(server, query):
    answer = ask(server, SEARCH, query)
    assert answer.status == 200, answer.body
    return {each["event_id"] for each in answer.json["events"]}


@pytest.mark.parametrize("name", RAW)
def test_any_value_of_any_parameter_is_an_answer_or_a_refusal_that_names_it(filled, name):
    value = quote_from_bytes(RAW[name], safe="")
    for path, parameters in PARAMETERS.items():
        for parameter in parameters:
            answer = ask(filled, path, f"{parameter}={value}")
            if answer.status == 200:
                assert parameter in WORDS or not RAW[name], (path, parameter)
                if path == SEARCH and RAW[name] and parameter in WORDS:
                    assert answer.json["events"] == []
            else:
                assert answer.status == 422, (path, parameter, answer.status)
                assert parameter in [error["field"] for error in answer.json["errors"]], (parameter, answer.body)
            # As a name it is unknown.
            if RAW[name]:
                assert ask(filled, path, f"{value}=1").status == 422


def test_a_question_of_a_megabyte_is_refused(filled):
    connection = http.client.HTTPConnection("127.0.0.1", filled.port, timeout=30)
    connection.request("GET", f"/api/v1{SEARCH}?q={'x' * 1_000_000}", headers={"X-API-Key": KEY})
    assert connection.getresponse().status in (400, 413, 414, 422, 431)
    connection.close()


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("start_time=0001-01-01T00:00:00Z&end_time=9999-12-31T23:59:59Z", {0, 1, 2}),
        ("start_time=0001-01-01T00:00:00%2B14:00", {0, 1, 2}),
        ("start_time=1969-12-31T23:59:59.999999Z", {0, 1, 2}),
        ("start_time=1899-01-01T00:00:00Z&end_time=1900-01-01T00:00:00Z", set()),
        ("start_time=1970-01-01T00:00:00Z&end_time=1970-01-01T00:00:00.000001Z", {0}),
        ("end_time=1970-01-01T00:00:00Z", set()),
        ("end_time=0001-01-01T00:00:00Z", set()),
        ("end_time=1677-09-21T00:00:00Z", set()),
        ("start_time=2262-04-12T00:00:00Z", set()),
        ("start_time=2299-12-31T23:59:59.999999Z", set()),
        ("start_time=2300-01-01T00:00:00Z", set()),
        ("start_time=9999-12-31T23:59:59.999999Z", set()),
        ("end_time=2300-01-01T00:00:00Z", {0, 1, 2}),
        ("end_time=9999-12-31T23:59:59.999999-23:59", {0, 1, 2}),
        ("start_time=2300-01-01T00:00:00Z&end_time=9999-12-31T00:00:00Z", set()),
        ("start_time=2020-06-01T12:00:00.000001Z&end_time=2020-06-01T12:00:00.000002Z", {1}),
        ("start_time=2020-06-01T12:00:00.000002Z", {2}),
        ("end_time=2020-06-01T12:00:00.000001Z", {0}),
        ("start_time=2020-06-01T14:00:00.000001%2B02:00&end_time=2021-01-01T00:00:00", {1}),
        (
            "start_time=2020-06-01T14:00:00.000001+02:00&end_time=2021-01-01T00:00:00",
            {1},
        ),  # a plus that was not escaped
        ("start_time=2020-06-01t12:00:00z&end_time=2021-01-01 00:00:00Z".replace(" ", "%20"), {1}),
    ],
)
def test_a_range_of_any_size_finds_what_is_in_it(filled, query, found):
    assert ids(filled, query) == {f"evt_{number}" for number in found}
    services = ask(filled, "/query/services", query)
    if "start_time" in query and "end_time" in query:
        assert services.json["total"]["requests"] == len(found)
    for path in ("/query/endpoints", "/query/errors", "/query/versions"):
        assert ask(filled, path, query).status == services.status
    tail = ask(filled, "/ingestion/events/tail", query)
    assert {each["event_id"] for each in tail.json["events"]} == {f"evt_{number}" for number in found}


@pytest.mark.parametrize(
    "time",
    ["0000-01-01T00:00:00Z", "10000-01-01T00:00:00Z", "2020-01-01", "2020-01-01T24:00:00Z", "2020-01-01T23:59:60Z",
     "2020-01-01T00:00:00+24:00", "2020-02-30T00:00:00Z", "now", "-1", "1e9", "1577836800", "٢٠٢٠-01-01T00:00:00Z",
     "9999-12-31T23:59:59.9999999Z", "2020-01-01T00:00:00Z\n", " 2020-01-01T00:00:00Z"],
)  # fmt: skip
def test_what_is_no_time_is_named(filled, time):
    of_the_language = time in ("2020-01-01", "now", "9999-12-31T23:59:59.9999999Z")  # which questions take
    for path in (SEARCH, "/ingestion/events/tail", *(() if of_the_language else ("/query/services",))):
        for name in ("start_time", "end_time"):
            answer = ask(filled, path, f"{name}={quote(time, safe='')}")
            assert (answer.status, answer.json["errors"][0]["field"]) == (422, name)


_NO_NUMBERS = [
    "",
    "-1",
    "-0.5",
    "1.5",
    "0x1",
    "٣",
    "３",
    "1_0",
    "NaN",
    "Infinity",
    "null",
    "9" * 30,
    "1;2",
    "1,2",
]


@pytest.mark.parametrize("number", _NO_NUMBERS)
def test_what_is_no_number_is_named(filled, number):
    for path, name in ((SEARCH, "limit"), (SEARCH, "offset"), (SEARCH, "status_code"), (PATHS[1], "limit")):
        answer = ask(filled, path, f"{name}={quote(number, safe='')}")
        assert answer.status == 422, (name, number)
        assert answer.json["errors"][0]["field"] == name


@pytest.mark.parametrize(("name", "value", "status"), [
    ("limit", "0", 422), ("limit", "1", 200), ("limit", "1000", 200), ("limit", "1001", 422),
    ("offset", "0", 200), ("offset", "1000000", 200), ("offset", "1000001", 422),
    ("status_code", "99", 422), ("status_code", "100", 200), ("status_code", "599", 200), ("status_code", "600", 422),
    ("status_code", "0200", 422), ("status_code", "+200", 422), ("status_code", "65736", 422),
])  # fmt: skip
def test_numbers_have_their_limits(filled, name, value, status):
    assert ask(filled, SEARCH, f"{name}={quote(value, safe='')}").status == status


def test_of_a_repeated_parameter_any_may_match_and_one_that_takes_one_value_says_so(filled):
    assert ids(filled, "service=order-service&service=other") == {"evt_0", "evt_1", "evt_2"}
    assert ids(filled, "&".join(f"service=s{n}" for n in range(500)) + "&service=order-service") == ids(filled, "")
    for name, values in {
        "limit": ("1", "2"),
        "offset": ("0", "1"),
        "q": ("GET", "nothing"),
        "start_time": (TIMES[0], TIMES[1]),
        "end_time": (TIMES[0], TIMES[1]),
        "fresh": ("true", "false"),
        "cursor": ("", ""),
    }.items():
        answer = ask(filled, SEARCH, f"{name}={values[0]}&{name}={values[1]}")
        assert answer.status == 422, name
        assert answer.json["errors"][0]["field"] == name


def tampered(token):
    """The token with each of its characters changed, lost, or doubled, and some that are no tokens."""
    for at, other in itertools.product(range(len(token)), "A9_-=+/ é\0"):
        yield token[:at] + other + token[at + 1 :]
    for at in range(len(token)):
        yield token[:at]
        yield token[:at] + token[at + 1 :]
        yield token[:at] + token[at] + token[at:]
    for text in ("[]", "[1]", "[1,2,3,4]", "[-1,0,0]", "[1,2,9223372036854775808]", '{"a":1}', "null", "[1e9,1,1]",
                 "[true,1,1]", "[9223372036854775807,9223372036854775807,9223372036854775807]", "-1", "1e9", "١", "1_0",
                 " 1", "+1", "9" * 5_000, "9223372036854775808", "[" * 900):  # fmt: skip
        yield base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def test_a_tampered_token_is_refused_or_is_another_place(filled):
    """A token is a place in one's own events, so a changed one that can be read harms nobody."""
    every = {"evt_0", "evt_1", "evt_2"}
    cursor = ask(filled, SEARCH, "limit=1").json["next_cursor"]
    for token in tampered(cursor):
        answer = ask(filled, SEARCH, f"cursor={quote(token, safe='')}")
        if answer.status == 200:
            assert {each["event_id"] for each in answer.json["events"]} <= every
        else:
            assert (answer.status, answer.json["errors"][0]["field"]) == (422, "cursor")
    after = ask(filled, "/ingestion/events/tail", "").json["next"]
    for token in tampered(after):
        answer = ask(filled, "/ingestion/events/tail", f"after={quote(token, safe='')}")
        if answer.status == 200:
            assert {each["event_id"] for each in answer.json["events"]} <= every
        else:
            assert (answer.status, answer.json["errors"][0]["field"]) == (422, "after")


def test_the_server_is_well(filled):
    health = filled.get("/ingestion/health")
    assert (health["status"], health["problems"]) == ("healthy", [])
    assert "ERROR" not in filled.log, filled.log[-3000:]
