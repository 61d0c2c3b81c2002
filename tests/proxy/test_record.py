"""Facts to spans and series, decoded with the generated classes."""

from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from proxy import metrics, otlp
from proxy.contract import attributes
from proxy.contract.histogram import SCALE, Histogram
from proxy.meter import IDLE_COLLECTIONS, Meter
from proxy.record import Recorder, peer
from proxy.tracecontext import TraceContext
from tests.proxy.rig import pairs

RESOURCE = {"service.name": "cart", "service.instance.id": "cart-1"}


def decode(spans: list[bytes]) -> list[Span]:
    message = ExportTraceServiceRequest.FromString(otlp.request(RESOURCE, attributes.SCOPE, spans))
    [resource] = message.resource_spans
    assert pairs(resource.resource.attributes) == RESOURCE
    [scope] = resource.scope_spans
    assert scope.scope.name == attributes.SCOPE
    return list(scope.spans)


class Setup:
    def __init__(self) -> None:
        self.meter = Meter()
        self.spans: list[bytes] = []
        self.recorder = Recorder(self.meter, self.spans.append, epoch=10**18)

    def server(self, context: TraceContext, path: bytes = b"/items/7", **given: object) -> None:
        facts: dict[str, object] = {
            "method": b"GET", "path": self.recorder.path(path), "query": b"", "host": b"shop:80",
            "status": 200, "error": "", "caller": b"", "place": b"", **given,
        }
        self.recorder.server(context, 1_000_000, 3_000_000, **facts)  # type: ignore[arg-type]

    def client(self, context: TraceContext, **given: object) -> None:
        facts: dict[str, object] = {
            "method": b"GET", "path": self.recorder.path(b"/x"), "url": b"http://shop/x", "status": 200,
            "error": "", "service": "shop", "endpoint": "10.0.0.1:1", "server": "shop:80",
            "arm": "routed", "place": b"", **given,
        }
        self.recorder.client(context, 1_000_000, 3_000_000, **facts)  # type: ignore[arg-type]

    def series(self) -> dict[str, str]:
        [(series, histogram)] = self.meter.collect()
        assert histogram.count == 1
        return dict(series.attributes)


def context(flags: int = 1, parent: bytes = bytes(7) + b"\x02") -> TraceContext:
    return TraceContext(bytes(15) + b"\x01", bytes(7) + b"\x03", parent, flags, b"ot=th:0")


@given(
    st.binary(min_size=16, max_size=16), st.binary(min_size=8, max_size=8),
    st.sampled_from([b"", b"parentid"]), st.integers(0, 3), st.text("ab=:,", max_size=600),
    st.integers(0, 2**63), st.text(max_size=40000), st.integers(0, 2**40),
)
def test_any_span_decodes_to_what_went_in(
    trace: bytes, span: bytes, parent: bytes, flags: int, state: str, start: int, text: str, number: int
) -> None:
    pieces = otlp.constant("GET /x", otlp.KIND_CLIENT, True)
    pieces += otlp.Attribute("text").text(text) + otlp.Attribute("number").number(number)
    [decoded] = decode([otlp.span(trace, span, parent, flags, state.encode(), start, start + 5, pieces)])
    assert (decoded.trace_id, decoded.span_id, decoded.parent_span_id) == (trace, span, parent)
    assert (decoded.name, decoded.kind, decoded.status.code) == ("GET /x", 3, 2)
    assert (decoded.start_time_unix_nano, decoded.end_time_unix_nano) == (start, start + 5)
    assert decoded.trace_state == state
    assert decoded.flags == (flags | 0x300 if parent else flags)
    assert pairs(decoded.attributes) == {"text": text, "number": number}


def test_a_server_span_has_the_stable_http_attributes() -> None:
    setup = Setup()
    place = peer(("10.1.1.1", 5555), client=True)
    setup.server(context(), query=b"a=1&sig=secret", caller=b"web", place=place)
    [span] = decode(setup.spans)
    assert pairs(span.attributes) == {
        "http.request.method": "GET", "http.route": "/items/{id}", "http.response.status_code": 200,
        "url.path": "/items/7", "url.query": "a=1&sig=REDACTED", "url.scheme": "http",
        "server.address": "shop", "server.port": 80, "client.address": "10.1.1.1",
        "network.peer.address": "10.1.1.1", "network.peer.port": 5555, "spanmesh.caller": "web",
    }
    assert (span.start_time_unix_nano, span.end_time_unix_nano) == (10**18 + 10**6, 10**18 + 3 * 10**6)
    assert setup.series() == {
        "spanmesh.caller": "web", "http.request.method": "GET", "http.route": "/items/{id}",
        "spanmesh.status_class": "2xx",
    }


def test_an_unsampled_request_is_counted_and_gives_no_span() -> None:
    setup = Setup()
    setup.server(context(flags=0))
    assert not setup.spans
    assert setup.series()["spanmesh.status_class"] == "2xx"


def test_what_counts_as_a_failure() -> None:
    cases: list[tuple[dict[str, object], str, str | None, bool]] = [
        ({"status": 503}, "5xx", "503", True),
        ({"status": 404}, "4xx", None, True),
        ({"status": 0, "error": "connect-refused"}, "error", "connect-refused", True),
        ({"status": 200, "error": "upstream-reset"}, "error", "upstream-reset", True),
        ({"status": 0, "error": "client-disconnect"}, "4xx", "client-disconnect", True),
        ({"status": 302}, "3xx", None, False),
    ]
    for facts, kind, error, failed in cases:
        setup = Setup()
        setup.client(context(), **facts)
        [span] = decode(setup.spans)
        series = setup.series()
        assert (series["spanmesh.status_class"], series.get("error.type")) == (kind, error)
        assert (span.status.code == 2) is failed
        assert (series["peer.service"], series["spanmesh.endpoint"]) == ("shop", "10.0.0.1:1")


def test_series_are_bounded_merged_and_forgotten() -> None:
    meter = Meter(limit=3)
    for number in range(10):
        meter.series("m", {attributes.METHOD: "GET", attributes.ROUTE: f"/{number}"}).histogram.record(0.1)
    deltas = meter.collect()
    assert len(meter) <= 4
    assert sum(histogram.count for _, histogram in deltas) == 10
    meter.give_back(deltas)
    meter.series("m", {attributes.METHOD: "GET", attributes.ROUTE: "/0"}).histogram.record(0.2)
    assert sum(histogram.count for _, histogram in meter.collect()) == 11
    for _ in range(IDLE_COLLECTIONS + 1):
        meter.collect()
    assert len(meter) == 0


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
