"""What a tenant's ingest requests cost, minute by minute, for an hour: in memory, so it begins with the process."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections import deque
from collections.abc import Iterator, Mapping
from itertools import accumulate

from msgspec import Struct

from pulsestream.clock import Clock
from pulsestream.meters import Laps
from pulsestream.metrics import Stage

MINUTES_MAX = 60
_STAGES = Stage.ANSWER + 1  # those of a request
# Ten a decade, 0.1 ms to 100 s: a percentile is right to a tenth.
_BOUNDS = tuple(10.0 ** (step / 10) for step in range(-40, 21))


class _Cost:
    __slots__ = ("counts", "seconds")

    def __init__(self) -> None:
        self.seconds = array("d", [0.0] * _STAGES)
        self.counts = array("L", [0] * (len(_BOUNDS) + 1))


class Cost(Struct, frozen=True):
    """Of one minute. `seconds`: by stage, of all requests together; the percentiles are of a request's whole time."""

    requests: int
    seconds: Mapping[str, float]
    p50_ms: float
    p99_ms: float


class Minutes:
    """For the event loop. A tenant costs about 1 kB for each minute in which it sends something."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        # The newest last. By minute first: forgetting one is one step, however many tenants there are.
        self._kept: deque[tuple[int, dict[str, _Cost]]] = deque(maxlen=MINUTES_MAX)
        self._now: dict[str, _Cost] = {}
        self._ends = float("-inf")  # of this minute, by the clock that never goes back

    def add(self, tenant: str, laps: Laps) -> None:
        """One request is answered."""
        if laps.at >= self._ends:
            self._turn()
        cost = self._now.get(tenant)
        if cost is None:
            cost = self._now[tenant] = _Cost()
        seconds, whole = cost.seconds, 0.0
        for stage, took in laps.seconds.items():
            seconds[stage] += took
            whole += took
        cost.counts[bisect_left(_BOUNDS, whole)] += 1

    def of(self, tenant: str) -> Iterator[tuple[int, Cost]]:
        """(seconds since 1970, what it cost), oldest first, of the minutes in which this tenant sent something."""
        for minute, costs in self._kept:
            if (cost := costs.get(tenant)) is not None:
                yield minute, _summary(cost)

    def forget(self, tenant: str) -> None:
        for _, costs in self._kept:
            costs.pop(tenant, None)

    def _turn(self) -> None:
        now = self._clock.now().timestamp()
        minute = int(now) // 60 * 60
        self._ends = self._clock.monotonic() + minute + 60 - now
        if not self._kept or self._kept[-1][0] < minute:
            self._kept.append((minute, {}))
        while self._kept[0][0] <= minute - 60 * MINUTES_MAX:
            self._kept.popleft()
        self._now = self._kept[-1][1]


def _summary(cost: _Cost) -> Cost:
    seconds = {stage.label: round(cost.seconds[stage], 6) for stage in Stage if stage < _STAGES}
    reached = [*accumulate(cost.counts)]
    return Cost(reached[-1], seconds, *(round(_percentile(reached, share) * 1000, 3) for share in (0.5, 0.99)))


def _percentile(reached: list[int], share: float) -> float:
    """The upper bound of the bucket in which it lies; of the last, which has none, its lower one."""
    return float(_BOUNDS[min(bisect_left(reached, share * reached[-1]), len(_BOUNDS) - 1)])
