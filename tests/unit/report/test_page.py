"""The whole page: what it says, that it stands alone, and that no text of a user becomes HTML."""

import re
from datetime import timedelta
from html.parser import HTMLParser
from zoneinfo import ZoneInfo

import msgspec
import pytest

from pulsestream.report.page import page
from unit.report.sample import ANSWERS, BASIS, END, START, facts, red

HOSTILE = "</style></title><script>alert(1)</script>\"' onload=x <img src=//evil.example/x>\x1b[2J\u202e"
EMPTY = ("meta", "wbr")


class Reading(HTMLParser):
    """The elements and the visible text; fails where elements do not close in order."""

    def __init__(self):
        super().__init__()
        self.elements, self.open, self.text = [], [], []

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in EMPTY:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] not in ("style", "title"):
            self.text.append(data)

    @property
    def said(self):
        return " ".join("".join(f" {part} " for part in self.text).split())


def read(written):
    reading = Reading()
    reading.feed(written)
    reading.close()
    assert reading.open == []
    return reading


def hostile(value):
    """The same, with something hostile in place of every text that a user may have sent."""
    if isinstance(value, dict):
        return {
            key: one if key in ("state", "step") or key.endswith(("_time", "_seen", "_since")) else hostile(one)
            for key, one in value.items()
        }
    if isinstance(value, list):
        return [hostile(one) for one in value]
    return HOSTILE if isinstance(value, str) else value


def test_the_page_says_what_matters():
    said = read(page(facts(query="env:production"))).said
    for part in (
        "API report Nov 19, 2026, 12:00 to Nov 20, 2026, 12:00 (UTC)",
        "Only events that match env:production",
        "Requests 36,000 +20 %, 30,000 before",
        "Error rate 5.0 % 2.5 times, 2.0 % before",
        "Response time p95 400 ms −20 %, 500 ms before",
        "Apdex 0.93",
        "Requests per minute · peak 50.0, Nov 20, 11:00",
        "payment-service Failing",
        "5xx of 12 %, ten times the usual",
        "GET / api/ v1/ orders/ {order_id} 36,000",
        "POST / api/ v1/ exports 9.80 s",
        "POST / api/ v1/ payments 1,800",
        "US 20,000 · 50.0 %",
        "Not known 10,000",
        "All others 6,000",
        "São Paulo, BR",
        "1 of 31 groups of the same failure",
        "321 NEW 502 Card declined by issuer <n>",
        "80 users · first 2 days ago · last 3 minutes ago · example evt_8f3a",
        "40,000 in this time",
        "All figures are exact.",
        "the 24 hours before, Nov 18, 2026, 12:00 to Nov 19, 2026, 12:00",
        "answered within 500 ms",
        "had not been seen since Nov 12, 2026, 12:00",
    ):
        assert part.replace("/ ", "/") in said.replace("/ ", "/"), part


def test_it_stands_alone_and_nothing_runs():
    reading = read(page(facts()))
    assert not {tag for tag, _ in reading.elements} & {"script", "link", "img", "iframe", "object", "a", "form", "base"}
    links = [name for _, attributes in reading.elements for name in attributes if name in ("src", "href", "action")]
    assert links == []
    assert not re.search(r"url\(|@import|https?:", page(facts()))
    policy = next(one["content"] for tag, one in reading.elements if one.get("http-equiv"))
    assert policy.startswith("default-src 'none'; style-src 'unsafe-inline'")


def test_no_text_of_a_user_becomes_html():
    answers = hostile(msgspec.to_builtins(ANSWERS, builtin_types=(type(END),)))
    written = page(facts(answers, query=HOSTILE, title=HOSTILE))
    reading = read(written)
    assert {tag for tag, _ in reading.elements} == {tag for tag, _ in read(page(facts(query="x"))).elements}
    assert not any(name.startswith("on") for _, attributes in reading.elements for name in attributes)
    assert "<script>alert(1)</script>" in reading.said
    assert "\x1b" not in written
    assert "\u202e" not in written


def test_it_is_for_light_and_dark_for_paper_and_for_telephones():
    written = page(facts())
    for part in ("prefers-color-scheme: dark", "@media print", "max-width: 640px", 'content="width=device-width'):
        assert part in written


def test_times_are_those_of_the_zone():
    said = read(page(facts(zone=ZoneInfo("Asia/Tokyo")))).said
    assert "Nov 19, 2026, 21:00 to Nov 20, 2026, 21:00 (Asia/Tokyo)" in said
    assert "peak 50.0, Nov 20, 20:00" in said


def test_a_step_that_is_cut_by_the_range_is_no_dip():
    """Half an hour of the first hour is in the range: its rate is that of the half hour."""
    half = START + timedelta(minutes=30)
    services = ANSWERS["services"] | {"basis": BASIS | {"start_time": half}}
    written = page(facts({"services": services, "failures": {"groups": []}}))
    first, second = re.findall(r"<title>([^<]+)</title>", written)[1:3]
    assert first == "Nov 19, 12:30 to 13:00\nrequests 50.0"
    assert second == "Nov 19, 13:00 to 14:00\nrequests 25.0"


def test_what_is_estimated_or_missing_is_said():
    basis = BASIS | {"exact": False, "estimated": {"p95_ms": "within 0.5 % of the value"}, "fresh": False}
    services = ANSWERS["services"] | {"basis": basis, "previous": None}
    said = read(page(facts({"services": services}))).said
    assert "Estimated: p95_ms (within 0.5 % of the value)." in said
    assert "some may be missing" in said
    assert "nothing: the period before cannot be seen" in said


def test_without_a_request_it_says_so_and_what_it_looked_at():
    total = red("", requests=0, errors=0, error_rate=None, p50_ms=None, p95_ms=None, p99_ms=None, apdex=None)
    nothing = {"services": ANSWERS["services"] | {"total": total, "services": []}, "course": {**ANSWERS["course"]}}
    nothing["course"] |= {"times": [], "series": []}
    said = read(page(facts(nothing))).said
    assert "There was no request in this time." in said
    assert "Time range" in said
    assert "Endpoints" not in said


@pytest.mark.parametrize("number", [1, 2])
def test_a_course_of_a_step_or_two_is_drawn(number):
    values = {name: list(range(number)) for name in ANSWERS["course"]["series"][0]["values"]}
    course = {"step": "1d", "times": ANSWERS["course"]["times"][:number], "series": [{"values": values}]}
    assert read(page(facts({"course": course}))).said
