"""Every metric's name, kind and help, in one typed table, and the counters of this process."""

from __future__ import annotations

import enum
from collections import Counter

from msgspec import Struct


class Kind(enum.StrEnum):
    COUNTER = "counter"
    GAUGE = "gauge"


class Metric(Struct, frozen=True):
    name: str
    kind: Kind
    help: str


# Requests whose events could not be counted, because they were not read: by error code.
REQUESTS_REFUSED = Metric(
    "pulsestream_requests_refused_total",
    Kind.COUNTER,
    "Ingest requests refused before their events were read, by code.",
)

METRICS = (REQUESTS_REFUSED,)


class Counters:
    """Counts since the process began, by tenant and label. For one thread: the event loop's."""

    def __init__(self) -> None:
        self._counts: dict[Metric, Counter[tuple[str, str]]] = {metric: Counter() for metric in METRICS}

    def add(self, metric: Metric, tenant: str, label: str) -> None:
        self._counts[metric][tenant, label] += 1

    def forget(self, tenant: str) -> None:
        for counts in self._counts.values():
            for key in [key for key in counts if key[0] == tenant]:
                del counts[key]

    def of_tenant(self, metric: Metric, tenant: str) -> dict[str, int]:
        return {label: count for (owner, label), count in self._counts[metric].items() if owner == tenant}
