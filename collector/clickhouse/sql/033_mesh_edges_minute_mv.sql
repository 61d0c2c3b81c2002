-- Fills mesh_edges_minute.
CREATE MATERIALIZED VIEW IF NOT EXISTS mesh_edges_minute_mv
TO mesh_edges_minute
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
FROM mesh_edges
GROUP BY Time, Source, Target, Protocol, Arm
