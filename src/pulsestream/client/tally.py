"""What a bulk ingest has seen so far."""

from __future__ import annotations

import math
from collections import Counter
from http import HTTPStatus
from typing import TYPE_CHECKING

from msgspec import Struct

from pulsestream.client.receipt import BrokenRule, Receipt

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pulsestream.client.batch import Batch
    from pulsestream.client.connection import Attempt

REFUSALS_KEPT = 10
PATHS_KEPT = 1000  # of scrubbed fields; a path has names that senders make up
OTHER_PATHS = "other paths"
NO_ANSWER = "no answer"
_GROWTH = math.log(1.01)


class Latencies:
    """Response times in buckets 1 % wide: percentiles within 0.5 % of the truth, in constant memory."""

    def __init__(self) -> None:
        self._buckets: Counter[int] = Counter()

    def add(self, seconds: float) -> None:
        self._buckets[math.floor(math.log(max(seconds, 1e-6)) / _GROWTH)] += 1

    def percentile_ms(self, fraction: float) -> float | None:
        """The response time in ms that this share of requests stayed at or below; None before the first."""
        total = self._buckets.total()
        seen = 0
        for bucket in sorted(self._buckets):
            seen += self._buckets[bucket]
            if seen >= fraction * total:
                return math.exp((bucket + 0.5) * _GROWTH) * 1000
        return None


class Refusal(Struct, frozen=True):
    """One refused event, by its place in its file."""

    name: str
    place: int
    event_id: str | None
    reason: str
    errors: tuple[BrokenRule, ...]


class Tally:
    """Counts of events and requests. `sent = stored + duplicate + rejected + limited`; `unsent` is apart."""

    def __init__(self) -> None:
        self.stored = self.duplicate = self.rejected = self.limited = self.unsent = self.repeated = 0
        self.bytes_sent = 0
        self.requests = self.retries = self.over_rate = 0
        self.statuses: Counter[str] = Counter()
        self.reasons: Counter[str] = Counter()
        self.scrubbed: Counter[str] = Counter()
        self.latencies = Latencies()
        self.refusals: list[Refusal] = []
        self.trouble = ""  # why the latest request failed; empty while things go well

    @property
    def sent(self) -> int:
        return self.stored + self.duplicate + self.rejected + self.limited

    def observe(self, attempt: Attempt) -> None:
        """Count one HTTP request."""
        self.requests += 1
        self.retries += attempt.retry
        self.statuses[NO_ANSWER if attempt.status is None else str(attempt.status)] += 1
        if attempt.over_rate:
            self.over_rate += 1  # neither trouble nor an answer to wait for: its time would improve the percentiles
        elif attempt.status is None:
            self.trouble = attempt.trouble
        else:
            failed = attempt.status >= HTTPStatus.TOO_MANY_REQUESTS or attempt.status == HTTPStatus.REQUEST_TIMEOUT
            self.trouble = f"status {attempt.status}" if failed else ""
            self.latencies.add(attempt.latency_s)

    def take(self, batch: Batch, receipt: Receipt) -> None:
        """Count what became of a batch."""
        self.stored += receipt.stored
        self.duplicate += receipt.duplicate
        self.rejected += receipt.rejected
        self.limited += receipt.limited
        self.unsent += receipt.unsent
        self.repeated += receipt.repeated
        self.bytes_sent += batch.lines.size_bytes
        for path, count in receipt.scrubbed.items():
            known = path in self.scrubbed or len(self.scrubbed) < PATHS_KEPT
            self.scrubbed[path if known else OTHER_PATHS] += count
        for refused in receipt.refused:
            self.reasons[refused.reason] += 1
            if len(self.refusals) < REFUSALS_KEPT:
                place = batch.places[refused.index]
                self.refusals.append(Refusal(batch.name, place, refused.event_id, refused.reason, refused.errors))

    def skip(self, batches: Iterable[Batch]) -> None:
        """Count what was read and never went out."""
        self.unsent += sum(len(batch.lines) for batch in batches)
