"""Deltas and gauges to an OTLP ExportMetricsServiceRequest. Pure.

Source: opentelemetry-proto ``metrics/v1/metrics.proto``. Twice a second and off the request
path, so the generated classes are good enough here.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.metrics.v1.metrics_pb2 import (
    AggregationTemporality,
    ExponentialHistogramDataPoint,
    Metric,
    NumberDataPoint,
    ScopeMetrics,
)

from proxy.contract import attributes
from proxy.contract.histogram import SCALE
from proxy.telemetry.meter import Delta

_DELTA = AggregationTemporality.AGGREGATION_TEMPORALITY_DELTA
# Series of which the sum alone is sent.
_BYTES = frozenset({attributes.TCP_CLIENT_IO, attributes.TCP_SERVER_IO})
_CONNECTIONS = frozenset({attributes.TCP_CLIENT_ACTIVE, attributes.TCP_SERVER_ACTIVE})


@dataclass(frozen=True, slots=True)
class Gauge:
    """One reading; an int is a count, a float seconds."""

    name: str
    value: float
    attributes: Mapping[str, str]


def request(
    resource: Mapping[str, str],
    deltas: Iterable[Delta],
    gauges: Iterable[Gauge],
    dropped: int,
    since: int,
    now: int,
) -> bytes:
    """Return the encoded request. Times are nanoseconds of the epoch; ``dropped`` spans since ``since``."""
    message = ExportMetricsServiceRequest()
    batch = message.resource_metrics.add()
    batch.resource.attributes.extend(_pairs(resource))
    scoped = batch.scope_metrics.add()
    scoped.scope.name = attributes.SCOPE
    # One Metric for each name: OTLP asks that points of one instrument be together.
    metrics: dict[str, Metric] = {}
    for delta in deltas:
        if delta[0].name in _BYTES:
            _add(_metric(scoped, metrics, delta[0].name, "By"), delta, since, now)
            continue
        unit = "By" if delta[0].name == attributes.CLIENT_BODY_SIZE else "s"
        metric = _metric(scoped, metrics, delta[0].name, unit)
        metric.exponential_histogram.aggregation_temporality = _DELTA
        _fill(metric.exponential_histogram.data_points.add(), delta, since, now)
    for gauge in gauges:
        seconds = isinstance(gauge.value, float)
        unit = "{connection}" if gauge.name in _CONNECTIONS else "{request}"
        metric = _metric(scoped, metrics, gauge.name, "s" if seconds else unit)
        reading = metric.gauge.data_points.add(time_unix_nano=now, attributes=_pairs(gauge.attributes))
        if seconds:
            reading.as_double = gauge.value
        else:
            reading.as_int = int(gauge.value)
    if dropped:
        metric = _metric(scoped, metrics, attributes.DROPPED_SPANS, "{span}")
        _count(metric, dropped, since, now)
    return message.SerializeToString()


def _add(metric: Metric, delta: Delta, since: int, now: int) -> None:
    series, histogram = delta
    _count(metric, round(histogram.sum), since, now).attributes.extend(_pairs(series.attributes))


def _count(metric: Metric, value: int, since: int, now: int) -> NumberDataPoint:
    metric.sum.aggregation_temporality = _DELTA
    metric.sum.is_monotonic = True
    return metric.sum.data_points.add(start_time_unix_nano=since, time_unix_nano=now, as_int=value)


def _fill(point: ExponentialHistogramDataPoint, delta: Delta, since: int, now: int) -> None:
    series, histogram = delta
    offset, counts = histogram.dense_buckets()
    point.attributes.extend(_pairs(series.attributes))
    point.start_time_unix_nano = since
    point.time_unix_nano = now
    point.count = histogram.count
    point.sum = histogram.sum
    point.scale = SCALE
    point.zero_count = histogram.zero
    point.positive.offset = offset
    point.positive.bucket_counts.extend(counts)
    point.min = histogram.min
    point.max = histogram.max
    if series.exemplar is not None:
        value, time, trace_id, span_id = series.exemplar
        # Sent once: it belongs to this interval's counts alone.
        series.exemplar = None
        point.exemplars.add(time_unix_nano=time, as_double=value, trace_id=trace_id, span_id=span_id)


def _metric(scoped: ScopeMetrics, metrics: dict[str, Metric], name: str, unit: str) -> Metric:
    found = metrics.get(name)
    if found is None:
        found = metrics[name] = scoped.metrics.add(name=name, unit=unit)
    return found


def _pairs(given: Mapping[str, str]) -> list[KeyValue]:
    return [KeyValue(key=key, value=AnyValue(string_value=value)) for key, value in given.items() if value]
