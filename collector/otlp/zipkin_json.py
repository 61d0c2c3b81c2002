"""Zipkin's JSON, version 2, to its messages.

Source: openzipkin/zipkin-api, zipkin2-api.yaml. As lenient as Zipkin's own reader: unknown fields
are passed over, short ids padded, numbers may be quoted, addresses that are none left out.
"""

import json
from collections.abc import Mapping
from ipaddress import IPv4Address, ip_address
from typing import Any, Final

from collector.otlp.body import MalformedError
from collector.otlp.zipkin_pb2 import Endpoint, ListOfSpans, Span

_ID: Final = 16  # hexadecimal digits
_TRACE_ID: Final = 32
_LARGEST: Final = (1 << 64) - 1
_PORTS: Final = range(1, 1 << 16)
_KINDS: Final[Mapping[str, Span.Kind]] = {
    "CLIENT": Span.CLIENT, "SERVER": Span.SERVER, "PRODUCER": Span.PRODUCER, "CONSUMER": Span.CONSUMER
}  # fmt: skip


def from_json(body: bytes) -> ListOfSpans:
    """The spans of a JSON list. Raises MalformedError that names the span and the field."""
    try:
        document = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise MalformedError(f"the body is not a JSON list of Zipkin spans: {error}") from None
    return from_list(document)


def from_list(document: Any) -> ListOfSpans:
    """The same of decoded JSON. Raises MalformedError."""
    if not isinstance(document, list):
        raise MalformedError(f"expected a JSON list of Zipkin spans, got {_kind(document)}")
    spans = ListOfSpans()
    for number, item in enumerate(document):
        try:
            _fill(spans.spans.add(), _object("span", item))
        except ValueError as error:
            raise MalformedError(f"[{number}]: {error}") from None
    return spans


def _fill(span: Span, item: Mapping[str, Any]) -> None:
    """Raises ValueError that names the field."""
    span.trace_id = _id("traceId", item.get("traceId"))
    span.id = _id("id", item.get("id"))
    if item.get("parentId"):
        span.parent_id = _id("parentId", item["parentId"])
    span.kind = _kind_of(item.get("kind"))
    span.name = _text("name", item.get("name"))
    span.timestamp = _whole("timestamp", item.get("timestamp"))
    span.duration = _whole("duration", item.get("duration"))
    _endpoint(span.local_endpoint, "localEndpoint", item.get("localEndpoint"))
    _endpoint(span.remote_endpoint, "remoteEndpoint", item.get("remoteEndpoint"))
    notes = item.get("annotations") or []
    if not isinstance(notes, list):
        raise ValueError(f"annotations: expected a list, got {_kind(notes)}")
    for note in notes:
        fields = _object("annotations", note)
        span.annotations.add(
            timestamp=_whole("annotations.timestamp", fields.get("timestamp")),
            value=_text("annotations.value", fields.get("value")),
        )
    for key, value in _object("tags", item.get("tags") or {}).items():
        span.tags[_clean(key)] = _text(f"tags.{key[:80]}", value)
    span.debug = item.get("debug") is True
    span.shared = item.get("shared") is True


def _endpoint(endpoint: Endpoint, field: str, value: Any) -> None:
    fields = _object(field, value or {})
    endpoint.service_name = _text(f"{field}.serviceName", fields.get("serviceName"))
    for key in ("ipv6", "ipv4"):
        try:
            address = ip_address(fields.get(key) or "")
        except ValueError:
            continue  # a name where an address belongs; Zipkin leaves it out as well
        if isinstance(address, IPv4Address):
            endpoint.ipv4 = address.packed
        else:
            endpoint.ipv6 = address.packed
    port = _whole(f"{field}.port", fields.get("port"))
    if port in _PORTS:
        endpoint.port = port


def _id(field: str, value: Any) -> bytes:
    if not isinstance(value, str) or not value:
        raise ValueError(f"{field}: expected hexadecimal text, got {_kind(value)}")
    try:
        size = _ID if len(value) <= _ID else _TRACE_ID
        return bytes.fromhex(value.rjust(size, "0"))
    except ValueError:
        raise ValueError(f"{field}: {value[:40]!r} is not hexadecimal") from None


def _kind_of(value: Any) -> Span.Kind:
    if value is None:
        return Span.SPAN_KIND_UNSPECIFIED
    kind = _KINDS.get(value.upper()) if isinstance(value, str) else None
    if kind is None:
        raise ValueError(f"kind: {str(value)[:40]!r} is not {', '.join(_KINDS)}")
    return kind


def _whole(field: str, value: Any) -> int:
    """A number that is not negative; 0 when there is none."""
    if value is None:
        return 0
    try:
        if isinstance(value, bool):
            raise TypeError
        return max(0, min(int(value), _LARGEST))
    except (TypeError, ValueError, OverflowError):
        raise ValueError(f"{field}: {str(value)[:40]!r} is not a whole number") from None


def _text(field: str, value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return _clean(value)
    if isinstance(value, bool | int | float):
        return json.dumps(value)
    raise ValueError(f"{field}: expected text, got {_kind(value)}")


def _clean(value: str) -> str:
    """JSON can spell halves of surrogate pairs, which no UTF-8 can hold."""
    return value.encode("utf-8", "replace").decode()


def _object(field: str, value: Any) -> Mapping[str, Any]:
    if isinstance(value, dict):
        return value
    raise ValueError(f"{field}: expected an object, got {_kind(value)}")


def _kind(value: Any) -> str:
    names = {dict: "an object", list: "a list", str: "text", type(None): "nothing", bool: "true or false"}
    return names.get(type(value), "a number")
