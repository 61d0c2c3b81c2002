-- What the mesh decided, and on what evidence (JSON text). Stage changes outlive the retention:
-- the newest for each service is replayed at start.
CREATE TABLE IF NOT EXISTS mesh_decisions (
    Time DateTime64(3) CODEC(Delta(8), ZSTD(1)),
    Kind LowCardinality(String) CODEC(ZSTD(1)),
    Service LowCardinality(String) CODEC(ZSTD(1)),
    Endpoint LowCardinality(String) CODEC(ZSTD(1)),
    Reason String CODEC(ZSTD(1)),
    Evidence String CODEC(ZSTD(1)),
    Collector LowCardinality(String) CODEC(ZSTD(1))
)
ENGINE = MergeTree
PARTITION BY toYYYYMM(Time)
ORDER BY (Time, Service)
TTL toDateTime(Time) + toIntervalDay($retention_days) DELETE WHERE Kind != 'stage'
SETTINGS index_granularity = 8192, non_replicated_deduplication_window = 1000
