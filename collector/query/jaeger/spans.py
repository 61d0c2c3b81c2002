"""Span rows to the JSON of Jaeger's v1 HTTP API. Pure.

Shapes: jaeger internal/uimodel. Names of the tags that hold what is not an attribute:
OpenTelemetry specification, "OpenTelemetry to Jaeger Transformation".
"""

from collections.abc import Sequence
from typing import Any, Final

from collector.query.jaeger.clock_skew import warnings
from collector.query.jaeger.value_types import typed
from collector.query.search.span_row import SpanRow

Tag = dict[str, Any]

_SAFE_INTEGER: Final = 2**53 - 1  # beyond it JavaScript rounds; Jaeger then sends the digits as text
_FOLLOWS: Final = "FOLLOWS_FROM"
_CHILD: Final = "CHILD_OF"


def trace(rows: Sequence[SpanRow], raw: bool = False) -> dict[str, Any]:
    """One trace from its spans (at least one), in their order; equal processes once, p1 upwards.

    ``raw`` leaves out what is not stored but concluded: the warnings.
    """
    skews = {} if raw else warnings(rows)
    processes: dict[str, Any] = {}
    keys: dict[tuple[str, tuple[tuple[str, str], ...]], str] = {}
    spans = []
    for row in rows:
        identity = (row.service, tuple(sorted(row.resource.items())))
        # Numbered in the order their first span comes, as Jaeger does.
        if identity not in keys:
            keys[identity] = f"p{len(keys) + 1}"
            processes[keys[identity]] = _process(row)
        spans.append(_span(row, keys[identity], skews.get(row.span_id)))
    trace_id = shown_trace_id(rows[0].trace_id)
    return {"traceID": trace_id, "spans": spans, "processes": processes, "warnings": None}


def shown_trace_id(stored: str) -> str:
    """A trace id as Jaeger prints it: 16 digits when the upper half is zero, otherwise 32."""
    return stored[16:] if len(stored) == 32 and not stored[:16].strip("0") else stored


def tag(key: str, text: str) -> Tag:
    """A tag whose type is recovered from the text the store keeps."""
    value = typed(text)
    if isinstance(value, bool):
        return {"key": key, "type": "bool", "value": value}
    if isinstance(value, int):
        return {"key": key, "type": "int64", "value": value if abs(value) <= _SAFE_INTEGER else text}
    return {"key": key, "type": "float64" if isinstance(value, float) else "string", "value": value}


def _text(key: str, value: str) -> Tag:
    return {"key": key, "type": "string", "value": value}


def _process(row: SpanRow) -> dict[str, Any]:
    tags = [tag(key, value) for key, value in sorted(row.resource.items()) if key != "service.name"]
    return {"serviceName": row.service, "tags": tags}


def _span(row: SpanRow, process: str, skews: list[str] | None) -> dict[str, Any]:
    return {
        "traceID": shown_trace_id(row.trace_id),
        "spanID": row.span_id,
        "operationName": row.name,
        "references": _references(row),
        "startTime": row.start // 1000,
        "duration": row.duration // 1000,
        "tags": _tags(row),
        "logs": _logs(row),
        "processID": process,
        "warnings": skews,
    }


def _references(row: SpanRow) -> list[dict[str, str]]:
    found = []
    if row.parent_id:
        found.append((_CHILD, row.trace_id, row.parent_id))
    for linked, span, attributes in zip(row.link_traces, row.link_spans, row.link_attributes, strict=True):
        kind = _CHILD if attributes.get("opentracing.ref_type") == "child_of" else _FOLLOWS
        found.append((kind, linked, span))
    return [{"refType": kind, "traceID": shown_trace_id(of), "spanID": span} for kind, of, span in found]


def _tags(row: SpanRow) -> list[Tag]:
    attributes = row.attributes
    tags = [tag(key, value) for key, value in sorted(attributes.items())]
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
            "fields": [_text("event", name), *(tag(key, value) for key, value in sorted(attributes.items()))],
        }
        for time, name, attributes in zip(row.event_times, row.event_names, row.event_attributes, strict=True)
    ]
