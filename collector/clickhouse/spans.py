"""Conversion of OTLP spans to rows of otel_traces inside ClickHouse: its protobuf parser and one SELECT.

Measured on spans of 15 attributes, µs of CPU a span from bytes to Native columns: this 4, a Python
loop over protobuf messages 35. The parser holds no interpreter lock either: Python's other threads go on.

A trace request is one repeated field, so concatenated requests are one request. Preceded by its length it is
what ClickHouse calls ProtobufList: a message whose field 1 repeats the rows, here ResourceSpans.
"""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.resources import files
from typing import Final

from proxy.contract.protobuf_wire import varint

TABLE: Final = "otel_traces"
SETTINGS: Final[dict[str, str | int]] = {
    "format_schema": f"{files('collector.clickhouse') / 'spans.proto'}:ResourceSpans",
    # One block in the order of the requests: a repeated insert must make the same parts again.
    "max_threads": 1,
    "max_insert_threads": 1,
}
_VALUE: Final = (
    "Tuple(string_value String, bool_value Nullable(Bool), int_value Nullable(Int64),"
    " double_value Nullable(Float64), bytes_value String)"
)
_PAIRS: Final = f"Array(Tuple(key String, value {_VALUE}))"
_EVENTS: Final = f"Array(Tuple(time_unix_nano UInt64, name String, attributes {_PAIRS}))"
_LINKS: Final = f"Array(Tuple(trace_id String, span_id String, trace_state String, attributes {_PAIRS}))"
_SPANS: Final = (
    "Array(Tuple(trace_id String, span_id String, trace_state String, parent_span_id String, name String,"
    " kind Int32, start_time_unix_nano UInt64, end_time_unix_nano UInt64,"
    f" attributes {_PAIRS}, events {_EVENTS}, links {_LINKS}, status Tuple(message String, code Int32)))"
)
_STRUCTURE: Final = (
    f"resource Tuple(attributes {_PAIRS}),"
    f" scope_spans Array(Tuple(scope Tuple(name String, version String), spans {_SPANS}))"
)
# The latest time the tables hold. Times of spans were checked (collector.otlp.traces), those of events not.
_LATEST: Final = (1 << 63) - 1


def _map(pairs: str) -> str:
    """Return the expression for attributes as the store keeps them; an AnyValue without a value is empty."""
    text = (
        # Strings first as most values are. The scalars are Nullable because 0 and false are values; an empty
        # string, empty bytes and no value at all all become ''.
        "multiIf(p.value.string_value != '', p.value.string_value,"
        " isNotNull(p.value.int_value), toString(assumeNotNull(p.value.int_value)),"
        " isNotNull(p.value.bool_value), if(assumeNotNull(p.value.bool_value), 'true', 'false'),"
        " isNotNull(p.value.double_value), toString(assumeNotNull(p.value.double_value)),"
        " base64Encode(p.value.bytes_value))"
    )
    kind = "Map(LowCardinality(String), String)"
    return f"CAST((arrayMap(p -> p.key, {pairs}), arrayMap(p -> {text}, {pairs})), '{kind}')"


def _time(value: str) -> str:
    return f"fromUnixTimestamp64Nano(toInt64({value}))"


# Arrays in SQL begin at 1, hence + 1. A number the specification does not know becomes the first
# name.
_KIND: Final = (
    "['Unspecified', 'Internal', 'Server', 'Client', 'Producer', 'Consumer']"
    "[if(span.kind BETWEEN 0 AND 5, span.kind, 0) + 1]"
)
_STATUS: Final = "['Unset', 'Ok', 'Error'][if(span.status.code BETWEEN 0 AND 2, span.status.code, 0) + 1]"
# Column to its expression over a resource's attributes (labels), a scope's spans (part) and a span.
COLUMNS: Final = {
    "Timestamp": _time("span.start_time_unix_nano"),
    "TraceId": "lower(hex(span.trace_id))",
    "SpanId": "lower(hex(span.span_id))",
    # Some senders write a root's missing parent as eight zero bytes.
    "ParentSpanId": "if(span.parent_span_id = repeat('\\0', 8), '', lower(hex(span.parent_span_id)))",
    "TraceState": "span.trace_state",
    "SpanName": "span.name",
    "SpanKind": _KIND,
    "ServiceName": "labels['service.name']",
    "ResourceAttributes": "labels",
    "ScopeName": "part.scope.name",
    "ScopeVersion": "part.scope.version",
    "SpanAttributes": _map("span.attributes"),
    # A clock set back during a span must not make its duration wrap around.
    "Duration": (
        "if(span.end_time_unix_nano > span.start_time_unix_nano,"
        " span.end_time_unix_nano - span.start_time_unix_nano, 0)"
    ),
    "StatusCode": _STATUS,
    "StatusMessage": "span.status.message",
    "Events.Timestamp": f"arrayMap(e -> {_time(f'least(e.time_unix_nano, {_LATEST})')}, span.events)",
    "Events.Name": "arrayMap(e -> e.name, span.events)",
    "Events.Attributes": f"arrayMap(e -> {_map('e.attributes')}, span.events)",
    "Links.TraceId": "arrayMap(l -> lower(hex(l.trace_id)), span.links)",
    "Links.SpanId": "arrayMap(l -> lower(hex(l.span_id)), span.links)",
    "Links.TraceState": "arrayMap(l -> l.trace_state, span.links)",
    "Links.Attributes": f"arrayMap(l -> {_map('l.attributes')}, span.links)",
}
NAMES: Final = ", ".join(f"`{name}`" for name in COLUMNS)


def select(path: str) -> str:
    """Return the SELECT of all columns of the spans in the file at ``path``."""
    columns = ", ".join(f"{expression} AS `{name}`" for name, expression in COLUMNS.items())
    return (
        f"SELECT {columns} FROM (SELECT {_map('resource.attributes')} AS labels, part"
        # The labels are made once for each resource, before ARRAY JOIN repeats the row for each of its spans.
        f" FROM file('{path}', ProtobufList, $${_STRUCTURE}$$) ARRAY JOIN scope_spans AS part)"
        " ARRAY JOIN part.spans AS span"
    )


def select_integer_times(path: str) -> str:
    """Return ``select`` with times as nanoseconds since the epoch, as ``Database.insert`` takes them."""
    return (
        "SELECT * REPLACE (toUnixTimestamp64Nano(Timestamp) AS Timestamp,"
        " arrayMap(toUnixTimestamp64Nano, `Events.Timestamp`) AS `Events.Timestamp`)"
        f" FROM ({select(path)})"
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
