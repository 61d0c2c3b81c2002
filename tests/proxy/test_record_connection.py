"""A connection becomes one span and one entry of an instrument of its own."""

from opentelemetry.proto.trace.v1.trace_pb2 import ScopeSpans, Span

from proxy.contract import attributes
from proxy.meter import Meter
from proxy.record_connection import ConnectionRecorder
from proxy.tracecontext import Sampler, start
from tests.proxy.rig import pairs

SECOND = 1_000_000_000


def recorded(sample: float, error: str = "") -> tuple[list[Span], Meter]:
    meter, spans = Meter(), list[bytes]()
    recorder = ConnectionRecorder(meter, spans.append, lambda: 1000)
    context = start(Sampler.of(sample), lambda size: (1 << size) - 1, b"", b"", None)
    recorder.client(
        context, SECOND, 3 * SECOND, service="db", endpoint="10.0.0.2:5432", arm="direct",
        server="10.0.0.2:5432", sent=7, received=1 << 40, error=error, place=b"",
    )  # fmt: skip
    return [ScopeSpans.FromString(span).spans[0] for span in spans], meter


def test_a_span_says_where_how_much_and_how_long() -> None:
    [span], meter = recorded(1.0)
    assert (span.name, span.kind) == ("TCP db", Span.SPAN_KIND_CLIENT)
    assert (span.start_time_unix_nano, span.end_time_unix_nano) == (SECOND + 1000, 3 * SECOND + 1000)
    assert pairs(span.attributes) == {
        "peer.service": "db", "spanmesh.endpoint": "10.0.0.2:5432", "spanmesh.arm": "direct",
        "network.transport": "tcp", "server.address": "10.0.0.2", "server.port": 5432,
        "spanmesh.bytes.sent": 7, "spanmesh.bytes.received": 1 << 40,
    }  # fmt: skip
    [(series, histogram)] = meter.collect()
    assert (series.name, histogram.count, histogram.sum) == (attributes.TCP_CLIENT_DURATION, 1, 2.0)


def test_what_is_not_sampled_is_counted_all_the_same() -> None:
    spans, meter = recorded(0.0, "upstream-reset")
    assert spans == []
    [(series, histogram)] = meter.collect()
    assert (series.attributes[attributes.ERROR_TYPE], histogram.count) == ("upstream-reset", 1)
