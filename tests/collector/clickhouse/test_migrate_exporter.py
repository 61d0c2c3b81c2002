"""Tables and columns are named and shaped as the OpenTelemetry ClickHouse exporter makes them."""

from collector.clickhouse.database import Database
from tests.collector.clickhouse.test_migrate import engines

# What the exporter's columns of spans do not say.
OURS = {
    "Events.OtlpFields": "Array(LowCardinality(String))",
    "Links.OtlpFields": "Array(LowCardinality(String))",
    "ScopeAttributes": "Map(LowCardinality(String), String)",
    "OtlpFields": "LowCardinality(String)",
}


def test_the_tables_are_those_of_the_exporter(database: Database) -> None:
    columns = [row[0] for row in database.query("DESCRIBE TABLE otel_traces") if row[0] not in OURS]
    assert columns == [
        "Timestamp",
        "TraceId",
        "SpanId",
        "ParentSpanId",
        "TraceState",
        "SpanName",
        "SpanKind",
        "ServiceName",
        "ResourceAttributes",
        "ScopeName",
        "ScopeVersion",
        "SpanAttributes",
        "Duration",
        "StatusCode",
        "StatusMessage",
        "Events.Timestamp",
        "Events.Name",
        "Events.Attributes",
        "Links.TraceId",
        "Links.SpanId",
        "Links.TraceState",
        "Links.Attributes",
    ]
    assert {
        f"otel_metrics_{kind}" for kind in ("gauge", "sum", "histogram", "exponential_histogram", "summary")
    } <= engines(database).keys()


LABELS = "Map(LowCardinality(String), String)"
HEAD = {
    "ResourceAttributes": LABELS,
    "ResourceSchemaUrl": "String",
    "ScopeName": "String",
    "ScopeVersion": "String",
    "ScopeAttributes": LABELS,
    "ScopeDroppedAttrCount": "UInt32",
    "ScopeSchemaUrl": "String",
    "ServiceName": "LowCardinality(String)",
    "MetricName": "String",
    "MetricDescription": "String",
    "MetricUnit": "String",
    "Attributes": LABELS,
    "StartTimeUnix": "DateTime64(9)",
    "TimeUnix": "DateTime64(9)",
    "Flags": "UInt32",
}
EXEMPLARS = {
    "Exemplars.FilteredAttributes": f"Array({LABELS})",
    "Exemplars.TimeUnix": "Array(DateTime64(9))",
    "Exemplars.Value": "Array(Float64)",
    "Exemplars.SpanId": "Array(String)",
    "Exemplars.TraceId": "Array(String)",
}
SUMMED = {"Count": "UInt64", "Sum": "Float64"}
MINMAX = {"Min": "Float64", "Max": "Float64", "AggregationTemporality": "Int32"}
# The columns of the OpenTelemetry ClickHouse exporter, by table.
EXPORTER = {
    "otel_traces": {
        "Timestamp": "DateTime64(9)",
        "TraceId": "String",
        "SpanId": "String",
        "ParentSpanId": "String",
        "TraceState": "String",
        "SpanName": "LowCardinality(String)",
        "SpanKind": "LowCardinality(String)",
        "ServiceName": "LowCardinality(String)",
        "ResourceAttributes": LABELS,
        "ScopeName": "String",
        "ScopeVersion": "String",
        "SpanAttributes": LABELS,
        "Duration": "UInt64",
        "StatusCode": "LowCardinality(String)",
        "StatusMessage": "String",
        "Events.Timestamp": "Array(DateTime64(9))",
        "Events.Name": "Array(LowCardinality(String))",
        "Events.Attributes": f"Array({LABELS})",
        "Links.TraceId": "Array(String)",
        "Links.SpanId": "Array(String)",
        "Links.TraceState": "Array(String)",
        "Links.Attributes": f"Array({LABELS})",
    },
    "otel_traces_trace_id_ts": {
        "TraceId": "String",
        "Start": "SimpleAggregateFunction(min, DateTime)",
        "End": "SimpleAggregateFunction(max, DateTime)",
    },
    "otel_metrics_gauge": HEAD | EXEMPLARS | {"Value": "Float64"},
    "otel_metrics_sum": HEAD
    | EXEMPLARS
    | {
        "Value": "Float64",
        "AggregationTemporality": "Int32",
        "IsMonotonic": "Bool",
    },
    "otel_metrics_summary": HEAD
    | SUMMED
    | {
        "ValueAtQuantiles.Quantile": "Array(Float64)",
        "ValueAtQuantiles.Value": "Array(Float64)",
    },
    "otel_metrics_histogram": HEAD
    | EXEMPLARS
    | SUMMED
    | MINMAX
    | {
        "BucketCounts": "Array(UInt64)",
        "ExplicitBounds": "Array(Float64)",
    },
    "otel_metrics_exponential_histogram": HEAD
    | EXEMPLARS
    | SUMMED
    | MINMAX
    | {
        "Scale": "Int32",
        "ZeroCount": "UInt64",
        "PositiveOffset": "Int32",
        "PositiveBucketCounts": "Array(UInt64)",
        "NegativeOffset": "Int32",
        "NegativeBucketCounts": "Array(UInt64)",
    },
}


def test_every_column_has_the_exporters_name_and_type(database: Database) -> None:
    for table, columns in EXPORTER.items():
        ours = {row[0]: row[1] for row in database.query(f"DESCRIBE TABLE {table}")}
        if table == "otel_traces":
            assert {name: ours.pop(name) for name in OURS} == OURS
        assert ours == columns, table
        engine = engines(database)[table]
        assert engine.startswith("AggregatingMergeTree" if table.endswith("_ts") else "MergeTree"), table
        assert "PARTITION BY to" in engine
