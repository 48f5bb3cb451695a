"""The pages, as they were built: served from memory, in front of everything that a key opens.

Nothing is looked for on the disk by a name that was sent: there is a table of what is in the folder, and a name is in
it or not. It is read again when the folder changes, because `make demo` builds the pages beside a server that runs.
"""

from __future__ import annotations

import asyncio
import re
from base64 import b64encode
from collections.abc import Iterator, Mapping
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any, cast

from litestar.types import ASGIApp, HTTPScope, Receive, Scope, Send
from msgspec import Struct

from pulsestream.api import request
from pulsestream.api.origin import Headers
from pulsestream.clock import Clock

FOLDER = Path(__file__).parents[1] / "pages"
LOOK_S = 1.0  # between two looks at the folder
SETTLED_S = 1.0  # since a file was last written: what is being written now may be half of it
_INDEX = "/index.html"
_ASSETS = "/assets/"  # their names have a hash of what is in them
_OTHERS = ("/api", "/metrics", "/schema")  # what begins so is not ours
_KINDS = {
    ".html": b"text/html; charset=utf-8",
    ".js": b"text/javascript; charset=utf-8",
    ".css": b"text/css; charset=utf-8",
    ".json": b"application/json",
    ".webmanifest": b"application/manifest+json",
    ".svg": b"image/svg+xml",
    ".png": b"image/png",
    ".ico": b"image/x-icon",
    ".woff2": b"font/woff2",
    ".txt": b"text/plain; charset=utf-8",
}
_ENCODINGS = {b"br": ".br", b"gzip": ".gz"}  # the smaller first
_REFERENCE = re.compile(rb"""["'](/assets/[^"'?#]+)["']""")
_POLICY = (
    b"default-src 'none'; script-src 'self'; style-src %b; img-src 'self' data:; connect-src 'self'; font-src 'self'; "
    b"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_SECURITY = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
)
_KEPT = b"public, max-age=31536000, immutable"
_ASKED_FOR = b"no-cache"  # kept, and asked for each time whether it is still the same

Seen = tuple[tuple[str, int, int], ...]  # of each file: name, time of its last change in ns, size


class File(Struct, frozen=True):
    """A file as it is sent. `bodies`: by content encoding, as it is under b''. `tag`: a hash of it."""

    kind: bytes
    cache: bytes
    tag: bytes
    bodies: Mapping[bytes, bytes]


class Pages:
    """Answers GET and HEAD of pages and their files; everything else goes on to `beyond`."""

    def __init__(self, folder: Path, clock: Clock, beyond: ASGIApp) -> None:
        self._folder = folder
        self._clock = clock
        self._beyond = beyond
        self._files: Mapping[str, File] = {}
        self._seen: Seen = ()
        self._looked_at = clock.monotonic()
        self._read(clock.now())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope["path"]
        if scope.get("method") not in ("GET", "HEAD") or _is_of_others(path):
            await self._beyond(scope, receive, send)
            return
        await self._look()
        headers: Headers = dict(scope["headers"])
        wants_page = path == "/" or b"text/html" in headers.get(b"accept", b"")
        file = self._files.get(path)
        if file is None:
            if not wants_page or path.startswith(_ASSETS):
                await self._beyond(scope, receive, send)
                return
            # The path of a page is the page's own business: one file answers for all of them.
            file = self._files.get(_INDEX)
        request.enter(cast("HTTPScope", scope).setdefault("state", {}), "")
        await (_send_not_built(send) if file is None else _send(send, file, headers))

    async def _look(self) -> None:
        now = self._clock.monotonic()
        if now - self._looked_at >= LOOK_S:
            self._looked_at = now
            await asyncio.to_thread(self._read, self._clock.now())

    def _read(self, now: datetime) -> None:
        """Everything anew, where anything is new and all of it is there."""
        try:
            seen = tuple(_look_at(self._folder))
            if seen == self._seen or _is_being_written(seen, now):
                return
            files = _files(self._folder, [name for name, _, _ in seen])
        except OSError:  # a build is under way: the next look finds it done
            return
        if _is_whole(files):
            self._files, self._seen = files, seen


def _is_of_others(path: str) -> bool:
    return any(path == other or path.startswith(other + "/") for other in _OTHERS)


# ---- the folder


def _look_at(folder: Path) -> Iterator[tuple[str, int, int]]:
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not path.name.startswith("."):  # what the build keeps for itself
            status = path.stat()
            yield "/" + path.relative_to(folder).as_posix(), status.st_mtime_ns, status.st_size


def _is_being_written(seen: Seen, now: datetime) -> bool:
    newest_s = max((changed_ns for _, changed_ns, _ in seen), default=0) / 1e9
    return 0 <= now.timestamp() - newest_s < SETTLED_S


def _files(folder: Path, names: list[str]) -> dict[str, File]:
    """Raises OSError."""
    contents = {name: (folder / name[1:]).read_bytes() for name in names}
    return {
        name: File(
            kind=_KINDS.get(Path(name).suffix, b"application/octet-stream"),
            cache=_KEPT if name.startswith(_ASSETS) else _ASKED_FOR,
            tag=sha256(content).hexdigest()[:32].encode(),
            bodies={b"": content}
            | {coding: contents[name + ending] for coding, ending in _ENCODINGS.items() if name + ending in contents},
        )
        for name, content in contents.items()
        if Path(name).suffix not in _ENCODINGS.values()
    }


def _is_whole(files: Mapping[str, File]) -> bool:
    """Whether there is a page, and everything that it begins with."""
    index = files.get(_INDEX)
    return index is not None and all(
        reference.decode("latin-1") in files for reference in _REFERENCE.findall(index.bodies[b""])
    )


# ---- the answer


async def _send(send: Send, file: File, headers: Headers) -> None:
    coding = next((one for one in file.bodies if one and _takes(headers, one)), b"")
    tag = b'"%b%b"' % (file.tag, b"-" + coding if coding else b"")
    sent = [(b"etag", tag), (b"cache-control", file.cache), (b"vary", b"Accept-Encoding"), *_secured(b"'self'")]
    if tag in _tags(headers):
        await _answer(send, 304, sent, b"")
        return
    body = file.bodies[coding]
    sent += [(b"content-type", file.kind), (b"content-length", b"%d" % len(body))]
    await _answer(send, 200, [*sent, (b"content-encoding", coding)] if coding else sent, body)


async def _send_not_built(send: Send) -> None:
    """With 200: the server does what it should."""
    sent = [(b"content-type", _KINDS[".html"]), (b"cache-control", b"no-store"), *_secured(_STYLE_SOURCE)]
    await _answer(send, 200, [*sent, (b"content-length", b"%d" % len(_NOT_BUILT))], _NOT_BUILT)


async def _answer(send: Send, status: int, headers: list[tuple[bytes, bytes]], body: bytes) -> None:
    # `secured`: the connection adds nothing to these headers, see `exchange`.
    start: Any = {"type": "http.response.start", "status": status, "headers": headers, "secured": True}
    await send(start)
    await send({"type": "http.response.body", "body": body, "more_body": False})


def _secured(style_source: bytes) -> list[tuple[bytes, bytes]]:
    return [(b"content-security-policy", _POLICY % style_source), *_SECURITY]


def _takes(headers: Headers, coding: bytes) -> bool:
    """Whether a client takes this content encoding (RFC 9110, 12.5.3)."""
    given: dict[bytes, bytes] = {}
    for part in headers.get(b"accept-encoding", b"").lower().split(b","):
        name, _, weight = part.partition(b";")
        given[name.strip()] = weight.replace(b" ", b"")
    weight = given.get(coding, given.get(b"*", b"q=0"))
    return re.fullmatch(rb"q=0(\.0*)?", weight) is None


def _tags(headers: Headers) -> Iterator[bytes]:
    """Of what a client has already."""
    for tag in headers.get(b"if-none-match", b"").split(b","):
        yield tag.strip().removeprefix(b"W/")


_STYLE = """
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
body { max-width: 38rem; margin: 4rem auto; padding: 0 1rem; }
code, pre { font: 14px/1.5 ui-monospace, monospace; }
pre { padding: .75rem 1rem; overflow-x: auto; border: 1px solid #8886; border-radius: 6px; }
"""
_STYLE_SOURCE = b"'sha256-%b'" % b64encode(sha256(_STYLE.encode()).digest())
_NOT_BUILT = f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="refresh" content="2">
<link rel="icon" href="data:,">
<title>PulseStream: the pages are not built yet</title>
<style>{_STYLE}</style>
</head>
<body>
<h1>The pages are not built yet</h1>
<p>The server is running, and takes and answers requests. <code>make demo</code> builds the pages beside it; this page
looks for them every two seconds, and turns into them when they are there. To build them by hand:</p>
<pre>make web</pre>
<p>The API works meanwhile: <a href="/api/v1/openapi.json">all paths and parameters</a>,
<a href="/api/v1/ingestion/health">how the server is</a>. The pages of its documentation are in <code>docs/</code>.</p>
</body>
</html>
""".encode()
