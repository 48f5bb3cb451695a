"""The cookie of a session. Browsers do not tell ports apart in cookies, so its name has the port: two servers on one
host do not sign each other out.
"""

from __future__ import annotations

from datetime import timedelta

from pulsestream.api.origin import Headers, port

HEADER = b"cookie"
_NAME = b"pulsestream"


def token(headers: Headers) -> bytes | None:
    """What this server's cookie holds; None where there is none. Of several of its name the first counts (RFC 6265)."""
    wanted = _name(headers) + b"="
    for part in headers.get(HEADER, b"").split(b";"):
        pair = part.strip(b" \t")
        if pair.startswith(wanted):
            return pair[len(wanted) :]
    return None


def made(headers: Headers, token: str, lasts: timedelta) -> str:
    """The header Set-Cookie that keeps a token for so long; with an empty token it removes the cookie."""
    age_s = int(lasts.total_seconds()) if token else 0
    # A proxy may stand between, so only the page's own address says whether it is https.
    secure = "; Secure" if headers.get(b"origin", b"").lower().startswith(b"https:") else ""
    return f"{_name(headers).decode()}={token}; Path=/; Max-Age={age_s}; HttpOnly; SameSite=Strict{secure}"


def _name(headers: Headers) -> bytes:
    number = port(headers)
    return _NAME + b"_" + number if number else _NAME
