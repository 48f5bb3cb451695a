"""Everything that matches, as one file: sent as the engine writes it, and broken off where it cannot be whole."""

from __future__ import annotations

import logging
import sys
import zlib
from collections.abc import Callable, Iterator
from datetime import UTC
from typing import Annotated

from litestar import get
from litestar.params import Parameter
from litestar.types import ASGIApp, Receive, Scope, Send

from pulsestream.api import problems
from pulsestream.api.asked import Asked, asking
from pulsestream.api.operation import ASKING, terms
from pulsestream.api.parameters import AnyRequest, server_of
from pulsestream.api.wire import connection_of
from pulsestream.control.keys import Scope as KeyScope
from pulsestream.errors import BadParameters, PulseStreamError
from pulsestream.query.export import Format
from pulsestream.query.outflow import Outflow, Pack

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

log = logging.getLogger(__name__)

MEDIA = {
    Format.NDJSON: "application/x-ndjson",
    Format.CSV: "text/csv; charset=utf-8; header=present",
    Format.PARQUET: "application/vnd.apache.parquet",
    Format.ARROW: "application/vnd.apache.arrow.file",
}
_COMPRESSIBLE = (Format.NDJSON, Format.CSV)  # the others have their own, or are read as they stand
_GZIP = 16 + zlib.MAX_WBITS
_LEVEL = 1  # what is beyond it costs more time than the lines of most readers save
MATCHED = "X-Events-Matched"
FRESH = "X-Fresh"


@get(
    "/export",
    opt=terms(
        KeyScope.READ,
        raises=ASKING,
        media=[kind.partition(";")[0] for kind in MEDIA.values()],
        headers={
            MATCHED: "how many events the file has",
            FRESH: "true: everything that was acknowledged before is in it",
            "Content-Disposition": "a name for the file",
        },
    ),
    dependencies=asking(None),
)
async def export(
    request: AnyRequest,
    asked: Asked,
    format: Annotated[str, Parameter(description="of the file")] = Format.NDJSON,  # noqa: A002 - the parameter's name
) -> ASGIApp:
    """All events that match, as a file.

    Oldest first, hour by hour, and in an hour by service. As NDJSON each event is as it was sent, and can be sent
    again. An answer whose end is missing (the last chunk of its chunked coding) is not whole.
    """
    if format not in list(Format):
        raise BadParameters([("format", f"must be one of {', '.join(Format)}")])
    form, server = Format(format), server_of(request)
    pack, encoding = _pack(request.headers.get("accept-encoding", "") if form in _COMPRESSIBLE else "")
    named = asked.now.astimezone(UTC).strftime("%Y-%m-%dT%H%M%SZ")
    headers = {
        "Content-Type": MEDIA[form],
        "Content-Disposition": f'attachment; filename="events-{named}.{form}"',
        FRESH: "true" if asked.fresh else "false",
    }
    if form in _COMPRESSIBLE:
        headers["Vary"] = "Accept-Encoding"
    if encoding:
        headers["Content-Encoding"] = encoding
    return Download(server.exports.begin(asked.query, form, fed=server.watermark.fed, pack=pack), headers)


class Download:
    """The answer. Where it fails in the middle the connection is closed, without the last chunk."""

    def __init__(self, outflow: Outflow, headers: dict[str, str]) -> None:
        self._outflow = outflow
        self._headers = headers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Cancelled when the reader leaves, which ends the export."""
        connection = connection_of(scope)

        def stop() -> None:
            connection.when_left(None)  # it is we who leave
            connection.abort()  # its reader may not read, and what waits for that would wait

        self._outflow.stopped = stop
        try:
            try:
                chunk = await self._outflow.first()
            except PulseStreamError as error:
                await problems.send(send, problems.answer(error))
                return
            named = self._headers | {MATCHED: str(self._outflow.matched)}
            headers = [(name.lower().encode(), value.encode()) for name, value in named.items()]
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            try:
                while chunk is not None:
                    await send({"type": "http.response.body", "body": chunk, "more_body": True})
                    chunk = await self._outflow.next()
            except PulseStreamError as error:
                log.warning("an export was broken off: %s", error)
                connection.when_left(None)  # as above
                connection.leave()
                await _left(receive)
                return
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        finally:
            self._outflow.leave()


async def _left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


# ---- compression


def _pack(accepted: str) -> tuple[Pack, str]:
    """How to pack the chunks for who accepts this, and the name of it; the first of ours that is accepted."""
    wanted = set()
    for part in accepted.lower().split(","):
        name, _, quality = part.partition(";")
        if quality.replace(" ", "") not in ("q=0", "q=0.0", "q=0.00", "q=0.000"):
            wanted.add(name.strip())
    for name, pack in _PACKS.items():
        if name in wanted:
            return pack, name
    return _plain, ""


def _plain(chunks: Iterator[bytes]) -> Iterator[bytes]:
    return chunks


def _gzip(chunks: Iterator[bytes]) -> Iterator[bytes]:
    packer = zlib.compressobj(_LEVEL, wbits=_GZIP)
    yield from _packed(chunks, packer.compress, packer.flush)


def _zstd(chunks: Iterator[bytes]) -> Iterator[bytes]:
    packer = zstd.ZstdCompressor(level=_LEVEL)
    yield from _packed(chunks, packer.compress, packer.flush)


def _packed(chunks: Iterator[bytes], compress: Callable[[bytes], bytes], flush: Callable[[], bytes]) -> Iterator[bytes]:
    for chunk in chunks:
        if packed := compress(chunk):
            yield packed
    yield flush()


_PACKS: dict[str, Pack] = {"zstd": _zstd, "gzip": _gzip}
