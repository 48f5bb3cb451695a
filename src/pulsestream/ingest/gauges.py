"""How full the way of events is just now: gauges that are read when somebody asks."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from pulsestream import metrics
from pulsestream.ingest.backlog import Backlog
from pulsestream.ingest.dedup import Dedup
from pulsestream.ingest.feed import Feeder
from pulsestream.ingest.journal import Journal
from pulsestream.ingest.share import Share
from pulsestream.meters import Meters
from pulsestream.metrics import Metric


def watch(
    meters: Meters,
    *,
    under_way: Mapping[str, int],
    inflight: Share,
    journal: Journal,
    backlog: Backlog,
    feeder: Feeder,
    dedup: Dedup,
) -> None:
    """All of these are read on the event loop, and none waits for anything. `under_way`: requests, by tenant."""
    reads: dict[Metric, Callable[[], float]] = {
        metrics.REQUESTS_UNDER_WAY: lambda: sum(under_way.values()),
        metrics.INFLIGHT_BYTES: lambda: inflight.total,
        metrics.JOURNAL_WAITING_BYTES: lambda: journal.state.waiting_bytes,
        metrics.JOURNAL_UNFED_BYTES: lambda: journal.state.unfed_bytes,
        metrics.JOURNAL_SEGMENTS: lambda: journal.state.segments,
        metrics.JOURNAL_FAILING: lambda: journal.state.failing,
        metrics.SEARCHABLE_LAG: backlog.lag_s,
        metrics.FEED_WAITING_EVENTS: lambda: backlog.total_events,
        metrics.FEED_WAITING_BYTES: lambda: backlog.size_bytes,
        metrics.FEED_FAILING: lambda: bool(feeder.state.trouble),
        metrics.QUARANTINED: lambda: feeder.state.quarantined,
        metrics.INDEX_ENTRIES: dedup.entries,
        metrics.INDEX_BYTES: dedup.size_bytes,
    }
    for metric, read in reads.items():
        meters.watch(metric, read)
