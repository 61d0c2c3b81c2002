"""OTLP protobuf written by hand: spans from pre-encoded pieces. Pure.

Source: opentelemetry-proto ``trace/v1/trace.proto`` (field numbers below) and the protobuf wire
format. The parts of a span that repeat are encoded once; a span costs one join. Tests decode
everything with the generated classes.
"""

from struct import Struct
from typing import Final

from proxy.contract.protobuf_wire import SHORT_VARINTS, len_field, varint
from proxy.telemetry.trace_context import TraceContext

KIND_SERVER: Final = 2
KIND_CLIENT: Final = 3

_FLAGS_REMOTE: Final = 0x300  # SPAN_FLAGS_CONTEXT_HAS_IS_REMOTE_MASK | SPAN_FLAGS_CONTEXT_IS_REMOTE_MASK
# trace_id = 1, span_id = 2, parent_span_id = 4, start = 7, end = 8, flags = 16
# One pack call writes tags and values together; each Q or I behind a tag is a fixed64 or fixed32.
_CHILD: Final = Struct("<2s16s2s8s2s8scQcQ2sI").pack
_ROOT: Final = Struct("<2s16s2s8scQcQ2sI").pack


class Attribute:
    """The encoder of one attribute of a span, its key encoded once (Span.attributes = 9)."""

    __slots__ = ("_key",)

    def __init__(self, name: str) -> None:
        self._key = len_field(b"\x0a", name.encode())

    def text(self, value: str | bytes) -> bytes:
        """Encode the attribute with a string value; bytes must be UTF-8."""
        raw = value.encode() if isinstance(value, str) else value
        return self._wrap(len_field(b"\x0a", raw))

    def number(self, value: int) -> bytes:
        """Encode the attribute with a non-negative integer value."""
        return self._wrap(b"\x18" + varint(value))

    def truth(self, value: bool) -> bytes:
        """Encode the attribute with a boolean value."""
        return self._wrap(b"\x10" + bytes((value,)))

    def _wrap(self, any_value: bytes) -> bytes:
        return len_field(b"\x4a", self._key + len_field(b"\x12", any_value))


def constant(name: str, kind: int, error: bool) -> bytes:
    """Encode name, kind and status of a span."""
    status = b"\x7a\x02\x18\x02" if error else b""
    return len_field(b"\x2a", name.encode()) + b"\x30" + varint(kind) + status


def span(trace: TraceContext, start: int, end: int, pieces: bytes) -> bytes:
    """Encode one span as an element of ScopeSpans.spans. Times are nanoseconds since the epoch."""
    flags = trace.flags
    if trace.parent_id:
        fixed = _CHILD(
            b"\x0a\x10",
            trace.trace_id,
            b"\x12\x08",
            trace.span_id,
            b"\x22\x08",
            trace.parent_id,
            b"\x39",
            start,
            b"\x41",
            end,
            b"\x85\x01",
            flags | _FLAGS_REMOTE,
        )
    else:
        fixed = _ROOT(
            b"\x0a\x10",
            trace.trace_id,
            b"\x12\x08",
            trace.span_id,
            b"\x39",
            start,
            b"\x41",
            end,
            b"\x85\x01",
            flags,
        )
    if trace.state:
        pieces = len_field(b"\x1a", trace.state) + pieces
    # Protobuf fields may come in any order, so the pieces can follow the fixed part as they are.
    size = len(fixed) + len(pieces)
    return b"\x12" + (SHORT_VARINTS[size] if size < 16384 else varint(size)) + fixed + pieces


def request(resource: dict[str, str], scope: str, spans: list[bytes]) -> bytes:
    """Return an ExportTraceServiceRequest around encoded spans."""
    attributes = b"".join(
        len_field(
            b"\x0a", len_field(b"\x0a", key.encode()) + len_field(b"\x12", len_field(b"\x0a", value.encode()))
        )
        for key, value in resource.items()
    )
    scoped = len_field(b"\x0a", len_field(b"\x0a", scope.encode())) + b"".join(spans)
    return len_field(b"\x0a", len_field(b"\x0a", attributes) + len_field(b"\x12", scoped))
