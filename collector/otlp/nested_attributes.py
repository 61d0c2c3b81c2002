"""Replacement of bytes, lists and maps among the attributes of spans by their text and type.

The store keeps attributes as text, and ClickHouse's parser of spans (``collector.clickhouse.spans``) reads
plain values only, and beside them a field of our own with the type of what has become text. Most requests
have no others; a regular expression over their bytes finds that out for a tenth of what a look at every
attribute costs.
"""

import re
from collections.abc import Iterable
from typing import Final

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import KeyValue

from collector.otlp.stored_values import TYPES, encode
from proxy.contract.protobuf_wire import parse_varint

# KeyValue.value (field 2) that begins with AnyValue.array_value (5), kvlist_value (6) or bytes_value (7),
# with both lengths.
_NESTED: Final = re.compile(
    rb"\x12([\x80-\xff]{0,4}[\x00-\x7f])[\x2a\x32\x3a]([\x80-\xff]{0,4}[\x00-\x7f])", re.DOTALL
)
# The tag of AnyValue.stored_type in spans.proto: field 1000, a varint.
_STORED_TYPE: Final = b"\xc0\x3e"


def may_contain(body: bytes) -> bool:
    """Return False if no attribute of the request holds bytes, a list or a map; true by chance is rare.

    Bytes that only look like a field of this kind rarely have two lengths that agree with each other.
    """
    return any(
        parse_varint(match[1]) == 1 + len(match[2]) + parse_varint(match[2])
        for match in _NESTED.finditer(body)
    )


def flatten(body: bytes) -> bytes:
    """Return the request with bytes, lists and maps as text, and their types."""
    request = ExportTraceServiceRequest.FromString(body)
    for resource in request.resource_spans:
        _flatten(resource.resource.attributes)
        for scope in resource.scope_spans:
            _flatten(scope.scope.attributes)
            for span in scope.spans:
                _flatten(span.attributes)
                for event in span.events:
                    _flatten(event.attributes)
                for link in span.links:
                    _flatten(link.attributes)
    return request.SerializeToString()


def _flatten(pairs: Iterable[KeyValue]) -> None:
    for pair in pairs:
        if pair.value.WhichOneof("value") in ("array_value", "kvlist_value", "bytes_value"):
            pair.value.string_value, kind = encode(pair.value)
            # Unknown to opentelemetry-proto, which keeps it all the same, as protobuf does.
            pair.value.MergeFromString(_STORED_TYPE + bytes((TYPES.index(kind),)))
