"""What this process counted and timed since it began: cheap to record, read only when somebody asks.

Each counter and histogram, with its labels, is written by one thread: what belongs to requests by the event loop,
to groups by the journal's committer, to blocks by the feeder. So nothing is locked; a reader may see a sum and a
count that differ by what is being recorded.
"""

from __future__ import annotations

import asyncio
from bisect import bisect_left
from collections.abc import Callable, Container, Iterator

from msgspec import Struct

from pulsestream.metrics import LOOP_LAG, METRICS, Kind, Metric, Stage

TENANTS_MAX = 200  # that have a label value of their own
OTHER_TENANTS = "(other)"  # no tenant can have this name
_LOOP_EVERY_S = 0.25


class Passed(Struct):
    """What went through one stage: how long that took, how many times, how many events."""

    seconds: float = 0.0
    times: int = 0
    events: int = 0


class Laps:
    """What each stage of a group or a block took. For one thread.

    `events`: how many go through the stages.
    """

    __slots__ = ("_at", "_tick", "events", "seconds")

    def __init__(self, tick: Callable[[], float]) -> None:
        self._tick = tick
        self.events = 0
        self.seconds: dict[Stage, float] = {}
        self._at = tick()

    def end(self, stage: Stage) -> None:
        """What passed since the end of the stage before it was this one's."""
        now = self._tick()
        self.seconds[stage] = self.seconds.get(stage, 0.0) + now - self._at
        self._at = now


class Histogram:
    """How often a value fell between two bounds, and the sum of the values."""

    __slots__ = ("bounds", "counts", "sum")

    def __init__(self, bounds: tuple[float, ...]) -> None:
        self.bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        self.sum = 0.0

    def observe(self, value: float) -> None:
        self.counts[bisect_left(self.bounds, value)] += 1
        self.sum += value


class Meters:
    """All of them. `tick`: seconds since some fixed moment."""

    def __init__(self, tick: Callable[[], float]) -> None:
        self.tick = tick
        self._counts: dict[Metric, dict[tuple[str, ...], float]] = {
            metric: {} for metric in METRICS if metric.kind is Kind.COUNTER
        }
        self._histograms: dict[Metric, dict[tuple[str, ...], Histogram]] = {
            metric: {} for metric in METRICS if metric.kind is Kind.HISTOGRAM
        }
        self._stages: dict[Stage, Passed] = {}
        for metric in self._histograms:
            if not metric.labels:
                self._histogram(metric, ())
        self._gauges: dict[Metric, Callable[[], float]] = {}
        self._shown: dict[str, str] = {}

    def laps(self) -> Laps:
        return Laps(self.tick)

    def record(self, laps: Laps) -> None:
        """What a piece of work took. On the thread that these stages belong to."""
        for stage, seconds in laps.seconds.items():
            passed = self._stages.get(stage)
            if passed is None:
                passed = self._stages[stage] = Passed()
            passed.seconds += seconds
            passed.times += 1
            passed.events += laps.events

    def stages(self) -> dict[Stage, Passed]:
        """Those of groups and blocks; what requests passed is known elsewhere."""
        return self._stages.copy()

    def add(self, metric: Metric, *labels: str, amount: float = 1) -> None:
        counts = self._counts[metric]
        counts[labels] = counts.get(labels, 0) + amount

    def observe(self, metric: Metric, value: float, *labels: str) -> None:
        found = self._histograms[metric].get(labels)
        if found is None:
            found = self._histogram(metric, labels)
        found.observe(value)

    def watch(self, metric: Metric, read: Callable[[], float]) -> None:
        """A gauge is read when somebody asks, on the event loop."""
        self._gauges[metric] = read

    def gauges(self) -> dict[Metric, float]:
        return {metric: read() for metric, read in self._gauges.items()}

    def counts(self, metric: Metric) -> dict[tuple[str, ...], float]:
        """By label values. Tenants past the first TENANTS_MAX are one: what is counted of them only ever grows."""
        counts = self._counts[metric].copy()
        if not metric.labels:
            return counts or {(): 0}  # what never happened is no less known
        if metric.labels[:1] != ("tenant",):
            return counts
        found: dict[tuple[str, ...], float] = {}
        for (tenant, *rest), count in counts.items():
            labels = (self._label_of(tenant), *rest)
            found[labels] = found.get(labels, 0) + count
        return found

    def histograms(self, metric: Metric) -> dict[tuple[str, ...], Histogram]:
        return self._histograms[metric].copy()

    def of_tenant(self, metric: Metric, tenant: str) -> dict[str, int]:
        """By the labels behind the tenant's, joined with a space."""
        return {
            " ".join(rest): int(count)
            for (owner, *rest), count in self._counts[metric].copy().items()
            if owner == tenant
        }

    def of_tenants(self, metric: Metric, tenants: Container[str]) -> Iterator[tuple[tuple[str, ...], int]]:
        """Labels, the tenant's first, and count, for the thread that counts it: nothing may be counted meanwhile."""
        return ((labels, int(count)) for labels, count in self._counts[metric].items() if labels[0] in tenants)

    def forget(self, tenant: str) -> None:
        """Whoever has its name later begins at nothing."""
        label = self._shown.pop(tenant, "")
        for metric, counts in self._counts.items():
            if metric.labels[:1] == ("tenant",):
                for labels in [labels for labels in counts if labels[0] == tenant]:
                    count = counts.pop(labels)
                    if label == OTHER_TENANTS:
                        self.add(metric, OTHER_TENANTS, *labels[1:], amount=count)

    def _label_of(self, tenant: str) -> str:
        """The same for as long as the tenant exists: its counter must not go back."""
        label = self._shown.get(tenant)
        if label is None:
            few = len(self._shown) < TENANTS_MAX
            label = self._shown[tenant] = tenant if few else OTHER_TENANTS
        return label

    def _histogram(self, metric: Metric, labels: tuple[str, ...]) -> Histogram:
        found = self._histograms[metric][labels] = Histogram(metric.bounds)
        return found


async def time_loop(meters: Meters) -> None:
    """See how late the event loop comes to what is due, until cancelled."""
    while True:
        due = meters.tick() + _LOOP_EVERY_S
        await asyncio.sleep(_LOOP_EVERY_S)
        meters.observe(LOOP_LAG, max(0.0, meters.tick() - due))
