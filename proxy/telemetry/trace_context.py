"""Trace context: parsed from a request, continued or begun, and rendered for the next hop. Pure.

Sources: W3C Trace Context level 2 (traceparent, tracestate, random flag); OpenTelemetry
"TraceState: probability sampling" (``ot=th:``).
Randomness is an argument: ``bits(n)`` gives an integer of n random bits.
"""

from binascii import Error as HexError
from binascii import hexlify, unhexlify
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from proxy.telemetry import b3
from proxy.telemetry.trace_state import read_state

Bits = Callable[[int], int]

SAMPLED: Final = 0x01
RANDOM: Final = 0x02
_RANDOMNESS: Final = (1 << 56) - 1
_ZERO_TRACE: Final = bytes(16)
_ZERO_SPAN: Final = bytes(8)


class TraceContext:
    """The ids, flags and state of one span. Ids are raw bytes; ``parent_id`` is empty for a root span.

    ``b3`` are the forms of B3 in which the next hop gets the context too, 0 for none.
    """

    __slots__ = ("b3", "flags", "parent_id", "span_id", "state", "trace_id")

    def __init__(
        self, trace_id: bytes, span_id: bytes, parent_id: bytes, flags: int, state: bytes, forms: int = 0
    ) -> None:
        self.trace_id = trace_id
        self.span_id = span_id
        self.parent_id = parent_id
        self.flags = flags
        self.state = state
        self.b3 = forms

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
        if self.b3:
            fields += b3.render(self.b3, self.trace_id, self.span_id, self.parent_id, self.sampled)
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
    """The contexts of new spans; ``bits(n)`` gives an integer of n random bits.

    With ``always_b3`` every request is given B3 fields, else only those that came with some.
    """

    __slots__ = ("_bits", "_forms", "_sampler")

    def __init__(self, sampler: Sampler, bits: Bits, always_b3: bool = False) -> None:
        self._sampler = sampler
        self._bits = bits
        self._forms = b3.MULTI if always_b3 else 0

    def start(
        self,
        traceparent: bytes = b"",
        tracestate: bytes = b"",
        b3_fields: Mapping[bytes, bytes] | None = None,
    ) -> TraceContext:
        """Return the context of a new span: child of what the request carries, or the root of a new trace.

        What is malformed counts as absent. The caller's decision is followed; where it made none,
        the sampler decides from the trace id, as it would anywhere else in the trace.
        """
        sampler, bits = self._sampler, self._bits
        span_id = (bits(64) or 1).to_bytes(8, "big")  # all zeros are invalid
        # Fields that came are written anew and not passed on as they are: an application that copies only
        # them would hang all its calls below its caller's span.
        forms = b3.forms(b3_fields) if b3_fields else self._forms
        if traceparent:
            parsed = parse_traceparent(traceparent)
            if parsed is not None:
                trace_id, parent_id, flags = parsed
                state = read_state(tracestate) if tracestate else b""
                return TraceContext(trace_id, span_id, parent_id, flags, state, forms)
        decision: bool | None = None
        if b3_fields:
            trace_id, parent_id, decision = b3.parse(b3_fields)
            if trace_id:
                # No RANDOM flag: nobody promised that a B3 trace id is random in its last 7 bytes.
                keep = sampler.keeps(trace_id) if decision is None else decision
                return TraceContext(trace_id, span_id, parent_id, SAMPLED if keep else 0, b"", forms)
        trace_id = (bits(128) or 1).to_bytes(16, "big")
        if decision is None:
            keep = sampler.keeps(trace_id)
            state = sampler.state if keep else b""
            return TraceContext(trace_id, span_id, b"", RANDOM | keep, state, forms)
        return TraceContext(trace_id, span_id, b"", RANDOM | decision, b"", forms)

    def sibling(self, context: TraceContext) -> TraceContext:
        """Return the context of a further attempt at the same request: same parent, new span."""
        span_id = (self._bits(64) or 1).to_bytes(8, "big")
        return TraceContext(
            context.trace_id, span_id, context.parent_id, context.flags, context.state, context.b3
        )


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
