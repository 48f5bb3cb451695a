"""What a connection does as time passes, told to it by hand; and whose it is. The rest is in tests/hostile."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import random

from uvicorn.config import Config
from uvicorn.server import ServerState

from pulsestream.api.connection import BYTES_PER_S_MIN, KEEP_ALIVE_S, Connection
from pulsestream.api.observer import Observer
from pulsestream.api.wire import Bounds, Wire, connection_of
from pulsestream.errors import PulseStreamError
from pulsestream.meters import Meters
from pulsestream.metrics import REQUESTS_REFUSED
from unit.ingest.lines import StillClock

BOUNDS = Bounds(connections_max=10, header_timeout_s=30, body_timeout_s=20)
CONNECTIONS_OF_A_TENANT_MAX = 3
GET = b"GET / HTTP/1.1\r\nHost: h\r\n\r\n"


class Serving:
    """A server on the loopback, of one application, whose time stands still."""

    def __init__(self):
        self.meters = Meters(StillClock().monotonic)
        self.counts = []
        self.claimed = []
        self.tenant = "acme"
        self.wire = Wire(BOUNDS, Observer(self.meters, self.meters.tick, random.Random(7)))
        self.answer = b"ok"
        self.raised = []
        self.size = 0

    @property
    def codes(self):
        return [*self.meters.of_tenant(REQUESTS_REFUSED, "")]

    async def app(self, scope, receive, send):
        self.claimed.append(connection_of(scope).claim(self.tenant, CONNECTIONS_OF_A_TENANT_MAX))
        self.counts.append(self.wire.of_tenant[self.tenant])
        status = 200
        try:
            more = True
            while more:
                message = await receive()
                self.size += len(message.get("body", b""))
                more = message.get("more_body")
        except PulseStreamError as error:
            self.raised.append(error.code)
            status = error.http_status
        headers = [(b"content-length", b"%d" % len(self.answer))]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": self.answer})

    @contextlib.asynccontextmanager
    async def peers(self, count=1):
        config = Config(self.app, lifespan="off", ws="none", log_config=None, interface="asgi3", proxy_headers=False)
        make = functools.partial(Connection, self.wire, config, ServerState(), {})
        server = await asyncio.get_running_loop().create_server(make, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        peers = [await asyncio.open_connection("127.0.0.1", port) for _ in range(count)]
        try:
            await until(lambda: len(self.wire.open) == count)
            yield peers if count > 1 else peers[0]
        finally:
            for _, writer in peers:
                writer.close()
                with contextlib.suppress(OSError):
                    await writer.wait_closed()
            await until(lambda: not self.wire.open)
            server.close()
            await server.wait_closed()

    def pass_time(self, seconds):
        for connection in tuple(self.wire.open):
            connection.pass_time(seconds)


async def until(state):
    async with asyncio.timeout(20):
        while not state():  # noqa: ASYNC110 - the state is a transport's, which tells nobody
            await asyncio.sleep(0)


async def exchange(peer, sent):
    reader, writer = peer
    writer.write(sent)
    head = await reader.readuntil(b"\r\n\r\n")
    [length] = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length")]
    return int(head[9:12]), await reader.readexactly(int(length.split(b":")[1]))


def served(test):
    """The test, with a server of its own, in a loop of its own."""

    @functools.wraps(test)
    def runs(**given):
        asyncio.run(test(Serving(), **given))

    del runs.__wrapped__  # or pytest asks for a fixture of the server's name
    return runs


@served
async def test_an_idle_connection_is_kept_for_a_while(serving):
    async with serving.peers() as peer:
        assert await exchange(peer, GET) == (200, b"ok")
        serving.pass_time(KEEP_ALIVE_S - 1)
        assert await exchange(peer, GET) == (200, b"ok")
        serving.pass_time(KEEP_ALIVE_S - 1)
        serving.pass_time(1)
        assert await peer[0].read() == b""
    assert serving.codes == []


@served
async def test_the_headers_have_their_time(serving):
    async with serving.peers() as peer:
        serving.pass_time(29)
        assert await exchange(peer, GET) == (200, b"ok")
    async with serving.peers() as peer:
        serving.pass_time(30)
        status, problem = await exchange(peer, GET)
        assert (status, serving.codes) == (408, ["request_timeout"])
        assert b"headers were not whole after 30 s" in problem


@served
async def test_a_body_has_its_time_again_with_every_share(serving):
    share = BYTES_PER_S_MIN * BOUNDS.body_timeout_s
    async with serving.peers() as peer:
        peer[1].write(b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: %d\r\n\r\n" % (10 * share))
        for part in range(5):
            serving.pass_time(BOUNDS.body_timeout_s - 1)
            peer[1].write(bytes(share))
            await until(lambda size=(part + 1) * share: serving.size == size)
            serving.pass_time(0.5)
        peer[1].write(bytes(share - 1))
        await until(lambda: serving.size == 6 * share - 1)
        serving.pass_time(BOUNDS.body_timeout_s)
        assert (await exchange(peer, b""))[0] == 408
        assert serving.raised == ["request_timeout"]
        assert serving.codes == []  # the application counts what it is told


@served
async def test_answers_must_be_read(serving):
    serving.answer = bytes(20 << 20)
    async with serving.peers() as peer:
        peer[0]._transport.pause_reading()
        peer[1].write(GET)
        [connection] = serving.wire.open
        await until(connection._transport.get_write_buffer_size)
        serving.pass_time(1)
        serving.pass_time(BOUNDS.body_timeout_s - 1)
        assert serving.wire.open
        serving.pass_time(1)
        await until(lambda: not serving.wire.open)


@served
async def test_a_connection_belongs_to_the_tenant_of_its_last_request(serving):
    async with serving.peers(3) as peers:
        for peer in peers:
            assert await exchange(peer, GET + GET) == (200, b"ok")
            await exchange(peer, b"")
        assert serving.counts == [1, 1, 2, 2, 3, 3]
        serving.tenant = "zeta"
        await exchange(peers[0], GET)
        assert serving.counts[-1] == 1
        assert serving.wire.of_tenant == {"acme": 2, "zeta": 1}
    assert serving.wire.of_tenant == {}


@served
async def test_a_tenant_has_no_more_connections_than_it_may(serving):
    async with serving.peers(4) as peers:
        for peer in [*peers, *peers[:3]]:
            await exchange(peer, GET)
        assert serving.claimed == [True, True, True, False, True, True, True], "those that are open stay good"
        assert serving.counts == [1, 2, 3, 3, 3, 3, 3]
        serving.tenant = "zeta"
        await exchange(peers[0], GET)
        serving.tenant = "acme"
        await exchange(peers[3], GET)
        assert serving.claimed[-2:] == [True, True], "there is room again when one is another's"


@served
async def test_a_request_that_outlives_its_connection_claims_none(serving):
    async with serving.peers():
        [connection] = serving.wire.open
    assert connection.claim("acme", 0)
    assert serving.wire.of_tenant == {}
