"""Log records of a trace, or of a service and a time, page by page. Pure SQL.

Records have no id: of one instant they come in the order of a hash of all they say, so that the order is
total; records that are equal in everything come once. A page begins behind the last record of the one
before, and records that arrive meanwhile shift nothing.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from multidict import MultiMapping

from collector.query import params
from collector.query.errors import BadValueError
from collector.query.params import Window
from collector.query.search import cursor
from collector.query.search.cursor import Cursor
from collector.query.search.request import search_key
from collector.query.sql import Sql, join
from collector.query.stored_services import of_spans
from proxy.contract.api import trace_routes
from proxy.contract.api.search import LogCounts, LogPage, LogRecord

TEXT_MAX: Final = 32_768  # characters of a body or a value that are given
SPANS_MAX: Final = 100_000  # of a trace, whose records are counted
# Severities by the lowest number of each (OpenTelemetry logs data model).
SEVERITIES: Final = {"trace": 1, "debug": 5, "info": 9, "warn": 13, "error": 17, "fatal": 21}
# What loggers write where they send no number.
_WRITTEN: Final = {
    "verbose": 1,
    "finest": 1,
    "notice": 10,
    "information": 9,
    "warning": 13,
    "err": 17,
    "critical": 18,
    "crit": 18,
    "severe": 17,
    "alert": 21,
    "emerg": 21,
    "emergency": 21,
    "panic": 21,
    **SEVERITIES,
}
_EVER: Final = Window(0, 9_000_000_000_000_000)  # up to the year 2255
_HOUR_US: Final = 3_600_000_000
_SECONDS_MAX: Final = 2**32 - 1  # of a DateTime

_OF_TEXT: Final = f"transform(lower(SeverityText), {list(_WRITTEN)}, {list(_WRITTEN.values())}, 0)"
_LEVEL: Final = f"if(SeverityNumber > 0, SeverityNumber, {_OF_TEXT})"
# Records of one instant in an order of their own, by a hash.
_MARK: Final = """lower(hex(sipHash128(ServiceName, TraceId, SpanId, SeverityText, Body, EventName, ScopeName,
    toString(LogAttributes), toString(ResourceAttributes))))"""
# TimestampTime, in seconds, is what the table is ordered by.
_WITHIN: Final = Sql("""TimestampTime >= fromUnixTimestamp({from_s:Int64})
    AND TimestampTime <= fromUnixTimestamp({until_s:Int64})
    AND Timestamp >= fromUnixTimestamp64Micro({from_us:Int64})
    AND Timestamp < fromUnixTimestamp64Micro({until_us:Int64} + 1)""")
# Where a page ends is found first, from the times alone: bodies are read of its records only.
_PAGE: Final = Sql("""
WITH (
    SELECT {last}(Timestamp) FROM (
        SELECT Timestamp FROM otel_logs WHERE {where}
        ORDER BY Timestamp {direction} LIMIT {limit:UInt32}
    )
) AS reaches
SELECT toUnixTimestamp64Nano(Timestamp) AS At, {mark} AS Mark, TraceId, SpanId, ServiceName,
    {level}, SeverityText, substringUTF8(Body, 1, {text_max:UInt32}), EventName, ScopeName,
    mapApply((k, v) -> (k, substringUTF8(v, 1, {text_max:UInt32})), LogAttributes),
    mapApply((k, v) -> (k, substringUTF8(v, 1, {text_max:UInt32})), ResourceAttributes)
FROM otel_logs
WHERE {where} AND Timestamp {until} assumeNotNull(reaches)
ORDER BY At {direction}, Mark {direction}
LIMIT {limit:UInt32}
""").bind(text_max=TEXT_MAX)
_SPANS: Final = Sql("""
SELECT SpanId, count(), countIf({level} >= {error:UInt8})
FROM otel_logs
WHERE {within} AND TraceId = {trace:String}
GROUP BY SpanId
LIMIT {limit:UInt32}
""").bind(error=SEVERITIES["error"], limit=SPANS_MAX)
_BEHIND: Final = Sql(
    "Timestamp {beyond}= fromUnixTimestamp64Nano({rank:Int64})"
    " AND (Timestamp != fromUnixTimestamp64Nano({rank:Int64}) OR {mark} {beyond} {last_mark:String})"
)


@dataclass(frozen=True, slots=True)
class LogRequest:
    """The records wanted, and their order; ``least`` is the lowest severity number, ``after`` the last record
    of the page before.

    Empty texts ask for nothing.
    """

    window: Window
    trace: str
    span: str
    service: str
    text: str
    least: int
    descending: bool
    limit: int
    after: Cursor | None
    search: str


def parse_request(query: MultiMapping[str], now_us: int, apart_us: int = 0) -> LogRequest:
    """Parse the query of GET /api/mesh/logs. A trace's records are searched at all times unless one is given,
    and come oldest first.

    Raises BadValueError.
    """
    trace, span = trace_and_span(query)
    search = search_key(query)
    text = query.get("cursor", "")
    after = cursor.decode(text, search) if text else None
    if after and isinstance(after.rank, str):
        raise params.bad("cursor", text, "send the cursor of the reply before unchanged")
    severity = params.read(query, trace_routes.SEVERITY)
    order = params.read(query, trace_routes.LOG_DIRECTION, "asc" if trace else "desc")
    return LogRequest(
        after.window if after else window(query, now_us, apart_us, of_trace=bool(trace)),
        trace,
        span,
        query.get("service", ""),
        query.get("text", ""),
        SEVERITIES.get(severity, 0),
        order == "desc",
        params.read(query, trace_routes.LOG_LIMIT),
        after,
        search,
    )


def trace_and_span(query: MultiMapping[str], needed: bool = False) -> tuple[str, str]:
    """Ids of the wanted ``trace`` and ``span``, empty for any. Raises BadValueError."""
    trace, span = query.get("trace", ""), query.get("span", "")
    if not trace and (needed or span):
        raise BadValueError("trace is missing: add trace=ID, 1 to 32 hexadecimal digits")
    return params.trace_id(trace, "trace") if trace else "", params.span_id(span) if span else ""


def window(query: MultiMapping[str], now_us: int, apart_us: int = 0, *, of_trace: bool) -> Window:
    if query.get("lookback"):
        return params.search_window(query, now_us, apart_us)
    timed = query.get("start") or query.get("end")
    return params.window(query, now_us, _HOUR_US) if timed or not of_trace else _EVER


def page(wanted: LogRequest) -> Sql:
    """Return the records of a page and one beyond it."""
    down = wanted.descending
    return _PAGE.fill(
        where=join(" AND ", _conditions(wanted)),
        level=_LEVEL,
        mark=_MARK,
        direction="DESC" if down else "ASC",
        last="min" if down else "max",
        until=">=" if down else "<=",
    ).bind(limit=wanted.limit + 1)


def _conditions(wanted: LogRequest) -> Iterable[Sql]:
    yield _within(wanted.window)
    if wanted.trace:
        yield Sql("TraceId = {trace:String}", {"trace": wanted.trace})
    if wanted.span:
        yield Sql("SpanId = {span:String}", {"span": wanted.span})
    if wanted.service:
        yield of_spans(wanted.service)
    if wanted.text:
        yield Sql("positionCaseInsensitiveUTF8(Body, {text:String}) > 0", {"text": wanted.text})
    if wanted.least:
        yield Sql("{level} >= {least:UInt8}").fill(level=_LEVEL).bind(least=wanted.least)
    if wanted.after:
        behind = _BEHIND.fill(beyond="<" if wanted.descending else ">", mark=_MARK)
        yield behind.bind(rank=wanted.after.rank, last_mark=wanted.after.trace_id)


def render(wanted: LogRequest, rows: Sequence[tuple[Any, ...]]) -> LogPage:
    """Return the reply from the rows of ``page``."""
    shown = rows[: wanted.limit]
    following = None
    if len(rows) > len(shown):
        following = cursor.encode(Cursor(wanted.window, *shown[-1][:2]), wanted.search)
    # Equal in time and hash is equal in everything: a record that was delivered twice is shown once.
    different = {row[:2]: row for row in shown}
    return {
        "logs": [_record(row) for row in different.values()],
        "next": following,
        "dir": "desc" if wanted.descending else "asc",
        "window": {"start": wanted.window.start, "end": wanted.window.end},
    }


def spans(trace: str, window: Window) -> Sql:
    """(span id, records, those of errors) of a trace."""
    return _SPANS.fill(level=_LEVEL, within=_within(window)).bind(trace=trace)


def render_counts(rows: Sequence[tuple[Any, ...]]) -> LogCounts:
    """Return the reply from the rows of ``spans``; the span id is empty for records of no span."""
    return {
        "total": sum(row[1] for row in rows),
        "spans": [{"spanId": span, "count": count, "errors": errors} for span, count, errors in rows],
    }


def _within(window: Window) -> Sql:
    return _WITHIN.bind(
        from_us=window.start,
        from_s=min(window.start // 1_000_000, _SECONDS_MAX),
        until_us=window.end,
        until_s=min(window.end // 1_000_000, _SECONDS_MAX),
    )


def _record(row: tuple[Any, ...]) -> LogRecord:
    at, _, trace, span, service, level, written, body, event, scope, attributes, resource = row
    name = next((each for each, least in reversed(SEVERITIES.items()) if level >= least), "")
    return {
        "time": at // 1000,
        "traceId": trace,
        "spanId": span,
        "service": service,
        "severity": name,
        "severityText": written,
        "body": body,
        "event": event,
        "scope": scope,
        "attributes": attributes,
        "resource": resource,
    }
