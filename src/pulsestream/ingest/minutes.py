"""What ingest requests cost, by stage: by tenant and minute for an hour, and altogether since the process began.

In memory. One thing is recorded for each request, here; the sums of all tenants are made when a minute is over.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from itertools import accumulate

from msgspec import Struct

from pulsestream.clock import Clock
from pulsestream.meters import Passed
from pulsestream.metrics import Stage

MINUTES_MAX = 60
# Ten a decade, 0.1 ms to 100 s: a percentile is right to a quarter.
_BOUNDS = tuple(10.0 ** (step / 10) for step in range(-40, 21))


class Timing(Struct):
    """When each stage of a request ended, by the clock that never goes back; 0 where it had no such stage.

    Set where the stage runs, on whatever thread. `events`: how many the request held.
    """

    began: float
    events: int = 0
    read: float = 0.0
    turn: float = 0.0
    decode: float = 0.0
    scrub: float = 0.0
    check: float = 0.0
    dedup: float = 0.0
    journal_wait: float = 0.0
    answer: float = 0.0


# In the order of a Timing's fields.
STAGES = (
    Stage.READ,
    Stage.TURN,
    Stage.DECODE,
    Stage.SCRUB,
    Stage.CHECK,
    Stage.DEDUP,
    Stage.JOURNAL_WAIT,
    Stage.ANSWER,
)


class _Cost:
    __slots__ = ("counts", "events", "seconds")

    def __init__(self) -> None:
        self.events = 0
        self.seconds = [0.0] * len(STAGES)
        self.counts: dict[int, int] = {}  # requests, by the bucket of their whole time


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
        self._past = _Cost()  # of the minutes before this one, and of tenants that are gone

    def add(self, tenant: str, timing: Timing) -> None:
        """One request is answered."""
        at = timing.began
        if at >= self._ends:
            self._turn()
        cost = self._now.get(tenant)
        if cost is None:
            cost = self._now[tenant] = _Cost()
        cost.events += timing.events
        seconds = cost.seconds
        # A loop over the names would cost three times as much.
        if ended := timing.read:
            seconds[0] += ended - at
            at = ended
        if ended := timing.turn:
            seconds[1] += ended - at
            at = ended
        if ended := timing.decode:
            seconds[2] += ended - at
            at = ended
        if ended := timing.scrub:
            seconds[3] += ended - at
            at = ended
        if ended := timing.check:
            seconds[4] += ended - at
            at = ended
        if ended := timing.dedup:
            seconds[5] += ended - at
            at = ended
        if ended := timing.journal_wait:
            seconds[6] += ended - at
            at = ended
        seconds[7] += timing.answer - at
        bucket = bisect_left(_BOUNDS, timing.answer - timing.began)
        counts = cost.counts
        counts[bucket] = counts.get(bucket, 0) + 1

    def of(self, tenant: str) -> Iterator[tuple[int, Cost]]:
        """(seconds since 1970, what it cost), oldest first, of the minutes in which this tenant sent something."""
        for minute, costs in self._kept:
            if (cost := costs.get(tenant)) is not None:
                yield minute, _summary(cost)

    def stages(self) -> dict[Stage, Passed]:
        """What passed in all tenants' requests, since the process began."""
        whole = _Cost()
        _add(whole, [self._past, *self._now.values()])
        requests = sum(whole.counts.values())
        return {stage: Passed(took, requests, whole.events) for stage, took in zip(STAGES, whole.seconds, strict=True)}

    def forget(self, tenant: str) -> None:
        if (cost := self._now.get(tenant)) is not None:
            _add(self._past, [cost])
        for _, costs in self._kept:
            costs.pop(tenant, None)

    def _turn(self) -> None:
        now = self._clock.now().timestamp()
        minute = int(now) // 60 * 60
        self._ends = self._clock.monotonic() + minute + 60 - now
        if not self._kept or self._kept[-1][0] < minute:
            _add(self._past, self._now.values())
            self._kept.append((minute, {}))
        while self._kept[0][0] <= minute - 60 * MINUTES_MAX:
            self._kept.popleft()
        self._now = self._kept[-1][1]


def _add(whole: _Cost, parts: Iterable[_Cost]) -> None:
    for part in parts:
        whole.events += part.events
        whole.seconds = [one + other for one, other in zip(whole.seconds, part.seconds, strict=True)]
        for bucket, requests in part.counts.items():
            whole.counts[bucket] = whole.counts.get(bucket, 0) + requests


def _summary(cost: _Cost) -> Cost:
    buckets = sorted(cost.counts)
    reached = [*accumulate(cost.counts[bucket] for bucket in buckets)]
    seconds = {stage.label: round(took, 6) for stage, took in zip(STAGES, cost.seconds, strict=True)}
    p50_ms, p99_ms = (
        round(_BOUNDS[min(buckets[bisect_left(reached, share * reached[-1])], len(_BOUNDS) - 1)] * 1000, 3)
        for share in (0.5, 0.99)
    )
    return Cost(reached[-1], seconds, p50_ms, p99_ms)
