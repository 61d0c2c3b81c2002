"""Fields as SQL over the columns of otel_traces and mesh_trace_summaries. Pure.

Keys are parameters; everything else here is fixed text. Inside a lambda over events or links its arguments
stand for their columns.
"""

from collections.abc import Mapping
from typing import Final

from collector.query import attribute_types
from collector.query.traceql.language import syntax
from collector.query.traceql.language.syntax import Scope

# Columns of a span, of ``SUMMARIES``, or arguments of a lambda, as text.
TEXT: Final[Mapping[str, str]] = {
    "span:name": "SpanName",
    "span:status": "StatusCode",
    "span:statusMessage": "StatusMessage",
    "span:kind": "SpanKind",
    "span:id": "SpanId",
    "span:parentID": "ParentSpanId",
    "span:duration": "toString(Duration)",
    "trace:id": "TraceId",
    "trace:rootName": "TraceRootName",
    "trace:rootService": "TraceRootService",
    "trace:duration": "toString(TraceDuration)",
    "event:name": "event_name",
    "event:timeSinceStart": "toString(toUnixTimestamp64Nano(event_time) - toUnixTimestamp64Nano(Timestamp))",
    "link:traceID": "link_trace",
    "link:spanID": "link_span",
    "instrumentation:name": "ScopeName",
    "instrumentation:version": "ScopeVersion",
}
# Nanoseconds as integers.
NUMBER: Final[Mapping[str, str]] = {
    "span:duration": "Duration",
    "trace:duration": "TraceDuration",
    "event:timeSinceStart": "(toUnixTimestamp64Nano(event_time) - toUnixTimestamp64Nano(Timestamp))",
}
LAMBDAS: Final[Mapping[str, tuple[str, str]]] = {
    "event": (
        "(event_attributes, event_name, event_time, event_fields)",
        "Events.Attributes, Events.Name, Events.Timestamp, Events.OtlpFields",
    ),
    "link": (
        "(link_attributes, link_trace, link_span, link_fields)",
        "Links.Attributes, Links.TraceId, Links.SpanId, Links.OtlpFields",
    ),
}
IN_WINDOW: Final = (
    "Timestamp >= fromUnixTimestamp64Micro({ql_start:Int64})"
    " AND Timestamp <= fromUnixTimestamp64Micro({ql_end:Int64})"
)
# Traces are summarised in several rows, those of one trace mostly within moments; the margin is what a trace
# may begin before the window and go on after it.
SUMMARIES: Final = """SELECT TraceId, max(RootName) AS TraceRootName,
        substring(max(RootService), position(max(RootService), '/') + 1) AS TraceRootService,
        toUnixTimestamp64Nano(max(End)) - toUnixTimestamp64Nano(min(Start)) AS TraceDuration
    FROM mesh_trace_summaries
    WHERE Start >= fromUnixTimestamp64Micro({ql_start:Int64} - 3600000000)
        AND Start <= fromUnixTimestamp64Micro({ql_end:Int64} + 3600000000)
    GROUP BY TraceId"""
# A parent may have begun before the window that its child began in.
PARENTS: Final = """SELECT TraceId, SpanId FROM otel_traces
    WHERE Timestamp >= fromUnixTimestamp64Micro({ql_start:Int64} - 3600000000)
        AND Timestamp <= fromUnixTimestamp64Micro({ql_end:Int64})"""
_MAPS: Final = {
    Scope.SPAN: "SpanAttributes",
    Scope.RESOURCE: "ResourceAttributes",
    Scope.EVENT: "event_attributes",
    Scope.LINK: "link_attributes",
    Scope.INSTRUMENTATION: "ScopeAttributes",
}
# The column with the types of a scope's attributes, and the word for the scope in it.
_TYPES: Final = {
    Scope.SPAN: ("OtlpFields", "span"),
    Scope.RESOURCE: ("OtlpFields", "resource"),
    Scope.INSTRUMENTATION: ("OtlpFields", "scope"),
    Scope.EVENT: ("event_fields", "event"),
    Scope.LINK: ("link_fields", "link"),
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


def is_number(scope: Scope, key: str) -> str:
    """SQL that is true where an attribute, if it is there, may be a number; ``key`` is a parameter."""
    return attribute_types.is_number(*_TYPES[scope], key)


def is_flag(scope: Scope, key: str) -> str:
    """SQL that is true where an attribute, if it is there, may be true or false."""
    return attribute_types.is_flag(*_TYPES[scope], key)


def is_string(scope: Scope, key: str) -> str:
    """SQL that is true where an attribute, if it is there, may be a string."""
    return attribute_types.is_string(*_TYPES[scope], key)


def is_list(scope: Scope, key: str) -> str:
    """SQL that is true where an attribute is a list."""
    return attribute_types.of_types(*_TYPES[scope], attribute_types.LISTS, key)


def type_of(scope: Scope, key: str) -> str:
    """SQL of the type of an attribute, '?' where it is not known."""
    return attribute_types.type_of(*_TYPES[scope], key)
