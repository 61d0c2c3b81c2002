"""Replies about stored traces and log records: pages of a search, completions, records."""

from typing import Annotated, NotRequired

from pydantic import Field
from typing_extensions import TypedDict

from proxy.contract.api.graph import Window
from proxy.contract.api.units import Microseconds, Milliseconds, ServiceText, words

# The names of Jaeger's JSON, which clients of both read: camelCase where ours are snake_case.

NextPage = Annotated[str | None, Field(description="cursor of the next page, null on the last")]
Direction = Annotated[str, words("desc", "asc")]


class MatchedSpan(TypedDict):
    """A span that matched the query."""

    spanId: str
    name: str
    start: Microseconds
    duration: Milliseconds


class TraceLine(TypedDict):
    """A trace in one line. With a query ``matched`` counts its matching spans, null where it was not looked
    at, and ``matchedSpans`` are the first three of them."""

    traceId: str
    rootService: ServiceText
    rootOperation: str
    start: Microseconds
    duration: Milliseconds
    spans: int
    errors: int
    services: list[ServiceText]
    matched: NotRequired[int | None]
    matchedSpans: NotRequired[list[MatchedSpan]]


class TracePage(TypedDict):
    """One page of a search. ``partial`` says that a query for structure did not look at all traces of the
    window."""

    traces: list[TraceLine]
    next: NextPage
    partial: bool
    order: str
    dir: Direction
    window: Window


class Suggestion(TypedDict):
    """A completion and how often it was seen; ``scope`` is that of an attribute's key."""

    value: str
    count: int
    scope: NotRequired[Annotated[str, words("span", "resource")]]


class Suggestions(TypedDict):
    """Completions, the more frequent first; ``more`` when more match than are given."""

    suggestions: list[Suggestion]
    more: bool


class LogRecord(TypedDict):
    """A log record. ``severity`` is read from its number, or from its text where it has none, and is empty
    where neither says; ``severityText`` is as it was sent. Bodies and values are cut at 32,768
    characters."""

    time: Microseconds
    traceId: str
    spanId: str
    service: str
    severity: Annotated[str, words("trace", "debug", "info", "warn", "error", "fatal", "")]
    severityText: str
    body: str
    event: str
    scope: str
    attributes: dict[str, str]
    resource: dict[str, str]


class LogPage(TypedDict):
    """One page of log records. Records that are equal in everything, to the nanosecond, come once, so that a
    page may have fewer than ``limit``."""

    logs: list[LogRecord]
    next: NextPage
    dir: Direction
    window: Window


class SpanLogCount(TypedDict):
    """The number of records that name a span, or none for an empty id; ``errors`` are those of error and
    worse."""

    spanId: str
    count: int
    errors: int


class LogCounts(TypedDict):
    """The number of records of a trace, and of each of its spans."""

    total: int
    spans: list[SpanLogCount]
