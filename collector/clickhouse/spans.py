"""Conversion of OTLP spans to rows of otel_traces inside ClickHouse: its protobuf parser and one SELECT.

Measured on spans of 15 attributes, µs of CPU a span from bytes to Native columns: this 4, a Python
loop over protobuf messages 35. The parser holds no interpreter lock either: Python's other threads go on.

A trace request is one repeated field, so concatenated requests are one request. Preceded by its length it is
what ClickHouse calls ProtobufList: a message whose field 1 repeats the rows, here ResourceSpans.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib.resources import files
from itertools import starmap
from typing import Final

from collector.clickhouse.attribute_sql import (
    PAIRS,
    attribute_map,
    number_member,
    repeats_key,
    text_member,
    types,
    unique,
)
from proxy.contract.attributes import SERVICE_NAME, UNKNOWN_SERVICE
from proxy.contract.protobuf_wire import varint

TABLE: Final = "otel_traces"
REPEATED_KEY: Final = "two attributes have one key"
SETTINGS: Final[dict[str, str | int]] = {
    "format_schema": f"{files('collector.clickhouse') / 'spans.proto'}:ResourceSpans",
    # One block in the order of the requests: a repeated insert must make the same parts again.
    "max_threads": 1,
    "max_insert_threads": 1,
}
_DROPPED: Final = "dropped_attributes_count UInt32"
_EVENTS: Final = f"Array(Tuple(time_unix_nano UInt64, name String, attributes {PAIRS}, {_DROPPED}))"
_LINKS: Final = (
    f"Array(Tuple(trace_id String, span_id String, trace_state String, attributes {PAIRS}, {_DROPPED},"
    " flags UInt32))"
)
_SPANS: Final = (
    "Array(Tuple(trace_id String, span_id String, trace_state String, parent_span_id String, name String,"
    " kind Int32, start_time_unix_nano UInt64, end_time_unix_nano UInt64,"
    f" attributes {PAIRS}, {_DROPPED}, events {_EVENTS}, dropped_events_count UInt32,"
    f" links {_LINKS}, dropped_links_count UInt32, status Tuple(message String, code Int32), flags UInt32))"
)
_SCOPE: Final = f"Tuple(name String, version String, attributes {PAIRS}, {_DROPPED})"
_STRUCTURE: Final = (
    f"resource Tuple(attributes {PAIRS}, {_DROPPED}), schema_url String,"
    f" scope_spans Array(Tuple(scope {_SCOPE}, spans {_SPANS}, schema_url String))"
)
# The latest time the tables hold. Times of spans were checked (collector.otlp.traces), those of events not.
_LATEST: Final = (1 << 63) - 1


def _time(value: str) -> str:
    return f"fromUnixTimestamp64Nano(toInt64({value}))"


# Arrays in SQL begin at 1, hence + 1. A number the specification does not know becomes the first
# name.
_KIND: Final = (
    "['Unspecified', 'Internal', 'Server', 'Client', 'Producer', 'Consumer']"
    "[if(span.kind BETWEEN 0 AND 5, span.kind, 0) + 1]"
)
_STATUS: Final = "['Unset', 'Ok', 'Error'][if(span.status.code BETWEEN 0 AND 2, span.status.code, 0) + 1]"


# What of OTLP no other column holds, as a JSON object: types of attributes, and fields that are mostly 0 or
# the same for all spans. Few objects differ, so a column of low cardinality holds them at nearly no cost.
_COUNTS: Final = {
    "flags": "span.flags",
    "droppedAttributesCount": "span.dropped_attributes_count",
    "droppedEventsCount": "span.dropped_events_count",
    "droppedLinksCount": "span.dropped_links_count",
}
_OF_SPAN: Final = (
    types("span", "attributes"),
    "resource_fields",
    "scope_fields",
    # One condition for all four, as many spans have none of them.
    f"if({' + '.join(_COUNTS.values())} = 0, '',"
    f" concat({', '.join(starmap(number_member, _COUNTS.items()))}))",
)
# Members of ``_OF_SPAN`` that the spans of a resource, and of a scope, share.
_OF_RESOURCE: Final = (
    """',"resourceTypes":'""",
    types("resource", "resource_pairs"),
    text_member("resourceSchemaUrl", "schema_url"),
    number_member("resourceDroppedAttributesCount", "resource.dropped_attributes_count"),
)
_OF_SCOPE: Final = (
    """',"scopeTypes":'""",
    types("scope", "scope_pairs"),
    text_member("scopeSchemaUrl", "part.schema_url"),
    number_member("scopeDroppedAttributesCount", "part.scope.dropped_attributes_count"),
)


def _fields(*members: str) -> str:
    return f"""concat('{{"types":', {", ".join(members)}, '}}')"""


# Column to its expression over a resource's and a scope's attributes (labels), a span and its attributes.
COLUMNS: Final = {
    "Timestamp": _time("span.start_time_unix_nano"),
    "TraceId": "lower(hex(span.trace_id))",
    "SpanId": "lower(hex(span.span_id))",
    # Some senders write a root's missing parent as eight zero bytes.
    "ParentSpanId": "if(span.parent_span_id = repeat('\\0', 8), '', lower(hex(span.parent_span_id)))",
    "TraceState": "span.trace_state",
    "SpanName": "span.name",
    "SpanKind": _KIND,
    "ServiceName": f"if(labels['{SERVICE_NAME}'] = '', '{UNKNOWN_SERVICE}', labels['{SERVICE_NAME}'])",
    "ResourceAttributes": "labels",
    "ScopeName": "scope_name",
    "ScopeVersion": "scope_version",
    "ScopeAttributes": "scope_labels",
    "SpanAttributes": attribute_map("attributes"),
    # A clock set back during a span must not make its duration wrap around.
    "Duration": (
        "if(span.end_time_unix_nano > span.start_time_unix_nano,"
        " span.end_time_unix_nano - span.start_time_unix_nano, 0)"
    ),
    "StatusCode": _STATUS,
    "StatusMessage": "span.status.message",
    "Events.Timestamp": f"arrayMap(e -> {_time(f'least(e.time_unix_nano, {_LATEST})')}, span.events)",
    "Events.Name": "span.events.name",
    "Links.TraceId": "arrayMap(l -> lower(hex(l.trace_id)), span.links)",
    "Links.SpanId": "arrayMap(l -> lower(hex(l.span_id)), span.links)",
    "Links.TraceState": "span.links.trace_state",
    "OtlpFields": _fields(*_OF_SPAN),
}


def _of_events_and_links(own: Callable[[str], str]) -> dict[str, str]:
    event, link = own("e.attributes"), own("l.attributes")
    of_event = (
        types("event", event),
        number_member("droppedAttributesCount", "e.dropped_attributes_count"),
    )
    of_link = (
        types("link", link),
        number_member("droppedAttributesCount", "l.dropped_attributes_count"),
        number_member("flags", "l.flags"),
    )
    return {
        "Events.Attributes": f"arrayMap(e -> {attribute_map(event)}, span.events)",
        "Events.OtlpFields": f"arrayMap(e -> {_fields(*of_event)}, span.events)",
        "Links.Attributes": f"arrayMap(l -> {attribute_map(link)}, span.links)",
        "Links.OtlpFields": f"arrayMap(l -> {_fields(*of_link)}, span.links)",
    }


NAMES: Final = tuple(COLUMNS | _of_events_and_links(str))


def select(path: str, repeated_keys: bool = False) -> str:
    """Return the SELECT of all columns (NAMES) of the spans in the file at ``path``.

    It fails with REPEATED_KEY where anything has two attributes of one key, unless ``repeated_keys`` takes
    the last of them: no usual SDK sends them, and the longer statement costs every insert tens of
    milliseconds of analysis.
    """
    own: Callable[[str], str] = unique if repeated_keys else str

    def once(*repeats: str) -> str:
        return "" if repeated_keys else f" WHERE throwIf({' OR '.join(repeats)}, '{REPEATED_KEY}') = 0"

    expressions = COLUMNS | _of_events_and_links(own)
    columns = ", ".join(f"{expression} AS `{name}`" for name, expression in expressions.items())
    # What the spans of a resource and of a scope share is made once, before ARRAY JOIN repeats the row for
    # each of its spans.
    resources = (
        f"SELECT {own('resource.attributes')} AS resource_pairs,"
        f" {attribute_map('resource_pairs')} AS labels,"
        f" concat({', '.join(_OF_RESOURCE)}) AS resource_fields, scope_spans"
        f" FROM file('{path}', ProtobufList, $${_STRUCTURE}$$){once(repeats_key('resource_pairs'))}"
    )
    scopes = (
        f"SELECT labels, resource_fields, {own('part.scope.attributes')} AS scope_pairs,"
        f" {attribute_map('scope_pairs')} AS scope_labels, concat({', '.join(_OF_SCOPE)}) AS scope_fields,"
        " part.scope.name AS scope_name, part.scope.version AS scope_version, part.spans AS spans"
        f" FROM ({resources}) ARRAY JOIN scope_spans AS part{once(repeats_key('scope_pairs'))}"
    )
    inside = (
        f"arrayExists(p -> {repeats_key('p.attributes')}, span.{field})" for field in ("events", "links")
    )
    return (
        f"WITH {own('span.attributes')} AS attributes SELECT {columns}"
        f" FROM ({scopes}) ARRAY JOIN spans AS span{once(repeats_key('attributes'), *inside)}"
    )


def select_integer_times(path: str, repeated_keys: bool = False) -> str:
    """Return ``select`` with times as nanoseconds since the epoch, as ``Database.insert`` takes them."""
    return (
        "SELECT * REPLACE (toUnixTimestamp64Nano(Timestamp) AS Timestamp,"
        " arrayMap(toUnixTimestamp64Nano, `Events.Timestamp`) AS `Events.Timestamp`)"
        f" FROM ({select(path, repeated_keys)})"
    )


@contextmanager
def memory_file(requests: Sequence[bytes]) -> Iterator[str]:
    """Write the requests to a file in memory; yield a path that ClickHouse in this process can open.

    ClickHouse reads external data from files only (the table function ``file``). A memfd has a path in
    /proc/self, never reaches a disk and is gone with its descriptor, also when the process is killed.
    """
    file = os.memfd_create("spans", os.MFD_CLOEXEC)
    try:
        for part in (varint(sum(map(len, requests))), *requests):
            rest = memoryview(part)
            while rest:
                rest = rest[os.write(file, rest) :]
        yield f"/proc/self/fd/{file}"
    finally:
        os.close(file)
