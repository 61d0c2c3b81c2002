"""A trace request examined: which of its spans can be kept, and what the graph needs of them.

The good spans stay as the bytes they came as; ClickHouse itself turns those into rows
(``collector.clickhouse.spans``).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import InstrumentationScope, KeyValue
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1 import trace_pb2

from collector.otlp import nested_attributes
from collector.otlp.body import MalformedError
from collector.otlp.span_index_pb2 import RawRequest, Request, ScopeSpans, Span
from collector.otlp.values import (
    NO_SPAN,
    NO_TRACE,
    Limits,
    Refused,
    RefusedError,
    attributes,
    check_time,
    parent_id,
    span_id,
    text,
    trace_id,
)
from proxy.contract.attributes import NAMESPACE, SCOPE, SERVICE_NAME, URL_SCHEME
from proxy.contract.service_id import ServiceId
from topology.model import SpanFact

TABLE: Final = "otel_traces"
_TRACE: Final = 16
_SPAN: Final = 8
_INTERNAL: Final = 1
_ERROR: Final = 2
# What attributes the graph looks at begin with.
_GRAPH_KEYS: Final = (
    "peer.",
    "db.",
    "messaging.",
    "server.",
    "network.peer.",
    "spanmesh.",
    "tls.",
    URL_SCHEME,
)
# An encoded KeyValue begins with its tag, the length of its key and the key; every encoder writes fields
# in this order, and no key of the graph is longer than 127 bytes.
_HEADS: Final = frozenset(key[:3].encode() for key in _GRAPH_KEYS[:-1])
# Of its kin this key alone: the others have a value for every request. With its length before it.
_SCHEME: Final = bytes((len(URL_SCHEME),)) + URL_SCHEME[:3].encode()
_PAIR_BYTES: Final = 4  # of the smallest attribute on the wire


@dataclass(slots=True)
class Spans:
    """``body`` holds the ``count`` spans to keep, as protobuf, attributes with plain values only."""

    body: bytes
    count: int = 0
    facts: list[SpanFact] = field(default_factory=list)
    refused: Refused = field(default_factory=Refused)


def examine(body: bytes, limits: Limits) -> Spans:
    """Look through a protobuf request; spans that cannot be kept are counted in ``refused``.

    Raises MalformedError.
    """
    refused = Refused()
    body = _sound(body, refused)
    if nested_attributes.found(body):
        body = nested_attributes.flattened(body)
    result = Spans(body, refused=refused)
    request = Request.FromString(body)
    for resource in request.resource_spans:
        try:
            labels = attributes(Resource.FromString(resource.resource).attributes, limits)
        except RefusedError as error:
            for scope in resource.scope_spans:
                refused.add(error.reason, f"resource: {error}", len(scope.spans))
            del resource.scope_spans[:]
            continue
        service = ServiceId.of(labels.get(NAMESPACE, ""), labels.get(SERVICE_NAME, ""))
        for scope in resource.scope_spans:
            _scope(scope, service, limits, result)
    if refused.count:
        # Fields not named in the lean messages are written again as they came.
        result.body = request.SerializeToString()
    return result


def _scope(scope: ScopeSpans, service: ServiceId, limits: Limits, result: Spans) -> None:
    """Take the facts of the good spans and delete the bad ones."""
    sidecar = InstrumentationScope.FromString(scope.scope).name == SCOPE
    oldest, newest, facts = limits.oldest, limits.newest, result.facts
    most, long = limits.attributes, len(result.body) > limits.length
    bad: list[int] = []
    spans = scope.spans
    for index, span in enumerate(spans):
        trace, own, parent, start = (
            span.trace_id,
            span.span_id,
            span.parent_span_id,
            span.start_time_unix_nano,
        )
        if (
            len(trace) != _TRACE
            or len(own) != _SPAN
            or trace == NO_TRACE
            or own == NO_SPAN
            or len(parent) not in (0, _SPAN)
            or not start
            or not oldest <= start <= newest
            or len(span.attributes) > most
            or span.events
            or span.links
            or long
        ):
            try:
                _check(span, limits, long)
            except RefusedError as error:
                result.refused.add(error.reason, str(error))
                bad.append(index)
                continue
        kind = span.kind
        if kind > _INTERNAL:
            duration = max(0, span.end_time_unix_nano - start) / 1e9
            failed = span.status.code == _ERROR
            labels = dict(
                [
                    pair
                    for raw in span.attributes
                    if (raw[2:5] in _HEADS or raw[1:5] == _SCHEME) and (pair := _pair(raw))
                ]
            )
            facts.append(SpanFact(trace, own, parent, service, kind, duration, failed, sidecar, labels))
    for index in reversed(bad):
        del spans[index]
    result.count += len(spans)


def _check(span: Span, limits: Limits, long: bool) -> None:
    """Raises RefusedError; ``long``: the request has room for a text that is too long."""
    trace_id(span.trace_id)
    span_id(span.span_id)
    parent_id(span.parent_span_id)
    check_time("start_time_unix_nano", span.start_time_unix_nano, limits)
    if len(span.attributes) > limits.attributes or (long and _long(span, limits)):
        attributes(map(KeyValue.FromString, span.attributes), limits)
    if len(span.events) > limits.items:
        raise RefusedError("event_count", f"{len(span.events)} events on one span, more than {limits.items}")
    if len(span.links) > limits.items:
        raise RefusedError("link_count", f"{len(span.links)} links on one span, more than {limits.items}")
    _check_inside(span.events, trace_pb2.Span.Event, limits)
    _check_inside(span.links, trace_pb2.Span.Link, limits)


def _long(span: Span, limits: Limits) -> bool:
    if len(span.name) > limits.length:
        raise RefusedError("name_length", f"the name has {len(span.name)} bytes, more than {limits.length}")
    return any(len(raw) > limits.length for raw in span.attributes)


def _check_inside(
    items: Sequence[bytes], kind: type[trace_pb2.Span.Event] | type[trace_pb2.Span.Link], limits: Limits
) -> None:
    for raw in items:
        if len(raw) > _PAIR_BYTES * limits.attributes:
            attributes(kind.FromString(raw).attributes, limits)


@lru_cache(maxsize=4096)
def _pair(raw: bytes) -> tuple[str, str] | None:
    """An attribute as the graph takes it; None for the others."""
    pair = KeyValue.FromString(raw)
    if not pair.key.startswith(_GRAPH_KEYS):
        return None
    return pair.key, pair.value.string_value or text(pair.value)


def _sound(body: bytes, refused: Refused) -> bytes:
    """The request when all of it can be read, else what of it can be. Raises MalformedError."""
    try:
        ExportTraceServiceRequest.FromString(body)
    except DecodeError:
        return _salvaged(body, refused)
    return body


def _salvaged(body: bytes, refused: Refused) -> bytes:
    """The request without resources, scopes and spans that break the rules of protobuf or UTF-8."""
    try:
        request = RawRequest.FromString(body)
    except DecodeError as error:
        reason = str(error).removeprefix("Error parsing message with type ").strip() or "truncated"
        raise MalformedError(f"the body is not a protobuf ExportTraceServiceRequest: {reason}") from None
    for resource in request.resource_spans:
        sound = _readable(Resource, resource.resource)
        for scope in resource.scope_spans:
            whole = sound and _readable(InstrumentationScope, scope.scope)
            kept = [raw for raw in scope.spans if whole and _readable(trace_pb2.Span, raw)]
            if lost := len(scope.spans) - len(kept):
                refused.add("unreadable", "a span or its resource is not protobuf with UTF-8 text", lost)
            del scope.spans[:]
            scope.spans.extend(kept)
            if not whole:
                scope.ClearField("scope")
        if not sound:
            resource.ClearField("resource")
    body = request.SerializeToString()
    try:
        ExportTraceServiceRequest.FromString(body)
    except DecodeError as error:
        raise MalformedError(f"the body is not a protobuf ExportTraceServiceRequest: {error}") from None
    return body


def _readable(kind: type[Resource | InstrumentationScope | trace_pb2.Span], raw: bytes) -> bool:
    try:
        kind.FromString(raw)
    except DecodeError:
        return False
    return True
