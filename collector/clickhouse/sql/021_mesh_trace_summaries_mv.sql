-- Fills mesh_trace_summaries; services by namespace and name (proxy.contract.service_id). Durations are cut at
-- ten years: past the end of DateTime64 the view would fail and its insert with it.
CREATE MATERIALIZED VIEW IF NOT EXISTS mesh_trace_summaries_mv
TO mesh_trace_summaries
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
FROM otel_traces
WHERE TraceId != ''
GROUP BY TraceId
