-- What the calls of mesh_edges do not tell of an edge, by second: opaque connections that stood (times
-- seconds), bytes to and from the target, and of Count calls how many were encrypted or in the clear. Calls
-- that a caller's sidecar made (Arm) in the clear have no row. Rows of one key add up.
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
