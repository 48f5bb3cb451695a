"""Sees every request end: counts it by route and status, times it, and logs the few that deserve a line."""

from __future__ import annotations

import logging
import random
from collections.abc import Callable
from http import HTTPStatus

from pulsestream.api import ingest
from pulsestream.api.request import namer
from pulsestream.meters import Meters
from pulsestream.metrics import REQUEST_SECONDS, REQUESTS, REQUESTS_REFUSED

log = logging.getLogger(__name__)

SLOW_S = 1.0
# About failed and slow requests: a server that refuses thousands a second has better to do than to say each of them.
LINES_PER_S_MAX = 10

METRICS_PATH = "/metrics"
_ROUTES = {
    ingest.SINGLE_PATH: "single",
    ingest.BATCH_PATH: "batch",
    "/api/v1/ingestion/events/search": "search",
    "/api/v1/ingestion/events/tail": "tail",
    "/api/v1/ingestion/stats": "stats",
    "/api/v1/ingestion/health": "health",
    "/api/v1/query/services": "services",
    "/api/v1/query/endpoints": "endpoints",
    "/api/v1/query/errors": "errors",
    "/api/v1/query/tail": "listen",
    "/api/v1/query/pulse": "pulse",
    "/api/v1/export": "export",
    "/api/v1/session": "session",
    METRICS_PATH: "metrics",
    "/": "pages",
}
_LONG = ("listen", "pulse")  # they take as long as somebody listens
_GROUPS = (
    ("/api/v1/ingestion/events/", "event"),
    ("/api/v1/keys", "keys"),
    ("/api/v1/tenants", "tenants"),
    ("/assets/", "pages"),
)


class Observer:
    """For the event loop. `tick`: seconds since some fixed moment. `rng`: what requests are named by."""

    def __init__(self, meters: Meters, tick: Callable[[], float], rng: random.Random) -> None:
        self.tick = tick
        self.name = namer(rng)
        self._meters = meters
        self._second = 0.0
        self._lines = 0
        self._unsaid = 0

    def refused(self, code: str, status: int) -> None:
        """A request that no application saw was answered so."""
        self._meters.add(REQUESTS_REFUSED, "", code)
        self._meters.add(REQUESTS, "unread", str(status))

    def answered(self, path: str, status: int, began: float) -> None:
        """In the task that answered it: its log lines have the request's name."""
        route = _ROUTES.get(path) or _group(path)
        seconds = self.tick() - began
        self._meters.add(REQUESTS, route, str(status))
        self._meters.observe(REQUEST_SECONDS, seconds, route)
        if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            self._say(logging.WARNING, route, status, seconds)
        elif seconds >= SLOW_S and route not in _LONG:
            self._say(logging.INFO, route, status, seconds)
        elif log.isEnabledFor(logging.DEBUG):
            _write(logging.DEBUG, route, status, seconds)

    def _say(self, level: int, route: str, status: int, seconds: float) -> None:
        now = self.tick()
        if now - self._second >= 1:
            if self._unsaid:
                log.warning("%d more requests failed or were slow", self._unsaid)
            self._second, self._lines, self._unsaid = now, 0, 0
        if self._lines < LINES_PER_S_MAX:
            self._lines += 1
            _write(level, route, status, seconds)
        else:
            self._unsaid += 1


def _write(level: int, route: str, status: int, seconds: float) -> None:
    # The route, not the path: a path has ids of events in it.
    log.log(level, "%s answered %d after %.3f s", route, status, seconds)


def _group(path: str) -> str:
    return next((group for start, group in _GROUPS if path.startswith(start)), "other")
