"""A connection becomes one span and one entry of an instrument of its own."""

from opentelemetry.proto.trace.v1.trace_pb2 import ScopeSpans, Span

from proxy.contract import attributes
from proxy.contract.traffic import Arm
from proxy.errors import Reason
from proxy.telemetry.connection_recorder import ConnectionRecorder
from proxy.telemetry.facts import ConnectionFacts
from proxy.telemetry.meter import Meter
from proxy.telemetry.trace_context import Sampler, Tracer
from tests.proxy.rig import pairs

SECOND = 1_000_000_000


def recorded(sample: float, error: str = "", connected: int = 2 * SECOND) -> tuple[list[Span], Meter]:
    meter, spans = Meter(), list[bytes]()
    recorder = ConnectionRecorder(meter, spans.append, lambda: 1000)
    facts = ConnectionFacts("10.0.0.2:5432", SECOND)
    facts.trace = Tracer(Sampler.of(sample), lambda size: (1 << size) - 1).start()
    facts.connected, facts.end = connected, 3 * SECOND
    facts.service, facts.endpoint, facts.arm = "db", "10.0.0.2:5432", Arm.DIRECT
    facts.server = "10.0.0.2:5432"
    facts.sent, facts.received, facts.error = 7, 1 << 40, error
    recorder.client(facts)
    return [ScopeSpans.FromString(span).spans[0] for span in spans], meter


def test_a_span_says_where_how_much_and_how_long() -> None:
    [span], meter = recorded(1.0)
    assert (span.name, span.kind) == ("TCP db", Span.SPAN_KIND_CLIENT)
    assert (span.start_time_unix_nano, span.end_time_unix_nano) == (SECOND + 1000, 3 * SECOND + 1000)
    assert pairs(span.attributes) == {
        "peer.service": "db",
        "spanmesh.endpoint": "10.0.0.2:5432",
        "spanmesh.arm": "direct",
        "network.transport": "tcp",
        "server.address": "10.0.0.2",
        "server.port": 5432,
        "spanmesh.bytes.sent": 7,
        "spanmesh.bytes.received": 1 << 40,
    }
    counted = {series.name: (histogram.count, histogram.sum) for series, histogram in meter.collect()}
    assert counted == {attributes.TCP_CLIENT_DURATION: (1, 2.0), attributes.TCP_CLIENT_CONNECT: (1, 1.0)}


def test_what_is_not_sampled_is_counted_all_the_same() -> None:
    spans, meter = recorded(0.0, "upstream-reset")
    assert spans == []
    for series, histogram in meter.collect():
        assert (series.attributes[attributes.ERROR_TYPE], histogram.count) == ("upstream-reset", 1)


def test_what_never_stood_took_as_long_as_it_failed() -> None:
    _, meter = recorded(1.0, "connect-timeout", connected=0)
    took = {series.name: histogram.sum for series, histogram in meter.collect()}
    assert took[attributes.TCP_CLIENT_CONNECT] == 2.0


def test_a_client_that_breaks_off_is_no_failure_of_its_server() -> None:
    _, meter = recorded(1.0, "client-disconnect")
    errors = {series.name: series.attributes.get(attributes.ERROR_TYPE) for series, _ in meter.collect()}
    assert errors == {
        attributes.TCP_CLIENT_DURATION: "client-disconnect",
        attributes.TCP_CLIENT_CONNECT: None,
    }


def test_the_error_of_a_broken_connection_is_named_for_the_mesh() -> None:
    assert Reason.UPSTREAM_RESET.value == attributes.BROKEN
