"""One stored span as a row: the columns that are read, and their names."""

from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

from collector.query.search.otlp_fields import OtlpFields, parse

# In the order of SpanRow's fields.
COLUMNS: Final = """
    TraceId, SpanId, ParentSpanId, TraceState, SpanName, SpanKind, ServiceName, ResourceAttributes,
    ScopeName, ScopeVersion, SpanAttributes, toUnixTimestamp64Nano(Timestamp), Duration,
    StatusCode, StatusMessage,
    arrayMap(t -> toUnixTimestamp64Nano(t), Events.Timestamp), Events.Name, Events.Attributes,
    Links.TraceId, Links.SpanId, Links.Attributes, Links.TraceState,
    ScopeAttributes, OtlpFields, Events.OtlpFields, Links.OtlpFields
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
    link_states: list[str]
    scope_attributes: Mapping[str, str]
    otlp_fields: str
    event_otlp_fields: list[str]
    link_otlp_fields: list[str]

    @property
    def fields(self) -> OtlpFields:
        """Types of the attributes of the span, its resource and scope, and further fields."""
        return parse(self.otlp_fields)

    @property
    def events(self) -> Iterator[tuple[int, str, Mapping[str, str], OtlpFields]]:
        """The events: time, name, attributes and further fields."""
        fields = map(parse, self.event_otlp_fields)
        return zip(self.event_times, self.event_names, self.event_attributes, fields, strict=True)

    @property
    def links(self) -> Iterator[tuple[str, str, str, Mapping[str, str], OtlpFields]]:
        """The links: trace id, span id, trace state, attributes and further fields."""
        fields = map(parse, self.link_otlp_fields)
        return zip(
            self.link_traces, self.link_spans, self.link_states, self.link_attributes, fields, strict=True
        )
