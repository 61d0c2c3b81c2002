"""Parsing of an export request's bytes into its protobuf message, as far as it can be read.

One bad item must not cost every other one of its batch. The requests of all three signals are built alike:
resources, in them scopes, in them items, so that the index of raw spans serves for all of them.
"""

from contextlib import suppress
from typing import Final, TypeVar

from google.protobuf.message import DecodeError, Message

from collector.otlp import jsonform
from collector.otlp.span_index_pb2 import RawRequest
from collector.otlp.utf8 import repair
from collector.otlp.values import Refusals
from proxy.contract.protobuf_wire import len_field


class MalformedError(ValueError):
    """The request cannot be parsed and must not be repeated; the text says what is wrong."""


M = TypeVar("M", bound=Message)


# Tags of length-delimited fields: the first, of a resource or scope; the second, of what is in them.
_FIRST: Final = b"\x0a"
_SECOND: Final = b"\x12"


def from_protobuf(kind: type[M], body: bytes, refused: Refusals | None = None) -> M:
    """Parse a protobuf body, without items that cannot be read, which are counted. Raises MalformedError."""
    try:
        return kind.FromString(body)
    except DecodeError:
        return kind.FromString(valid_part(kind, body, Refusals() if refused is None else refused))


def valid_part(kind: type[Message], body: bytes, refused: Refusals) -> bytes:
    """Return the request if it parses in full, else the part that does, with its texts mended.

    Items that are left out are counted. Raises MalformedError.
    """
    try:
        kind.FromString(body)
    except DecodeError:
        with suppress(ValueError):
            body = repair(kind, body)
        return _salvage(kind, body, refused)
    return body


def _salvage(kind: type[Message], body: bytes, refused: Refusals) -> bytes:
    """Return the request without the resources, scopes and items that are invalid protobuf."""
    try:
        request = RawRequest.FromString(body)
    except DecodeError as error:
        raise _malformed(kind, error) from None
    for resource in request.resource_spans:
        valid = _parses(kind, _FIRST, _FIRST, resource.resource)
        for scope in resource.scope_spans:
            whole = valid and _parses(kind, _FIRST, _SECOND, len_field(_FIRST, scope.scope))
            kept = [
                raw
                for raw in scope.spans
                if whole and _parses(kind, _FIRST, _SECOND, len_field(_SECOND, raw))
            ]
            if lost := len(scope.spans) - len(kept):
                refused.add("unreadable", "an item or its resource is no protobuf or too deep", lost)
            del scope.spans[:]
            scope.spans.extend(kept)
            if not whole:
                scope.ClearField("scope")
        if not valid:
            resource.ClearField("resource")
    # Checked once more as a whole: fields outside of items may be damaged as well.
    body = request.SerializeToString()
    try:
        kind.FromString(body)
    except DecodeError as error:
        raise _malformed(kind, error) from None
    return body


def _parses(kind: type[Message], outer: bytes, inner: bytes, raw: bytes) -> bool:
    """True if the bytes are a message where they stand: its depth counts from the request's."""
    try:
        kind.FromString(len_field(outer, len_field(inner, raw)))
    except DecodeError:
        return False
    return True


def _malformed(kind: type[Message], error: DecodeError) -> MalformedError:
    # The reason comes last: "Error parsing message with type 'package.Name': Wire format was corrupt".
    reason = str(error).rpartition(": ")[2]
    return MalformedError(f"the body is not a protobuf {kind.DESCRIPTOR.name}: {reason}")


def from_json(kind: type[M], body: bytes, refused: Refusals | None = None) -> M:
    """Parse an OTLP/JSON body; with ``refused`` without the items that cannot be read. Raises
    MalformedError."""
    try:
        return jsonform.parse(kind(), body, refused)
    except (ValueError, RecursionError) as error:
        # On one line and short: the text may quote the body, and goes into a header of gRPC.
        reason = " ".join(str(error).split())[:300]
        raise MalformedError(f"the body is not a JSON {kind.DESCRIPTOR.name}: {reason}") from None
