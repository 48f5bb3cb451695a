import asyncio
import socket
import sys

import pytest

from pulsestream.client.packing import OFF_LOOP_BYTES, Packing, on_loopback

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

NEAR, FAR = "http://127.0.0.1:8000", "http://192.0.2.1:8000"
BODY = b'{"event_id":"e1","title":"the same again"}\n' * 100


def pack(url, compress, body=BODY):
    packing = Packing(url, compress, print)
    return asyncio.run(packing.pack(body)), packing


@pytest.mark.parametrize(
    ("url", "compress", "packed"),
    [
        (NEAR, "auto", False),
        (FAR, "auto", True),
        ("https://[2001:db8::1]", "auto", True),
        (NEAR, "zstd", True),
        (FAR, "none", False),
    ],
)
def test_bodies_are_packed_unless_the_server_is_near_or_as_was_asked(url, compress, packed):
    body, packing = pack(url, compress)
    assert (body is not None) is packed
    if packed:
        assert zstd.decompress(body) == BODY
    assert (packing.plain_bytes, packing.packed_bytes) == ((len(BODY), len(body)) if packed else (0, 0))


def test_a_body_that_fits_in_a_packet_is_not_packed():
    assert pack(FAR, "zstd", b"x" * 1000)[0] is None


@pytest.mark.parametrize("size", [OFF_LOOP_BYTES, OFF_LOOP_BYTES + 1])
def test_a_large_body_is_packed_like_any_other(size):
    assert zstd.decompress(pack(FAR, "auto", memoryview(b"a" * size))[0]) == b"a" * size


def test_a_server_that_refuses_is_sent_plain_bodies_and_that_is_said_once():
    said = []
    packing = Packing(FAR, "zstd", said.append)
    packing.refuse()
    packing.refuse()
    assert asyncio.run(packing.pack(BODY)) is None
    assert said == [f"{FAR} does not take zstd: sending plain bodies"]


@pytest.mark.parametrize(
    ("host", "near"),
    [
        ("localhost", True),
        ("x.localhost", True),
        ("127.0.0.1", True),
        ("127.8.9.10", True),
        ("::1", True),
        ("::ffff:127.0.0.1", True),
        ("0.0.0.0", True),  # noqa: S104 - where it is sent to, not where it listens
        ("10.0.0.1", False),
        ("::ffff:10.0.0.1", False),
        ("2001:db8::1", False),
    ],
)
def test_an_address_of_this_machine_is_known(host, near):
    assert asyncio.run(on_loopback(host)) is near


@pytest.mark.parametrize(
    ("found", "near"),
    [
        (["127.0.0.1", "::1"], True),
        (["127.0.0.1", "192.0.2.1"], False),
        (["192.0.2.1"], False),
        ([], False),
        (socket.gaierror(-2, "Name or service not known"), False),
    ],
)
def test_a_name_is_near_when_all_its_addresses_are(found, near):
    async def resolve(*_, **__):
        if isinstance(found, Exception):
            raise found
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 0)) for address in found]

    async def ask():
        asyncio.get_running_loop().getaddrinfo = resolve
        return await on_loopback("events.example")

    assert asyncio.run(ask()) is near
