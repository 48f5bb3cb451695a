"""Where a request of a browser comes from, as the browser says it: no page can write these headers itself."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping

Headers = Mapping[bytes, bytes]  # by name in lower case

_HOST = re.compile(rb"(\[[0-9a-f:.]+\]|[^:\[\]]*)(?::([0-9]{1,5}))?", re.IGNORECASE)
_ORIGIN = re.compile(rb"(https?)://([^/]*)", re.IGNORECASE)
_PORTS = {b"http": b"80", b"https": b"443"}
# What proxies add. The header Host may be the proxy's own then.
_FORWARDED = (b"forwarded", b"x-forwarded-for", b"x-forwarded-host", b"x-real-ip", b"via")


def port(headers: Headers) -> bytes:
    """The port in Host; empty where there is none."""
    return _split(headers.get(b"host", b""))[1]


def is_own(headers: Headers) -> bool:
    """Whether it comes from a page of this server, or from no page at all.

    `Sec-Fetch-Site` says it best: it holds also where a proxy changes Host. Older browsers send no more than `Origin`.
    Another port is another server's page, although browsers call it the same site.
    """
    site = headers.get(b"sec-fetch-site")
    if site is not None:
        return site in (b"same-origin", b"none")  # none: a person typed the address
    origin = headers.get(b"origin")
    if origin is None:
        return True
    found = _ORIGIN.fullmatch(origin)
    if found is None:
        return False
    usual = _PORTS[found[1].lower()]
    name, number = _split(found[2])
    own_name, own_number = _split(headers.get(b"host", b""))
    return bool(name) and (name, number or usual) == (own_name, own_number or usual)


def is_of_this_machine(headers: Headers) -> bool:
    """Whether it was sent to this machine by a name that nobody else can give it.

    A page from anywhere can have its own name lead to 127.0.0.1 (DNS rebinding), and is the same origin then; but its
    name is in Host.
    """
    if any(name in headers for name in _FORWARDED):
        return False
    name = _split(headers.get(b"host", b""))[0].decode("latin-1")
    if name == "localhost":
        return True
    try:
        return is_loopback(name.strip("[]"))
    except ValueError:
        return False


def is_loopback(address: str) -> bool:
    """Whether what listens on this numeric address is reached from this machine only. Raises ValueError for a name."""
    parsed = ipaddress.ip_address(address.partition("%")[0])
    return (getattr(parsed, "ipv4_mapped", None) or parsed).is_loopback


def _split(host: bytes) -> tuple[bytes, bytes]:
    """Name and port of a host; both empty where it is none."""
    found = _HOST.fullmatch(host)
    return (found[1].lower(), found[2] or b"") if found else (b"", b"")
