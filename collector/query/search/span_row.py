"""One stored span as a row: the columns that are read, and their names."""

from collections.abc import Mapping
from typing import Final, NamedTuple

# In the order of SpanRow's fields.
COLUMNS: Final = """
    TraceId, SpanId, ParentSpanId, TraceState, SpanName, SpanKind, ServiceName, ResourceAttributes,
    ScopeName, ScopeVersion, SpanAttributes, toUnixTimestamp64Nano(Timestamp), Duration,
    StatusCode, StatusMessage,
    arrayMap(t -> toUnixTimestamp64Nano(t), Events.Timestamp), Events.Name, Events.Attributes,
    Links.TraceId, Links.SpanId, Links.Attributes
"""


class SpanRow(NamedTuple):
    """One span of ``COLUMNS``; times in nanoseconds since the epoch, duration in nanoseconds."""

    trace_id: str
    span_id: str
    parent_id: str
    trace_state: str
    name: str
    kind: str  # Server, Client, Producer, Consumer, Internal, Unspecified
    service: str
    resource: Mapping[str, str]
    scope_name: str
    scope_version: str
    attributes: Mapping[str, str]
    start: int
    duration: int
    status: str  # Unset, Ok, Error
    status_message: str
    event_times: list[int]
    event_names: list[str]
    event_attributes: list[Mapping[str, str]]
    link_traces: list[str]
    link_spans: list[str]
    link_attributes: list[Mapping[str, str]]
