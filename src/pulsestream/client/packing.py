"""Whether bodies go out compressed, and the compressing."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import sys
from typing import TYPE_CHECKING, Literal
from urllib.parse import urlsplit

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

if TYPE_CHECKING:
    from collections.abc import Callable

    from pulsestream.client.batch import Text

Compress = Literal["auto", "zstd", "none"]

LEVEL = 1  # on batches of 1,000 events: 6.9 times smaller in 1.1 us an event; level 3 takes 1.5 us for the same size
PACKED_BYTES_MIN = 1400  # what fits in one packet anyway gains nothing
OFF_LOOP_BYTES = 2**19  # takes half a millisecond, in which the loop would do nothing else


class Packing:
    """Compresses bodies with zstd: `zstd` always, `none` never, `auto` unless the server is on this machine.

    A server that does not take zstd gets plain bodies from then on; `tell` is told so, once.
    """

    def __init__(self, url: str, compress: Compress, tell: Callable[[str], None]) -> None:
        self.refused = False
        self.plain_bytes = self.packed_bytes = 0  # of what was compressed, before and after
        self._url = url
        self._tell = tell
        self._wanted: bool | None = None if compress == "auto" else compress == "zstd"

    def refuse(self) -> None:
        if not self.refused:
            self._tell(f"{self._url} does not take zstd: sending plain bodies")
        self.refused = True

    async def pack(self, body: Text) -> bytes | None:
        """The compressed body; None when it should go out as it is."""
        if len(body) < PACKED_BYTES_MIN or self.refused:
            return None
        if self._wanted is None:
            self._wanted = not await on_loopback(urlsplit(self._url).hostname or "")
        if not self._wanted:
            return None
        off_loop = len(body) > OFF_LOOP_BYTES
        packed = await asyncio.to_thread(zstd.compress, body, LEVEL) if off_loop else zstd.compress(body, LEVEL)
        self.plain_bytes += len(body)
        self.packed_bytes += len(packed)
        return packed


async def on_loopback(host: str) -> bool:
    """Whether a host's name or address is this machine's own, where bytes cost less than making them fewer.

    A name is one when all its addresses are; one that is not known is not.
    """
    if host == "localhost" or host.endswith(".localhost"):
        return True
    if _is_address(host):
        return _is_loopback(host)
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return False
    return bool(found) and all(_is_loopback(str(address[0])) for *_, address in found)


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _is_loopback(text: str) -> bool:
    address = ipaddress.ip_address(text)
    if isinstance(address, ipaddress.IPv6Address):
        address = address.ipv4_mapped or address
    return address.is_loopback or address.is_unspecified  # to connect to 0.0.0.0 is to connect to this machine
