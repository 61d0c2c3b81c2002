-- Fills mesh_trace_summaries.
CREATE MATERIALIZED VIEW IF NOT EXISTS mesh_trace_summaries_mv
TO mesh_trace_summaries
AS SELECT
    TraceId,
    min(Timestamp) AS Start,
    max(addNanoseconds(Timestamp, Duration)) AS End,
    count() AS Spans,
    countIf(StatusCode = 'Error') AS Errors,
    groupUniqArray(toString(ServiceName)) AS Services,
    max(if(ParentSpanId = '', toString(ServiceName), '')) AS RootService,
    max(if(ParentSpanId = '', toString(SpanName), '')) AS RootName
FROM otel_traces
WHERE TraceId != ''
GROUP BY TraceId
