"""Conversion of the JSON of Jaeger's UI and API to OTLP.

Source: jaeger internal/uimodel for the shapes; OpenTelemetry specification, "OpenTelemetry to Jaeger
Transformation", read backwards, for the tags that hold what is no attribute in OTLP.
"""

from base64 import b64decode
from collections.abc import Mapping
from typing import Any, Final

from google.protobuf.json_format import ParseDict, ParseError
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, ScopeSpans, Span, Status

from collector.formats.lenient_json import hex_id, mapping, replace_surrogates, sequence, text, unsigned
from collector.otlp.values import Refusals
from proxy.contract.attributes import SERVICE_NAME

WARNINGS: Final = "@jaeger@warnings"
"""The attribute that holds the warnings of a span, as in Jaeger's own conversion to OTLP."""
ANY_VALUE: Final = "anyValue"
"""The member of a tag with its value in OTLP/JSON, where it is of no type of Jaeger's."""

_KINDS: Final = {
    "server": Span.SPAN_KIND_SERVER,
    "client": Span.SPAN_KIND_CLIENT,
    "internal": Span.SPAN_KIND_INTERNAL,
    "producer": Span.SPAN_KIND_PRODUCER,
    "consumer": Span.SPAN_KIND_CONSUMER,
}
_KIND: Final = "span.kind"
_ERROR: Final = "error"
_STATUS: Final = "otel.status_code"
_MESSAGE: Final = "otel.status_description"
_STATE: Final = "w3c.tracestate"
_SCOPE: Final = (("otel.scope.name", "otel.library.name"), ("otel.scope.version", "otel.library.version"))
# Tags that become fields of the span and are no attributes.
_CONSUMED: Final = frozenset({_KIND, _STATUS, _MESSAGE, _STATE, *_SCOPE[0], *_SCOPE[1]})
_REFERENCE: Final = "opentracing.ref_type"
_TRACE_BYTES: Final = 16
_LATEST: Final = (1 << 64) - 1
_FLAGS: Final = (1 << 32) - 1
_WHOLE: Final = range(-(1 << 63), 1 << 63)

Values = dict[str, AnyValue]


def convert(traces: list[Any], refused: Refusals) -> ExportTraceServiceRequest:
    """Convert Jaeger traces, with one resource for each process.

    Spans, and traces without spans, that cannot be read are counted with their positions.
    """
    request = ExportTraceServiceRequest()
    for number, trace in enumerate(traces):
        try:
            fields = mapping("trace", trace)
            processes = mapping("processes", fields.get("processes"))
            items = sequence("spans", fields.get("spans"))
        except ValueError as error:
            refused.add("unreadable", f"[{number}]: {error}")
            continue
        resources: dict[str, ResourceSpans] = {}  # by process id
        for index, item in enumerate(items):
            try:
                _add_span(request, resources, processes, mapping("span", item))
            except (ValueError, RecursionError) as error:
                refused.add("unreadable", f"[{number}].spans[{index}]: {error}")
    return request


def _add_span(
    request: ExportTraceServiceRequest,
    resources: dict[str, ResourceSpans],
    processes: Mapping[str, Any],
    item: Mapping[str, Any],
) -> None:
    """Add a span to the resource of its process. Raises ValueError, the request being as before."""
    key = text("processID", item.get("processID"))
    made = ResourceSpans()
    # A span may carry its process itself, as in Jaeger's Elasticsearch documents.
    if key not in resources or "process" in item:
        _process(made, mapping("process", item.get("process", processes.get(key))))
        _span(made, item)
        resources[key] = request.resource_spans.add()
        resources[key].CopyFrom(made)
    else:
        _span(made, item)
        [scope] = made.scope_spans
        _scope(resources[key], scope.scope.name, scope.scope.version).spans.extend(scope.spans)


def _process(resource: ResourceSpans, process: Mapping[str, Any]) -> None:
    name = text("serviceName", process.get("serviceName"))
    labels = _values("process.tags", process.get("tags"))
    if name:
        labels[SERVICE_NAME] = AnyValue(string_value=name)
    _add(resource.resource.attributes, labels)


def _span(resource: ResourceSpans, item: Mapping[str, Any]) -> None:
    tags = _values("tags", item.get("tags"))
    name, version = (next((_string(tags, key) for key in keys if key in tags), "") for keys in _SCOPE)
    span = _scope(resource, name, version).spans.add()
    span.trace_id = _trace(item.get("traceID"))
    span.span_id = hex_id("spanID", item.get("spanID"))
    span.name = text("operationName", item.get("operationName"))
    start = unsigned("startTime", item.get("startTime"))
    # Jaeger counts microseconds.
    span.start_time_unix_nano = min(start * 1000, _LATEST)
    span.end_time_unix_nano = min((start + unsigned("duration", item.get("duration"))) * 1000, _LATEST)
    span.kind = _KINDS.get(_string(tags, _KIND).lower(), Span.SPAN_KIND_UNSPECIFIED)
    span.trace_state = _string(tags, _STATE)
    _references(span, item)
    for log in sequence("logs", item.get("logs")):
        _event(span, mapping("logs", log))
    _status(span.status, tags)
    span.flags = min(unsigned("flags", item.get("flags")), _FLAGS)
    for warning in sequence("warnings", item.get("warnings")):
        texts = tags.setdefault(WARNINGS, AnyValue()).array_value
        texts.values.add(string_value=text("warnings", warning))
    _add(span.attributes, {key: value for key, value in tags.items() if key not in _CONSUMED})


def _scope(resource: ResourceSpans, name: str, version: str) -> ScopeSpans:
    """Return the resource's scope of this name and version, added where it is missing."""
    for scope in resource.scope_spans:
        if (scope.scope.name, scope.scope.version) == (name, version):
            return scope
    scope = resource.scope_spans.add()
    scope.scope.name, scope.scope.version = name, version
    return scope


def _references(span: Span, item: Mapping[str, Any]) -> None:
    """Set the parent and the links of a span.

    The parent is the first CHILD_OF reference within the trace, or the first of another type if there is
    none; every other reference is a link.
    """
    references = []
    for reference in sequence("references", item.get("references")):
        fields = mapping("references", reference)
        kind = text("references.refType", fields.get("refType")).lower() or "child_of"
        target = hex_id("references.spanID", fields.get("spanID"))
        references.append((kind, _trace(fields.get("traceID") or item.get("traceID")), target))
    inside = [reference for reference in references if reference[1] == span.trace_id]
    parent = next((each for each in inside if each[0] == "child_of"), inside[0] if inside else None)
    if parent:
        span.parent_span_id = parent[2]
        references.remove(parent)
    elif item.get("parentSpanID"):
        span.parent_span_id = hex_id("parentSpanID", item["parentSpanID"])
    for kind, trace, target in references:
        link = span.links.add(trace_id=trace, span_id=target)
        link.attributes.add(key=_REFERENCE).value.string_value = kind


def _event(span: Span, log: Mapping[str, Any]) -> None:
    fields = _values("logs.fields", log.get("fields"))
    time = unsigned("logs.timestamp", log.get("timestamp"))
    # An event without a name stays one; a field of another type than text is no name.
    name = ""
    if "event" in fields and fields["event"].HasField("string_value"):
        name = fields.pop("event").string_value
    _add(span.events.add(time_unix_nano=min(time * 1000, _LATEST), name=name).attributes, fields)


def _status(status: Status, tags: Values) -> None:
    """Set the status, and remove the ``error`` tag that it replaces."""
    error = tags.get(_ERROR)
    failed = error is not None and (error.bool_value or error.string_value.lower() == "true")
    code = _string(tags, _STATUS).upper()
    if failed or code == "ERROR":
        status.code = Status.STATUS_CODE_ERROR
        tags.pop(_ERROR, None)
    elif code == "OK":
        status.code = Status.STATUS_CODE_OK
    status.message = _string(tags, _MESSAGE)


def _trace(value: Any) -> bytes:
    """Parse a trace id; one of 64 bits is the lower half of one of 128. Raises ValueError."""
    return hex_id("traceID", value).rjust(_TRACE_BYTES, b"\0")


def _string(tags: Values, key: str) -> str:
    return tags[key].string_value if key in tags else ""


def _values(field: str, tags: Any) -> Values:
    """Return Jaeger's tags, a list of {key, type, value}, by key."""
    values: Values = {}
    for tag in sequence(field, tags):
        fields = mapping(field, tag)
        key = text(f"{field}.key", fields.get("key"))
        values[key] = _exact(fields.get(ANY_VALUE)) or _value(
            f"{field}.{key[:80]}", fields.get("type"), fields.get("value")
        )
    return values


def _exact(value: Any) -> AnyValue | None:
    """Return the value that our own API writes into a tag beside its text; None without one."""
    if not isinstance(value, dict):
        return None
    try:
        return ParseDict(value, AnyValue())
    except (ParseError, RecursionError):
        return None


def _value(field: str, kind: Any, value: Any) -> AnyValue:
    if isinstance(value, bool) or (kind == "bool" and value in ("true", "false")):
        return AnyValue(bool_value=value in (True, "true"))
    try:
        if kind == "int64" or (kind is None and isinstance(value, int)):
            number = int(value)
            return AnyValue(int_value=number) if number in _WHOLE else AnyValue(string_value=str(number))
        if kind == "float64" or isinstance(value, int | float):
            return AnyValue(double_value=float(value))
        if kind == "binary":
            return AnyValue(bytes_value=b64decode(value, validate=True))
    except (TypeError, ValueError, OverflowError):
        pass  # not of the type it declares: kept as text
    return AnyValue(string_value=replace_surrogates(value) if isinstance(value, str) else text(field, value))


def _add(into: Any, values: Values) -> None:
    for key, value in values.items():
        into.add(key=key, value=value)
