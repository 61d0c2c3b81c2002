"""Metric points to columns of the otel_metrics_* tables."""

from collections.abc import Iterable
from dataclasses import dataclass, field
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

from collector.otlp.values import Limits, Refused, RefusedError, attributes, check_time
from proxy.contract.attributes import SERVICE_NAME

_TABLE: Final = "otel_metrics_{}"
_EXEMPLARS: Final = ("FilteredAttributes", "TimeUnix", "Value", "SpanId", "TraceId")

Values = dict[str, Any]
Point = NumberDataPoint | HistogramDataPoint | ExponentialHistogramDataPoint | SummaryDataPoint


@dataclass(slots=True)
class Points:
    """A metrics request taken apart: columns by table, and what was refused."""

    tables: dict[str, dict[str, list[Any]]] = field(default_factory=dict)
    refused: Refused = field(default_factory=Refused)

    @property
    def rows(self) -> int:
        return sum(len(columns["MetricName"]) for columns in self.tables.values())


def convert(request: ExportMetricsServiceRequest, limits: Limits) -> Points:
    """Take a request apart; points that cannot be kept are counted in ``refused``."""
    result = Points()
    for resource in request.resource_metrics:
        for scope in resource.scope_metrics:
            try:
                head = _head(resource, scope, limits)
            except RefusedError as error:
                for metric in scope.metrics:
                    for _ in _points(metric):
                        result.refused.add(error.reason, str(error))
                continue
            for metric in scope.metrics:
                _metric(metric, head, limits, result)
    return result


def _metric(metric: Metric, head: Values, limits: Limits, result: Points) -> None:
    kind = metric.WhichOneof("data")
    if kind is None:
        result.refused.add("metric_empty", f"metric {metric.name[:80]!r} has no data")
        return
    common = {
        **head, "MetricName": metric.name, "MetricDescription": metric.description,
        "MetricUnit": metric.unit,
    }
    for point in _points(metric):
        try:
            row = _row(kind, metric, point, limits)
        except RefusedError as error:
            result.refused.add(error.reason, f"metric {metric.name[:80]!r}: {error}")
            continue
        columns = result.tables.setdefault(_TABLE.format(kind), {})
        for values in (common, row):
            for name, value in values.items():
                columns.setdefault(name, []).append(value)


def _points(metric: Metric) -> Iterable[Any]:
    kind = metric.WhichOneof("data")
    return getattr(metric, kind).data_points if kind else ()


def _head(resource: ResourceMetrics, scope: ScopeMetrics, limits: Limits) -> Values:
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


def _row(kind: str, metric: Metric, point: Point, limits: Limits) -> Values:
    """What a point adds to the head. Raises RefusedError."""
    check_time("time_unix_nano", point.time_unix_nano, limits)
    row: Values = {
        "Attributes": attributes(point.attributes, limits),
        "StartTimeUnix": min(point.start_time_unix_nano, limits.newest),
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
        row |= _exemplars(point.exemplars, limits)
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
    if point.bucket_counts and len(point.bucket_counts) != len(point.explicit_bounds) + 1:
        raise RefusedError(
            "histogram_buckets",
            f"{len(point.bucket_counts)} bucket_counts for {len(point.explicit_bounds)} explicit_bounds",
        )
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


def _exemplars(exemplars: Iterable[Exemplar], limits: Limits) -> Values:
    rows = [
        (
            attributes(exemplar.filtered_attributes, limits),
            min(exemplar.time_unix_nano, limits.newest),
            _number(exemplar)["Value"],
            exemplar.span_id.hex(),
            exemplar.trace_id.hex(),
        )
        for exemplar in exemplars
    ]
    columns = [list(column) for column in zip(*rows, strict=True)] or [[] for _ in _EXEMPLARS]
    return {f"Exemplars.{name}": column for name, column in zip(_EXEMPLARS, columns, strict=True)}
