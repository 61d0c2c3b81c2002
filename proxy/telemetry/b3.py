"""Zipkin's B3 propagation, in its single and its multiple fields. Pure.

Source: openzipkin/b3-propagation.
"""

from binascii import Error as HexError
from binascii import hexlify, unhexlify
from collections.abc import Mapping
from typing import Final

# The forms that a request can carry, as bits.
SINGLE: Final = 1
MULTI: Final = 2
DEBUG: Final = 4

_HALF_ZERO: Final = bytes(8)


def parse(fields: Mapping[bytes, bytes]) -> tuple[bytes, bytes, bool | None]:
    """Return trace id (16 bytes), parent id and sampling decision of B3 fields, named in lower case.

    Ids are empty when absent or malformed; the decision is None when the caller made none. The single field
    comes first, the others count where it says nothing.
    """
    single = fields.get(b"b3")
    if single is not None:
        # ``b3: 0`` alone is a decision without ids: deny this trace.
        trace, _, rest = single.partition(b"-")
        span, _, rest = rest.partition(b"-")
        decision = _decision(rest.partition(b"-")[0] if span else trace)
        trace_id, parent_id = _ids(trace, span)
        if trace_id or decision is not None:
            return trace_id, parent_id, decision
    # Debug implies "sampled", whatever X-B3-Sampled says (B3, "Debug Flag").
    debug = fields.get(b"x-b3-flags") == b"1"
    decision = True if debug else _decision(fields.get(b"x-b3-sampled", b""))
    return *_ids(fields.get(b"x-b3-traceid", b""), fields.get(b"x-b3-spanid", b"")), decision


def _ids(trace: bytes, span: bytes) -> tuple[bytes, bytes]:
    try:
        trace_id, span_id = unhexlify(trace), unhexlify(span)
    except (HexError, ValueError):
        return b"", b""
    if len(trace_id) not in (8, 16) or len(span_id) != 8 or not any(trace_id) or not any(span_id):
        return b"", b""
    # B3 allows 64-bit ids; left-padding is what Zipkin and OpenTelemetry both do, so ids still match.
    return trace_id.rjust(16, b"\0"), span_id


def forms(fields: Mapping[bytes, bytes]) -> int:
    """Return the forms of B3 that these fields, named in lower case, are in."""
    single = fields.get(b"b3")
    found = 0 if single is None else SINGLE
    if len(fields) > (single is not None):
        found |= MULTI
    debug = fields.get(b"x-b3-flags") == b"1" or (single is not None and single.split(b"-")[2:3] == [b"d"])
    return found | DEBUG if debug or single == b"d" else found


def render(forms: int, trace: bytes, span: bytes, parent: bytes, sampled: bool) -> list[tuple[bytes, bytes]]:
    """Return the fields that carry these raw ids in these forms; ``parent`` is empty for a root span."""
    # A trace that began with an id of 64 bits keeps it so: its other tracers may know no longer ones.
    trace_id = hexlify(trace[8:] if trace.startswith(_HALF_ZERO) else trace)
    span_id, parent_id = hexlify(span), hexlify(parent)
    decision = b"1" if sampled else b"0"
    debug = forms & DEBUG
    fields = []
    if forms & SINGLE:
        parts = [trace_id, span_id, b"d" if debug else decision]
        fields.append((b"b3", b"-".join([*parts, parent_id] if parent_id else parts)))
    if forms & MULTI:
        fields += [(b"x-b3-traceid", trace_id), (b"x-b3-spanid", span_id)]
        if parent_id:
            fields.append((b"x-b3-parentspanid", parent_id))
        # Debug implies "sampled", which is then not sent (B3, "Debug Flag").
        fields.append((b"x-b3-flags", b"1") if debug else (b"x-b3-sampled", decision))
    return fields


def _decision(value: bytes) -> bool | None:
    # Older tracers send the words, in any case.
    if value in (b"1", b"d") or value.lower() == b"true":
        return True
    return False if value == b"0" or value.lower() == b"false" else None
