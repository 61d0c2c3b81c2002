"""What sidecars measured, in the words of the engine."""

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.metrics.v1.metrics_pb2 import ExponentialHistogramDataPoint

from collector.otlp.samples import SidecarSamples, sidecar_samples
from proxy.contract import attributes as names
from proxy.contract.histogram import Histogram
from proxy.contract.traffic import Answer, Arm, Avoidance
from proxy.telemetry.meter import Meter
from proxy.telemetry.metrics import Gauge, request
from tests.collector.made import NOW, client_metrics, label
from topology.model.samples import ConnectionSample, OpenSample, Side


def first_point(request: ExportMetricsServiceRequest) -> ExponentialHistogramDataPoint:
    return request.resource_metrics[0].scope_metrics[0].metrics[0].exponential_histogram.data_points[0]


def test_a_client_histogram_is_a_call_sample_with_the_same_counts() -> None:
    latencies = [0.001, 0.02, 0.02, 0.0]
    expected = Histogram()
    for latency in latencies:
        expected.record(latency)
    found = sidecar_samples(client_metrics(latencies))
    assert len(found.calls) == 1
    call = found.calls[0]
    assert call.histogram == expected
    assert (call.side, call.source, call.target, call.reporter) == (Side.CLIENT, "front", "back", "front-1")
    assert (call.endpoint, call.method, call.errors) == ("10.0.0.1:80", "GET", 0)


@pytest.mark.parametrize(("status", "errors"), [("5xx", 2), ("error", 2), ("4xx", 0), ("2xx", 0)])
def test_failures_are_those_of_the_server(status: str, errors: int) -> None:
    assert sidecar_samples(client_metrics([0.1, 0.2], status=status)).calls[0].errors == errors


@pytest.mark.parametrize(
    ("labels", "answer", "errors"),
    [
        ({names.STATUS_CLASS: "2xx"}, Answer.OK, 0),
        ({names.STATUS_CLASS: "3xx"}, Answer.REDIRECT, 0),
        ({names.STATUS_CLASS: "3xx", names.ANSWER: "ok"}, Answer.OK, 0),
        ({names.STATUS_CLASS: "4xx"}, Answer.REFUSED, 0),
        ({names.STATUS_CLASS: "4xx", names.ANSWER: "shed"}, Answer.SHED, 0),
        ({names.STATUS_CLASS: "4xx", names.ERROR_TYPE: "client-disconnect"}, Answer.OK, 0),
        ({names.STATUS_CLASS: "5xx", names.ERROR_TYPE: "503"}, Answer.FAILED, 1),
        ({names.STATUS_CLASS: "5xx", names.ERROR_TYPE: "503", names.ANSWER: "shed"}, Answer.SHED, 1),
        ({names.STATUS_CLASS: "2xx", names.ANSWER: "failed"}, Answer.FAILED, 1),
        ({names.STATUS_CLASS: "2xx", names.ANSWER: "pondered"}, Answer.OK, 0),
    ],
)
def test_the_class_of_the_answers(labels: Mapping[str, str], answer: Answer, errors: int) -> None:
    [call] = told(series={names.CLIENT_DURATION: labels}).calls
    assert (call.answer, call.errors) == (answer, errors)


def test_sizes_of_responses_are_samples_of_their_arm_and_no_calls() -> None:
    given = {names.PEER_SERVICE: "back", names.ENDPOINT: "10.0.0.1:80", names.ARM: "routed"}
    for value, zero in ((1200, 0), (0, 1)):
        found = told(series={names.CLIENT_BODY_SIZE: given}, value=value)
        [sample] = found.sizes
        assert (sample.source, sample.target, sample.reporter) == ("front", "back", "front-1")
        assert (sample.endpoint, sample.arm) == ("10.0.0.1:80", Arm.ROUTED)
        assert (sample.histogram.count, sample.histogram.zero, sample.histogram.sum) == (1, zero, value)
        assert (found.calls, found.ignored) == ([], 0)


def test_a_server_histogram_names_its_caller() -> None:
    request = client_metrics([0.1])
    metric = request.resource_metrics[0].scope_metrics[0].metrics[0]
    metric.name = names.SERVER_DURATION
    label(first_point(request).attributes, {names.CALLER: "web"})
    call = sidecar_samples(request).calls[0]
    assert (call.side, call.source, call.target) == (Side.SERVER, "web", "front")


def test_the_two_gauges_of_an_endpoint_are_one_sample() -> None:
    found = sidecar_samples(client_metrics([], open_requests=3, oldest=1.5))
    assert found.opens == [OpenSample("front", "back", "10.0.0.1:80", "front-1", 3, 1.5, NOW / 1e9)]


def told(*gauges: Gauge, series: Mapping[str, Mapping[str, str]], value: float = 1.0) -> SidecarSamples:
    """What the collector makes of a sidecar's own report; each series holds one value."""
    meter = Meter()
    for name, labels in series.items():
        meter.series(name, labels).histogram.record(value)
    resource = {names.SERVICE_NAME: "front", names.SERVICE_INSTANCE: "front-1"}
    body = request(resource, meter.collect(), gauges, 0, 1, 2)
    return sidecar_samples(ExportMetricsServiceRequest.FromString(body))


@pytest.mark.parametrize(
    ("said", "meant"),
    [("failing", Avoidance.FAILING), ("slow", Avoidance.SLOW), ("of a later release", None)],
)
def test_an_endpoint_that_a_sidecar_avoids_has_the_reason(said: str, meant: Avoidance | None) -> None:
    given = {names.PEER_SERVICE: "back", names.ENDPOINT: "10.0.0.1:80"}
    gauges = Gauge(names.CLIENT_ACTIVE, 2, given), Gauge(names.AVOIDED, 3, {**given, names.AVOIDANCE: said})
    [sample] = told(*gauges, series={}).opens
    assert (sample.endpoint, sample.open, sample.avoided, sample.failures) == ("10.0.0.1:80", 2, meant, 3)


@pytest.mark.parametrize(
    ("error", "errors", "arrived"),
    [("", 0, True), ("upstream-reset", 1, True), ("connect-refused", 1, False), ("dns-failure", 1, False)],
)
def test_an_opaque_connection_is_a_call_that_arrived_or_not(error: str, errors: int, arrived: bool) -> None:
    given = {names.PEER_SERVICE: "db", names.ENDPOINT: "10.0.0.1:5432", names.ERROR_TYPE: error}
    [call] = told(series={names.TCP_CLIENT_CONNECT: given, names.TCP_CLIENT_DURATION: given}).calls
    assert (call.side, call.protocol, call.source, call.target) == (Side.CLIENT, "tcp", "front", "db")
    assert (call.histogram.count, call.errors, call.arrived) == (1, errors, arrived)


def test_opaque_connections_of_both_sides_with_their_bytes() -> None:
    far = {names.PEER_SERVICE: "db", names.ENDPOINT: "10.0.0.1:5432"}
    found = told(
        Gauge(names.TCP_CLIENT_ACTIVE, 3, far),
        Gauge(names.TCP_SERVER_ACTIVE, 2, {}),
        series={
            names.TCP_CLIENT_IO: {**far, names.DIRECTION: names.TRANSMIT},
            names.TCP_SERVER_IO: {names.DIRECTION: names.TRANSMIT},
        },
        value=1 << 40,
    )
    assert found.calls == []
    assert found.connections == [
        ConnectionSample(Side.CLIENT, "front", "db", "10.0.0.1:5432", "front-1", 3, sent=1 << 40),
        ConnectionSample(Side.SERVER, "", "front", "", "front-1", 2, received=1 << 40),
    ]


def test_connections_of_one_kind_are_counted_by_whether_they_are_encrypted() -> None:
    far = {names.PEER_SERVICE: "db", names.ENDPOINT: "10.0.0.1:5432"}
    [found] = told(
        Gauge(names.TCP_CLIENT_ACTIVE, 3, far),
        Gauge(names.TCP_CLIENT_ACTIVE, 2, {**far, names.TLS: "true"}),
        Gauge(names.TCP_CLIENT_ACTIVE, 1, {**far, names.TLS: "false"}),
        series={},
    ).connections
    assert (found.open, found.encrypted, found.clear) == (6, 2, 1)


@pytest.mark.parametrize(
    ("name", "labels", "expected"),
    [
        (names.TCP_CLIENT_CONNECT, {}, None),
        (names.TCP_CLIENT_CONNECT, {names.TLS: "true"}, True),
        (names.TCP_CLIENT_CONNECT, {names.TLS: "false"}, False),
        (names.CLIENT_DURATION, {names.METHOD: "GET", names.TLS: "false"}, False),
        (names.CLIENT_DURATION, {names.METHOD: "GET", names.TLS: "true"}, True),
        (names.SERVER_DURATION, {names.METHOD: "GET", names.TLS: "true"}, True),
        (names.CLIENT_DURATION, {names.METHOD: "CONNECT", names.TLS: "true"}, True),
        # A sidecar of a version that did not measure it: what it could read was in the clear.
        (names.CLIENT_DURATION, {names.METHOD: "GET"}, False),
        (names.CLIENT_DURATION, {names.METHOD: "CONNECT"}, None),
    ],
)
def test_a_call_says_whether_it_was_encrypted(
    name: str, labels: dict[str, str], expected: bool | None
) -> None:
    [call] = told(series={name: {names.PEER_SERVICE: "db", **labels}}).calls
    assert call.encrypted is expected


def test_others_are_passed_over() -> None:
    request = client_metrics([0.1], open_requests=1)
    request.resource_metrics[0].scope_metrics[0].scope.name = "opentelemetry.instrumentation.http"
    found = sidecar_samples(request)
    assert (found.calls, found.opens) == ([], [])


@pytest.mark.parametrize(
    "change",
    [
        {"scale": 99},
        {"sum": float("nan")},
        {"max": float("inf")},
        {"count": 5},
        {"zero_count": 1 << 62, "count": (1 << 62) + 1},
    ],
)
def test_impossible_histograms_are_left_out_and_counted(change: dict[str, float]) -> None:
    request = client_metrics([0.1])
    for field, value in change.items():
        setattr(first_point(request), field, value)
    found = sidecar_samples(request)
    assert (found.calls, found.ignored) == ([], 1)


@given(
    scale=st.integers(-(1 << 31), (1 << 31) - 1),
    offset=st.integers(-(1 << 31), (1 << 31) - 1),
    counts=st.lists(st.integers(0, (1 << 64) - 1), max_size=5),
    total=st.floats(),
)
def test_whatever_a_histogram_says_quantiles_stay_numbers(
    scale: int, offset: int, counts: list[int], total: float
) -> None:
    request = client_metrics([0.1])
    point = first_point(request)
    del point.positive.bucket_counts[:]
    point.positive.bucket_counts.extend(counts)
    point.positive.offset, point.scale, point.sum = offset, scale, total
    point.count = min(sum(counts), (1 << 64) - 1)
    found = sidecar_samples(request)
    for call in found.calls:
        quantile = call.histogram.quantile(0.99)
        assert quantile is not None
        assert 0 <= quantile < float("inf")
