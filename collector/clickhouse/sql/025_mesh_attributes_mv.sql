-- Fills mesh_attributes from the first 200 spans of an insert and one more of each operation and status:
-- attributes follow the operation, so a look at every span would cost much and say little more. From one
-- insert come at most 5 values of a name and 2000 rows of a service; texts are cut at 128 characters.
-- Services are by namespace and name (proxy.contract.service_id).
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
        FROM otel_traces
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
LIMIT 2000 BY Day, ServiceName
