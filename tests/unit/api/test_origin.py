"""Where a request comes from is read from what a browser says of it, and from nothing that a page can write."""

from __future__ import annotations

import pytest

from pulsestream.api.origin import is_loopback, is_of_this_machine, is_own, port

EVERYWHERE = "0.0.0.0"  # noqa: S104 - nothing is bound to it here


@pytest.mark.parametrize("address", ["127.0.0.1", "127.9.9.9", "::1", "::1%lo", "::ffff:127.0.0.1"])
def test_these_addresses_are_reached_from_this_machine_only(address):
    assert is_loopback(address)


@pytest.mark.parametrize("address", [EVERYWHERE, "::", "::ffff:0.0.0.0", "10.0.0.1", "192.168.1.7", "fe80::1%eth0"])
def test_these_addresses_are_reached_from_outside(address):
    assert not is_loopback(address)


def headers(**given):
    return {name.replace("_", "-").encode(): value.encode("latin-1") for name, value in given.items()}


@pytest.mark.parametrize(
    ("host", "number"),
    [
        ("127.0.0.1:8000", b"8000"),
        ("[::1]:8000", b"8000"),
        ("[::1]", b""),
        ("localhost", b""),
        ("events.example.com:443", b"443"),
        ("", b""),
        ("::1:8000", b""),
        ("a:b:8000", b""),
        ("a:80 00", b""),
        ("a:8000; Path=/x", b""),
        ("a:123456", b""),
        ("\xff:8000", b"8000"),
    ],
)
def test_the_port_of_a_host(host, number):
    assert port(headers(host=host)) == number


def test_without_a_host_there_is_no_port():
    assert port({}) == b""


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"sec_fetch_site": "same-origin"},
        {"sec_fetch_site": "none"},
        {"sec_fetch_site": "same-origin", "origin": "https://behind-a-proxy.example.com"},
        {"origin": "http://localhost:8000"},
        {"origin": "HTTP://LOCALHOST:8000"},
        {"origin": "http://there", "host": "there"},
        {"origin": "https://there", "host": "there:443"},
        {"origin": "http://there:80", "host": "there"},
        {"origin": "http://[::1]:8000", "host": "[::1]:8000"},
    ],
)
def test_these_are_from_a_page_of_our_own_or_from_none(given):
    assert is_own(headers(**{"host": "localhost:8000"} | given))


@pytest.mark.parametrize(
    "given",
    [
        {"sec_fetch_site": "cross-site"},
        {"sec_fetch_site": "same-site"},
        {"sec_fetch_site": ""},
        {"sec_fetch_site": "cross-site", "origin": "http://localhost:8000"},
        {"origin": "http://localhost:8001"},
        {"origin": "https://localhost:80", "host": "localhost"},
        {"origin": "http://localhost"},
        {"origin": "http://evil.example:8000"},
        {"origin": "http://localhost:8000.evil.example"},
        {"origin": "http://evil.example/localhost:8000"},
        {"origin": "null"},
        {"origin": ""},
        {"origin": "http://"},
        {"origin": "http://", "host": ""},
        {"origin": "http://\xff\xfe", "host": "\xff"},
        {"origin": "file://localhost:8000"},
    ],
)
def test_these_are_from_a_page_of_somebody_else(given):
    assert not is_own(headers(**{"host": "localhost:8000"} | given))


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:8000", "127.0.0.1:8000", "127.9.9.9", "[::1]:8000", "[::1]"])
def test_these_names_are_this_machine(host):
    assert is_of_this_machine(headers(host=host))


@pytest.mark.parametrize(
    "host",
    [
        "evil.example:8000",
        "localhost.evil.example",
        "127.0.0.1.evil.example",
        "10.0.0.1",
        EVERYWHERE,
        "",
        "[::]",
        "2130706433",
    ],
)
def test_these_names_may_be_led_here_by_somebody_else(host):
    assert not is_of_this_machine(headers(host=host))


def test_without_a_host_nothing_is_of_this_machine():
    assert not is_of_this_machine({})


@pytest.mark.parametrize("name", ["forwarded", "x_forwarded_for", "x_forwarded_host", "x_real_ip", "via"])
def test_what_a_proxy_passes_on_is_from_anywhere(name):
    assert not is_of_this_machine(headers(host="127.0.0.1:8000", **{name: "127.0.0.1"}))
