"""Spans to columns of otel_traces, and to what the graph needs of them.

Names of kinds and codes are those of the OpenTelemetry ClickHouse exporter.
"""

from dataclasses import dataclass, field
from typing import Any, Final

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from collector.otlp.samples import fact
from collector.otlp.values import (
    Limits,
    Refused,
    RefusedError,
    attributes,
    check_time,
    parent_id,
    span_id,
    trace_id,
)
from proxy.contract.attributes import SCOPE, SERVICE_NAME
from topology.model import SpanFact

TABLE: Final = "otel_traces"
_KINDS: Final = ("Unspecified", "Internal", "Server", "Client", "Producer", "Consumer")
_CODES: Final = ("Unset", "Ok", "Error")
_ERROR: Final = 2
_COLUMNS: Final = (
    "Timestamp", "TraceId", "SpanId", "ParentSpanId", "TraceState", "SpanName", "SpanKind", "ServiceName",
    "ResourceAttributes", "ScopeName", "ScopeVersion", "SpanAttributes", "Duration", "StatusCode",
    "StatusMessage", "Events.Timestamp", "Events.Name", "Events.Attributes", "Links.TraceId",
    "Links.SpanId", "Links.TraceState", "Links.Attributes",
)
_NO_EVENTS: Final[tuple[list[Any], ...]] = ([], [], [])
_NO_LINKS: Final[tuple[list[Any], ...]] = ([], [], [], [])


@dataclass(slots=True)
class Spans:
    """A trace request taken apart: rows for the store, facts for the graph, what was refused."""

    columns: dict[str, list[Any]]
    facts: list[SpanFact] = field(default_factory=list)
    refused: Refused = field(default_factory=Refused)

    @property
    def rows(self) -> int:
        return len(self.columns["TraceId"])


def convert(request: ExportTraceServiceRequest, limits: Limits) -> Spans:
    """Take a request apart; spans that cannot be kept are counted in ``refused``."""
    rows: list[tuple[Any, ...]] = []
    result = Spans({})
    for resource in request.resource_spans:
        try:
            labels = attributes(resource.resource.attributes, limits)
        except RefusedError as error:
            for scope in resource.scope_spans:
                for _ in scope.spans:
                    result.refused.add(error.reason, f"resource: {error}")
            continue
        service = labels.get(SERVICE_NAME, "")
        for scope in resource.scope_spans:
            name, version = scope.scope.name, scope.scope.version
            sidecar = name == SCOPE
            for span in scope.spans:
                try:
                    row = _row(span, service, labels, name, version, limits)
                except RefusedError as error:
                    result.refused.add(error.reason, str(error))
                    continue
                rows.append(row)
                if span.kind > Span.SPAN_KIND_INTERNAL:
                    result.facts.append(fact(span, service, row[11], row[12] / 1e9, sidecar))
    transposed = [list(column) for column in zip(*rows, strict=True)] or [[] for _ in _COLUMNS]
    result.columns = dict(zip(_COLUMNS, transposed, strict=True))
    return result


def _row(
    span: Span, service: str, labels: dict[str, str], scope: str, version: str, limits: Limits
) -> tuple[Any, ...]:
    """Values in the order of ``_COLUMNS``. Raises RefusedError."""
    start = span.start_time_unix_nano
    check_time("start_time_unix_nano", start, limits)
    status = span.status
    kind, code = span.kind, status.code
    return (
        start,
        trace_id(span.trace_id),
        span_id(span.span_id),
        parent_id(span.parent_span_id),
        span.trace_state,
        span.name,
        _KINDS[kind] if 0 <= kind < len(_KINDS) else _KINDS[0],
        service,
        labels,
        scope,
        version,
        attributes(span.attributes, limits),
        # A clock set back during a span must not make its duration wrap around.
        max(0, span.end_time_unix_nano - start),
        _CODES[code] if 0 <= code < len(_CODES) else _CODES[0],
        status.message,
        *(_events(span, limits) if span.events else _NO_EVENTS),
        *(_links(span, limits) if span.links else _NO_LINKS),
    )


def _events(span: Span, limits: Limits) -> tuple[list[Any], ...]:
    if len(span.events) > limits.items:
        raise RefusedError("event_count", f"{len(span.events)} events on one span, more than {limits.items}")
    newest = limits.newest
    return (
        [min(event.time_unix_nano, newest) for event in span.events],
        [event.name for event in span.events],
        [attributes(event.attributes, limits) for event in span.events],
    )


def _links(span: Span, limits: Limits) -> tuple[list[Any], ...]:
    if len(span.links) > limits.items:
        raise RefusedError("link_count", f"{len(span.links)} links on one span, more than {limits.items}")
    return (
        [link.trace_id.hex() for link in span.links],
        [link.span_id.hex() for link in span.links],
        [link.trace_state for link in span.links],
        [attributes(link.attributes, limits) for link in span.links],
    )
