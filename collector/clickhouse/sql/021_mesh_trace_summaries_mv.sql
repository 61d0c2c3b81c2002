-- Fills mesh_trace_summaries. Durations are cut at ten years: past the end of DateTime64 the view would
-- fail and its insert with it.
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
GROUP BY TraceId
