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
CREATE TABLE IF NOT EXISTS otel_traces_local ON CLUSTER `spanmesh` (
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
ENGINE = ReplicatedMergeTree('/clickhouse/tables/{shard}/{database}/{table}', '{replica}')
PARTITION BY toDate(Timestamp)
ORDER BY (toStartOfTenMinutes(Timestamp), ServiceName, SpanName, TraceId, Timestamp)
TTL toDateTime(Timestamp) + toIntervalDay(3)
SETTINGS index_granularity = 1024, ttl_only_drop_parts = 1, replicated_deduplication_window = 1000,
    map_serialization_version = 'with_buckets', max_buckets_in_map = 32, map_buckets_strategy = 'linear',
    map_buckets_coefficient = 1.5, map_buckets_min_avg_size = 8,
    string_serialization_version = 'single_stream',
    merge_selector_base = 10;

CREATE TABLE IF NOT EXISTS otel_traces ON CLUSTER `spanmesh` AS otel_traces_local
ENGINE = Distributed(`spanmesh`, currentDatabase(), otel_traces_local, cityHash64(TraceId));

-- When each trace began and when its last span began, in whole seconds (the exporter's definition).
CREATE TABLE IF NOT EXISTS otel_traces_trace_id_ts_local ON CLUSTER `spanmesh` (
    TraceId String CODEC(ZSTD(1)),
    Start SimpleAggregateFunction(min, DateTime) CODEC(Delta, ZSTD(1)),
    End SimpleAggregateFunction(max, DateTime) CODEC(Delta, ZSTD(1))
)
ENGINE = ReplicatedAggregatingMergeTree('/clickhouse/tables/{shard}/{database}/{table}', '{replica}')
PARTITION BY toStartOfWeek(Start)
ORDER BY (TraceId)
TTL Start + toIntervalDay(3)
SETTINGS index_granularity = 8192, ttl_only_drop_parts = 1, replicated_deduplication_window = 1000;

CREATE TABLE IF NOT EXISTS otel_traces_trace_id_ts ON CLUSTER `spanmesh` AS otel_traces_trace_id_ts_local
ENGINE = Distributed(`spanmesh`, currentDatabase(), otel_traces_trace_id_ts_local, cityHash64(TraceId));

-- Fills otel_traces_trace_id_ts.
CREATE MATERIALIZED VIEW IF NOT EXISTS otel_traces_trace_id_ts_mv ON CLUSTER `spanmesh`
TO otel_traces_trace_id_ts_local
AS SELECT
    TraceId,
    min(toDateTime(Timestamp)) AS Start,
    max(toDateTime(Timestamp)) AS End
FROM otel_traces_local
WHERE TraceId != ''
GROUP BY TraceId;

-- One row for each trace, with its true end; read it with GROUP BY TraceId, parts merge late.
CREATE TABLE IF NOT EXISTS mesh_trace_summaries_local ON CLUSTER `spanmesh` (
    TraceId String CODEC(ZSTD(1)),
    Start SimpleAggregateFunction(min, DateTime64(9)) CODEC(Delta(8), ZSTD(1)),
    End SimpleAggregateFunction(max, DateTime64(9)) CODEC(Delta(8), ZSTD(1)),
    Spans SimpleAggregateFunction(sum, UInt64) CODEC(T64, ZSTD(1)),
    Errors SimpleAggregateFunction(sum, UInt64) CODEC(T64, ZSTD(1)),
    Services SimpleAggregateFunction(groupUniqArrayArray, Array(String)) CODEC(ZSTD(1)),
    ServiceSpans SimpleAggregateFunction(sumMap, Map(String, UInt64)) CODEC(ZSTD(1)),
    ServiceErrors SimpleAggregateFunction(sumMap, Map(String, UInt64)) CODEC(ZSTD(1)),
    RootService SimpleAggregateFunction(max, String) CODEC(ZSTD(1)),
    RootName SimpleAggregateFunction(max, String) CODEC(ZSTD(1)),
    INDEX idx_start Start TYPE minmax GRANULARITY 1,
    INDEX idx_end End TYPE minmax GRANULARITY 1
)
ENGINE = ReplicatedAggregatingMergeTree('/clickhouse/tables/{shard}/{database}/{table}', '{replica}')
PARTITION BY toDate(Start)
ORDER BY (TraceId)
TTL toDateTime(Start) + toIntervalDay(3)
SETTINGS index_granularity = 8192, ttl_only_drop_parts = 1, replicated_deduplication_window = 1000;

CREATE TABLE IF NOT EXISTS mesh_trace_summaries ON CLUSTER `spanmesh` AS mesh_trace_summaries_local
ENGINE = Distributed(`spanmesh`, currentDatabase(), mesh_trace_summaries_local, cityHash64(TraceId));

-- Fills mesh_trace_summaries; services by namespace and name (proxy.contract.service_id). Durations are cut at
-- ten years: past the end of DateTime64 the view would fail and its insert with it.
CREATE MATERIALIZED VIEW IF NOT EXISTS mesh_trace_summaries_mv ON CLUSTER `spanmesh`
TO mesh_trace_summaries_local
AS WITH multiIf(
    ServiceName = '', '',
    ResourceAttributes['service.namespace'] != '',
    concat(ResourceAttributes['service.namespace'], '/', ServiceName),
    position(ServiceName, '/') > 0, concat('/', ServiceName),
    toString(ServiceName)
) AS Service
SELECT
    TraceId,
    min(Timestamp) AS Start,
    max(addNanoseconds(Timestamp, least(Duration, 315360000000000000))) AS End,
    count() AS Spans,
    countIf(StatusCode = 'Error') AS Errors,
    groupUniqArray(Service) AS Services,
    sumMap(map(Service, toUInt64(1))) AS ServiceSpans,
    sumMap(map(Service, toUInt64(StatusCode = 'Error'))) AS ServiceErrors,
    max(if(ParentSpanId = '', Service, '')) AS RootService,
    max(if(ParentSpanId = '', toString(SpanName), '')) AS RootName
FROM otel_traces_local
WHERE TraceId != ''
GROUP BY TraceId;

-- Operations by day: what /api/services and operations are answered from, without a look at the spans.
-- Bounded whatever comes in: the names of a service and kind share 4096 places a day, a place keeps the
-- first four names that come. Later ones count in their place but are not named; a service needs some
-- thousand names until one is likely to be among them. Read with GROUP BY, parts merge late.
CREATE TABLE IF NOT EXISTS mesh_operations_local ON CLUSTER `spanmesh` (
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
ENGINE = ReplicatedAggregatingMergeTree('/clickhouse/tables/{shard}/{database}/{table}', '{replica}')
PARTITION BY Day
ORDER BY (Day, ServiceName, SpanKind, Place)
TTL Day + toIntervalDay(3)
SETTINGS index_granularity = 8192, ttl_only_drop_parts = 1, replicated_deduplication_window = 1000;

CREATE TABLE IF NOT EXISTS mesh_operations ON CLUSTER `spanmesh` AS mesh_operations_local
ENGINE = Distributed(`spanmesh`, currentDatabase(), mesh_operations_local, cityHash64(ServiceName));

-- Fills mesh_operations; services by namespace and name (proxy.contract.service_id). Names are cut at 256 characters.
CREATE MATERIALIZED VIEW IF NOT EXISTS mesh_operations_mv ON CLUSTER `spanmesh`
TO mesh_operations_local
AS WITH multiIf(
    ServiceName = '', '',
    ResourceAttributes['service.namespace'] != '',
    concat(ResourceAttributes['service.namespace'], '/', ServiceName),
    position(ServiceName, '/') > 0, concat('/', ServiceName),
    toString(ServiceName)
) AS Service
SELECT
    toDate(Timestamp) AS Day,
    Service AS ServiceName,
    SpanKind,
    toUInt16(cityHash64(substringUTF8(SpanName, 1, 256)) % 4096) AS Place,
    groupUniqArrayState(4)(substringUTF8(SpanName, 1, 256)) AS Names,
    count() AS Spans,
    countIf(StatusCode = 'Error') AS Errors,
    toDateTime(min(Timestamp)) AS FirstSeen,
    toDateTime(max(Timestamp)) AS LastSeen
FROM otel_traces_local
WHERE Service != ''
GROUP BY Day, ServiceName, SpanKind, Place;

-- Attribute names and values by day and service, with how often they were seen among the spans looked at.
-- Bounded whatever comes in: values share 1024 places per name, a place keeps the value seen most often
-- in one insert (Top is that count and the value). Rows of one key add up; values with their counts:
--   SELECT Value, sum(Seen) AS Count FROM (
--     SELECT Place, tupleElement(max(Top), 2) AS Value, sum(Spans) AS Seen FROM mesh_attributes
--     WHERE Day >= ... AND ServiceName = ... AND Key = ... GROUP BY ServiceName, Scope, Key, Place
--   ) GROUP BY Value ORDER BY Count DESC
CREATE TABLE IF NOT EXISTS mesh_attributes_local ON CLUSTER `spanmesh` (
    Day Date CODEC(ZSTD(1)),
    ServiceName LowCardinality(String) CODEC(ZSTD(1)),
    Scope LowCardinality(String) CODEC(ZSTD(1)),
    Key LowCardinality(String) CODEC(ZSTD(1)),
    Place UInt16 CODEC(ZSTD(1)),
    Top SimpleAggregateFunction(max, Tuple(UInt64, String)) CODEC(ZSTD(1)),
    Spans SimpleAggregateFunction(sum, UInt64) CODEC(T64, ZSTD(1)),
    LastSeen SimpleAggregateFunction(max, DateTime) CODEC(Delta(4), ZSTD(1))
)
ENGINE = ReplicatedAggregatingMergeTree('/clickhouse/tables/{shard}/{database}/{table}', '{replica}')
PARTITION BY Day
ORDER BY (Day, ServiceName, Scope, Key, Place)
TTL Day + toIntervalDay(3)
SETTINGS index_granularity = 8192, ttl_only_drop_parts = 1, replicated_deduplication_window = 1000;

CREATE TABLE IF NOT EXISTS mesh_attributes ON CLUSTER `spanmesh` AS mesh_attributes_local
ENGINE = Distributed(`spanmesh`, currentDatabase(), mesh_attributes_local, cityHash64(ServiceName));

-- Fills mesh_attributes from the first 200 spans of an insert and one more of each operation and status:
-- attributes follow the operation, so a look at every span would cost much and say little more. From one
-- insert come at most 5 values of a name and 2000 rows of a service; texts are cut at 128 characters.
-- Services are by namespace and name (proxy.contract.service_id).
CREATE MATERIALIZED VIEW IF NOT EXISTS mesh_attributes_mv ON CLUSTER `spanmesh`
TO mesh_attributes_local
AS SELECT
    Day,
    ServiceName,
    Scope,
    Key,
    toUInt16(cityHash64(Value) % 1024) AS Place,
    max((Count, Value)) AS Top,
    sum(Count) AS Spans,
    max(Seen) AS LastSeen
FROM (
    SELECT
        toDate(Timestamp) AS Day,
        Service AS ServiceName,
        if(place <= length(SpanAttributes), 'span', 'resource') AS Scope,
        substring(name, 1, 128) AS Key,
        substring(text, 1, 128) AS Value,
        count() AS Count,
        toDateTime(max(Timestamp)) AS Seen
    FROM (
        SELECT
            Timestamp,
            multiIf(
                ServiceName = '', '',
                ResourceAttributes['service.namespace'] != '',
                concat(ResourceAttributes['service.namespace'], '/', ServiceName),
                position(ServiceName, '/') > 0, concat('/', ServiceName),
                toString(ServiceName)
            ) AS Service,
            SpanAttributes,
            ResourceAttributes
        FROM otel_traces_local
        LIMIT 1 BY Service, SpanName, StatusCode, least(rowNumberInBlock(), 200)
    )
    ARRAY JOIN
        arrayConcat(mapKeys(SpanAttributes), mapKeys(ResourceAttributes)) AS name,
        arrayConcat(mapValues(SpanAttributes), mapValues(ResourceAttributes)) AS text,
        arrayEnumerate(arrayConcat(mapKeys(SpanAttributes), mapKeys(ResourceAttributes))) AS place
    GROUP BY Day, ServiceName, Scope, Key, Value
    ORDER BY Count DESC
    LIMIT 5 BY Day, ServiceName, Scope, Key
)
GROUP BY Day, ServiceName, Scope, Key, Place
ORDER BY Spans DESC
LIMIT 2000 BY Day, ServiceName;

-- Calls by second, edge, endpoint and arm. Latency counts by bucket index of proxy.contract.histogram
-- (values in seconds, key -32768 is the zero bucket); rows of one key add up. Encrypted and Clear
-- are how many of Count calls were measured to be that; a row of a collector of an older version, which did
-- not measure it, takes requests that a caller's sidecar made (Arm) to be in the clear.
CREATE TABLE IF NOT EXISTS mesh_edges_local ON CLUSTER `spanmesh` (
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
ENGINE = ReplicatedAggregatingMergeTree('/clickhouse/tables/{shard}/{database}/{table}', '{replica}')
PARTITION BY toDate(Time)
ORDER BY (Time, Source, Target, Protocol, Endpoint, Arm, Collector)
TTL Time + toIntervalDay(3)
SETTINGS index_granularity = 8192, ttl_only_drop_parts = 1, replicated_deduplication_window = 1000;

CREATE TABLE IF NOT EXISTS mesh_edges ON CLUSTER `spanmesh` AS mesh_edges_local
ENGINE = Distributed(`spanmesh`, currentDatabase(), mesh_edges_local, cityHash64(Source, Target));

-- What the mesh decided, and on what evidence (JSON text). Stage changes outlive the retention:
-- the newest for each service is replayed at start.
CREATE TABLE IF NOT EXISTS mesh_decisions_local ON CLUSTER `spanmesh` (
    Time DateTime64(3) CODEC(Delta(8), ZSTD(1)),
    Kind LowCardinality(String) CODEC(ZSTD(1)),
    Service LowCardinality(String) CODEC(ZSTD(1)),
    Endpoint LowCardinality(String) CODEC(ZSTD(1)),
    Reason String CODEC(ZSTD(1)),
    Evidence String CODEC(ZSTD(1)),
    Collector LowCardinality(String) CODEC(ZSTD(1))
)
ENGINE = ReplicatedMergeTree('/clickhouse/tables/{shard}/{database}/{table}', '{replica}')
PARTITION BY toYYYYMM(Time)
ORDER BY (Time, Service)
TTL toDateTime(Time) + toIntervalDay(3) DELETE WHERE Kind != 'stage'
SETTINGS index_granularity = 8192, replicated_deduplication_window = 1000;

CREATE TABLE IF NOT EXISTS mesh_decisions ON CLUSTER `spanmesh` AS mesh_decisions_local
ENGINE = Distributed(`spanmesh`, currentDatabase(), mesh_decisions_local, cityHash64(Service));

-- mesh_edges by the minute, without endpoints: what windows of many hours are answered from.
CREATE TABLE IF NOT EXISTS mesh_edges_minute_local ON CLUSTER `spanmesh` (
    Time DateTime CODEC(Delta(4), ZSTD(1)),
    Source LowCardinality(String) CODEC(ZSTD(1)),
    Target LowCardinality(String) CODEC(ZSTD(1)),
    Protocol LowCardinality(String) CODEC(ZSTD(1)),
    Arm LowCardinality(String) CODEC(ZSTD(1)),
    Count SimpleAggregateFunction(sum, UInt64) CODEC(T64, ZSTD(1)),
    Errors SimpleAggregateFunction(sum, UInt64) CODEC(T64, ZSTD(1)),
    Sum SimpleAggregateFunction(sum, Float64) CODEC(ZSTD(1)),
    Latency SimpleAggregateFunction(sumMap, Map(Int16, UInt64)) CODEC(ZSTD(1)),
    Encrypted SimpleAggregateFunction(sum, UInt64) CODEC(T64, ZSTD(1)),
    Clear SimpleAggregateFunction(sum, UInt64) DEFAULT if(Protocol = 'http' AND Arm != '', Count, 0) CODEC(T64, ZSTD(1))
)
ENGINE = ReplicatedAggregatingMergeTree('/clickhouse/tables/{shard}/{database}/{table}', '{replica}')
PARTITION BY toDate(Time)
ORDER BY (Time, Source, Target, Protocol, Arm)
TTL Time + toIntervalDay(3)
SETTINGS index_granularity = 8192, ttl_only_drop_parts = 1, replicated_deduplication_window = 1000;

CREATE TABLE IF NOT EXISTS mesh_edges_minute ON CLUSTER `spanmesh` AS mesh_edges_minute_local
ENGINE = Distributed(`spanmesh`, currentDatabase(), mesh_edges_minute_local, cityHash64(Source, Target));

-- Fills mesh_edges_minute.
CREATE MATERIALIZED VIEW IF NOT EXISTS mesh_edges_minute_mv ON CLUSTER `spanmesh`
TO mesh_edges_minute_local
AS SELECT
    toStartOfMinute(Time) AS Time,
    Source,
    Target,
    Protocol,
    Arm,
    sum(Count) AS Count,
    sum(Errors) AS Errors,
    sum(Sum) AS Sum,
    sumMap(Latency) AS Latency,
    sum(Encrypted) AS Encrypted,
    sum(Clear) AS Clear
FROM mesh_edges_local
GROUP BY Time, Source, Target, Protocol, Arm;

-- What is connected to which collector: a row when a service's sidecars there change, and every ten
-- seconds; an endpoint is a position in the arrays. Every second a row without a service says that the
-- collector lives. The newest row of a collector and service counts. Time is the server's own.
CREATE TABLE IF NOT EXISTS mesh_members_local ON CLUSTER `spanmesh` (
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
ENGINE = ReplicatedMergeTree('/clickhouse/tables/{shard}/{database}/{table}', '{replica}')
PARTITION BY toDate(Time)
ORDER BY (Time, Collector, Service)
TTL toDateTime(Time) + toIntervalMinute(10)
SETTINGS index_granularity = 8192;

CREATE TABLE IF NOT EXISTS mesh_members ON CLUSTER `spanmesh` AS mesh_members_local
ENGINE = Distributed(`spanmesh`, currentDatabase(), mesh_members_local, cityHash64(Collector));

-- Opaque connections of an edge, by second: how many were open (times seconds), bytes to and from the target,
-- and of those that were open or ended how many were encrypted or in the clear. Rows of one key add up. Rows of
-- another protocol are of older versions: requests (Count) of which mesh_edges did not say that yet.
CREATE TABLE IF NOT EXISTS mesh_connections_local ON CLUSTER `spanmesh` (
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
ENGINE = ReplicatedAggregatingMergeTree('/clickhouse/tables/{shard}/{database}/{table}', '{replica}')
PARTITION BY toDate(Time)
ORDER BY (Time, Source, Target, Protocol, Arm, Collector)
TTL Time + toIntervalDay(3)
SETTINGS index_granularity = 8192, ttl_only_drop_parts = 1, replicated_deduplication_window = 1000;

CREATE TABLE IF NOT EXISTS mesh_connections ON CLUSTER `spanmesh` AS mesh_connections_local
ENGINE = Distributed(`spanmesh`, currentDatabase(), mesh_connections_local, cityHash64(Source, Target));

-- Gauge points: the table of the OpenTelemetry ClickHouse exporter.
CREATE TABLE IF NOT EXISTS otel_metrics_gauge_local ON CLUSTER `spanmesh` (
    ResourceAttributes Map(LowCardinality(String), String) CODEC(ZSTD(1)),
    ResourceSchemaUrl String CODEC(ZSTD(1)),
    ScopeName String CODEC(ZSTD(1)),
    ScopeVersion String CODEC(ZSTD(1)),
    ScopeAttributes Map(LowCardinality(String), String) CODEC(ZSTD(1)),
    ScopeDroppedAttrCount UInt32 CODEC(ZSTD(1)),
    ScopeSchemaUrl String CODEC(ZSTD(1)),
    ServiceName LowCardinality(String) CODEC(ZSTD(1)),
    MetricName String CODEC(ZSTD(1)),
    MetricDescription String CODEC(ZSTD(1)),
    MetricUnit String CODEC(ZSTD(1)),
    Attributes Map(LowCardinality(String), String) CODEC(ZSTD(1)),
    StartTimeUnix DateTime64(9) CODEC(Delta(8), ZSTD(1)),
    TimeUnix DateTime64(9) CODEC(Delta(8), ZSTD(1)),
    Value Float64 CODEC(ZSTD(1)),
    Flags UInt32 CODEC(ZSTD(1)),
    Exemplars Nested (
        FilteredAttributes Map(LowCardinality(String), String),
        TimeUnix DateTime64(9),
        Value Float64,
        SpanId String,
        TraceId String
    ) CODEC(ZSTD(1)),
    INDEX idx_res_attr_key mapKeys(ResourceAttributes) TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX idx_res_attr_value mapValues(ResourceAttributes) TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX idx_scope_attr_key mapKeys(ScopeAttributes) TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX idx_scope_attr_value mapValues(ScopeAttributes) TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX idx_attr_key mapKeys(Attributes) TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX idx_attr_value mapValues(Attributes) TYPE bloom_filter(0.01) GRANULARITY 1
)
ENGINE = ReplicatedMergeTree('/clickhouse/tables/{shard}/{database}/{table}', '{replica}')
PARTITION BY toDate(TimeUnix)
ORDER BY (ServiceName, MetricName, Attributes, toUnixTimestamp64Nano(TimeUnix))
TTL toDateTime(TimeUnix) + toIntervalDay(3)
SETTINGS index_granularity = 8192, ttl_only_drop_parts = 1, replicated_deduplication_window = 1000;

CREATE TABLE IF NOT EXISTS otel_metrics_gauge ON CLUSTER `spanmesh` AS otel_metrics_gauge_local
ENGINE = Distributed(`spanmesh`, currentDatabase(), otel_metrics_gauge_local, cityHash64(ServiceName, MetricName));

-- Sum points: the table of the OpenTelemetry ClickHouse exporter.
CREATE TABLE IF NOT EXISTS otel_metrics_sum_local ON CLUSTER `spanmesh` (
    ResourceAttributes Map(LowCardinality(String), String) CODEC(ZSTD(1)),
    ResourceSchemaUrl String CODEC(ZSTD(1)),
    ScopeName String CODEC(ZSTD(1)),
    ScopeVersion String CODEC(ZSTD(1)),
    ScopeAttributes Map(LowCardinality(String), String) CODEC(ZSTD(1)),
    ScopeDroppedAttrCount UInt32 CODEC(ZSTD(1)),
    ScopeSchemaUrl String CODEC(ZSTD(1)),
    ServiceName LowCardinality(String) CODEC(ZSTD(1)),
    MetricName String CODEC(ZSTD(1)),
    MetricDescription String CODEC(ZSTD(1)),
    MetricUnit String CODEC(ZSTD(1)),
    Attributes Map(LowCardinality(String), String) CODEC(ZSTD(1)),
    StartTimeUnix DateTime64(9) CODEC(Delta(8), ZSTD(1)),
    TimeUnix DateTime64(9) CODEC(Delta(8), ZSTD(1)),
    Value Float64 CODEC(ZSTD(1)),
    Flags UInt32 CODEC(ZSTD(1)),
    Exemplars Nested (
        FilteredAttributes Map(LowCardinality(String), String),
        TimeUnix DateTime64(9),
        Value Float64,
        SpanId String,
        TraceId String
    ) CODEC(ZSTD(1)),
    AggregationTemporality Int32 CODEC(ZSTD(1)),
    IsMonotonic Boolean CODEC(Delta(1), ZSTD(1)),
    INDEX idx_res_attr_key mapKeys(ResourceAttributes) TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX idx_res_attr_value mapValues(ResourceAttributes) TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX idx_scope_attr_key mapKeys(ScopeAttributes) TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX idx_scope_attr_value mapValues(ScopeAttributes) TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX idx_attr_key mapKeys(Attributes) TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX idx_attr_value mapValues(Attributes) TYPE bloom_filter(0.01) GRANULARITY 1
)
ENGINE = ReplicatedMergeTree('/clickhouse/tables/{shard}/{database}/{table}', '{replica}')
PARTITION BY toDate(TimeUnix)
ORDER BY (ServiceName, MetricName, Attributes, toUnixTimestamp64Nano(TimeUnix))
TTL toDateTime(TimeUnix) + toIntervalDay(3)
SETTINGS index_granularity = 8192, ttl_only_drop_parts = 1, replicated_deduplication_window = 1000;

CREATE TABLE IF NOT EXISTS otel_metrics_sum ON CLUSTER `spanmesh` AS otel_metrics_sum_local
ENGINE = Distributed(`spanmesh`, currentDatabase(), otel_metrics_sum_local, cityHash64(ServiceName, MetricName));

-- Histogram points with explicit bounds: the table of the OpenTelemetry ClickHouse exporter.
CREATE TABLE IF NOT EXISTS otel_metrics_histogram_local ON CLUSTER `spanmesh` (
    ResourceAttributes Map(LowCardinality(String), String) CODEC(ZSTD(1)),
    ResourceSchemaUrl String CODEC(ZSTD(1)),
    ScopeName String CODEC(ZSTD(1)),
    ScopeVersion String CODEC(ZSTD(1)),
    ScopeAttributes Map(LowCardinality(String), String) CODEC(ZSTD(1)),
    ScopeDroppedAttrCount UInt32 CODEC(ZSTD(1)),
    ScopeSchemaUrl String CODEC(ZSTD(1)),
    ServiceName LowCardinality(String) CODEC(ZSTD(1)),
    MetricName String CODEC(ZSTD(1)),
    MetricDescription String CODEC(ZSTD(1)),
    MetricUnit String CODEC(ZSTD(1)),
    Attributes Map(LowCardinality(String), String) CODEC(ZSTD(1)),
    StartTimeUnix DateTime64(9) CODEC(Delta(8), ZSTD(1)),
    TimeUnix DateTime64(9) CODEC(Delta(8), ZSTD(1)),
    Count UInt64 CODEC(Delta(8), ZSTD(1)),
    Sum Float64 CODEC(ZSTD(1)),
    BucketCounts Array(UInt64) CODEC(ZSTD(1)),
    ExplicitBounds Array(Float64) CODEC(ZSTD(1)),
    Exemplars Nested (
        FilteredAttributes Map(LowCardinality(String), String),
        TimeUnix DateTime64(9),
        Value Float64,
        SpanId String,
        TraceId String
    ) CODEC(ZSTD(1)),
    Flags UInt32 CODEC(ZSTD(1)),
    Min Float64 CODEC(ZSTD(1)),
    Max Float64 CODEC(ZSTD(1)),
    AggregationTemporality Int32 CODEC(ZSTD(1)),
    INDEX idx_res_attr_key mapKeys(ResourceAttributes) TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX idx_res_attr_value mapValues(ResourceAttributes) TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX idx_scope_attr_key mapKeys(ScopeAttributes) TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX idx_scope_attr_value mapValues(ScopeAttributes) TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX idx_attr_key mapKeys(Attributes) TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX idx_attr_value mapValues(Attributes) TYPE bloom_filter(0.01) GRANULARITY 1
)
ENGINE = ReplicatedMergeTree('/clickhouse/tables/{shard}/{database}/{table}', '{replica}')
PARTITION BY toDate(TimeUnix)
ORDER BY (ServiceName, MetricName, Attributes, toUnixTimestamp64Nano(TimeUnix))
TTL toDateTime(TimeUnix) + toIntervalDay(3)
SETTINGS index_granularity = 8192, ttl_only_drop_parts = 1, replicated_deduplication_window = 1000;

CREATE TABLE IF NOT EXISTS otel_metrics_histogram ON CLUSTER `spanmesh` AS otel_metrics_histogram_local
ENGINE = Distributed(`spanmesh`, currentDatabase(), otel_metrics_histogram_local, cityHash64(ServiceName, MetricName));

-- Exponential histogram points: the table of the OpenTelemetry ClickHouse exporter.
CREATE TABLE IF NOT EXISTS otel_metrics_exponential_histogram_local ON CLUSTER `spanmesh` (
    ResourceAttributes Map(LowCardinality(String), String) CODEC(ZSTD(1)),
    ResourceSchemaUrl String CODEC(ZSTD(1)),
    ScopeName String CODEC(ZSTD(1)),
    ScopeVersion String CODEC(ZSTD(1)),
    ScopeAttributes Map(LowCardinality(String), String) CODEC(ZSTD(1)),
    ScopeDroppedAttrCount UInt32 CODEC(ZSTD(1)),
    ScopeSchemaUrl String CODEC(ZSTD(1)),
    ServiceName LowCardinality(String) CODEC(ZSTD(1)),
    MetricName String CODEC(ZSTD(1)),
    MetricDescription String CODEC(ZSTD(1)),
    MetricUnit String CODEC(ZSTD(1)),
    Attributes Map(LowCardinality(String), String) CODEC(ZSTD(1)),
    StartTimeUnix DateTime64(9) CODEC(Delta(8), ZSTD(1)),
    TimeUnix DateTime64(9) CODEC(Delta(8), ZSTD(1)),
    Count UInt64 CODEC(Delta(8), ZSTD(1)),
    Sum Float64 CODEC(ZSTD(1)),
    Scale Int32 CODEC(ZSTD(1)),
    ZeroCount UInt64 CODEC(ZSTD(1)),
    PositiveOffset Int32 CODEC(ZSTD(1)),
    PositiveBucketCounts Array(UInt64) CODEC(ZSTD(1)),
    NegativeOffset Int32 CODEC(ZSTD(1)),
    NegativeBucketCounts Array(UInt64) CODEC(ZSTD(1)),
    Exemplars Nested (
        FilteredAttributes Map(LowCardinality(String), String),
        TimeUnix DateTime64(9),
        Value Float64,
        SpanId String,
        TraceId String
    ) CODEC(ZSTD(1)),
    Flags UInt32 CODEC(ZSTD(1)),
    Min Float64 CODEC(ZSTD(1)),
    Max Float64 CODEC(ZSTD(1)),
    AggregationTemporality Int32 CODEC(ZSTD(1)),
    INDEX idx_res_attr_key mapKeys(ResourceAttributes) TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX idx_res_attr_value mapValues(ResourceAttributes) TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX idx_scope_attr_key mapKeys(ScopeAttributes) TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX idx_scope_attr_value mapValues(ScopeAttributes) TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX idx_attr_key mapKeys(Attributes) TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX idx_attr_value mapValues(Attributes) TYPE bloom_filter(0.01) GRANULARITY 1
)
ENGINE = ReplicatedMergeTree('/clickhouse/tables/{shard}/{database}/{table}', '{replica}')
PARTITION BY toDate(TimeUnix)
ORDER BY (ServiceName, MetricName, Attributes, toUnixTimestamp64Nano(TimeUnix))
TTL toDateTime(TimeUnix) + toIntervalDay(3)
SETTINGS index_granularity = 8192, ttl_only_drop_parts = 1, replicated_deduplication_window = 1000;

CREATE TABLE IF NOT EXISTS otel_metrics_exponential_histogram ON CLUSTER `spanmesh` AS otel_metrics_exponential_histogram_local
ENGINE = Distributed(`spanmesh`, currentDatabase(), otel_metrics_exponential_histogram_local, cityHash64(ServiceName, MetricName));

-- Summary points: the table of the OpenTelemetry ClickHouse exporter.
CREATE TABLE IF NOT EXISTS otel_metrics_summary_local ON CLUSTER `spanmesh` (
    ResourceAttributes Map(LowCardinality(String), String) CODEC(ZSTD(1)),
    ResourceSchemaUrl String CODEC(ZSTD(1)),
    ScopeName String CODEC(ZSTD(1)),
    ScopeVersion String CODEC(ZSTD(1)),
    ScopeAttributes Map(LowCardinality(String), String) CODEC(ZSTD(1)),
    ScopeDroppedAttrCount UInt32 CODEC(ZSTD(1)),
    ScopeSchemaUrl String CODEC(ZSTD(1)),
    ServiceName LowCardinality(String) CODEC(ZSTD(1)),
    MetricName String CODEC(ZSTD(1)),
    MetricDescription String CODEC(ZSTD(1)),
    MetricUnit String CODEC(ZSTD(1)),
    Attributes Map(LowCardinality(String), String) CODEC(ZSTD(1)),
    StartTimeUnix DateTime64(9) CODEC(Delta(8), ZSTD(1)),
    TimeUnix DateTime64(9) CODEC(Delta(8), ZSTD(1)),
    Count UInt64 CODEC(Delta(8), ZSTD(1)),
    Sum Float64 CODEC(ZSTD(1)),
    ValueAtQuantiles Nested (
        Quantile Float64,
        Value Float64
    ) CODEC(ZSTD(1)),
    Flags UInt32 CODEC(ZSTD(1)),
    INDEX idx_res_attr_key mapKeys(ResourceAttributes) TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX idx_res_attr_value mapValues(ResourceAttributes) TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX idx_scope_attr_key mapKeys(ScopeAttributes) TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX idx_scope_attr_value mapValues(ScopeAttributes) TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX idx_attr_key mapKeys(Attributes) TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX idx_attr_value mapValues(Attributes) TYPE bloom_filter(0.01) GRANULARITY 1
)
ENGINE = ReplicatedMergeTree('/clickhouse/tables/{shard}/{database}/{table}', '{replica}')
PARTITION BY toDate(TimeUnix)
ORDER BY (ServiceName, MetricName, Attributes, toUnixTimestamp64Nano(TimeUnix))
TTL toDateTime(TimeUnix) + toIntervalDay(3)
SETTINGS index_granularity = 8192, ttl_only_drop_parts = 1, replicated_deduplication_window = 1000;

CREATE TABLE IF NOT EXISTS otel_metrics_summary ON CLUSTER `spanmesh` AS otel_metrics_summary_local
ENGINE = Distributed(`spanmesh`, currentDatabase(), otel_metrics_summary_local, cityHash64(ServiceName, MetricName));

-- Log records: the table of the OpenTelemetry ClickHouse exporter.
CREATE TABLE IF NOT EXISTS otel_logs_local ON CLUSTER `spanmesh` (
    Timestamp DateTime64(9) CODEC(Delta(8), ZSTD(1)),
    TimestampTime DateTime DEFAULT toDateTime(Timestamp) CODEC(Delta(4), ZSTD(1)),
    TraceId String CODEC(ZSTD(1)),
    SpanId String CODEC(ZSTD(1)),
    TraceFlags UInt8,
    SeverityText LowCardinality(String) CODEC(ZSTD(1)),
    SeverityNumber UInt8,
    ServiceName LowCardinality(String) CODEC(ZSTD(1)),
    Body String CODEC(ZSTD(1)),
    ResourceSchemaUrl LowCardinality(String) CODEC(ZSTD(1)),
    ResourceAttributes Map(LowCardinality(String), String) CODEC(ZSTD(1)),
    ScopeSchemaUrl LowCardinality(String) CODEC(ZSTD(1)),
    ScopeName String CODEC(ZSTD(1)),
    ScopeVersion LowCardinality(String) CODEC(ZSTD(1)),
    ScopeAttributes Map(LowCardinality(String), String) CODEC(ZSTD(1)),
    LogAttributes Map(LowCardinality(String), String) CODEC(ZSTD(1)),
    EventName String CODEC(ZSTD(1)),
    INDEX idx_trace_id TraceId TYPE bloom_filter(0.001) GRANULARITY 1,
    INDEX idx_res_attr_key mapKeys(ResourceAttributes) TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX idx_res_attr_value mapValues(ResourceAttributes) TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX idx_scope_attr_key mapKeys(ScopeAttributes) TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX idx_scope_attr_value mapValues(ScopeAttributes) TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX idx_log_attr_key mapKeys(LogAttributes) TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX idx_log_attr_value mapValues(LogAttributes) TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX idx_body Body TYPE tokenbf_v1(32768, 3, 0) GRANULARITY 8
)
ENGINE = ReplicatedMergeTree('/clickhouse/tables/{shard}/{database}/{table}', '{replica}')
PARTITION BY toDate(TimestampTime)
PRIMARY KEY (ServiceName, TimestampTime)
ORDER BY (ServiceName, TimestampTime, Timestamp)
TTL TimestampTime + toIntervalDay(3)
SETTINGS index_granularity = 8192, ttl_only_drop_parts = 1, replicated_deduplication_window = 1000;

CREATE TABLE IF NOT EXISTS otel_logs ON CLUSTER `spanmesh` AS otel_logs_local
ENGINE = Distributed(`spanmesh`, currentDatabase(), otel_logs_local, cityHash64(TraceId));
