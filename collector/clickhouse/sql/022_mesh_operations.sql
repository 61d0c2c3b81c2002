-- Operations by day: what /api/services and operations are answered from, without a look at the spans.
-- Bounded whatever comes in: the names of a service and kind share 4096 places a day, a place keeps the
-- first four names that come. Later ones count in their place but are not named; a service needs some
-- thousand names until one is likely to be among them. Read with GROUP BY, parts merge late.
CREATE TABLE IF NOT EXISTS mesh_operations (
    Day Date CODEC(ZSTD(1)),
    ServiceName LowCardinality(String) CODEC(ZSTD(1)),
    SpanKind LowCardinality(String) CODEC(ZSTD(1)),
    Place UInt16 CODEC(ZSTD(1)),
    Names AggregateFunction(groupUniqArray(4), String) CODEC(ZSTD(1)),
    Spans SimpleAggregateFunction(sum, UInt64) CODEC(T64, ZSTD(1)),
    Errors SimpleAggregateFunction(sum, UInt64) CODEC(T64, ZSTD(1)),
    FirstSeen SimpleAggregateFunction(min, DateTime) CODEC(Delta(4), ZSTD(1)),
    LastSeen SimpleAggregateFunction(max, DateTime) CODEC(Delta(4), ZSTD(1))
)
ENGINE = AggregatingMergeTree
PARTITION BY Day
ORDER BY (Day, ServiceName, SpanKind, Place)
TTL Day + toIntervalDay($retention_days)
SETTINGS index_granularity = 8192, ttl_only_drop_parts = 1, non_replicated_deduplication_window = 1000
