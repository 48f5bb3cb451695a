"""Whatever a peer does to its connection, it gets an answer or a close in time, and nobody else notices.

No answer here is a 5xx, and the server has nothing to log: it was not the server that failed.
"""

from __future__ import annotations

import json
import select
import time
from contextlib import ExitStack

import psutil
import pytest

from hostile.peer import HANG_S, Peer, is_our_refusal
from system.program import KEY, Program, event

pytestmark = pytest.mark.slow

MIB = 1 << 20
# What one hostile peer may cost, whatever it sends. The server alone moves by some MiB.
COST_MAX = 64 * MIB

HOST = b"Host: here\r\n"
MINE = HOST + b"X-API-Key: " + KEY.encode() + b"\r\n"
LAST = b"Connection: close\r\n"
HEALTH = b"GET /api/v1/ingestion/health HTTP/1.1\r\n"
POST = b"POST /api/v1/ingestion/events HTTP/1.1\r\n"
CHUNKED = b"Transfer-Encoding: chunked\r\n"


def body(number):
    return json.dumps(event(number)).encode()


def length(data):
    return b"Content-Length: %d\r\n" % len(data)


def posted(number, *headers):
    data = body(number)
    return POST + MINE + length(data) + b"".join(headers) + b"\r\n" + data


def chunk(data, extension=b""):
    return b"%x%b\r\n%b\r\n" % (len(data), extension, data)


def get(target, *headers, version=b"HTTP/1.1"):
    return b"GET " + target + b" " + version + b"\r\n" + MINE + b"".join(headers) + LAST + b"\r\n"


GOOD = body("table")

# What is sent at once, and the statuses that answer it before the server closes.
TABLE = {
    # Lengths
    "a good event": (posted("table", LAST), [200]),
    "a length with spaces": (POST + MINE + LAST + b"Content-Length:  %d \t\r\n\r\n" % len(GOOD) + GOOD, [200]),
    "a length with a sign": (POST + MINE + b"Content-Length: +5\r\n\r\n12345", [400]),
    "a negative length": (POST + MINE + b"Content-Length: -5\r\n\r\n12345", [400]),
    "a list of lengths": (POST + MINE + b"Content-Length: 5, 5\r\n\r\n12345", [400]),
    "a hexadecimal length": (POST + MINE + b"Content-Length: 0x5\r\n\r\n12345", [400]),
    "an empty length": (POST + MINE + b"Content-Length:\r\n\r\n12345", [400]),
    "a length that no number holds": (POST + MINE + b"Content-Length: " + b"9" * 30 + b"\r\n\r\n1", [400]),
    "a length of 5,000 digits": (
        POST + MINE + LAST + b"Content-Length: " + b"0" * 4998 + b"%d\r\n\r\n" % len(GOOD) + GOOD,
        [200],
    ),
    "a length over the limit": (POST + MINE + b"Content-Length: 99999999999\r\n\r\n{}", [413]),
    "the length twice": (POST + MINE + b"Content-Length: 5\r\nContent-Length: 5\r\n\r\n12345", [400]),
    "two lengths": (POST + MINE + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\n123456", [400]),
    "a length that is too short": (POST + MINE + b"Content-Length: 5\r\n\r\n" + GOOD, [422, 400]),
    "a length that is too long": (POST + MINE + b"Content-Length: 500\r\n\r\n" + GOOD, [408]),
    # Chunks
    "chunks": (POST + MINE + LAST + CHUNKED + b"\r\n" + chunk(GOOD[:9]) + chunk(GOOD[9:]) + chunk(b""), [200]),
    "a length and chunks": (POST + MINE + length(GOOD) + CHUNKED + b"\r\n" + chunk(GOOD) + chunk(b""), [400]),
    "chunks and a length": (POST + MINE + CHUNKED + length(GOOD) + b"\r\n" + chunk(GOOD) + chunk(b""), [400]),
    "trailers": (
        POST + MINE + LAST + CHUNKED + b"\r\n" + chunk(GOOD) + b"0\r\nX-API-Key: no\r\nHost: no\r\n\r\n",
        [200],
    ),
    "extensions": (POST + MINE + LAST + CHUNKED + b"\r\n" + chunk(GOOD, b";a=b") + chunk(b""), [200]),
    "a chunk size that is none": (POST + MINE + CHUNKED + b"\r\nsize\r\n" + GOOD, [400]),
    "a negative chunk size": (POST + MINE + CHUNKED + b"\r\n-1\r\n" + GOOD, [400]),
    "a chunk size that no number holds": (POST + MINE + CHUNKED + b"\r\n" + b"f" * 30 + b"\r\n", [400]),
    "a chunk that is longer than it says": (POST + MINE + CHUNKED + b"\r\n3\r\n" + GOOD + b"\r\n", [400]),
    "no last chunk": (POST + MINE + CHUNKED + b"\r\n" + chunk(GOOD), [408]),
    "a transfer encoding that is not known": (POST + MINE + b"Transfer-Encoding: gzip\r\n\r\n", [400]),
    "chunks that are not last": (POST + MINE + b"Transfer-Encoding: chunked, gzip\r\n\r\n", [400]),
    # Headers
    "100,000 headers": (HEALTH + b"a:\r\n" * 100_000 + b"\r\n", [431]),
    "3,000 short headers": (HEALTH + b"a: b\r\n" * 3_000 + b"\r\n", [431]),
    "a header of 100 kB": (HEALTH + b"a: " + b"b" * 100_000 + b"\r\n\r\n", [431]),
    "a URL of 100 kB": (get(b"/" + b"a" * 100_000), [431]),
    # The parser's own limit is that of a number of 16 bits, and a head may have as many bytes.
    **{f"a URL of {size} bytes": (get(b"/" + b"a" * (size - 1)), [431]) for size in (65_536, 65_537, 65_700)},
    "headers of 60 kB": (HEALTH + LAST + b"a: " + b"b" * 60_000 + b"\r\n\r\n", [200]),
    "a NUL in a header": (HEALTH + b"a: b\0c\r\n\r\n", [400]),
    "a CR in a header": (HEALTH + b"a: b\rc\r\n\r\n", [400]),
    "a header over two lines": (HEALTH + b"a: b\r\n c\r\n\r\n", [400]),
    "a space before the colon": (HEALTH + b"Host : here\r\n\r\n", [400]),
    "a header without a name": (HEALTH + b": here\r\n\r\n", [400]),
    "bytes over 127 in a header": (HEALTH + HOST + b"a: \xff\xfe\r\n" + LAST + b"\r\n", [200]),
    "two hosts": (HEALTH + b"Host: here\r\nHost: there\r\n\r\n", [400]),
    "two keys": (POST + MINE + b"X-API-Key: other\r\nContent-Length: 0\r\n\r\n", [400]),
    "two tokens": (
        POST + MINE + b"Authorization: Bearer a\r\nAuthorization: Bearer b\r\nContent-Length: 0\r\n\r\n",
        [400],
    ),
    "one key twice": (posted("table", b"X-API-Key: " + KEY.encode() + b"\r\n", LAST), [200]),
    # Expectations and encodings
    "a wish to be asked first": (posted("table", b"Expect: 100-continue\r\n", LAST), [100, 200]),
    "a wish to be asked first, without a key": (
        POST + HOST + b"Content-Length: 9\r\nExpect: 100-continue\r\n\r\n",
        [401],
    ),
    "an expectation that is not known": (posted("table", b"Expect: tea\r\n", LAST), [200]),
    "a body that is not gzip": (posted("table", b"Content-Encoding: gzip\r\n", LAST), [400]),
    "a body that is not zstd": (posted("table", b"Content-Encoding: zstd\r\n", LAST), [400]),
    "an encoding that is not known": (posted("table", b"Content-Encoding: rot13\r\n", LAST), [415]),
    # Refused before its body was read
    "no key, and a body to come": (POST + HOST + b"Content-Length: 999999\r\n\r\n", [401]),
    "a body where none belongs": (HEALTH + HOST + b"Content-Length: 999999\r\n\r\n", [200]),
    # Protocols
    "HTTP/0.9": (b"GET /api/v1/ingestion/health\r\n\r\n", [400]),
    "HTTP/1.0": (b"GET /api/v1/ingestion/health HTTP/1.0\r\n\r\n", [200]),
    "HTTP/1.2": (get(b"/", version=b"HTTP/1.2"), [400]),
    "HTTP/2 in a request line": (get(b"/", version=b"HTTP/2.0"), [400]),
    "the preface of HTTP/2": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", [400]),
    "a TLS hello": (bytes.fromhex("16030100a5010000a10303") + bytes(60), [400]),
    "lines without CR": (b"GET /api/v1/ingestion/health HTTP/1.1\nHost: here\n\n", [400]),
    "lines before the request": (b"\r\n" * 50 + HEALTH + HOST + LAST + b"\r\n", [200]),
    "a WebSocket": (
        HEALTH + HOST + b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\r\n\x81\x05hello",
        [200],
    ),
    "h2c": (HEALTH + HOST + b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n\r\n", [200]),
    "h2c with a body": (posted("table", b"Connection: Upgrade\r\nUpgrade: h2c\r\n"), [400]),
    "CONNECT": (b"CONNECT here:443 HTTP/1.1\r\nHost: here\r\n\r\n", [400]),
    "a method that is none": (b"FETCH / HTTP/1.1\r\nHost: here\r\n\r\n", [400]),
    "a method in small letters": (b"get / HTTP/1.1\r\nHost: here\r\n\r\n", [400]),
    "noise": (bytes(range(256)) * 16, [400]),
    # URLs
    "*": (b"OPTIONS * HTTP/1.1\r\n" + HOST + LAST + b"\r\n", [404]),
    "the URL in full": (get(b"http://there/api/v1/ingestion/health"), [200]),
    "a URL that is only a host": (get(b"http://there"), [200]),
    "no path": (get(b"?a=b"), [400]),
    "%ff": (get(b"/api/v1/ingestion/events/%ff"), [404]),
    "%00": (get(b"/api/v1/ingestion/events/%00"), [404]),
    "half of an escape": (get(b"/api/v1/ingestion/events/%f"), [404]),
    "up and out": (get(b"/api/v1/../../../etc/passwd"), [404]),
    "up and out, escaped": (get(b"/%2e%2e/%2e%2e/etc/passwd"), [404]),
    "bytes over 127 in the path": (get(b"/\xff\xfe"), [400]),
    "a parameter that is not UTF-8": (get(b"/api/v1/ingestion/events/search?%ff=%ff"), [422]),
}


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with Program(tmp_path_factory.mktemp("server"), header_timeout_s=1, body_timeout_s=1) as running:
        yield running


@pytest.fixture(autouse=True)
def the_server_is_well_after_it(request):
    """A neighbour is served as ever, and nothing was logged."""
    if "server" in request.fixturenames:
        server = request.getfixturevalue("server")
        yield
        neighbour(server, request.node.name)
        assert server.log == ""
    else:
        yield


def neighbour(server, number):
    assert server.send_one(event(f"neighbour of {number}"[:80])).status == 200


def cost(server):
    return psutil.Process(server._process.pid).memory_info().rss


@pytest.mark.parametrize("name", TABLE)
def test_what_is_sent_at_once_is_answered_and_closed(server, name):
    sent, statuses = TABLE[name]
    with Peer(server.port) as peer:
        said = peer.send(sent).all()
        assert [answer.status for answer in said] == statuses
        assert said[-1].headers["connection"] == "close"
        if statuses == [431] or name in ("noise", "two hosts", "a TLS hello"):
            assert is_our_refusal(said[-1])


@pytest.mark.parametrize("cut_at", [1, 20, 60, 150, 300])
def test_a_request_may_come_in_any_pieces(server, cut_at):
    data = posted(f"pieces {cut_at}", LAST)
    with Peer(server.port) as peer:
        peer.send(data[:cut_at])
        neighbour(server, f"pieces {cut_at}")  # so that the rest comes apart
        assert [said.status for said in peer.send(data[cut_at:]).all()] == [200]


# Time


@pytest.mark.parametrize("begin", [b"", b"GET", HEALTH, HEALTH + HOST, HEALTH + HOST + b"\r"])
def test_a_peer_that_falls_silent_before_its_headers_are_whole(server, begin):
    with Peer(server.port) as peer:
        [said] = peer.send(begin).all()
        assert said.status == 408
        assert said.json["code"] == "request_timeout"
        assert is_our_refusal(said)


def test_headers_a_byte_at_a_time(server):
    with Peer(server.port) as peer:
        [said] = peer.drip(HEALTH + b"a: " + b"b" * 1000, every_s=0.05).all()
        assert said.status == 408


def test_the_headers_of_a_second_request_have_their_time_too(server):
    with Peer(server.port) as peer:
        assert peer.send(HEALTH + HOST + b"\r\n").next()[0].status == 200
        assert [said.status for said in peer.send(b"G").all()] == [408]


@pytest.mark.parametrize("begin", [POST + MINE + b"Content-Length: 500\r\n\r\n", POST + MINE + CHUNKED + b"\r\n5"])
def test_a_body_that_stalls(server, begin):
    refused = server.stats()["requests_refused"].get("request_timeout", 0)
    with Peer(server.port) as peer:
        [said] = peer.send(begin).all()
        assert said.status == 408
        assert said.json["retryable"]
        assert said.headers["connection"] == "close"
    assert server.stats()["requests_refused"]["request_timeout"] == refused + 1


def test_a_body_that_never_stalls_and_never_ends(server):
    with Peer(server.port) as peer:
        begin = POST + MINE + b"Content-Length: 9999\r\n\r\n"
        assert [said.status for said in peer.send(begin).drip(b" " * 9999, every_s=0.05).all()] == [408]


def test_a_slow_and_steady_body_is_taken(server):
    data = b" " * 8000 + body("steady")
    with Peer(server.port) as peer:
        peer.send(POST + MINE + LAST + length(data) + b"\r\n")
        began = time.monotonic()
        for at in range(0, len(data), 250):
            peer.drip(data[at : at + 1], every_s=0.08).send(data[at + 1 : at + 250])
        assert time.monotonic() - began > 2  # longer than a body may stall
        assert [said.status for said in peer.all()] == [200]


# Ends


def test_a_peer_that_only_listens_any_more_gets_its_answer(server):
    with Peer(server.port) as peer:
        assert [said.status for said in peer.send(posted("listens")).end().all()] == [200]
    with Peer(server.port) as peer:
        many = b"".join(posted(f"listens {number}") for number in range(100))
        assert [said.status for said in peer.send(many).end().all()] == [200] * 100


@pytest.mark.parametrize(
    "begin", [HEALTH, POST + MINE + b"Content-Length: 500\r\n\r\n{", POST + MINE + CHUNKED + b"\r\n"]
)
def test_a_peer_that_ends_in_the_middle(server, begin):
    with Peer(server.port) as peer:
        assert [said.status for said in peer.send(begin).end().all()] == [400]


def test_a_peer_that_ends_at_once(server):
    with Peer(server.port) as peer:
        assert peer.end().all() == []


@pytest.mark.parametrize("begin", [b"", HEALTH, POST + MINE + b"Content-Length: 500\r\n\r\n{", posted("cut")])
def test_many_peers_that_crash(server, begin):
    for _ in range(100):
        Peer(server.port).send(begin).cut()


# Amounts


ENDLESS = {
    "a URL": (b"GET /", b"a", [431]),
    "a header": (HEALTH + b"a: ", b"b", [431]),
    "a header's name": (HEALTH, b"a", [431]),
    "headers": (HEALTH, b"a: b\r\n", [431]),
    "a chunk's extension": (POST + MINE + CHUNKED + b"\r\n5;", b"a", [400]),
    "a trailer": (POST + MINE + CHUNKED + b"\r\n" + chunk(GOOD) + b"0\r\na: ", b"b", [400]),
    "trailers": (POST + MINE + CHUNKED + b"\r\n" + chunk(GOOD) + b"0\r\n", b"a: b\r\n", [400]),
    "lines after noise": (b"noise\r\n\r\n", b"\r\n", [400]),
    "a body without a key": (POST + HOST + b"Content-Length: 99999999999\r\n\r\n", b" ", [401]),
    "a body that is too large": (POST + MINE + b"Content-Length: 99999999999\r\n\r\n", b" ", [413]),
    "a body that becomes too large": (POST + MINE + CHUNKED + b"\r\n", chunk(b" " * 9000), [413]),
}


@pytest.mark.parametrize("name", ENDLESS)
def test_what_has_no_end_is_cut_off(server, name):
    begin, block, statuses = ENDLESS[name]
    before = cost(server)
    # A whole body may have 64 MiB.
    bytes_max = 200 * MIB
    with Peer(server.port) as peer:
        peer.send(begin).flood(block * (20_000 // len(block) + 1), bytes_max=bytes_max)
        assert peer.sent < bytes_max
        assert [said.status for said in peer.all()] in (statuses, [])  # cut off: the answer may be lost
    if "becomes" not in name:
        assert peer.sent < 16 * MIB  # with what the sockets hold
        assert cost(server) - before < COST_MAX


@pytest.mark.parametrize("count", [2, 100, 1000])
def test_requests_sent_at_once_are_answered_in_order(server, count):
    """Some in one piece, so that one read of the server holds many."""
    with Peer(server.port) as peer:
        peer.send(b"".join(posted(f"in line {count} {number}") for number in range(count)))
        said = peer.next(count)
        assert [answer.json["event_id"] for answer in said] == [f"evt_in line {count} {n}" for n in range(count)]


def test_a_refusal_waits_for_the_answers_before_it(server):
    with Peer(server.port) as peer:
        said = peer.send(posted("first") + posted("second") + b"noise\r\n\r\n").all()
        assert [answer.status for answer in said] == [200, 200, 400]
        assert is_our_refusal(said[-1])


def test_a_peer_that_sends_requests_and_reads_no_answers(server):
    before = cost(server)
    request = HEALTH + HOST + b"\r\n"
    with Peer(server.port) as peer:
        peer.flood(request * 1000, bytes_max=64 * MIB)
        assert peer.reset
        assert cost(server) - before < COST_MAX


def test_a_peer_that_reads_no_large_answer(server):
    events = [event(f"large {number}", description="x" * 1900) for number in range(1000)]
    assert server.send(events)["stored"] == 1000
    ask = b"GET /api/v1/ingestion/events/search?limit=1000 HTTP/1.1\r\n" + MINE + b"\r\n"
    before = cost(server)
    with Peer(server.port) as peer:
        # More than the sockets between the two can hold.
        peer.send(ask * 10)
        assert is_reset(peer)
        assert cost(server) - before < COST_MAX
        assert len(peer.all()) < 10


def is_reset(peer):
    """Whether the server cuts the connection off, told without reading from it."""
    waiting = select.poll()
    waiting.register(peer.socket, select.POLLHUP)
    return bool(waiting.poll(HANG_S * 1000))


def test_two_thousand_idle_peers_disturb_nobody(tmp_path):
    with Program(tmp_path, header_timeout_s=5) as server, ExitStack() as stack:
        before = cost(server)
        idle = [stack.enter_context(Peer(server.port)) for _ in range(2000)]
        for number in range(20):
            neighbour(server, number)
        assert cost(server) - before < 2000 * 64 * 1024
        said = [peer.all() for peer in idle]
        assert {answer.status for [answer] in said} == {408}
        neighbour(server, "them")
        assert server.log == ""


def test_one_connection_too_many_is_told_so(tmp_path):
    with Program(tmp_path, connections_max=10) as server, ExitStack() as stack:
        kept = [stack.enter_context(Peer(server.port)) for _ in range(10)]
        for peer in kept:
            assert peer.send(HEALTH + HOST + b"\r\n").next()[0].status == 200
        with Peer(server.port) as late:
            [said] = late.all()
            assert said.status == 503
            assert said.json["code"] == "overloaded"
            assert int(said.headers["retry-after"]) >= 1
            assert is_our_refusal(said)
        for peer in kept:
            assert peer.send(posted("kept")).next()[0].status == 200
        kept[0].end().all()
        neighbour(server, "a place that is free again")
        taken, *flood = [stack.enter_context(Peer(server.port)) for _ in range(100)]
        assert taken.send(posted("taken")).next()[0].status == 200
        for peer in flood:
            assert {said.status for said in peer.all()} <= {503}
        assert kept[1].send(posted("still kept")).next()[0].status == 200
        assert server.log == ""
