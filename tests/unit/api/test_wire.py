"""Connections are admitted while there is room, told so while there is some beside it, and known by their tenant."""

from __future__ import annotations

import asyncio
import logging
import random
import resource

import pytest

from pulsestream.api.observer import Observer
from pulsestream.api.wire import EXTENSION, Bounds, Wire, connection_of, connections_allowed
from pulsestream.meters import Meters
from unit.ingest.lines import StillClock

BOUNDS = Bounds(connections_max=2, header_timeout_s=0.01, body_timeout_s=0.01)


class Told:
    """A connection that only listens to the time."""

    def __init__(self, *, defect=False):
        self.defect = defect
        self.aborted = False
        self.passed = asyncio.Event()

    def pass_time(self, _seconds):
        self.passed.set()
        if self.defect:
            raise ZeroDivisionError

    def abort(self):
        self.aborted = True


def wire():
    tick = StillClock().monotonic
    return Wire(BOUNDS, Observer(Meters(tick), tick, random.Random(7)))


def test_who_is_told_that_there_is_no_room_takes_no_room():
    full = wire()
    first, second = Told(), Told()
    assert full.admits(first)
    assert full.admits(second)
    late = [Told() for _ in range(100)]
    assert not any(full.admits(connection) for connection in late)
    assert sum(full.turns_away(connection) for connection in late) == 16
    full.forget(first)
    assert full.admits(Told())
    full.forget(late[0])
    assert full.turns_away(Told())


def test_an_application_without_a_server_has_a_connection_to_claim():
    assert connection_of({}).claim("acme", 0)
    assert connection_of({"extensions": None}).claim("acme", 0)
    assert connection_of({"extensions": {}}).claim("acme", 0)
    told = Told()
    assert connection_of({"extensions": {EXTENSION: told}}) is told


def test_a_defect_of_one_connection_ends_it_alone(caplog):
    async def watched():
        shared = wire()
        bad, good = Told(defect=True), Told()
        shared.admits(bad)
        shared.turns_away(good)
        watch = asyncio.create_task(shared.watch())
        async with asyncio.timeout(10):
            await bad.passed.wait()
            await good.passed.wait()
            good.passed.clear()
            await good.passed.wait()
        watch.cancel()
        return bad.aborted, good.aborted

    with caplog.at_level(logging.ERROR):
        assert asyncio.run(watched()) == (True, False)
    assert "closed by a defect" in caplog.text


NONE = resource.RLIM_INFINITY


@pytest.mark.parametrize(
    ("before", "asked", "allowed", "after"),
    [
        ((1024, 4096), 10_000, 2048, (4096, 4096)),
        ((1024, NONE), 10_000, 10_000, (20_000, NONE)),
        ((1024, 4096), 100, 100, (1024, 4096)),
        ((NONE, NONE), 10_000, 10_000, (NONE, NONE)),
    ],
)
def test_connections_take_half_of_the_files(monkeypatch, before, asked, allowed, after):
    limits = [before]
    monkeypatch.setattr(resource, "getrlimit", lambda _which: limits[-1])
    monkeypatch.setattr(resource, "setrlimit", lambda _which, limit: limits.append(limit))
    assert connections_allowed(asked) == allowed
    assert limits[-1] == after
