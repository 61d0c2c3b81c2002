"""Zipkin's JSON encoding, version 2, parsed to the messages of its protobuf encoding.

Source: openzipkin/zipkin-api, zipkin2-api.yaml. As lenient as Zipkin's own reader: unknown fields
are ignored, short ids padded, numbers may be quoted and invalid addresses are left out.
"""

from collections.abc import Mapping
from ipaddress import IPv4Address, ip_address
from typing import Any, Final

from collector.formats.lenient_json import (
    hex_id,
    mapping,
    replace_surrogates,
    sequence,
    text,
    type_name,
    unsigned,
)
from collector.formats.zipkin_pb2 import Endpoint, ListOfSpans, Span
from collector.otlp import jsonform
from collector.otlp.body import MalformedError
from collector.otlp.values import Refusals

_PORTS: Final = range(1, 1 << 16)
_KINDS: Final[Mapping[str, Span.Kind]] = {
    "CLIENT": Span.CLIENT,
    "SERVER": Span.SERVER,
    "PRODUCER": Span.PRODUCER,
    "CONSUMER": Span.CONSUMER,
}


def from_json(body: bytes, refused: Refusals) -> ListOfSpans:
    """Parse a JSON list of spans; those that cannot be read are counted. Raises MalformedError."""
    try:
        document = jsonform.load(body)
    except (ValueError, RecursionError) as error:
        raise MalformedError(f"the body is not a JSON list of Zipkin spans: {error}") from None
    return from_list(document, refused)


def from_list(document: Any, refused: Refusals) -> ListOfSpans:
    """Convert a decoded JSON list of spans; those that cannot be read are counted. Raises MalformedError."""
    if not isinstance(document, list):
        raise MalformedError(f"expected a JSON list of Zipkin spans, got {type_name(document)}")
    spans = ListOfSpans()
    for number, item in enumerate(document):
        try:
            span = Span()
            _fill(span, mapping("span", {} if item is None else item))
            spans.spans.append(span)
        except ValueError as error:
            refused.add("unreadable", f"[{number}]: {error}")
    return spans


def _fill(span: Span, item: Mapping[str, Any]) -> None:
    """Set the fields of a span. Raises ValueError that names the field."""
    span.trace_id = hex_id("traceId", item.get("traceId"))
    span.id = hex_id("id", item.get("id"))
    if item.get("parentId"):
        span.parent_id = hex_id("parentId", item["parentId"])
    span.kind = _kind_of(item.get("kind"))
    span.name = text("name", item.get("name"))
    span.timestamp = unsigned("timestamp", item.get("timestamp"))
    span.duration = unsigned("duration", item.get("duration"))
    _endpoint(span.local_endpoint, "localEndpoint", item.get("localEndpoint"))
    _endpoint(span.remote_endpoint, "remoteEndpoint", item.get("remoteEndpoint"))
    for note in sequence("annotations", item.get("annotations")):
        fields = mapping("annotations", note)
        span.annotations.add(
            timestamp=unsigned("annotations.timestamp", fields.get("timestamp")),
            value=text("annotations.value", fields.get("value")),
        )
    for key, value in mapping("tags", item.get("tags")).items():
        span.tags[replace_surrogates(key)] = text(f"tags.{key[:80]}", value)
    span.debug = item.get("debug") is True
    span.shared = item.get("shared") is True


def _endpoint(endpoint: Endpoint, field: str, value: Any) -> None:
    fields = mapping(field, value)
    endpoint.service_name = text(f"{field}.serviceName", fields.get("serviceName"))
    for key in ("ipv6", "ipv4"):
        try:
            address = ip_address(fields.get(key) or "")
        except ValueError:
            continue  # a host name, for example; Zipkin's own reader leaves it out as well
        if isinstance(address, IPv4Address):
            endpoint.ipv4 = address.packed
        else:
            endpoint.ipv6 = address.packed
    port = unsigned(f"{field}.port", fields.get("port"))
    if port in _PORTS:
        endpoint.port = port


def _kind_of(value: Any) -> Span.Kind:
    if value is None:
        return Span.SPAN_KIND_UNSPECIFIED
    kind = _KINDS.get(value.upper()) if isinstance(value, str) else None
    if kind is None:
        raise ValueError(f"kind: {str(value)[:40]!r} is not {', '.join(_KINDS)}")
    return kind
