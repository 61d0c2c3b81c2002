"""Examination of a trace request: refusal of spans that cannot be stored, and facts for the topology graph.

The other spans stay the bytes they came as; ClickHouse itself turns those into rows
(``collector.clickhouse.spans``). So a request is parsed in two ways that both cost little: once in full by
protobuf's C library, for its validity alone, and once as a span index (``span_index.proto``), whose messages
leave attributes, events and links as bytes. Access from Python to fields is what costs, not the parsing.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from types import MappingProxyType
from typing import Final

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import InstrumentationScope, KeyValue
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1 import trace_pb2

from collector.otlp import nested_attributes
from collector.otlp.body import valid_part
from collector.otlp.span_index_pb2 import Request, ScopeSpans, Span
from collector.otlp.stored_values import text
from collector.otlp.values import (
    NO_SPAN,
    NO_TRACE,
    Limits,
    RefusalError,
    Refusals,
    attributes,
    check_time,
    parent_id,
    span_id,
    trace_id,
)
from proxy.contract.attributes import NAMESPACE, SCOPE, SERVICE_NAME, UNKNOWN_SERVICE
from proxy.contract.service_id import ServiceId
from topology.model.samples import SpanFact
from topology.spans import peer_address
from topology.spans.span_roles import GRAPH_ATTRIBUTES, SERVER_ATTRIBUTES

_TRACE: Final = 16
_SPAN: Final = 8
_INTERNAL: Final = 1
_SERVER: Final = 2
_CONSUMER: Final = 5
_ERROR: Final = 2
# An encoded KeyValue begins with its tag, the length of its key and the key: every encoder writes fields in
# this order, and no key of the graph is longer than 127 bytes or shorter than 6. So the first 8 bytes tell
# most other keys apart, at half of the price of the whole key.
_HEAD: Final = 8


def _heads(keys: Iterable[str]) -> frozenset[bytes]:
    return frozenset(bytes((0x0A, len(key))) + key[: _HEAD - 2].encode() for key in keys)


_HEADS: Final = _heads(GRAPH_ATTRIBUTES)
# Of a server's span only who called it.
_SERVER_HEADS: Final = _heads(SERVER_ATTRIBUTES)
# The texts of URLs differ from request to request and would fill the cache of ``_pair``.
_URLS: Final = {bytes((0x0A, len(key))) + key[: _HEAD - 2].encode(): key for key in peer_address.URLS}
_CALLING: Final = (3, 4)  # client, producer
_NO_LABELS: Final[Mapping[str, str]] = MappingProxyType({})
_PAIR_BYTES: Final = 4  # the smallest attribute on the wire


@dataclass(slots=True)
class SpanBatch:
    """The result of an examination: ``count`` spans to store, and their facts for the graph.

    ``body`` is a protobuf request of these spans whose attributes have plain values only.
    """

    body: bytes
    count: int = 0
    facts: list[SpanFact] = field(default_factory=list)
    refused: Refusals = field(default_factory=Refusals)


def examine(body: bytes, limits: Limits) -> SpanBatch:
    """Examine a protobuf request; spans that cannot be stored are removed and counted in ``refused``.

    Raises MalformedError.
    """
    refused = Refusals()
    body = valid_part(ExportTraceServiceRequest, body, refused)
    if nested_attributes.may_contain(body):
        # ClickHouse's parser takes plain values only, so lists and maps become JSON texts first.
        body = nested_attributes.flatten(body)
    # The bytes as they came are the result unless something is removed below.
    result = SpanBatch(body, refused=refused)
    request = Request.FromString(body)
    for resource in request.resource_spans:
        try:
            labels = attributes(Resource.FromString(resource.resource).attributes, limits)
        except RefusalError as error:
            for scope in resource.scope_spans:
                refused.add(error.reason, f"resource: {error}", len(scope.spans))
            del resource.scope_spans[:]
            continue
        service = ServiceId.of(labels.get(NAMESPACE, ""), labels.get(SERVICE_NAME) or UNKNOWN_SERVICE)
        for scope in resource.scope_spans:
            _scope(scope, service, limits, result)
    if refused.count:
        # Protobuf keeps unknown fields: what the index does not name is written again as it came.
        result.body = request.SerializeToString()
    return result


def _scope(scope: ScopeSpans, service: ServiceId, limits: Limits, result: SpanBatch) -> None:
    """Collect the facts of the valid spans of a scope and delete the others.

    The loop runs for every span that the mesh sees, hence the local names, and one condition that sends all
    unusual spans to the thorough and slow ``_check``.
    """
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
            except RefusalError as error:
                result.refused.add(error.reason, str(error))
                bad.append(index)
                continue
        kind = span.kind
        # A clock set back during the span would make it negative.
        ended = max(start, span.end_time_unix_nano)
        facts.append(
            SpanFact(
                trace,
                own,
                parent,
                service,
                kind,
                (ended - start) / 1e9,
                span.HasField("status") and span.status.code == _ERROR,
                sidecar,
                # Steps within a service are only what connects the spans above and below.
                _NO_LABELS if kind == _INTERNAL else _labels(span.attributes, kind),
                ended / 1e9,
                _link(span.links[0]) if kind == _CONSUMER and span.links and not parent else b"",
            )
        )
    # From the end, so that the other indices stay valid.
    for index in reversed(bad):
        del spans[index]
    result.count += len(spans)


def _check(span: Span, limits: Limits, long: bool) -> None:
    """Check one span; ``long``: a text may be too long, by the size of the request. Raises RefusalError."""
    trace_id(span.trace_id)
    span_id(span.span_id)
    parent_id(span.parent_span_id)
    check_time("start_time_unix_nano", span.start_time_unix_nano, limits)
    if len(span.attributes) > limits.attributes or (long and _long(span, limits)):
        attributes(map(KeyValue.FromString, span.attributes), limits)
    if len(span.events) > limits.items:
        raise RefusalError("event_count", f"{len(span.events)} events on one span, more than {limits.items}")
    if len(span.links) > limits.items:
        raise RefusalError("link_count", f"{len(span.links)} links on one span, more than {limits.items}")
    _check_inside(span.events, trace_pb2.Span.Event, limits)
    _check_inside(span.links, trace_pb2.Span.Link, limits)


def _long(span: Span, limits: Limits) -> bool:
    """True if an attribute may be too long. Raises RefusalError for a name that is."""
    if len(span.name) > limits.length:
        raise RefusalError("name_length", f"the name has {len(span.name)} bytes, more than {limits.length}")
    return any(len(raw) > limits.length for raw in span.attributes)


def _check_inside(
    items: Sequence[bytes], kind: type[trace_pb2.Span.Event] | type[trace_pb2.Span.Link], limits: Limits
) -> None:
    # By size first: what is too small to hold too many attributes need not be parsed.
    for raw in items:
        if len(raw) > _PAIR_BYTES * limits.attributes:
            attributes(kind.FromString(raw).attributes, limits)


def _link(raw: bytes) -> bytes:
    """Return trace and span id of a link: what a consumer has in place of a parent."""
    link = trace_pb2.Span.Link.FromString(raw)
    return link.trace_id + link.span_id


def _labels(pairs: Sequence[bytes], kind: int) -> dict[str, str]:
    """Return the attributes that the graph reads, of a URL only the origin and only where it is needed."""
    heads = _SERVER_HEADS if kind == _SERVER else _HEADS
    # A slice copies them at once: protobuf's iterator takes more than twice as long.
    pairs = pairs[:]
    labels = dict([pair for raw in pairs if raw[:_HEAD] in heads and (pair := _pair(raw))])
    if kind in _CALLING and not peer_address.names_host(labels):
        for raw in pairs:
            key = _URLS.get(raw[:_HEAD])
            if key is not None:
                labels[key] = peer_address.origin(KeyValue.FromString(raw).value.string_value)
    return labels


@lru_cache(maxsize=4096)
def _pair(raw: bytes) -> tuple[str, str] | None:
    """Parse an attribute that the graph reads; None for others.

    Cached, as services, endpoints and methods repeat from span to span.
    """
    pair = KeyValue.FromString(raw)
    return (pair.key, pair.value.string_value or text(pair.value)) if pair.key in GRAPH_ATTRIBUTES else None
