-- What is connected to which collector: a row when a service's sidecars there change, and every ten
-- seconds; an endpoint is a position in the arrays. Every second a row without a service says that the
-- collector lives. The newest row of a collector and service counts. Time is the server's own.
CREATE TABLE IF NOT EXISTS mesh_members (
    Time DateTime64(3) DEFAULT now64(3) CODEC(Delta(8), ZSTD(1)),
    Collector LowCardinality(String) CODEC(ZSTD(1)),
    Run String CODEC(ZSTD(1)),
    Service LowCardinality(String) CODEC(ZSTD(1)),
    Present Bool CODEC(ZSTD(1)),
    Address Array(String) CODEC(ZSTD(1)),
    State Array(LowCardinality(String)) CODEC(ZSTD(1)),
    App Array(String) CODEC(ZSTD(1)),
    Instance Array(String) CODEC(ZSTD(1)),
    Version Array(LowCardinality(String)) CODEC(ZSTD(1)),
    Zone Array(LowCardinality(String)) CODEC(ZSTD(1))
)
ENGINE = MergeTree
PARTITION BY toDate(Time)
ORDER BY (Time, Collector, Service)
TTL toDateTime(Time) + toIntervalMinute(10)
SETTINGS index_granularity = 8192
