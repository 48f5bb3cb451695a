"""An answer that is a file: read as it comes, and whole or an error."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import aiohttp

from pulsestream.errors import RemoteError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pulsestream.client.connection import Connection, Params

_SILENCE_S = 600.0  # a server that looks for rare events says nothing meanwhile


class Download:
    """`headers` are there already; `chunks` ends only where the file does."""

    def __init__(self, url: str, response: aiohttp.ClientResponse) -> None:
        self._url = url
        self._response = response
        self.bytes = 0  # so far

    @property
    def headers(self) -> Mapping[str, str]:
        return self._response.headers

    async def chunks(self) -> AsyncIterator[bytes]:
        """Raises RemoteError where the server, or the way to it, breaks off."""
        try:
            async for chunk in self._response.content.iter_any():
                self.bytes += len(chunk)
                yield chunk
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise RemoteError(
                f"{self._url} broke off after {self.bytes:,} bytes: the file is not whole. The server's log says why; "
                "it may take too long (export_seconds_max): ask for a shorter time range"
            ) from error


@asynccontextmanager
async def download(connection: Connection, path: str, params: Params) -> AsyncIterator[Download]:
    """Raises what `Connection.open` raises."""
    response = await connection.open(path, params, silence_s=_SILENCE_S)
    try:
        yield Download(connection.url, response)
    finally:
        response.close()
