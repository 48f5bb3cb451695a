"""GET /query/tail on a real server: events as they arrive, over a connection that stays."""

from __future__ import annotations

import contextlib
import http.client
import json
import threading
from urllib.parse import urlencode

import pytest

from system.program import Program, event

pytestmark = pytest.mark.slow


class Tail:
    """One connection, and what came over it: (name, data, id) of each server-sent event, comments left out."""

    def __init__(self, server, key=None, headers=None, **parameters):
        self.connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
        path = "/api/v1/query/tail?" + urlencode(parameters)
        sent = {} if key == "" else {"X-API-Key": key or server.key}
        self.connection.request("GET", path, headers=sent | (headers or {}))
        self.answer = self.connection.getresponse()
        assert self.answer.status == 200, self.answer.read()
        assert self.answer.headers["Content-Type"] == "text/event-stream"
        self.last_id = None
        self.dropped = 0

    def next(self):
        """The events of the next message that has some; None at the end."""
        name, data = None, None
        while line := self.answer.readline():
            field, _, value = line.decode().rstrip("\n").partition(": ")
            if field == "event":
                name = value
            elif field == "data":
                data = json.loads(value)
            elif field == "id":
                self.last_id = value
            elif not field and name is not None:
                if name == "events":
                    return data["events"]
                self.dropped += data["count"]
                name = None
        return None

    def ids(self, count):
        found = []
        while len(found) < count:
            found += [one["event_id"] for one in self.next()]
        return found


@contextlib.contextmanager
def tailing(server, **given):
    tail = Tail(server, **given)
    try:
        yield tail
    finally:
        tail.connection.close()


def numbered(first, last, **changes):
    if first == last:
        return [event(first, **changes)]
    return [event(number, **changes) for number in range(first, last + 1)]


def names(first, last):
    return [f"evt_{number}" for number in range(first, last + 1)]


def test_events_come_as_they_arrive(tenant):
    tenant.send(numbered(1, 5))
    with tailing(tenant, last=2) as everything, tailing(tenant, last=0, q="status:500") as failed:
        assert everything.ids(2) == names(4, 5)
        tenant.send(numbered(6, 8))
        tenant.send(numbered(9, 9, metrics={"response_time_ms": 1, "status_code": 500}, payload={"a": "b\nc\r"}))
        assert everything.ids(4) == names(6, 9)
        [one] = failed.next()
        assert (one["event_id"], one["payload"]) == ("evt_9", {"a": "b\nc\r"})
        resumed = everything.last_id
    tenant.send(numbered(10, 12))
    with tailing(tenant, after=resumed) as again, tailing(tenant, headers={"Last-Event-ID": resumed}) as other:
        assert again.ids(3) == other.ids(3) == names(10, 12)
        tenant.send(numbered(13, 13))
        assert again.ids(1) == other.ids(1) == names(13, 13)


def test_a_tail_ends_when_its_key_is_revoked(server):
    made = server.ask("POST", "/keys", json.dumps({"scopes": ["read"]}).encode()).json
    with tailing(server, key=made["key"], last=0) as tail:
        server.send(numbered("before", "before"))
        assert tail.ids(1) == ["evt_before"]
        assert server.ask("DELETE", f"/keys/{made['id']}").status == 200
        server.send(numbered("after", "after"))
        assert tail.next() is None


def test_a_payload_with_line_breaks_is_one_line(server):
    sent = json.dumps(event("odd"))[:-1] + ',"payload":{\r\n"a":\r\n1}}'
    assert server.ask("POST", "/ingestion/events", sent.encode()).status == 200
    with tailing(server, last=1, q="event_id:evt_odd") as tail:
        [one] = tail.next()
        assert one["payload"] == {"a": 1}


@pytest.mark.parametrize(
    ("query", "named"),
    [
        ("last=1001", "last"),
        ("last=-1", "last"),
        ("limit=3", "limit"),
        ("after=nonsense", "after"),
        ("start_time=2026-05-04T10:00:00Z", "start_time"),
        ("end_time=2026-05-04T10:00:00Z", "start_time"),
    ],
)
def test_a_wrong_parameter_is_named(server, query, named):
    answer = server.ask("GET", f"/query/tail?{query}")
    assert answer.status == 422
    assert named in [error["field"] for error in answer.json["errors"]]


def test_tails_of_a_tenant_are_bounded_and_free_again_when_their_readers_leave(server):
    tails = [Tail(server, last=0) for _ in range(50)]
    refused = server.ask("GET", "/query/tail")
    assert (refused.status, refused.json["code"]) == (429, "too_many_requests")
    for tail in tails:
        tail.connection.close()
        tail.answer.close()
    for _ in range(50):  # the server has heard of it when it answers: nothing of this waits
        with tailing(server, last=0):
            pass


def test_who_reads_slowly_is_told_how_much_was_dropped(server):
    source = {"service": "wide", "endpoint": "/", "method": "GET"}
    wide = {"payload": {"text": "x" * 10_000}, "source": source}
    with tailing(server, last=0, q="service:wide") as slow, tailing(server, last=0, q="service:wide") as quick:
        seen = []

        def read():
            while len(seen) + quick.dropped < 4_000:
                seen.extend(quick.ids(1))

        reader = threading.Thread(target=read)
        reader.start()
        for first in range(1, 4_000, 500):
            server.send(numbered(first, first + 499, **wide))
        reader.join(60)
        assert len(seen) + quick.dropped == 4_000
        found = []
        while len(found) + slow.dropped < 4_000:
            found += slow.ids(1)
        assert slow.dropped > 0
        assert found == sorted(found, key=lambda name: int(name[4:]))
        assert found[-1] == "evt_4000"


def test_a_tail_ends_well_when_the_server_stops(tmp_path):
    with Program(tmp_path) as running:
        running.send(numbered(1, 1))
        with tailing(running, last=1) as tail:
            assert tail.ids(1) == names(1, 1)
            assert running.stop() == 0
            assert tail.next() is None
        assert running.log == ""


@pytest.mark.parametrize(
    ("query", "headers", "at"), [("?after=x", {}, "after"), ("?after=y", {"Last_Event_ID": "x"}, "Last-Event-ID")]
)
def test_a_place_to_go_on_from_that_is_none_of_ours_says_what_is(server, query, headers, at):
    answer = server.ask("GET", f"/query/tail{query}", **headers)
    assert answer.status == 422
    assert answer.json["detail"].startswith(f"{at}: is not one of ours: pass on the `id` of the last message as it")
