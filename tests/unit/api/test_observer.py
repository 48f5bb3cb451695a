"""Requests are counted by route and status; of those that fail or are slow a few are logged."""

from __future__ import annotations

import logging
import random

import pytest

from pulsestream.api.app import HANDLERS
from pulsestream.api.document import PREFIX, written
from pulsestream.api.observer import LINES_PER_S_MAX, SLOW_S, Observer
from pulsestream.meters import Meters
from pulsestream.metrics import REQUEST_SECONDS, REQUESTS, REQUESTS_REFUSED
from unit.ingest.lines import StillClock

SINGLE = "/api/v1/ingestion/events"


class Observing:
    def __init__(self):
        self.clock = StillClock()
        self.meters = Meters(self.clock.monotonic)
        self.observer = Observer(self.meters, self.clock.monotonic, random.Random(7))

    def answer(self, path=SINGLE, status=200, seconds=0.0):
        self.observer.answered(path, status, self.clock.seconds - seconds)

    @property
    def counts(self):
        return self.meters.counts(REQUESTS)


@pytest.fixture
def observing():
    return Observing()


@pytest.mark.parametrize(
    ("path", "route"),
    [
        (SINGLE, "single"),
        (SINGLE + "/batch", "batch"),
        (SINGLE + "/search", "search"),
        (SINGLE + "/evt_1", "event"),
        ("/metrics", "metrics"),
        ("/api/v1/keys/3da1bafc", "keys"),
        ("/api/v1/nothing", "other"),
        ("/" + "x" * 10_000, "other"),
    ],
)
def test_a_request_is_counted_by_its_route_and_status(observing, path, route):
    observing.answer(path, 404, seconds=0.3)
    assert observing.counts == {(route, "404"): 1}
    assert observing.meters.histograms(REQUEST_SECONDS)[route,].sum == pytest.approx(0.3)


def test_whatever_paths_there_are_the_routes_are_few(observing):
    for handler in HANDLERS:
        observing.answer(PREFIX + written(*handler.paths))
    for number in range(1_000):
        observing.answer(f"/api/v1/ingestion/events/{number}")
        observing.answer(f"/{number}")
    assert len(observing.counts) < 20


def test_what_no_application_saw_is_counted_by_its_code_too(observing):
    observing.observer.refused("bad_request", 400)
    assert observing.counts == {("unread", "400"): 1}
    assert observing.meters.counts(REQUESTS_REFUSED) == {("", "bad_request"): 1}


@pytest.mark.parametrize(
    ("status", "seconds", "level"),
    [(200, 0, "DEBUG"), (422, 0, "DEBUG"), (200, SLOW_S, "INFO"), (500, 0, "WARNING"), (503, SLOW_S, "WARNING")],
)
def test_what_fails_or_is_slow_is_worth_a_line(observing, caplog, status, seconds, level):
    caplog.set_level(logging.DEBUG, "pulsestream")
    observing.answer(SINGLE + "/evt_secret", status, seconds)
    assert [record.levelname for record in caplog.records] == [level]
    assert caplog.messages == [f"event answered {status} after {seconds:.3f} s"], "the path has an id in it"


def test_a_flood_of_failures_is_a_few_lines_a_second_and_a_number(observing, caplog):
    caplog.set_level(logging.INFO, "pulsestream")
    for _ in range(1_000):
        observing.answer(status=503)
    assert len(caplog.records) == LINES_PER_S_MAX
    observing.clock.seconds += 1
    caplog.clear()
    observing.answer(status=503)
    assert caplog.messages == ["990 more requests failed or were slow", "single answered 503 after 0.000 s"]
