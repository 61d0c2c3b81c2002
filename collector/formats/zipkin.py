"""Conversion of Zipkin v2 spans to OTLP; from there on they are treated as every other span.

Source: openzipkin/zipkin-api (zipkin2-api.yaml, zipkin.proto) and the OpenTelemetry specification,
"OpenTelemetry to Zipkin Transformation", read backwards.

* A trace id of 64 bits is the lower half of one of 128.
* OTLP has no two spans of one id. The server's half of a shared span becomes a child of the client's,
  under an id made from theirs; what the server did below it, as far as it is in the same request, moves
  along.
* Annotations are events; OpenTelemetry's exporters write one with attributes as ``{"name": {…}}``.
* A span without a time is placed at its first annotation, or at the time it arrived.
* Tags are text. ``error`` is the status, unless it says ``false``; what OpenTelemetry's exporters put
  into ``otel.*`` tags goes back to where it came from.
"""

import json
from collections.abc import Set
from contextlib import suppress
from hashlib import blake2b
from ipaddress import ip_address
from typing import Any, Final

from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import ScopeSpans, Span, Status

from collector.formats.lenient_json import replace_surrogates
from collector.formats.zipkin_pb2 import Endpoint, ListOfSpans
from collector.formats.zipkin_pb2 import Span as ZipkinSpan
from collector.otlp.body import MalformedError
from collector.otlp.utf8 import repair
from proxy.contract import attributes as names

TIME_MISSING: Final = "zipkin.timestamp_missing"
"""The attribute of a span that came without a timestamp."""
DEBUG: Final = "zipkin.debug"
SHARED: Final = "zipkin.shared"

_LOCAL_ADDRESS: Final = "network.local.address"
_LOCAL_PORT: Final = "network.local.port"
_ERROR: Final = "error"
_STATUS: Final = "otel.status_code"
_SCOPE: Final = (("otel.scope.name", "otel.library.name"), ("otel.scope.version", "otel.library.version"))
# Tags that become fields of the span and are no attributes.
_CONSUMED: Final = frozenset({_ERROR, _STATUS, *_SCOPE[0], *_SCOPE[1]})
_KINDS: Final = {
    ZipkinSpan.CLIENT: Span.SPAN_KIND_CLIENT,
    ZipkinSpan.SERVER: Span.SPAN_KIND_SERVER,
    ZipkinSpan.PRODUCER: Span.SPAN_KIND_PRODUCER,
    ZipkinSpan.CONSUMER: Span.SPAN_KIND_CONSUMER,
}
_TRACE_BYTES: Final = 16
_SPAN_BYTES: Final = 8
_WHOLE: Final = range(-(1 << 63), 1 << 63)
_LATEST: Final = (1 << 64) - 1  # nanoseconds; what is later is refused as lying in the future


def from_protobuf(body: bytes) -> ListOfSpans:
    """Parse Zipkin's protobuf encoding. Raises MalformedError."""
    try:
        return ListOfSpans.FromString(body)
    except DecodeError:
        with suppress(DecodeError, ValueError):
            return ListOfSpans.FromString(repair(ListOfSpans, body))
        raise MalformedError("the body is not a protobuf list of Zipkin spans (zipkin.proto3)") from None


def convert(spans: ListOfSpans, arrived: int) -> ExportTraceServiceRequest:
    """Convert spans to one OTLP request, with one resource for each service.

    ``arrived``, nanoseconds since the epoch, is the time of spans that have none. Ids of a wrong
    length are passed on as they are, to be refused and counted where every span is checked.
    """
    request = ExportTraceServiceRequest()
    # Server halves of shared spans in this request, whose children must follow them to the new id.
    shared = {_owner(span, span.id) for span in spans.spans if span.shared}
    scopes: dict[tuple[str, str, str], ScopeSpans] = {}
    services: dict[str, int] = {}
    for span in spans.spans:
        service = span.local_endpoint.service_name
        name, version = (_first(span, keys) for keys in _SCOPE)
        into = scopes.get((service, name, version))
        if into is None:
            if service not in services:
                services[service] = len(request.resource_spans)
                resource = request.resource_spans.add().resource
                if service:
                    pair = resource.attributes.add(key=names.SERVICE_NAME)
                    pair.value.string_value = service
            into = request.resource_spans[services[service]].scope_spans.add()
            into.scope.name, into.scope.version = name, version
            scopes[service, name, version] = into
        target = into.spans.add()
        _ids(target, span, shared)
        _fill(target, span, arrived)
    return request


def _ids(target: Span, span: ZipkinSpan, shared: Set[tuple[bytes, bytes, str]]) -> None:
    short = len(span.trace_id) == _TRACE_BYTES // 2
    target.trace_id = span.trace_id.rjust(_TRACE_BYTES, b"\0") if short else span.trace_id
    # Zipkin takes a span that names itself as its parent for a root.
    parent = span.parent_id if span.parent_id != span.id else b""
    target.span_id, target.parent_span_id = span.id, parent
    if span.shared:
        target.span_id, target.parent_span_id = _server_half(span.trace_id, span.id), span.id
    elif parent and _owner(span, parent) in shared:
        target.parent_span_id = _server_half(span.trace_id, parent)


def _owner(span: ZipkinSpan, span_id: bytes) -> tuple[bytes, bytes, str]:
    """Return what tells the halves of a shared span apart: the ids and the service."""
    return span.trace_id, span_id, span.local_endpoint.service_name


def _server_half(trace_id: bytes, span_id: bytes) -> bytes:
    """Return the id of the server's half of a shared span.

    Derived from both ids, so that every collector makes the same one from any part of the trace. An id of
    a wrong length stays as it is, to be refused later.
    """
    if len(span_id) != _SPAN_BYTES:
        return span_id
    return blake2b(span_id, digest_size=_SPAN_BYTES, key=trace_id[:_TRACE_BYTES]).digest()


def _fill(target: Span, span: ZipkinSpan, arrived: int) -> None:
    target.name = span.name
    target.kind = _KINDS.get(span.kind, Span.SPAN_KIND_UNSPECIFIED)
    start = span.timestamp or min((note.timestamp for note in span.annotations if note.timestamp), default=0)
    target.start_time_unix_nano = min(start * 1000 or arrived, _LATEST)
    target.end_time_unix_nano = min(target.start_time_unix_nano + span.duration * 1000, _LATEST)
    for note in span.annotations:
        time = note.timestamp * 1000 or target.start_time_unix_nano
        event = target.events.add(time_unix_nano=min(time, _LATEST))
        event.name, labels = _event(note.value)
        for key, value in labels.items():
            _add(event.attributes, key, value)
    _status(target.status, span)
    for key, value in span.tags.items():
        if key not in _CONSUMED or (key == _ERROR and target.status.code != Status.STATUS_CODE_ERROR):
            _text(target, key, value)
    _endpoint(target, span.local_endpoint, _LOCAL_ADDRESS, _LOCAL_PORT)
    if span.remote_endpoint.service_name:
        _text(target, names.PEER_SERVICE, span.remote_endpoint.service_name)
    _endpoint(target, span.remote_endpoint, names.PEER_ADDRESS, names.PEER_PORT)
    for key, is_set in ((DEBUG, span.debug), (SHARED, span.shared), (TIME_MISSING, not span.timestamp)):
        if is_set:
            target.attributes.add(key=key).value.bool_value = True


def _event(value: str) -> tuple[str, dict[str, Any]]:
    """Return the event name and attributes of an annotation."""
    if value.endswith("}") and value.startswith(('{"', '"')):
        with suppress(ValueError, RecursionError):
            parsed = json.loads(value if value.startswith("{") else f"{{{value}}}")
            if len(parsed) == 1:
                name, labels = next(iter(parsed.items()))
                if isinstance(labels, dict):
                    return replace_surrogates(name), labels
    return value, {}


def _add(attributes: Any, key: str, value: Any) -> None:
    into = attributes.add(key=replace_surrogates(key)).value
    if isinstance(value, bool):
        into.bool_value = value
    elif isinstance(value, float):
        into.double_value = value
    elif isinstance(value, int) and value in _WHOLE:
        into.int_value = value
    else:
        into.string_value = replace_surrogates(value if isinstance(value, str) else json.dumps(value))


def _status(status: Status, span: ZipkinSpan) -> None:
    error = span.tags.get(_ERROR)
    code = span.tags.get(_STATUS, "").upper()
    if code == "ERROR" or (error is not None and error.lower() != "false"):
        status.code = Status.STATUS_CODE_ERROR
        status.message = "" if error is None or error.lower() in ("true", "false") else error
    elif code == "OK":
        status.code = Status.STATUS_CODE_OK


def _endpoint(target: Span, endpoint: Endpoint, address: str, port: str) -> None:
    packed = endpoint.ipv4 or endpoint.ipv6
    if len(packed) in (4, 16):
        _text(target, address, str(ip_address(packed)))
    if endpoint.port:
        target.attributes.add(key=port).value.int_value = endpoint.port


def _text(target: Span, key: str, value: str) -> None:
    target.attributes.add(key=key).value.string_value = value


def _first(span: ZipkinSpan, keys: tuple[str, ...]) -> str:
    return next((span.tags[key] for key in keys if key in span.tags), "")
