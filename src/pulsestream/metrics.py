"""Every metric's name, kind, labels and help, in one typed table. Units are seconds and bytes (Prometheus' rules)."""

from __future__ import annotations

import enum

from msgspec import Struct


class Kind(enum.StrEnum):
    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"


class Metric(Struct, frozen=True):
    """`bounds`: the upper ones of a histogram's buckets, but for the last, which has none."""

    name: str
    kind: Kind
    help: str
    labels: tuple[str, ...] = ()
    bounds: tuple[float, ...] = ()


class Stage(enum.IntEnum):
    """What the way of an event is divided into. Up to `ANSWER` it is timed by request, then by group, then by block."""

    READ = 0
    TURN = 1
    DECODE = 2
    SCRUB = 3
    CHECK = 4
    DEDUP = 5
    JOURNAL_WAIT = 6
    ANSWER = 7
    JOURNAL_WRITE = 8
    JOURNAL_FSYNC = 9
    FEED_READ = 10
    FEED_INSERT = 11
    FEED_VERIFY = 12
    FEED_RECORDS = 13

    @property
    def label(self) -> str:
        return self.name.lower()


# 10 microseconds to 25 seconds, three a decade.
_SECONDS = tuple(digit * 10.0**power for power in range(-5, 2) for digit in (1, 2.5, 5))[:-1]
_EVENTS = (1.0, 10.0, 100.0, 1_000.0, 10_000.0, 100_000.0)

STAGE_SECONDS = Metric(
    "pulsestream_stage_seconds",
    Kind.HISTOGRAM,
    "Time of each stage, by request (read to answer), group (journal_write, journal_fsync) or block (feed_...).",
    ("stage",),
    _SECONDS,
)
STAGE_EVENTS = Metric(
    "pulsestream_stage_events_total",
    Kind.COUNTER,
    "Events that went through each stage; the stage's seconds divided by it are the cost of an event.",
    ("stage",),
)
EVENTS = Metric(
    "pulsestream_events_total",
    Kind.COUNTER,
    "Events received, by what became of them, counted when that is journaled.",
    ("tenant", "outcome", "reason"),
)
# Requests whose events could not be counted, because they were not read: by error code.
REQUESTS_REFUSED = Metric(
    "pulsestream_requests_refused_total",
    Kind.COUNTER,
    "Ingest requests refused before their events were read, by code.",
    ("tenant", "code"),
)
JOURNAL_GROUP_EVENTS = Metric(
    "pulsestream_journal_group_events",
    Kind.HISTOGRAM,
    "Events of one group, which shares one append and one fdatasync; its count is that of the groups.",
    (),
    _EVENTS,
)
JOURNAL_WRITTEN_BYTES = Metric(
    "pulsestream_journal_written_bytes_total", Kind.COUNTER, "Bytes appended to the journal and on disk."
)
JOURNAL_FAILURES = Metric(
    "pulsestream_journal_failed_groups_total", Kind.COUNTER, "Groups that could not be written; their events got 503."
)
FEED_BLOCK_ROWS = Metric(
    "pulsestream_feed_block_rows",
    Kind.HISTOGRAM,
    "Events of one block that the engine took; its count is that of the blocks.",
    (),
    _EVENTS,
)
FEED_RETRIES = Metric(
    "pulsestream_feed_retries_total", Kind.COUNTER, "Times that the feeder waited because the engine took nothing."
)
FEED_LAG = Metric(
    "pulsestream_feed_lag_seconds",
    Kind.HISTOGRAM,
    "Age of the oldest acknowledged event of what the engine just took: from its answer to searchable.",
    (),
    _SECONDS,
)

METRICS = (
    STAGE_SECONDS,
    STAGE_EVENTS,
    EVENTS,
    REQUESTS_REFUSED,
    JOURNAL_GROUP_EVENTS,
    JOURNAL_WRITTEN_BYTES,
    JOURNAL_FAILURES,
    FEED_BLOCK_ROWS,
    FEED_RETRIES,
    FEED_LAG,
)
