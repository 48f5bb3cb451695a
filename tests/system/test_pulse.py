"""GET /query/pulse on a real server: what comes in, once a second, over a connection that stays."""

from __future__ import annotations

import contextlib
import http.client
import json
import time
from datetime import datetime

import pytest

from system.program import Program, event

pytestmark = pytest.mark.slow

PULSES_MAX = 30  # that pass until what was waited for must have come


class Pulse:
    """One connection, and what comes over it."""

    def __init__(self, server, key=None):
        self.connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
        self.connection.request("GET", "/api/v1/query/pulse", headers={"X-API-Key": key or server.key})
        self.answer = self.connection.getresponse()
        assert self.answer.status == 200, self.answer.read()
        assert self.answer.headers["Content-Type"] == "text/event-stream"

    def next(self):
        """None at the end. Whatever else it says, law 1 holds in it."""
        lines = [self.answer.readline().decode() for _ in range(3)]
        if not lines[0]:
            return None
        assert (lines[0], lines[2]) == ("event: pulse\n", "\n")
        found = json.loads(lines[1].removeprefix("data: "))
        assert found["received"] == sum(found["outcomes"].values())
        return found

    def until(self, holds):
        for _ in range(PULSES_MAX):
            found = self.next()
            if holds(found):
                return found
        raise AssertionError(f"it never came: {found}")


@contextlib.contextmanager
def listening(server, **given):
    pulse = Pulse(server, **given)
    try:
        yield pulse
    finally:
        pulse.connection.close()


def numbered(first, last, **changes):
    return [event(number, **changes) for number in range(first, last + 1)]


def test_what_comes_in_is_told_by_outcome_and_when_it_can_be_found(server):
    mine, other = server.tenant("pulse-mine"), server.tenant("pulse-other")
    with listening(mine) as pulse, listening(other) as elsewhere:
        first = pulse.next()
        assert (first["received"], first["events"], first["position"], first["lag_s"]) == (0, 0, 0, 0)
        mine.send(numbered(1, 10))
        mine.send([*numbered(9, 12), event(13, severity="loud")])
        found = pulse.until(lambda one: one["received"] == 15)
        assert found["outcomes"] == {"stored": 12, "duplicate": 2, "rejected": 1, "rate_limited": 0, "overloaded": 0}
        assert found["events"] == 12
        assert pulse.until(lambda one: one["position"] == 12)["lag_s"] == 0
        assert mine.ask("DELETE", "/ingestion/events/evt_3").status == 200
        stats = mine.stats()
        fewer = pulse.until(lambda one: one["events"] == 11)
        assert (fewer["events"], fewer["outcomes"]) == (stats["total_events"], stats["outcomes"])
        assert elsewhere.next()["received"] == elsewhere.next()["position"] == 0


def test_one_comes_a_second(tenant):
    with listening(tenant) as pulse:
        pulse.next()
        began = time.monotonic()
        found = [pulse.next() for _ in range(3)]
        assert 1.5 < time.monotonic() - began < 10
    at = [datetime.fromisoformat(one["at"]) for one in found]
    assert at == sorted(set(at))


def test_the_totals_begin_with_the_server_and_the_events_are_still_there(program):
    program.send(numbered(1, 5))
    assert program.ask("DELETE", "/ingestion/events/evt_1").status == 200
    program.stop()
    program.start()
    with listening(program) as pulse:
        found = pulse.next()
        assert (found["received"], found["position"], found["events"]) == (0, 0, 4)


def test_it_ends_when_its_key_is_revoked(server):
    made = server.ask("POST", "/keys", json.dumps({"scopes": ["read"]}).encode()).json
    with listening(server, key=made["key"]) as pulse:
        assert pulse.next() is not None
        assert server.ask("DELETE", f"/keys/{made['id']}").status == 200
        assert None in [pulse.next() for _ in range(3)]


def test_a_key_that_may_not_read_hears_nothing(server):
    made = server.ask("POST", "/keys", json.dumps({"scopes": ["ingest"]}).encode()).json
    assert server.ask("GET", "/query/pulse", key=made["key"]).status == 403
    assert server.ask("GET", "/query/pulse", key=None).status == 401
    assert server.ask("GET", "/query/pulse?q=x").status == 422


def test_readers_that_left_are_forgotten(server):
    pulses = [Pulse(server) for _ in range(20)]
    assert listeners(server) == 20
    for pulse in pulses:
        pulse.connection.close()
        pulse.answer.close()
    with listening(server) as last:
        last.until(lambda _: listeners(server) == 1)


def listeners(server):
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    connection.request("GET", "/metrics", headers={"X-API-Key": server.key})
    text = connection.getresponse().read().decode()
    connection.close()
    [line] = [line for line in text.splitlines() if line.startswith("pulsestream_pulses ")]
    return float(line.split()[1])


def test_it_ends_well_when_the_server_stops(tmp_path):
    with Program(tmp_path) as running, listening(running) as pulse:
        assert pulse.next() is not None
        assert running.stop() == 0
        assert None in [pulse.next() for _ in range(3)]
        assert running.log == ""
