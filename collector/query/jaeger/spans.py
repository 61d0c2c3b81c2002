"""Span rows to the JSON of Jaeger's v1 HTTP API. Pure.

Shapes: jaeger internal/uimodel. Names of the tags that hold what is not an attribute:
OpenTelemetry specification, "OpenTelemetry to Jaeger Transformation".
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from google.protobuf.json_format import ParseDict
from opentelemetry.proto.common.v1.common_pb2 import AnyValue

from collector.formats.jaeger_json import ANY_VALUE, WARNINGS
from collector.otlp.stored_values import Json, text
from collector.query.jaeger.clock_skew import warnings
from collector.query.search.otlp_fields import OtlpFields
from collector.query.search.span_row import SpanRow
from proxy.contract.attributes import SERVICE_NAME

Tag = dict[str, Any]

_SAFE_INTEGER: Final = 2**53 - 1  # beyond it JavaScript rounds; Jaeger then sends the digits as text
_FOLLOWS: Final = "FOLLOWS_FROM"
_CHILD: Final = "CHILD_OF"


def trace(rows: Sequence[SpanRow], raw: bool = False) -> dict[str, Any]:
    """Return one trace from its spans (at least one), in their order; equal processes once, p1 upwards.

    ``raw`` leaves out what is not stored but concluded: the warnings.
    """
    skews = {} if raw else warnings(rows)
    processes: dict[str, Any] = {}
    keys: dict[tuple[str, tuple[tuple[str, str], ...], str], str] = {}
    spans = []
    for row in rows:
        identity = (row.service, tuple(sorted(row.resource.items())), row.fields.part("resource"))
        # Numbered in the order their first span comes, as Jaeger does.
        if identity not in keys:
            keys[identity] = f"p{len(keys) + 1}"
            processes[keys[identity]] = _process(row)
        spans.append(_span(row, keys[identity], skews.get(row.span_id)))
    trace_id = shown_trace_id(rows[0].trace_id)
    return {"traceID": trace_id, "spans": spans, "processes": processes, "warnings": None}


def shown_trace_id(stored: str) -> str:
    """Return a trace id as Jaeger prints it: 16 digits when the upper half is zero, otherwise 32."""
    return stored[16:] if len(stored) == 32 and not stored[:16].strip("0") else stored


def tag(key: str, value: Json) -> Tag:
    """Return a tag of a value in OTLP/JSON.

    What is of no type of Jaeger's is its text, as in OpenTelemetry's exporter, with the value itself beside
    it: Jaeger's readers ignore that, an import takes it (``collector.formats.jaeger_json``).
    """
    match value:
        case {"stringValue": string}:
            return _text(key, string)
        case {"boolValue": flag}:
            return {"key": key, "type": "bool", "value": flag}
        case {"intValue": digits}:
            number = int(digits)
            return {"key": key, "type": "int64", "value": number if abs(number) <= _SAFE_INTEGER else digits}
        case {"doubleValue": number}:
            return {"key": key, "type": "float64", "value": number}
        case {"bytesValue": encoded}:
            return {"key": key, "type": "binary", "value": encoded}
        case _:
            plain = text(ParseDict(value, AnyValue()))
            return {**_text(key, plain), ANY_VALUE: value}


def _tags_of(scope: str, texts: Mapping[str, str], fields: OtlpFields) -> list[Tag]:
    return [tag(each["key"], each["value"]) for each in fields.attributes(scope, texts)]


def _text(key: str, value: str) -> Tag:
    return {"key": key, "type": "string", "value": value}


def _process(row: SpanRow) -> dict[str, Any]:
    texts = {key: text for key, text in row.resource.items() if key != SERVICE_NAME}
    return {"serviceName": row.service, "tags": _tags_of("resource", texts, row.fields)}


def _span(row: SpanRow, process: str, skews: list[str] | None) -> dict[str, Any]:
    flags = row.fields.values.get("flags")
    return {
        "traceID": shown_trace_id(row.trace_id),
        "spanID": row.span_id,
        **({"flags": flags} if flags else {}),
        "operationName": row.name,
        "references": _references(row),
        "startTime": row.start // 1000,
        "duration": row.duration // 1000,
        "tags": _tags(row),
        "logs": _logs(row),
        "processID": process,
        "warnings": [*_warnings(row), *(skews or ())] or None,
    }


def _warnings(row: SpanRow) -> list[str]:
    """Return the warnings that the span came with."""
    if WARNINGS not in row.attributes:
        return []
    stored = row.fields.value("span", WARNINGS, row.attributes[WARNINGS])
    return [str(each.get("stringValue", "")) for each in stored.get("arrayValue", {}).get("values", ())]


def _references(row: SpanRow) -> list[dict[str, str]]:
    found = []
    if row.parent_id:
        found.append((_CHILD, row.trace_id, row.parent_id))
    for linked, span, _, attributes, _ in row.links:
        kind = _CHILD if attributes.get("opentracing.ref_type") == "child_of" else _FOLLOWS
        found.append((kind, linked, span))
    return [{"refType": kind, "traceID": shown_trace_id(of), "spanID": span} for kind, of, span in found]


def _tags(row: SpanRow) -> list[Tag]:
    attributes = row.attributes
    tags = _tags_of("span", {key: text for key, text in attributes.items() if key != WARNINGS}, row.fields)
    if row.kind and row.kind != "Unspecified":
        tags.append(_text("span.kind", row.kind.lower()))
    # Jaeger's UI marks a failed span by this tag alone.
    if row.status == "Error" and "error" not in attributes:
        tags.append({"key": "error", "type": "bool", "value": True})
    if row.status in ("Ok", "Error"):
        tags.append(_text("otel.status_code", row.status.upper()))
    named = {
        "otel.status_description": row.status_message,
        "otel.scope.name": row.scope_name,
        "otel.scope.version": row.scope_version,
        "w3c.tracestate": row.trace_state,
    }
    return tags + [_text(key, value) for key, value in named.items() if value]


def _logs(row: SpanRow) -> list[dict[str, Any]]:
    return [
        {
            "timestamp": time // 1000,
            "fields": ([_text("event", name)] if name else []) + _tags_of("event", attributes, fields),
        }
        for time, name, attributes, fields in row.events
    ]
