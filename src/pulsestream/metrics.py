"""Every metric's name, kind, labels and help, in one typed table. Units are seconds and bytes (Prometheus' rules)."""

from __future__ import annotations

import enum

from msgspec import Struct


class Kind(enum.StrEnum):
    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"
    SUMMARY = "summary"  # a sum and a count


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
    Kind.SUMMARY,
    "Time of each stage, by request (read to answer), group (journal_write, journal_fsync) or block (feed_...).",
    ("stage",),
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
# By route: the ingest paths and the other operations, `other` for what there is not, `unread` for what is no HTTP.
REQUESTS = Metric(
    "pulsestream_requests_total", Kind.COUNTER, "Requests answered, by route and HTTP status.", ("route", "status")
)
REQUEST_SECONDS = Metric(
    "pulsestream_request_seconds",
    Kind.HISTOGRAM,
    "Time from a request's headers to the end of its answer, by route (single and batch are the ingest paths).",
    ("route",),
    _SECONDS,
)
RECEIVED_BYTES = Metric(
    "pulsestream_received_bytes_total", Kind.COUNTER, "Bytes of the bodies of ingest requests, as they were sent."
)
REQUESTS_UNDER_WAY = Metric("pulsestream_requests_under_way", Kind.GAUGE, "Requests with a good key, not yet answered.")
REQUESTS_LEFT = Metric(
    "pulsestream_requests_left_total", Kind.COUNTER, "Questions that were ended because their client had gone."
)
QUESTIONS_UNDER_WAY = Metric(
    "pulsestream_questions_under_way", Kind.GAUGE, "Threads that have the engine answer a question (query_threads)."
)
TAILS = Metric("pulsestream_tails", Kind.GAUGE, "Listeners of GET /query/tail.")
PULSES = Metric("pulsestream_pulses", Kind.GAUGE, "Listeners of GET /query/pulse.")
TAIL_EVENTS = Metric("pulsestream_tail_events_total", Kind.COUNTER, "Events given to listeners.")
TAIL_DROPPED = Metric(
    "pulsestream_tail_dropped_events_total", Kind.COUNTER, "Events that a listener was told of only as a number."
)
INFLIGHT_BYTES = Metric(
    "pulsestream_inflight_bytes", Kind.GAUGE, "Bodies read and events checked that wait in memory (inflight_bytes_max)."
)
CONNECTIONS = Metric("pulsestream_connections", Kind.GAUGE, "Open connections (connections_max).")
JOURNAL_GROUP_EVENTS = Metric(
    "pulsestream_journal_group_events",
    Kind.HISTOGRAM,
    "Events of one group, which shares one append and one fdatasync; its count is that of the groups.",
    (),
    _EVENTS,
)
JOURNAL_FSYNC_SECONDS = Metric(
    "pulsestream_journal_fsync_seconds", Kind.HISTOGRAM, "Time of one fdatasync of the journal.", (), _SECONDS
)
JOURNAL_WRITTEN_BYTES = Metric(
    "pulsestream_journal_written_bytes_total", Kind.COUNTER, "Bytes appended to the journal and on disk."
)
JOURNAL_FAILURES = Metric(
    "pulsestream_journal_failed_groups_total", Kind.COUNTER, "Groups that could not be written; their events got 503."
)
JOURNAL_WAITING_BYTES = Metric(
    "pulsestream_journal_waiting_bytes", Kind.GAUGE, "Events in memory that wait for a group (inflight_bytes_max)."
)
JOURNAL_UNFED_BYTES = Metric(
    "pulsestream_journal_unfed_bytes", Kind.GAUGE, "Journal on disk that the engine does not have yet."
)
JOURNAL_SEGMENTS = Metric("pulsestream_journal_segments", Kind.GAUGE, "Files of the journal.")
JOURNAL_FAILING = Metric("pulsestream_journal_failing", Kind.GAUGE, "1 while the last group could not be written.")
JOURNAL_CORRUPT = Metric(
    "pulsestream_journal_corrupt_segments", Kind.GAUGE, "Segments that were found corrupt, of which copies are kept."
)
FEED_BLOCK_ROWS = Metric(
    "pulsestream_feed_block_rows",
    Kind.HISTOGRAM,
    "Events of one block that the engine took; its count is that of the blocks.",
    (),
    _EVENTS,
)
FEED_INSERT_SECONDS = Metric(
    "pulsestream_feed_insert_seconds", Kind.HISTOGRAM, "Time of the engine's inserts of one block.", (), _SECONDS
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

SEARCHABLE_LAG = Metric(
    "pulsestream_searchable_lag_seconds",
    Kind.GAUGE,
    "Age of the oldest acknowledged event that the engine does not have yet; 0 where there is none.",
)
FEED_WAITING_EVENTS = Metric(
    "pulsestream_feed_waiting_events", Kind.GAUGE, "Acknowledged events that the engine does not have yet."
)
FEED_WAITING_BYTES = Metric(
    "pulsestream_feed_waiting_bytes",
    Kind.GAUGE,
    "Their size (backlog_bytes_max).",
)
FEED_FAILING = Metric("pulsestream_feed_failing", Kind.GAUGE, "1 while the engine does not take events.")
QUARANTINED = Metric(
    "pulsestream_quarantined_events", Kind.GAUGE, "Acknowledged events that the engine refused, kept in aside.jsonl."
)
INDEX_ENTRIES = Metric("pulsestream_index_entries", Kind.GAUGE, "Event ids that are known, to find duplicates.")
INDEX_BYTES = Metric("pulsestream_index_bytes", Kind.GAUGE, "Memory that the known ids take, about.")
ENGINE_UP = Metric(
    "pulsestream_engine_up", Kind.GAUGE, "1 where the engine answered this scrape; else its rows are of an earlier one."
)
ENGINE_PARTS = Metric("pulsestream_engine_parts", Kind.GAUGE, "Active parts of the events' table.")
ENGINE_PARTS_MAX = Metric(
    "pulsestream_engine_parts_in_partition_max", Kind.GAUGE, "Active parts of the week that has the most."
)
ENGINE_ROWS = Metric("pulsestream_engine_rows", Kind.GAUGE, "Events in the engine.")
ENGINE_DISK_BYTES = Metric("pulsestream_engine_disk_bytes", Kind.GAUGE, "Bytes on disk of the events, compressed.")
ENGINE_MEMORY_BYTES = Metric(
    "pulsestream_engine_memory_bytes", Kind.GAUGE, "Memory of the engine as it tracks it itself (engine_memory_mib)."
)
ENGINE_MERGES = Metric("pulsestream_engine_merges", Kind.GAUGE, "Merges and mutations of parts that run.")
DISK_FREE_BYTES = Metric("pulsestream_disk_free_bytes", Kind.GAUGE, "Free on the disk of the data folder.")
LOOP_LAG = Metric(
    "pulsestream_event_loop_lag_seconds",
    Kind.HISTOGRAM,
    "How late the event loop came to what was due, looked at four times a second.",
    (),
    _SECONDS,
)
BUILD_INFO = Metric("pulsestream_build_info", Kind.GAUGE, "Always 1.", ("version", "python"))

METRICS = (
    STAGE_SECONDS,
    STAGE_EVENTS,
    EVENTS,
    REQUESTS_REFUSED,
    REQUESTS,
    REQUEST_SECONDS,
    RECEIVED_BYTES,
    REQUESTS_UNDER_WAY,
    REQUESTS_LEFT,
    QUESTIONS_UNDER_WAY,
    TAILS,
    PULSES,
    TAIL_EVENTS,
    TAIL_DROPPED,
    INFLIGHT_BYTES,
    CONNECTIONS,
    JOURNAL_GROUP_EVENTS,
    JOURNAL_FSYNC_SECONDS,
    JOURNAL_WRITTEN_BYTES,
    JOURNAL_FAILURES,
    JOURNAL_WAITING_BYTES,
    JOURNAL_UNFED_BYTES,
    JOURNAL_SEGMENTS,
    JOURNAL_FAILING,
    JOURNAL_CORRUPT,
    FEED_BLOCK_ROWS,
    FEED_INSERT_SECONDS,
    FEED_RETRIES,
    FEED_LAG,
    SEARCHABLE_LAG,
    FEED_WAITING_EVENTS,
    FEED_WAITING_BYTES,
    FEED_FAILING,
    QUARANTINED,
    INDEX_ENTRIES,
    INDEX_BYTES,
    ENGINE_UP,
    ENGINE_PARTS,
    ENGINE_PARTS_MAX,
    ENGINE_ROWS,
    ENGINE_DISK_BYTES,
    ENGINE_MEMORY_BYTES,
    ENGINE_MERGES,
    DISK_FREE_BYTES,
    LOOP_LAG,
    BUILD_INFO,
)
