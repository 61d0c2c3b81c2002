"""Metric points: refusal of those that cannot be stored, and the columns of the otel_metrics_* tables."""

from collections.abc import Iterable
from typing import Any, Final

from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.metrics.v1.metrics_pb2 import (
    Exemplar,
    ExponentialHistogramDataPoint,
    HistogramDataPoint,
    Metric,
    NumberDataPoint,
    ResourceMetrics,
    ScopeMetrics,
    SummaryDataPoint,
)

from collector.otlp.values import Limits, RefusalError, Refusals, attributes, check_time
from proxy.contract.attributes import SERVICE_NAME

_TABLE: Final = "otel_metrics_{}"
_EXEMPLARS: Final = ("FilteredAttributes", "TimeUnix", "Value", "SpanId", "TraceId")

# Requests were pruned when they arrived; the columns are made without limits.
_ANY: Final = Limits()

Values = dict[str, Any]
Point = NumberDataPoint | HistogramDataPoint | ExponentialHistogramDataPoint | SummaryDataPoint


def prune(request: ExportMetricsServiceRequest, size: int, limits: Limits) -> Refusals:
    """Delete the points of a request of ``size`` bytes that cannot be stored, and count them."""
    refused = Refusals()
    for resource in request.resource_metrics:
        for scope in resource.scope_metrics:
            try:
                _shared_columns(resource, scope, limits)
            except RefusalError as error:
                for metric in scope.metrics:
                    refused.add(error.reason, str(error), len(_points(metric)))
                del scope.metrics[:]
                continue
            for metric in scope.metrics:
                _prune(metric, size, limits, refused)
    return refused


def _prune(metric: Metric, size: int, limits: Limits, refused: Refusals) -> None:
    if metric.WhichOneof("data") is None:
        refused.add("metric_empty", f"metric {metric.name[:80]!r} has no data")
    points = _points(metric)
    bad = []
    for index, point in enumerate(points):
        try:
            _check(point, size, limits)
        except RefusalError as error:
            refused.add(error.reason, f"metric {metric.name[:80]!r}: {error}")
            bad.append(index)
    # From the end, so that the other indices stay valid.
    for index in reversed(bad):
        del points[index]


def _check(point: Point, size: int, limits: Limits) -> None:
    """Check the time, attributes, buckets and exemplars of a point. Raises RefusalError.

    ``size`` is that of the whole request: no attribute can be too long in one that is short.
    """
    check_time("time_unix_nano", point.time_unix_nano, limits)
    if len(point.attributes) > limits.attributes or size > limits.length:
        attributes(point.attributes, limits)
    if isinstance(point, HistogramDataPoint):
        # metrics.proto: one bucket more than bounds, or neither. Readers of the table index one by the other.
        counts, bounds = len(point.bucket_counts), len(point.explicit_bounds)
        if counts and counts != bounds + 1:
            raise RefusalError("histogram_buckets", f"{counts} bucket_counts for {bounds} explicit_bounds")
    if not isinstance(point, SummaryDataPoint):
        for exemplar in point.exemplars:
            attributes(exemplar.filtered_attributes, limits)


def count(request: ExportMetricsServiceRequest) -> int:
    """Return the number of points in a request."""
    return sum(
        len(_points(metric))
        for resource in request.resource_metrics
        for scope in resource.scope_metrics
        for metric in scope.metrics
    )


def convert(request: ExportMetricsServiceRequest) -> dict[str, dict[str, list[Any]]]:
    """Return the columns, by table, of a pruned request."""
    tables: dict[str, dict[str, list[Any]]] = {}
    for resource in request.resource_metrics:
        for scope in resource.scope_metrics:
            shared = _shared_columns(resource, scope, _ANY)
            for metric in scope.metrics:
                _metric(metric, shared, tables)
    return tables


def _metric(metric: Metric, shared: Values, tables: dict[str, dict[str, list[Any]]]) -> None:
    """Append the points of a metric to the columns of its table."""
    kind = metric.WhichOneof("data")
    common = {
        **shared,
        "MetricName": metric.name,
        "MetricDescription": metric.description,
        "MetricUnit": metric.unit,
    }
    # ``kind`` is the name of the field in metrics.proto, and of the exporter's table: gauge, sum, histogram,
    # exponential_histogram or summary.
    for point in _points(metric):
        columns = tables.setdefault(_TABLE.format(kind), {})
        for values in (common, _row(kind, metric, point)):
            for name, value in values.items():
                columns.setdefault(name, []).append(value)


def _points(metric: Metric) -> Any:
    """Return the points of a metric, whatever its type; a mutable protobuf list, or () without data."""
    kind = metric.WhichOneof("data")
    return getattr(metric, kind).data_points if kind else ()


def _shared_columns(resource: ResourceMetrics, scope: ScopeMetrics, limits: Limits) -> Values:
    """Return the columns that all points of a scope share. Raises RefusalError."""
    labels = attributes(resource.resource.attributes, limits)
    return {
        "ResourceAttributes": labels,
        "ResourceSchemaUrl": resource.schema_url,
        "ScopeName": scope.scope.name,
        "ScopeVersion": scope.scope.version,
        "ScopeAttributes": attributes(scope.scope.attributes, limits),
        "ScopeDroppedAttrCount": scope.scope.dropped_attributes_count,
        "ScopeSchemaUrl": scope.schema_url,
        "ServiceName": labels.get(SERVICE_NAME, ""),
    }


def _row(kind: str | None, metric: Metric, point: Point) -> Values:
    """Return the columns of one point."""
    row: Values = {
        "Attributes": attributes(point.attributes, _ANY),
        # The start is not checked on arrival; a wrong one must not cost the point.
        "StartTimeUnix": min(point.start_time_unix_nano, _ANY.newest),
        "TimeUnix": point.time_unix_nano,
        "Flags": point.flags,
    }
    if isinstance(point, NumberDataPoint):
        row |= _number(point)
        if kind == "sum":
            row["IsMonotonic"] = metric.sum.is_monotonic
            row["AggregationTemporality"] = int(metric.sum.aggregation_temporality)
    elif isinstance(point, SummaryDataPoint):
        row |= _summary(point)
    elif isinstance(point, HistogramDataPoint):
        row |= _histogram(point)
        row["AggregationTemporality"] = int(metric.histogram.aggregation_temporality)
    else:
        row |= _exponential(point)
        row["AggregationTemporality"] = int(metric.exponential_histogram.aggregation_temporality)
    if not isinstance(point, SummaryDataPoint):
        row |= _exemplars(point.exemplars)
    return row


def _number(point: NumberDataPoint | Exemplar) -> Values:
    whole = point.WhichOneof("value") == "as_int"
    return {"Value": float(point.as_int) if whole else point.as_double}


def _summary(point: SummaryDataPoint) -> Values:
    return {
        "Count": point.count,
        "Sum": point.sum,
        "ValueAtQuantiles.Quantile": [value.quantile for value in point.quantile_values],
        "ValueAtQuantiles.Value": [value.value for value in point.quantile_values],
    }


def _histogram(point: HistogramDataPoint) -> Values:
    return {
        "Count": point.count,
        "Sum": point.sum,
        "BucketCounts": list(point.bucket_counts),
        "ExplicitBounds": list(point.explicit_bounds),
        "Min": point.min,
        "Max": point.max,
    }


def _exponential(point: ExponentialHistogramDataPoint) -> Values:
    return {
        "Count": point.count,
        "Sum": point.sum,
        "Scale": point.scale,
        "ZeroCount": point.zero_count,
        "PositiveOffset": point.positive.offset,
        "PositiveBucketCounts": list(point.positive.bucket_counts),
        "NegativeOffset": point.negative.offset,
        "NegativeBucketCounts": list(point.negative.bucket_counts),
        "Min": point.min,
        "Max": point.max,
    }


def _exemplars(exemplars: Iterable[Exemplar]) -> Values:
    rows = [
        (
            attributes(exemplar.filtered_attributes, _ANY),
            min(exemplar.time_unix_nano, _ANY.newest),
            _number(exemplar)["Value"],
            exemplar.span_id.hex(),
            exemplar.trace_id.hex(),
        )
        for exemplar in exemplars
    ]
    columns = [list(column) for column in zip(*rows, strict=True)] or [[] for _ in _EXEMPLARS]
    return {f"Exemplars.{name}": column for name, column in zip(_EXEMPLARS, columns, strict=True)}
