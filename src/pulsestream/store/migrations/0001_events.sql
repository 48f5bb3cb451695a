CREATE TABLE IF NOT EXISTS events
(
    tenant LowCardinality(String),
    position UInt64 CODEC(Delta, ZSTD(1)),
    received_at DateTime64(6, 'UTC') CODEC(Delta, ZSTD(1)),
    timestamp DateTime64(6, 'UTC') CODEC(Delta, ZSTD(1)),
    hour DateTime('UTC') MATERIALIZED toStartOfHour(timestamp) CODEC(Delta, ZSTD(1)),
    content_hash UInt64 CODEC(NONE),
    event_id String CODEC(ZSTD(1)),
    event_type LowCardinality(String),
    severity LowCardinality(String),
    title LowCardinality(String) CODEC(ZSTD(1)),
    message LowCardinality(String) CODEC(ZSTD(1)),
    service LowCardinality(String),
    endpoint LowCardinality(String),
    method LowCardinality(String),
    version LowCardinality(String),
    environment LowCardinality(String),
    response_time_ms Float64 CODEC(ZSTD(1)),
    status_code UInt16 CODEC(ZSTD(1)),
    request_size_bytes Nullable(UInt64) CODEC(ZSTD(1)),
    response_size_bytes Nullable(UInt64) CODEC(ZSTD(1)),
    cache_hit Nullable(Bool),
    user_id String CODEC(ZSTD(1)),
    session_id String CODEC(ZSTD(1)),
    request_id String CODEC(ZSTD(1)),
    ip_address String CODEC(ZSTD(1)),
    user_agent LowCardinality(String) CODEC(ZSTD(1)),
    referrer String CODEC(ZSTD(1)),
    tags Map(LowCardinality(String), String) CODEC(ZSTD(1)),
    -- Name, a zero character, value: what a filter by tag looks at, at a third of the cost of the map.
    tag_pairs Array(LowCardinality(String))
        MATERIALIZED arrayMap((name, value) -> concat(name, '\0', value), mapKeys(tags), mapValues(tags)),
    trace_id String CODEC(ZSTD(1)),
    trace_from_payload Bool,
    span_id String CODEC(ZSTD(1)),
    parent_span_id String CODEC(ZSTD(1)),
    error_code LowCardinality(String),
    error_message String CODEC(ZSTD(1)),
    error_type LowCardinality(String),
    stack_trace String CODEC(ZSTD(1)),
    payload String CODEC(ZSTD(1)),
    metadata String CODEC(ZSTD(1)),
    extra String CODEC(ZSTD(1)),
    INDEX event_id_bloom event_id TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX trace_id_bloom trace_id TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX tag_bloom tag_pairs TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX position_minmax position TYPE minmax GRANULARITY 1
)
ENGINE = MergeTree
PARTITION BY toMonday(timestamp)
ORDER BY (tenant, hour, service, timestamp, position)
SETTINGS
    -- A page of whole events comes from many places: small granules and blocks read less around each.
    index_granularity = 2048,
    min_compress_block_size = 16384,
    max_compress_block_size = 65536,
    fsync_after_insert = 1,
    fsync_part_directory = 1,
    min_rows_to_fsync_after_merge = 1,
    min_compressed_bytes_to_fsync_after_merge = 1;

-- What the journal's lines look like. Nothing is kept here: the view below takes each row apart.
CREATE TABLE IF NOT EXISTS journal_in
(
    position UInt64,
    tenant LowCardinality(String),
    received_at Int64,
    timestamp Int64,
    content_hash UInt64,
    event_id String,
    extra String,
    event Tuple(
        event_id String,
        event_type LowCardinality(String),
        title String,
        message String,
        severity LowCardinality(String),
        source Tuple(
            service LowCardinality(String),
            endpoint LowCardinality(String),
            method LowCardinality(String),
            version LowCardinality(String),
            environment LowCardinality(String)),
        metrics Tuple(
            response_time_ms Float64,
            status_code UInt16,
            request_size_bytes Nullable(UInt64),
            response_size_bytes Nullable(UInt64),
            cache_hit Nullable(Bool)),
        context Tuple(
            user_id String,
            session_id String,
            request_id String,
            ip_address String,
            user_agent String,
            referrer String,
            tags Map(LowCardinality(String), String)),
        trace Tuple(trace_id String, span_id String, parent_span_id String),
        error_details Tuple(
            error_code LowCardinality(String),
            error_message String,
            error_type LowCardinality(String),
            stack_trace String),
        payload String,
        metadata String)
)
ENGINE = Null;

CREATE MATERIALIZED VIEW IF NOT EXISTS journal_to_events TO events AS
SELECT
    tenant,
    position,
    fromUnixTimestamp64Micro(received_at, 'UTC') AS received_at,
    fromUnixTimestamp64Micro(journal_in.timestamp, 'UTC') AS timestamp,
    content_hash,
    if(journal_in.event_id != '', journal_in.event_id, event.event_id) AS event_id,
    event.event_type AS event_type,
    if(event.severity = '', 'info', event.severity) AS severity,
    event.title AS title,
    event.message AS message,
    event.source.service AS service,
    event.source.endpoint AS endpoint,
    event.source.method AS method,
    event.source.version AS version,
    event.source.environment AS environment,
    event.metrics.response_time_ms AS response_time_ms,
    event.metrics.status_code AS status_code,
    event.metrics.request_size_bytes AS request_size_bytes,
    event.metrics.response_size_bytes AS response_size_bytes,
    event.metrics.cache_hit AS cache_hit,
    event.context.user_id AS user_id,
    event.context.session_id AS session_id,
    event.context.request_id AS request_id,
    event.context.ip_address AS ip_address,
    event.context.user_agent AS user_agent,
    event.context.referrer AS referrer,
    event.context.tags AS tags,
    if(event.trace.trace_id = '', JSONExtractString(event.payload, 'trace_id'), event.trace.trace_id) AS trace_id,
    event.trace.trace_id = '' AND trace_id != '' AS trace_from_payload,
    event.trace.span_id AS span_id,
    event.trace.parent_span_id AS parent_span_id,
    event.error_details.error_code AS error_code,
    event.error_details.error_message AS error_message,
    event.error_details.error_type AS error_type,
    event.error_details.stack_trace AS stack_trace,
    event.payload AS payload,
    event.metadata AS metadata,
    extra
FROM journal_in;

-- Law 1 after any crash: what became of every event that was received, counted with the journal's records.
CREATE TABLE IF NOT EXISTS outcomes
(
    tenant LowCardinality(String),
    minute DateTime('UTC'),
    outcome LowCardinality(String),
    reason LowCardinality(String),
    events SimpleAggregateFunction(sum, UInt64),
    position SimpleAggregateFunction(max, UInt64)
)
ENGINE = AggregatingMergeTree
ORDER BY (tenant, minute, outcome, reason)
SETTINGS
    fsync_after_insert = 1,
    fsync_part_directory = 1,
    min_rows_to_fsync_after_merge = 1,
    min_compressed_bytes_to_fsync_after_merge = 1;

CREATE TABLE IF NOT EXISTS tombstones
(
    tenant LowCardinality(String),
    event_id String,
    position UInt64
)
ENGINE = ReplacingMergeTree
ORDER BY (tenant, event_id)
SETTINGS
    fsync_after_insert = 1,
    fsync_part_directory = 1,
    min_rows_to_fsync_after_merge = 1,
    min_compressed_bytes_to_fsync_after_merge = 1;

-- The data folder that this store belongs to: positions are unique within one journal only.
CREATE TABLE IF NOT EXISTS owner (name String, claimed_at DateTime64(6, 'UTC'))
ENGINE = MergeTree
ORDER BY claimed_at
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;
