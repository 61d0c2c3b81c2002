-- Calls by second, edge, endpoint and arm. Latency counts by bucket index of proxy.contract.histogram
-- (values in seconds, key -32768 is the zero bucket); rows of one key add up. Encrypted and Clear
-- are how many of Count calls were measured to be that; a row of a collector of an older version, which did
-- not measure it, takes requests that a caller's sidecar made (Arm) to be in the clear.
CREATE TABLE IF NOT EXISTS mesh_edges (
    Time DateTime CODEC(Delta(4), ZSTD(1)),
    Source LowCardinality(String) CODEC(ZSTD(1)),
    Target LowCardinality(String) CODEC(ZSTD(1)),
    Protocol LowCardinality(String) CODEC(ZSTD(1)),
    Endpoint LowCardinality(String) CODEC(ZSTD(1)),
    Arm LowCardinality(String) CODEC(ZSTD(1)),
    Collector LowCardinality(String) CODEC(ZSTD(1)),
    Count SimpleAggregateFunction(sum, UInt64) CODEC(T64, ZSTD(1)),
    Errors SimpleAggregateFunction(sum, UInt64) CODEC(T64, ZSTD(1)),
    Sum SimpleAggregateFunction(sum, Float64) CODEC(ZSTD(1)),
    Latency SimpleAggregateFunction(sumMap, Map(Int16, UInt64)) CODEC(ZSTD(1)),
    Encrypted SimpleAggregateFunction(sum, UInt64) CODEC(T64, ZSTD(1)),
    Clear SimpleAggregateFunction(sum, UInt64) DEFAULT if(Protocol = 'http' AND Arm != '', Count, 0) CODEC(T64, ZSTD(1))
)
ENGINE = AggregatingMergeTree
PARTITION BY toDate(Time)
ORDER BY (Time, Source, Target, Protocol, Endpoint, Arm, Collector)
TTL Time + toIntervalDay($retention_days)
SETTINGS index_granularity = 8192, ttl_only_drop_parts = 1, non_replicated_deduplication_window = 1000
