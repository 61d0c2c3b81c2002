"""POST /api/transform: traces of an OTLP JSON file as Jaeger's JSON, nothing being stored. Pure."""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any, Final

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import InstrumentationScope, KeyValue
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from collector.otlp.body import MalformedError, from_json
from collector.otlp.stored_values import encode
from collector.otlp.values import Limits, RefusalError, attributes, parent_id, span_id, trace_id
from collector.query.errors import BadValueError
from collector.query.jaeger import spans as jaeger
from collector.query.search.span_row import SpanRow
from proxy.contract.attributes import SERVICE_NAME

_KINDS: Final = ("Unspecified", "Internal", "Server", "Client", "Producer", "Consumer")
_CODES: Final = ("Unset", "Ok", "Error")
_LIMITS: Final = Limits()


def transformed(body: bytes) -> list[dict[str, Any]]:
    """Traces in the order they come. Raises BadValueError when the body, or any span, cannot be read."""
    try:
        request = from_json(ExportTraceServiceRequest, body)
        found = _by_trace(request)
    except MalformedError as error:
        raise BadValueError(f'{error}: send OTLP JSON, {{"resourceSpans": […]}}') from None
    except RefusalError as error:
        raise BadValueError(f"a span cannot be shown: {error}; mend it in the file") from None
    # As stored traces come: sorted here too, so that one file looks the same before and after it is sent.
    for spans in found.values():
        spans.sort(key=lambda span: (span.start, span.span_id))
    return [jaeger.trace(spans) for spans in found.values()]


def _by_trace(request: ExportTraceServiceRequest) -> dict[str, list[SpanRow]]:
    found: dict[str, list[SpanRow]] = defaultdict(list)
    for resource in request.resource_spans:
        for scope in resource.scope_spans:
            for span in scope.spans:
                row = _row(span, resource.resource, scope.scope)
                found[row.trace_id].append(row)
    return found


def _row(span: Span, resource: Resource, scope: InstrumentationScope) -> SpanRow:
    labels = _texts(resource.attributes)
    return SpanRow(
        trace_id=trace_id(span.trace_id),
        span_id=span_id(span.span_id),
        parent_id=parent_id(span.parent_span_id),
        trace_state=span.trace_state,
        name=span.name,
        kind=_named(_KINDS, span.kind),
        service=labels.get(SERVICE_NAME, ""),
        resource=labels,
        scope_name=scope.name,
        scope_version=scope.version,
        attributes=_texts(span.attributes),
        start=span.start_time_unix_nano,
        duration=max(0, span.end_time_unix_nano - span.start_time_unix_nano),
        status=_named(_CODES, span.status.code),
        status_message=span.status.message,
        event_times=[event.time_unix_nano for event in span.events],
        event_names=[event.name for event in span.events],
        event_attributes=[_texts(event.attributes) for event in span.events],
        link_traces=[link.trace_id.hex() for link in span.links],
        link_spans=[link.span_id.hex() for link in span.links],
        link_attributes=[_texts(link.attributes) for link in span.links],
        link_states=[link.trace_state for link in span.links],
        scope_attributes=_texts(scope.attributes),
        otlp_fields=_fields(
            {"span": span.attributes, "resource": resource.attributes, "scope": scope.attributes},
            flags=span.flags,
        ),
        event_otlp_fields=[_fields({"event": event.attributes}) for event in span.events],
        link_otlp_fields=[_fields({"link": link.attributes}) for link in span.links],
    )


def _texts(pairs: Iterable[KeyValue]) -> dict[str, str]:
    """Return the texts of attributes as the store has them."""
    attributes(pairs, _LIMITS)
    return {pair.key: encode(pair.value)[0] for pair in pairs}


def _fields(attributes: Mapping[str, Iterable[KeyValue]], **values: int) -> str:
    """Return the column OtlpFields as the store has it, as far as Jaeger's JSON shows it."""
    types = [
        f"{scope} {kind} {pair.key}"
        for scope, pairs in attributes.items()
        for pair in pairs
        if (kind := encode(pair.value)[1])
    ]
    return json.dumps({"types": types, **{name: value for name, value in values.items() if value}})


def _named(names: tuple[str, ...], number: int) -> str:
    return names[number] if 0 <= number < len(names) else names[0]
