-- Fills mesh_operations. An insert adds at most 1000 names of a service, its most frequent: names that
-- carry ids must not make this table as long as the spans'.
CREATE MATERIALIZED VIEW IF NOT EXISTS mesh_operations_mv
TO mesh_operations
AS SELECT
    toDate(Timestamp) AS Day,
    ServiceName,
    substring(SpanName, 1, 256) AS SpanName,
    SpanKind,
    count() AS Spans,
    countIf(StatusCode = 'Error') AS Errors,
    toDateTime(min(Timestamp)) AS FirstSeen,
    toDateTime(max(Timestamp)) AS LastSeen
FROM otel_traces
WHERE ServiceName != ''
GROUP BY Day, ServiceName, SpanName, SpanKind
ORDER BY Spans DESC
LIMIT 1000 BY Day, ServiceName
