"""The cookie of a session is one server's, is read by no script, and goes to no other site."""

from __future__ import annotations

from datetime import timedelta

import pytest

from pulsestream.api import cookie

HOST = {b"host": b"127.0.0.1:8000"}
WEEK = timedelta(days=7)


def test_two_servers_of_one_host_have_cookies_of_their_own():
    one, other = (cookie.made({b"host": b"localhost:%d" % port}, "abc", WEEK) for port in (8000, 8001))
    assert one.startswith("pulsestream_8000=abc;")
    assert other.startswith("pulsestream_8001=abc;")
    assert cookie.made({b"host": b"events.example.com"}, "abc", WEEK).startswith("pulsestream=abc;")
    both = HOST | {b"cookie": b"pulsestream_8001=theirs; pulsestream_8000=ours; pulsestream=nobodys"}
    assert cookie.token(both) == b"ours"


def test_no_script_reads_it_and_no_other_site_sends_it():
    parts = cookie.made(HOST, "abc", WEEK).split("; ")
    assert parts[1:] == ["Path=/", "Max-Age=604800", "HttpOnly", "SameSite=Strict"]


@pytest.mark.parametrize(("page", "secure"), [(b"https://there", True), (b"http://there", False), (b"null", False)])
def test_what_came_over_tls_goes_over_tls_only(page, secure):
    assert ("Secure" in cookie.made(HOST | {b"origin": page}, "abc", WEEK).split("; ")) == secure


def test_an_empty_token_removes_it():
    assert "Max-Age=0;" in cookie.made(HOST, "", WEEK)


@pytest.mark.parametrize(
    ("sent", "found"),
    [
        (b"pulsestream_8000=abc", b"abc"),
        (b"a=b;pulsestream_8000=abc;c=d", b"abc"),
        (b"a=b; pulsestream_8000=abc ; c=d", b"abc"),
        (b"pulsestream_8000=a=b", b"a=b"),
        (b"pulsestream_8000=first; pulsestream_8000=second", b"first"),
        (b"pulsestream_8000=", b""),
        (b"pulsestream_8000=\xff\x00", b"\xff\x00"),
        (b"pulsestream_8000", None),
        (b"PULSESTREAM_8000=abc", None),
        (b"xpulsestream_8000=abc", None),
        (b"pulsestream_80000=abc", None),
        (b"", None),
        (b";;;=;=;", None),
    ],
)
def test_the_token_is_found_among_whatever_else_was_sent(sent, found):
    assert cookie.token(HOST | {b"cookie": sent}) == found
