"""Points to columns of the five tables."""

from typing import Any

from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.metrics.v1.metrics_pb2 import AGGREGATION_TEMPORALITY_CUMULATIVE, Metric

from collector.otlp.metrics import convert, count, prune
from collector.otlp.values import Limits
from tests.collector.made import NOW, label


def request_of(*metrics: Metric) -> ExportMetricsServiceRequest:
    request = ExportMetricsServiceRequest()
    resource = request.resource_metrics.add(schema_url="r")
    label(resource.resource.attributes, {"service.name": "shop"})
    scope = resource.scope_metrics.add(schema_url="s")
    scope.scope.name = "lib"
    label(scope.scope.attributes, {"a": "b"})
    scope.scope.dropped_attributes_count = 3
    scope.metrics.extend(metrics)
    return request


def row(columns: dict[str, list[Any]]) -> dict[str, Any]:
    return {name: values[0] for name, values in columns.items()}


def test_a_gauge_with_its_exemplar() -> None:
    metric = Metric(name="depth", description="d", unit="1")
    point = metric.gauge.data_points.add(time_unix_nano=NOW, start_time_unix_nano=NOW - 1, as_int=4, flags=1)
    label(point.attributes, {"queue": "q"})
    point.exemplars.add(time_unix_nano=NOW, as_double=4.5, span_id=b"\x01" * 8, trace_id=b"\x02" * 16)
    tables = convert(request_of(metric))
    assert list(tables) == ["otel_metrics_gauge"]
    assert row(tables["otel_metrics_gauge"]) == {
        "ResourceAttributes": {"service.name": "shop"},
        "ResourceSchemaUrl": "r",
        "ScopeName": "lib",
        "ScopeVersion": "",
        "ScopeAttributes": {"a": "b"},
        "ScopeDroppedAttrCount": 3,
        "ScopeSchemaUrl": "s",
        "ServiceName": "shop",
        "MetricName": "depth",
        "MetricDescription": "d",
        "MetricUnit": "1",
        "Attributes": {"queue": "q"},
        "StartTimeUnix": NOW - 1,
        "TimeUnix": NOW,
        "Flags": 1,
        "Value": 4.0,
        "Exemplars.FilteredAttributes": [{}],
        "Exemplars.TimeUnix": [NOW],
        "Exemplars.Value": [4.5],
        "Exemplars.SpanId": ["01" * 8],
        "Exemplars.TraceId": ["02" * 16],
    }


def test_each_kind_goes_to_its_table() -> None:
    total = Metric(name="n")
    total.sum.is_monotonic = True
    total.sum.aggregation_temporality = AGGREGATION_TEMPORALITY_CUMULATIVE
    total.sum.data_points.add(time_unix_nano=NOW, as_double=2.5)
    histogram = Metric(name="h")
    histogram.histogram.data_points.add(
        time_unix_nano=NOW, count=3, sum=6.0, bucket_counts=[1, 2], explicit_bounds=[2.0], min=1, max=3
    )
    exponential = Metric(name="e")
    point = exponential.exponential_histogram.data_points.add(time_unix_nano=NOW, count=3, scale=4)
    point.positive.offset = -5
    point.positive.bucket_counts.extend([1, 2])
    summary = Metric(name="s")
    quantile = summary.summary.data_points.add(time_unix_nano=NOW, count=2, sum=3.0).quantile_values.add()
    quantile.quantile, quantile.value = 0.5, 1.5

    tables = convert(request_of(total, histogram, exponential, summary))

    assert {name: len(columns["MetricName"]) for name, columns in tables.items()} == {
        "otel_metrics_sum": 1,
        "otel_metrics_histogram": 1,
        "otel_metrics_exponential_histogram": 1,
        "otel_metrics_summary": 1,
    }
    assert row(tables["otel_metrics_sum"])["IsMonotonic"] is True
    assert row(tables["otel_metrics_sum"])["AggregationTemporality"] == 2
    assert row(tables["otel_metrics_histogram"])["BucketCounts"] == [1, 2]
    assert row(tables["otel_metrics_exponential_histogram"])["PositiveOffset"] == -5
    assert row(tables["otel_metrics_summary"])["ValueAtQuantiles.Value"] == [1.5]


def test_bad_points_are_counted_and_the_good_ones_kept() -> None:
    metric = Metric(name="h")
    metric.histogram.data_points.add(time_unix_nano=NOW, bucket_counts=[1, 2], explicit_bounds=[1.0, 2.0])
    metric.histogram.data_points.add()
    metric.histogram.data_points.add(time_unix_nano=NOW)
    request = request_of(metric, Metric(name="none"))
    refused = prune(request, request.ByteSize(), Limits())
    assert count(request) == 1
    assert convert(request)["otel_metrics_histogram"]["TimeUnix"] == [NOW]
    assert dict(refused.reasons) == {"histogram_buckets": 1, "time_missing": 1, "metric_empty": 1}
    assert refused.message == "metric 'h': 2 bucket_counts for 2 explicit_bounds"


def test_a_bad_resource_costs_only_its_own_points() -> None:
    bad, good = (request_of(Metric(name="n")) for _ in range(2))
    for request in (bad, good):
        request.resource_metrics[0].scope_metrics[0].metrics[0].gauge.data_points.add(time_unix_nano=NOW)
    label(bad.resource_metrics[0].resource.attributes, {"big": "x" * 100})
    bad.MergeFrom(good)
    refused = prune(bad, bad.ByteSize(), Limits(length=50))
    assert dict(refused.reasons) == {"attribute_length": 1}
    assert count(bad) == 1
