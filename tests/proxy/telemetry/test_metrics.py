"""Deltas and gauges, decoded with the generated classes."""

from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest

from proxy.contract import attributes
from proxy.contract.histogram import SCALE, Histogram
from proxy.telemetry import metrics
from proxy.telemetry.meter import Meter

RESOURCE = {"service.name": "cart", "service.instance.id": "cart-1"}


@given(st.lists(st.floats(0, 1000), min_size=1, max_size=50))
def test_a_histogram_decodes_to_what_was_recorded(values: list[float]) -> None:
    meter = Meter()
    series = meter.series(attributes.SERVER_DURATION, {attributes.METHOD: "GET"})
    for value in values:
        series.histogram.record(value)
    series.exemplar = (values[0], 7, b"t" * 16, b"s" * 8)
    expected: Histogram = series.histogram
    gauge = metrics.Gauge(attributes.OLDEST_AGE, 1.5, {attributes.ENDPOINT: "a:1"})
    active = metrics.Gauge(attributes.CLIENT_ACTIVE, 3, {attributes.ENDPOINT: "a:1"})
    payload = metrics.request(RESOURCE, meter.collect(), [gauge, active], 4, since=5, now=9)
    message = ExportMetricsServiceRequest.FromString(payload)
    [scope] = message.resource_metrics[0].scope_metrics
    found = {metric.name: metric for metric in scope.metrics}
    [point] = found[attributes.SERVER_DURATION].exponential_histogram.data_points
    assert (point.count, point.sum, point.scale) == (len(values), expected.sum, SCALE)
    assert sum(point.positive.bucket_counts) + point.zero_count == len(values)
    assert (point.start_time_unix_nano, point.time_unix_nano) == (5, 9)
    assert point.exemplars[0].trace_id == b"t" * 16
    assert found[attributes.OLDEST_AGE].gauge.data_points[0].as_double == 1.5
    assert found[attributes.CLIENT_ACTIVE].gauge.data_points[0].as_int == 3
    assert found[attributes.DROPPED_SPANS].sum.data_points[0].as_int == 4
