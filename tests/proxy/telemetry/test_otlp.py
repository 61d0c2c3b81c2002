"""Hand-written protobuf, decoded with the generated classes."""

from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from proxy.contract import attributes
from proxy.telemetry import otlp
from proxy.telemetry.trace_context import TraceContext
from tests.proxy.rig import pairs

RESOURCE = {"service.name": "cart", "service.instance.id": "cart-1"}


def decode(spans: list[bytes]) -> list[Span]:
    message = ExportTraceServiceRequest.FromString(otlp.request(RESOURCE, attributes.SCOPE, spans))
    [resource] = message.resource_spans
    assert pairs(resource.resource.attributes) == RESOURCE
    [scope] = resource.scope_spans
    assert scope.scope.name == attributes.SCOPE
    return list(scope.spans)


@given(
    st.binary(min_size=16, max_size=16),
    st.binary(min_size=8, max_size=8),
    st.sampled_from([b"", b"parentid"]),
    st.integers(0, 3),
    st.text("ab=:,", max_size=600),
    st.integers(0, 2**63),
    st.text(max_size=40000),
    st.integers(0, 2**40),
)
def test_any_span_decodes_to_what_went_in(
    trace: bytes, span: bytes, parent: bytes, flags: int, state: str, start: int, text: str, number: int
) -> None:
    pieces = otlp.constant("GET /x", otlp.KIND_CLIENT, True)
    pieces += otlp.Attribute("text").text(text) + otlp.Attribute("number").number(number)
    context = TraceContext(trace, span, parent, flags, state.encode())
    [decoded] = decode([otlp.span(context, start, start + 5, pieces)])
    assert (decoded.trace_id, decoded.span_id, decoded.parent_span_id) == (trace, span, parent)
    assert (decoded.name, decoded.kind, decoded.status.code) == ("GET /x", 3, 2)
    assert (decoded.start_time_unix_nano, decoded.end_time_unix_nano) == (start, start + 5)
    assert decoded.trace_state == state
    assert decoded.flags == (flags | 0x300 if parent else flags)
    assert pairs(decoded.attributes) == {"text": text, "number": number}
