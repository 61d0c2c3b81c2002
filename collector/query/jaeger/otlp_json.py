"""Span rows to OTLP JSON (opentelemetry.proto.trace.v1.TracesData), as Jaeger's v3 API gives them. Pure.

Proto3 JSON with OTLP's exception: ids are hexadecimal, 64-bit integers are texts.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from collector.query.jaeger.clock_skew import warnings
from collector.query.jaeger.value_types import typed
from collector.query.search.span_row import SpanRow

_KINDS: Final = {"Internal": 1, "Server": 2, "Client": 3, "Producer": 4, "Consumer": 5}
_STATUS: Final = {"Ok": 1, "Error": 2}

WARNINGS: Final = "@jaeger@warnings"

Json = dict[str, Any]


def traces_data(traces: Iterable[Sequence[SpanRow]], raw: bool = False) -> Json:
    """Spans by resource and scope, each group in the order its first span comes.

    Unless ``raw``, the warnings of a span are its attribute ``@jaeger@warnings``, as Jaeger has it.
    """
    rows = [
        (row, texts.get(row.span_id, ()))
        for trace in traces
        for texts in [{} if raw else warnings(trace)]
        for row in trace
    ]
    # Rows hold the resource of each span; OTLP has each once, with its scopes and spans below.
    resources: dict[tuple[tuple[str, str], ...], dict[tuple[str, str], list[Json]]] = {}
    for row, texts in rows:
        resource = tuple(sorted({"service.name": row.service, **row.resource}.items()))
        scopes = resources.setdefault(resource, {})
        scopes.setdefault((row.scope_name, row.scope_version), []).append(_span(row, texts))
    return {
        "resourceSpans": [
            {
                "resource": {"attributes": _attributes(dict(resource))},
                "scopeSpans": [
                    {"scope": _filled(name=name, version=version), "spans": spans}
                    for (name, version), spans in scopes.items()
                ],
            }
            for resource, scopes in resources.items()
        ]
    }


def _span(row: SpanRow, texts: Sequence[str]) -> Json:
    return {
        "traceId": row.trace_id,
        "spanId": row.span_id,
        **_filled(traceState=row.trace_state, parentSpanId=row.parent_id),
        "name": row.name,
        "kind": _KINDS.get(row.kind, 0),
        "startTimeUnixNano": str(row.start),
        "endTimeUnixNano": str(row.start + row.duration),
        "attributes": _attributes(row.attributes) + _warnings(texts),
        "events": [
            {"timeUnixNano": str(time), "name": name, "attributes": _attributes(pairs)}
            for time, name, pairs in zip(row.event_times, row.event_names, row.event_attributes, strict=True)
        ],
        "links": [
            {"traceId": trace, "spanId": span, "attributes": _attributes(pairs)}
            for trace, span, pairs in zip(row.link_traces, row.link_spans, row.link_attributes, strict=True)
        ],
        "status": _filled(message=row.status_message, code=_STATUS.get(row.status, 0)),
    }


def _warnings(texts: Sequence[str]) -> list[Json]:
    values = [{"stringValue": text} for text in texts]
    return [{"key": WARNINGS, "value": {"arrayValue": {"values": values}}}] if texts else []


def _filled(**fields: object) -> Json:
    """The fields that differ from proto3's defaults."""
    return {name: value for name, value in fields.items() if value}


def _attributes(pairs: Mapping[str, str]) -> list[Json]:
    return [{"key": key, "value": _value(text)} for key, text in sorted(pairs.items())]


def _value(text: str) -> Json:
    value = typed(text)
    if isinstance(value, bool):
        return {"boolValue": value}
    if isinstance(value, int):
        return {"intValue": text}
    return {"doubleValue": value} if isinstance(value, float) else {"stringValue": value}
