"""What was generated, in figures."""

from __future__ import annotations

import numpy as np
from msgspec import Struct

from pulsestream.generate import odds
from pulsestream.generate.draw import TIME_MAX_CENTI, Columns
from pulsestream.generate.world import SERVICES


class ServiceSummary(Struct, frozen=True):
    """Rates are fractions, times milliseconds."""

    service: str
    events: int
    errors: int
    error_rate: float
    mean_ms: float


class Summary(Struct, frozen=True):
    """`statuses` counts by class ("2xx"); percentiles are whole milliseconds, rounded down."""

    events: int
    errors: int
    error_rate: float
    mean_ms: float
    p50_ms: float
    p95_ms: float
    p99_ms: float
    statuses: dict[str, int]
    services: tuple[ServiceSummary, ...]


class Tally:
    """Counts the blocks as they are drawn."""

    def __init__(self) -> None:
        self.events = 0
        self._calls = np.zeros(odds.CALLS, dtype=np.int64)
        self._time_centi = np.zeros(len(SERVICES))
        self._at_ms = np.zeros(TIME_MAX_CENTI // 100 + 1, dtype=np.int64)

    def add(self, columns: Columns) -> None:
        self.events += len(columns.call)
        self._calls += np.bincount(columns.call, minlength=odds.CALLS)
        self._time_centi += np.bincount(columns.service, weights=columns.time_centi, minlength=len(SERVICES))
        at_ms = np.bincount(columns.time_centi // 100)
        self._at_ms[: len(at_ms)] += at_ms

    def summary(self) -> Summary:
        by_operation = self._calls.reshape(len(odds.OPERATIONS), odds.OUTCOMES)
        failed = by_operation[:, len(odds.SUCCESSES) :].sum(axis=1)
        events = np.bincount(odds.SERVICE_OF, weights=by_operation.sum(axis=1)).astype(int)
        errors = np.bincount(odds.SERVICE_OF, weights=failed).astype(int)
        total = int(events.sum())
        classes = np.bincount(odds.STATUS_OF // 100, weights=self._calls).astype(int)
        percentiles = np.searchsorted(np.cumsum(self._at_ms), np.ceil(np.array([0.50, 0.95, 0.99]) * total))
        p50, p95, p99 = map(float, percentiles)
        return Summary(
            events=total,
            errors=int(errors.sum()),
            error_rate=_share(errors.sum(), total),
            mean_ms=_share(self._time_centi.sum() / 100, total),
            p50_ms=p50,
            p95_ms=p95,
            p99_ms=p99,
            statuses={f"{digit}xx": int(n) for digit, n in enumerate(classes) if n},
            services=tuple(
                ServiceSummary(
                    service=service.name,
                    events=int(events[index]),
                    errors=int(errors[index]),
                    error_rate=_share(errors[index], events[index]),
                    mean_ms=_share(self._time_centi[index] / 100, events[index]),
                )
                for index, service in enumerate(SERVICES)
            ),
        )


def _share(part: float, whole: float) -> float:
    return float(part / whole) if whole else 0.0
