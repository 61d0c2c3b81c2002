"""What the query API answers about many traces, as types. Times in microseconds since the epoch, durations
in milliseconds, shares 0 to 1."""

from typing import NotRequired, TypedDict

from dashboard.api.model import Exemplar


class MatchedSpan(TypedDict):
    spanId: str
    name: str
    start: int
    duration: float


class FoundTrace(Exemplar):
    """A trace in one line; with a query ``matched`` counts its matching spans, null where not looked at,
    and ``matchedSpans`` are the first of them."""

    spans: int
    services: list[str]
    matched: NotRequired[int | None]
    matchedSpans: NotRequired[list[MatchedSpan]]  # noqa: N815  # the API's name


class Window(TypedDict):
    start: int
    end: int


class Found(TypedDict):
    """One page. ``next`` is the cursor of the next, null on the last; ``partial``: not all was looked at."""

    traces: list[FoundTrace]
    next: str | None
    partial: bool
    window: Window


class Side(TypedDict):
    traces: int
    sampled: int


class Carriers(TypedDict):
    """How many sampled traces of a side carry an attribute."""

    count: int
    share: float


class Separator(TypedDict):
    """An attribute that tells the selected traces from the rest; ``separation`` in bits, 0 to 1."""

    service: str
    scope: str
    key: str
    value: str
    selected: Carriers
    rest: Carriers
    lift: float | None
    separation: float
    p: float


class Different(TypedDict):
    selected: Side
    rest: Side
    threshold: float | None
    partial: bool
    window: Window
    attributes: list[Separator]


class LogRecord(TypedDict):
    """``severity`` is trace, debug, info, warn, error, fatal or empty; ``severityText`` as it was sent."""

    time: int
    traceId: str
    spanId: str
    service: str
    severity: str
    severityText: str
    body: str
    event: str
    scope: str
    attributes: dict[str, str]
    resource: dict[str, str]


class Logs(TypedDict):
    """One page of records; ``next`` is the cursor of the next, null on the last."""

    logs: list[LogRecord]
    next: str | None


class SpanLogs(TypedDict):
    """How many records a span has, none for an empty id; ``errors`` are those of error and worse."""

    spanId: str
    count: int
    errors: int


class LogCounts(TypedDict):
    total: int
    spans: list[SpanLogs]


class Suggestion(TypedDict):
    value: str
    count: int
    scope: NotRequired[str]
