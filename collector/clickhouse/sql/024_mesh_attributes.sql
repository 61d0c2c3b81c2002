-- Attribute names and values by day and service, with how often they were seen among the spans looked at.
-- Bounded whatever comes in: values share 1024 places per name, a place keeps the value seen most often
-- in one insert (Top is that count and the value). Rows of one key add up; values with their counts:
--   SELECT Value, sum(Seen) AS Count FROM (
--     SELECT Place, tupleElement(max(Top), 2) AS Value, sum(Spans) AS Seen FROM mesh_attributes
--     WHERE Day >= ... AND ServiceName = ... AND Key = ... GROUP BY ServiceName, Scope, Key, Place
--   ) GROUP BY Value ORDER BY Count DESC
CREATE TABLE IF NOT EXISTS mesh_attributes (
    Day Date CODEC(ZSTD(1)),
    ServiceName LowCardinality(String) CODEC(ZSTD(1)),
    Scope LowCardinality(String) CODEC(ZSTD(1)),
    Key LowCardinality(String) CODEC(ZSTD(1)),
    Place UInt16 CODEC(ZSTD(1)),
    Top SimpleAggregateFunction(max, Tuple(UInt64, String)) CODEC(ZSTD(1)),
    Spans SimpleAggregateFunction(sum, UInt64) CODEC(T64, ZSTD(1)),
    LastSeen SimpleAggregateFunction(max, DateTime) CODEC(Delta(4), ZSTD(1))
)
ENGINE = AggregatingMergeTree
PARTITION BY Day
ORDER BY (Day, ServiceName, Scope, Key, Place)
TTL Day + toIntervalDay($retention_days)
SETTINGS index_granularity = 8192, ttl_only_drop_parts = 1, non_replicated_deduplication_window = 1000
