-- The views that filled the tables of services while a service was its name alone, as version 0.1 made them.
-- 021_mesh_trace_summaries_mv.sql
CREATE MATERIALIZED VIEW IF NOT EXISTS mesh_trace_summaries_mv
TO mesh_trace_summaries
AS SELECT
    TraceId,
    min(Timestamp) AS Start,
    max(addNanoseconds(Timestamp, least(Duration, 315360000000000000))) AS End,
    count() AS Spans,
    countIf(StatusCode = 'Error') AS Errors,
    groupUniqArray(toString(ServiceName)) AS Services,
    sumMap(map(toString(ServiceName), toUInt64(1))) AS ServiceSpans,
    sumMap(map(toString(ServiceName), toUInt64(StatusCode = 'Error'))) AS ServiceErrors,
    max(if(ParentSpanId = '', toString(ServiceName), '')) AS RootService,
    max(if(ParentSpanId = '', toString(SpanName), '')) AS RootName
FROM otel_traces
WHERE TraceId != ''
GROUP BY TraceId;

-- 023_mesh_operations_mv.sql
CREATE MATERIALIZED VIEW IF NOT EXISTS mesh_operations_mv
TO mesh_operations
AS SELECT
    toDate(Timestamp) AS Day,
    ServiceName,
    SpanKind,
    toUInt16(cityHash64(substring(SpanName, 1, 256)) % 4096) AS Place,
    groupUniqArrayState(4)(substring(SpanName, 1, 256)) AS Names,
    count() AS Spans,
    countIf(StatusCode = 'Error') AS Errors,
    toDateTime(min(Timestamp)) AS FirstSeen,
    toDateTime(max(Timestamp)) AS LastSeen
FROM otel_traces
WHERE ServiceName != ''
GROUP BY Day, ServiceName, SpanKind, Place;

-- 025_mesh_attributes_mv.sql
CREATE MATERIALIZED VIEW IF NOT EXISTS mesh_attributes_mv
TO mesh_attributes
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
        ServiceName,
        if(place <= length(SpanAttributes), 'span', 'resource') AS Scope,
        substring(name, 1, 128) AS Key,
        substring(text, 1, 128) AS Value,
        count() AS Count,
        toDateTime(max(Timestamp)) AS Seen
    FROM (
        SELECT Timestamp, ServiceName, SpanAttributes, ResourceAttributes
        FROM otel_traces
        LIMIT 1 BY ServiceName, SpanName, StatusCode, least(rowNumberInBlock(), 200)
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
