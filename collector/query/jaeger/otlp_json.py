"""Span rows to OTLP JSON (opentelemetry.proto.trace.v1.TracesData), as Jaeger's v3 API gives them. Pure.

Proto3 JSON with OTLP's exception: ids are hexadecimal, 64-bit integers are texts.
"""

from collections.abc import Iterable, Sequence
from typing import Final

from collector.formats.jaeger_json import WARNINGS
from collector.otlp.stored_values import Json
from collector.query.jaeger.clock_skew import warnings
from collector.query.search.span_row import SpanRow

_KINDS: Final = {"Internal": 1, "Server": 2, "Client": 3, "Producer": 4, "Consumer": 5}
_STATUS: Final = {"Ok": 1, "Error": 2}

# Fields of a span as they are in the store.
_COUNTS: Final = ("flags", "droppedAttributesCount", "droppedEventsCount", "droppedLinksCount")


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
    resources: dict[tuple[object, ...], Json] = {}
    scopes: dict[tuple[object, ...], Json] = {}
    for row, texts in rows:
        resource = row.service, tuple(sorted(row.resource.items())), row.fields.part("resource")
        if resource not in resources:
            resources[resource] = {**_resource(row), "scopeSpans": []}
        own = row.scope_name, row.scope_version, tuple(sorted(row.scope_attributes.items()))
        scope = resource, own, row.fields.part("scope")
        if scope not in scopes:
            scopes[scope] = {**_scope(row), "spans": []}
            resources[resource]["scopeSpans"].append(scopes[scope])
        scopes[scope]["spans"].append(_span(row, texts))
    return {"resourceSpans": list(resources.values())}


def _resource(row: SpanRow) -> Json:
    values = row.fields.values
    attributes = row.fields.attributes("resource", {"service.name": row.service, **row.resource})
    dropped = values.get("resourceDroppedAttributesCount")
    return {
        "resource": {"attributes": attributes, **_filled(droppedAttributesCount=dropped)},
        **_filled(schemaUrl=values.get("resourceSchemaUrl")),
    }


def _scope(row: SpanRow) -> Json:
    values = row.fields.values
    scope = _filled(
        name=row.scope_name,
        version=row.scope_version,
        attributes=row.fields.attributes("scope", row.scope_attributes),
        droppedAttributesCount=values.get("scopeDroppedAttributesCount"),
    )
    return {"scope": scope, **_filled(schemaUrl=values.get("scopeSchemaUrl"))}


def _span(row: SpanRow, texts: Sequence[str]) -> Json:
    return {
        "traceId": row.trace_id,
        "spanId": row.span_id,
        **_filled(traceState=row.trace_state, parentSpanId=row.parent_id),
        "name": row.name,
        "kind": _KINDS.get(row.kind, 0),
        "startTimeUnixNano": str(row.start),
        "endTimeUnixNano": str(row.start + row.duration),
        "attributes": _with_warnings(row.fields.attributes("span", row.attributes), texts),
        "events": [
            {
                "timeUnixNano": str(time),
                "name": name,
                "attributes": fields.attributes("event", pairs),
                **fields.values,
            }
            for time, name, pairs, fields in row.events
        ],
        "links": [
            {
                "traceId": trace,
                "spanId": span,
                **_filled(traceState=state),
                "attributes": fields.attributes("link", pairs),
                **fields.values,
            }
            for trace, span, state, pairs, fields in row.links
        ],
        **{name: row.fields.values[name] for name in _COUNTS if name in row.fields.values},
        "status": _filled(message=row.status_message, code=_STATUS.get(row.status, 0)),
    }


def _with_warnings(attributes: list[Json], texts: Sequence[str]) -> list[Json]:
    """Return the attributes with these warnings behind those that the span came with."""
    if not texts:
        return attributes
    stored: Json = next((each["value"] for each in attributes if each["key"] == WARNINGS), {})
    values = [*stored.get("arrayValue", {}).get("values", ()), *({"stringValue": text} for text in texts)]
    others = [each for each in attributes if each["key"] != WARNINGS]
    return [*others, {"key": WARNINGS, "value": {"arrayValue": {"values": values}}}]


def _filled(**fields: object) -> Json:
    """Return the fields that differ from proto3's defaults."""
    return {name: value for name, value in fields.items() if value}
