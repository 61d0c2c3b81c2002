-- Fills mesh_operations; services by namespace and name (proxy.contract.service_id). Names are cut at 256 characters.
CREATE MATERIALIZED VIEW IF NOT EXISTS mesh_operations_mv
TO mesh_operations
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
FROM otel_traces
WHERE Service != ''
GROUP BY Day, ServiceName, SpanKind, Place
