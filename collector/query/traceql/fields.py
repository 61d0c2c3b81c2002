"""Fields as SQL over the columns of otel_traces and mesh_trace_summaries. Pure.

Keys are parameters; everything else here is fixed text. Inside an ``arrayExists`` over events
or links the lambda's arguments are ``attributes``, ``name``, ``time`` and so on.
"""

from collections.abc import Mapping
from typing import Final

from collector.query.traceql import syntax
from collector.query.traceql.syntax import Scope

# Columns of a span, or arguments of a lambda, as text.
TEXT: Final[Mapping[str, str]] = {
    "span:name": "SpanName",
    "span:status": "StatusCode",
    "span:statusMessage": "StatusMessage",
    "span:kind": "SpanKind",
    "span:id": "SpanId",
    "span:parentID": "ParentSpanId",
    "span:duration": "toString(Duration)",
    "trace:id": "TraceId",
    "trace:rootName": "max(RootName)",
    "trace:rootService": "substring(max(RootService), position(max(RootService), '/') + 1)",
    "event:name": "name",
    "link:traceID": "trace",
    "link:spanID": "span",
    "instrumentation:name": "ScopeName",
    "instrumentation:version": "ScopeVersion",
}
# Nanoseconds as integers.
NUMBER: Final[Mapping[str, str]] = {
    "span:duration": "Duration",
    "trace:duration": "(toUnixTimestamp64Nano(max(End)) - toUnixTimestamp64Nano(min(Start)))",
    "event:timeSinceStart": "(toUnixTimestamp64Nano(time) - toUnixTimestamp64Nano(Timestamp))",
}
LAMBDAS: Final[Mapping[str, tuple[str, str]]] = {
    "event": ("(attributes, name, time)", "Events.Attributes, Events.Name, Events.Timestamp"),
    "link": ("(attributes, trace, span)", "Links.Attributes, Links.TraceId, Links.SpanId"),
}
_MAPS: Final = {
    Scope.SPAN: "SpanAttributes",
    Scope.RESOURCE: "ResourceAttributes",
    Scope.EVENT: "attributes",
    Scope.LINK: "attributes",
}
_SERVICE: Final = "service.name"


def scopes(field: syntax.Attribute) -> tuple[Scope, ...]:
    """Return the scopes an attribute is read from; the first that has it wins."""
    return (Scope.SPAN, Scope.RESOURCE) if field.scope is Scope.ANY else (field.scope,)


def read(scope: Scope, field: syntax.Attribute, key: str) -> str:
    """SQL of the text of an attribute in one scope, '' when it is not there; ``key`` is a parameter."""
    if scope is Scope.RESOURCE and field.key == _SERVICE:
        return "ServiceName"  # of the primary key; empty when the resource has none
    return f"{_MAPS[scope]}[{key}]"


def has(scope: Scope, field: syntax.Attribute, key: str) -> str:
    """SQL that is true where an attribute is in one scope."""
    if scope is Scope.RESOURCE and field.key == _SERVICE:
        return "ServiceName != ''"
    return f"mapContains({_MAPS[scope]}, {key})"
