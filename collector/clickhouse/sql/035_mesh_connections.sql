-- Opaque connections of an edge, by second: how many were open (times seconds), bytes to and from the target,
-- and of those that were open or ended how many were encrypted or in the clear. Rows of one key add up. Rows of
-- another protocol are of older versions: requests (Count) of which mesh_edges did not say that yet.
CREATE TABLE IF NOT EXISTS mesh_connections (
    Time DateTime CODEC(Delta(4), ZSTD(1)),
    Source LowCardinality(String) CODEC(ZSTD(1)),
    Target LowCardinality(String) CODEC(ZSTD(1)),
    Protocol LowCardinality(String) CODEC(ZSTD(1)),
    Arm LowCardinality(String) CODEC(ZSTD(1)),
    Collector LowCardinality(String) CODEC(ZSTD(1)),
    Count SimpleAggregateFunction(sum, UInt64) CODEC(T64, ZSTD(1)),
    Encrypted SimpleAggregateFunction(sum, UInt64) CODEC(T64, ZSTD(1)),
    Clear SimpleAggregateFunction(sum, UInt64) CODEC(T64, ZSTD(1)),
    Standing SimpleAggregateFunction(sum, UInt64) CODEC(T64, ZSTD(1)),
    Sent SimpleAggregateFunction(sum, UInt64) CODEC(T64, ZSTD(1)),
    Received SimpleAggregateFunction(sum, UInt64) CODEC(T64, ZSTD(1))
)
ENGINE = AggregatingMergeTree
PARTITION BY toDate(Time)
ORDER BY (Time, Source, Target, Protocol, Arm, Collector)
TTL Time + toIntervalDay($retention_days)
SETTINGS index_granularity = 8192, ttl_only_drop_parts = 1, non_replicated_deduplication_window = 1000
