-- Spans, one row each: the columns of the OpenTelemetry ClickHouse exporter. Order, codecs and indexes are
-- our own, chosen by measurement (tests/bench/README.md, Store):
-- Ten minutes together, in them operation by operation: what an operation's spans have in common packs
-- to nearly nothing, and trace ids follow in the same order for every operation of a trace, so that they
-- pack too. A trace lies in one or two of these stretches, which otel_traces_trace_id_ts tells.
-- Maps of eight and more keys are kept key by key, so that a search for one attribute reads that one: no
-- bloom filters on them. Texts with their lengths in one stream: half the streams to read a span from.
-- Merges take twice as many parts at once as usual: a merge costs as much CPU as the insert did.
-- An insert with an insert_deduplication_token seen among the last 1000 adds nothing, here and in what
-- the views fill: with deduplicate_blocks_in_dependent_materialized_views = 1 (a default since 26.x)
-- they take the token of the insert they follow. Without a token equal blocks are taken for repeats.
-- Beside the exporter's columns ScopeAttributes and OtlpFields: what of a span they do not say, as a JSON object.
-- Its types name every attribute that is no string, "SCOPE TYPE KEY"; an empty text is a span whose types are not
-- known, as another writer left it.
CREATE TABLE IF NOT EXISTS otel_traces (
    Timestamp DateTime64(9) CODEC(T64, ZSTD(3)),
    TraceId String CODEC(ZSTD(6, 23)) SETTINGS (min_compress_block_size = 1048576, max_compress_block_size = 4194304),
    SpanId String CODEC(ZSTD(3)),
    ParentSpanId String CODEC(ZSTD(3)) SETTINGS (min_compress_block_size = 1048576, max_compress_block_size = 4194304),
    TraceState String CODEC(ZSTD(3)),
    SpanName LowCardinality(String) CODEC(ZSTD(3)),
    SpanKind LowCardinality(String) CODEC(ZSTD(3)),
    ServiceName LowCardinality(String) CODEC(ZSTD(3)),
    ResourceAttributes Map(LowCardinality(String), String) CODEC(ZSTD(9)),
    ScopeName String CODEC(ZSTD(3)),
    ScopeVersion String CODEC(ZSTD(3)),
    SpanAttributes Map(LowCardinality(String), String) CODEC(ZSTD(9))
        SETTINGS (min_compress_block_size = 262144, max_compress_block_size = 1048576),
    Duration UInt64 CODEC(T64, ZSTD(3)),
    StatusCode LowCardinality(String) CODEC(ZSTD(3)),
    StatusMessage String CODEC(ZSTD(3)),
    Events Nested (
        Timestamp DateTime64(9),
        Name LowCardinality(String),
        Attributes Map(LowCardinality(String), String),
        OtlpFields LowCardinality(String)
    ) CODEC(ZSTD(3)),
    Links Nested (
        TraceId String,
        SpanId String,
        TraceState String,
        Attributes Map(LowCardinality(String), String),
        OtlpFields LowCardinality(String)
    ) CODEC(ZSTD(3)),
    ScopeAttributes Map(LowCardinality(String), String) CODEC(ZSTD(3)),
    OtlpFields LowCardinality(String) CODEC(ZSTD(3)),
    INDEX idx_trace_id TraceId TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX idx_duration Duration TYPE minmax GRANULARITY 1
)
ENGINE = MergeTree
PARTITION BY toDate(Timestamp)
ORDER BY (toStartOfTenMinutes(Timestamp), ServiceName, SpanName, TraceId, Timestamp)
TTL toDateTime(Timestamp) + toIntervalDay($retention_days)
SETTINGS index_granularity = 1024, ttl_only_drop_parts = 1, non_replicated_deduplication_window = 1000,
    map_serialization_version = 'with_buckets', max_buckets_in_map = 32, map_buckets_strategy = 'linear',
    map_buckets_coefficient = 1.5, map_buckets_min_avg_size = 8,
    string_serialization_version = 'single_stream',
    merge_selector_base = 10
