"""Trace context: parsed from a request, continued or begun, and rendered for the next hop. Pure.

Sources: W3C Trace Context level 2 (traceparent, tracestate, random flag); OpenTelemetry
"TraceState: probability sampling" (``ot=th:``); Zipkin B3 propagation (single and multi header).
Randomness is an argument: ``bits(n)`` gives an integer of n random bits.
"""

from binascii import Error as HexError
from binascii import hexlify, unhexlify
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

Bits = Callable[[int], int]

SAMPLED: Final = 0x01
RANDOM: Final = 0x02
_RANDOMNESS: Final = (1 << 56) - 1
_ZERO_TRACE: Final = bytes(16)
_ZERO_SPAN: Final = bytes(8)
_MAX_STATE: Final = 512  # W3C: at least 512 characters should be propagated; longer may be dropped


class TraceContext:
    """The ids, flags and state of one span. Ids are raw bytes; ``parent_id`` is empty for a root span."""

    __slots__ = ("flags", "parent_id", "span_id", "state", "trace_id")

    def __init__(self, trace_id: bytes, span_id: bytes, parent_id: bytes, flags: int, state: bytes) -> None:
        self.trace_id = trace_id
        self.span_id = span_id
        self.parent_id = parent_id
        self.flags = flags
        self.state = state

    @property
    def sampled(self) -> bool:
        """True if the span is to be exported."""
        return bool(self.flags & SAMPLED)

    def fields(self) -> list[tuple[bytes, bytes]]:
        """Return the header fields that make this span the parent of the next hop's."""
        ids = (hexlify(self.trace_id), hexlify(self.span_id), self.flags)
        fields = [(b"traceparent", b"00-%b-%b-%02x" % ids)]
        if self.state:
            fields.append((b"tracestate", self.state))
        return fields


@dataclass(frozen=True, slots=True)
class Sampler:
    """Consistent probability: a trace is kept when its randomness is at least ``threshold``.

    ``state`` is what a kept root puts into tracestate, so that whoever counts its spans can
    scale the count back up.
    """

    threshold: int
    state: bytes

    @classmethod
    def of(cls, probability: float) -> "Sampler":
        """Return the sampler that keeps this share (0 to 1) of the traces."""
        threshold = round((1.0 - probability) * (1 << 56))
        # At probability 0 the threshold is 2^56, which has no 14 digits; nothing is kept then, so the text
        # is never used.
        digits = b"%014x" % min(threshold, _RANDOMNESS)
        # The specification lets trailing zeros be left out; probability 1 is "0".
        return cls(threshold, b"ot=th:" + (digits.rstrip(b"0") or b"0"))

    def keeps(self, trace_id: bytes) -> bool:
        """True if the trace is sampled: the last 7 bytes of its id are its randomness (W3C level 2)."""
        return int.from_bytes(trace_id[9:], "big") >= self.threshold


class Tracer:
    """The contexts of new spans; ``bits(n)`` gives an integer of n random bits."""

    __slots__ = ("_bits", "_sampler")

    def __init__(self, sampler: Sampler, bits: Bits) -> None:
        self._sampler = sampler
        self._bits = bits

    def start(
        self, traceparent: bytes = b"", tracestate: bytes = b"", b3: Mapping[bytes, bytes] | None = None
    ) -> TraceContext:
        """Return the context of a new span: child of what the request carries, or the root of a new trace.

        What is malformed counts as absent. The caller's decision is followed; where it made none,
        the sampler decides from the trace id, as it would anywhere else in the trace.
        """
        sampler, bits = self._sampler, self._bits
        span_id = (bits(64) or 1).to_bytes(8, "big")  # all zeros are invalid
        if traceparent:
            parsed = parse_traceparent(traceparent)
            if parsed is not None:
                trace_id, parent_id, flags = parsed
                # W3C forbids to cut an entry in the middle, and to find the last whole one costs more than
                # it is worth.
                state = tracestate if len(tracestate) <= _MAX_STATE else b""
                return TraceContext(trace_id, span_id, parent_id, flags, state)
        decision: bool | None = None
        if b3:
            trace_id, parent_id, decision = parse_b3(b3)
            if trace_id:
                # No RANDOM flag: nobody promised that a B3 trace id is random in its last 7 bytes.
                keep = sampler.keeps(trace_id) if decision is None else decision
                return TraceContext(trace_id, span_id, parent_id, SAMPLED if keep else 0, b"")
        trace_id = (bits(128) or 1).to_bytes(16, "big")
        if decision is None:
            keep = sampler.keeps(trace_id)
            return TraceContext(trace_id, span_id, b"", RANDOM | keep, sampler.state if keep else b"")
        return TraceContext(trace_id, span_id, b"", RANDOM | decision, b"")

    def sibling(self, context: TraceContext) -> TraceContext:
        """Return the context of a further attempt at the same request: same parent, new span."""
        span_id = (self._bits(64) or 1).to_bytes(8, "big")
        return TraceContext(context.trace_id, span_id, context.parent_id, context.flags, context.state)


def parse_traceparent(value: bytes) -> tuple[bytes, bytes, int] | None:
    """Return trace id, parent id and the known flags; None when the value must be ignored."""
    # Positions instead of a regular expression: this runs for each request. 45 is "-".
    if len(value) < 55 or value[2] != 45 or value[35] != 45 or value[52] != 45:
        return None
    version = value[:2]
    # A later version may append fields after a dash; version ff is invalid (W3C trace context, 3.2.2.1).
    if version != b"00" and (version == b"ff" or (len(value) > 55 and value[55] != 45)):
        return None
    if version == b"00" and len(value) != 55:
        return None
    try:
        trace_id, parent_id = unhexlify(value[3:35]), unhexlify(value[36:52])
        flags = unhexlify(value[53:55])[0]
        unhexlify(version)
    except (HexError, ValueError):
        return None
    # Upper-case digits are invalid in W3C (3.2.2.3), while unhexlify would take them.
    if trace_id == _ZERO_TRACE or parent_id == _ZERO_SPAN or value[:55] != value[:55].lower():
        return None
    return trace_id, parent_id, flags & (SAMPLED | RANDOM)


def parse_b3(fields: Mapping[bytes, bytes]) -> tuple[bytes, bytes, bool | None]:
    """Return trace id (16 bytes), parent id and sampling decision of B3 fields, named in lower case.

    Ids are empty when absent or malformed; the decision is None when the caller made none.
    """
    single = fields.get(b"b3")
    if single is not None:
        # ``b3: 0`` alone is a decision without ids: deny this trace.
        parts = single.split(b"-")
        if len(parts) == 1:
            return b"", b"", _decision(parts[0])
        trace, span = parts[0], parts[1]
        decision = _decision(parts[2]) if len(parts) > 2 else None
    else:
        trace, span = fields.get(b"x-b3-traceid", b""), fields.get(b"x-b3-spanid", b"")
        # Debug implies "sampled", whatever X-B3-Sampled says (B3, "Debug Flag").
        debug = fields.get(b"x-b3-flags") == b"1"
        decision = True if debug else _decision(fields.get(b"x-b3-sampled", b""))
    try:
        trace_id, parent_id = unhexlify(trace), unhexlify(span)
    except (HexError, ValueError):
        return b"", b"", decision
    if len(trace_id) not in (8, 16) or len(parent_id) != 8 or not any(trace_id) or not any(parent_id):
        return b"", b"", decision
    # B3 allows 64-bit ids; left-padding is what Zipkin and OpenTelemetry both do, so ids still match.
    return trace_id.rjust(16, b"\0"), parent_id, decision


def _decision(value: bytes) -> bool | None:
    if value in (b"1", b"d", b"true"):
        return True
    return False if value in (b"0", b"false") else None
