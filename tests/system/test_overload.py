"""More than fits: everybody is told, what was acknowledged is kept once, the counts add up, memory stays bounded."""

from __future__ import annotations

import http.client
import json
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import psutil
import pytest

from hostile.peer import Peer
from system.program import KEY, Program, event, obeys_conservation

pytestmark = pytest.mark.slow

MIB = 1 << 20
BATCH = "/ingestion/events/batch"
SENDERS = 24
REQUESTS = 12  # of each sender
EVENTS = 60  # of each request
# What a server of these settings may take beyond what it has when idle: its room, and what the engine needs to insert
# and to merge so few events. With the default settings it would be several times that.
GROWTH_MAX = 160 * MIB


def lines(*events):
    return b"\n".join(json.dumps(each).encode() for each in events)


class Sender:
    """Sends its requests one after the other over one connection, as long as that stays open. Nothing is sent again."""

    def __init__(self, program, number):
        self.program = program
        self.number = number
        self.acknowledged = []
        self.statuses = Counter()
        self.refusals = []

    def send_all(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.program.port, timeout=60)
        for request in range(REQUESTS):
            ids = [f"evt_{self.number}_{request}_{index}" for index in range(EVENTS)]
            body = lines(*(event(0, event_id=name, message="x" * 1_800) for name in ids))
            headers = {"X-API-Key": KEY, "Content-Type": "application/x-ndjson"}
            connection.request("POST", f"/api/v1{BATCH}?detail=none", body, headers)
            response = connection.getresponse()
            answer = json.loads(response.read())
            self.statuses[response.status] += 1
            if response.status == 200:
                assert answer["stored"] == EVENTS
                self.acknowledged += ids
            else:
                self.refusals.append((response.headers, answer))
        connection.close()


def test_a_flood_is_answered_counted_and_bounded(tmp_path):
    settings = {"inflight_bytes_max": MIB, "backlog_bytes_max": MIB, "tenant_requests_max": 3}
    with Program(tmp_path, **settings) as program, ThreadPoolExecutor(SENDERS) as pool:
        senders = [Sender(program, number) for number in range(SENDERS)]
        server = psutil.Process(program.pid)
        idle, memory, over = server.memory_info().rss, [], threading.Event()

        def watch():
            while not over.wait(0.02):
                memory.append(server.memory_info().rss)

        watching = threading.Thread(target=watch)
        watching.start()
        for done in [pool.submit(sender.send_all) for sender in senders]:
            done.result(60)
        over.set()
        watching.join()

        statuses = sum((sender.statuses for sender in senders), Counter())
        refusals = [refusal for sender in senders for refusal in sender.refusals]
        assert statuses.keys() == {200, 429, 503}
        for headers, answer in refusals:
            assert int(headers["Retry-After"]) >= 1
            assert answer["retryable"]
            assert answer["code"] == {429: "too_many_requests", 503: "overloaded"}[answer["status"]]
            assert answer["detail"]

        stats = program.stats()
        assert obeys_conservation(stats)
        told = stats["requests_refused"]
        assert told["too_many_requests"] == statuses[429]
        # By its events what was read, by its request what was not.
        assert told.get("overloaded", 0) + stats["outcomes"]["overloaded"] / EVENTS == statuses[503]

        acknowledged = [name for sender in senders for name in sender.acknowledged]
        assert stats["outcomes"]["stored"] == stats["total_events"] == len(acknowledged) == statuses[200] * EVENTS
        assert sorted(found["event_id"] for found in program.all_events()) == sorted(acknowledged)
        assert max(memory) - idle < GROWTH_MAX
        # Refusals are in the log, a few of each second; a defect or trouble with the store would be another line.
        logged = program.log.splitlines()
        assert [line for line in logged if "answered 503" not in line and "more requests failed" not in line] == []
        assert len(logged) < statuses[503]


def begun(number, size):
    """A request, but for the last bytes of its body."""
    body = lines(event(number, message="x" * 1_000)).ljust(size)
    head = b"POST /api/v1%b HTTP/1.1\r\nHost: here\r\nConnection: close\r\n" % BATCH.encode()
    head += b"X-API-Key: %b\r\nContent-Type: application/x-ndjson\r\n" % KEY.encode()
    return head + b"Content-Length: %d\r\n\r\n" % size + body[:-10], body[-10:]


@pytest.fixture(scope="module")
def narrow(tmp_path_factory):
    """A server with room for some bodies, and an engine that is fed when somebody asks."""
    settings = {"inflight_bytes_max": 4 * MIB, "backlog_bytes_max": MIB, "feed_linger_ms": 60_000}
    with Program(tmp_path_factory.mktemp("narrow"), **settings) as program:
        yield program


def test_who_gets_in_first_gets_through(narrow):
    """Twenty bodies come at one time, and four of them fit: not one of these is lost to those behind it."""
    size = 400_000
    with ExitStack() as opened:
        waiting = []
        for number in range(20):
            head, end = begun(number, size)
            peer = opened.enter_context(Peer(narrow.port))
            # Alone, a tenant gets three quarters of the half that bodies have.
            waiting.append((peer.send(head[:60_000]), head[60_000:], end))
        statuses = []
        for peer, rest, end in reversed(waiting):
            statuses.append(peer.send(rest).send(end).all()[0].status)
    assert statuses == [503] * 16 + [200] * 4
    assert narrow.stats()["outcomes"]["overloaded"] == 0, "nothing was decoded for nothing"


def test_a_body_that_never_fits_is_not_told_to_come_again(narrow):
    """And is told so, although more of it than sockets hold is sent before the answer is read."""
    head, end = begun("large", 24 * MIB)
    with Peer(narrow.port) as peer:
        [said] = peer.send(head + end).all()
        assert not peer.reset
    assert (said.status, said.json["code"], said.json["retryable"]) == (413, "too_large", False)
    assert str(2 * MIB) in said.json["detail"]
