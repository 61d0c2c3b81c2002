"""Query strings of Jaeger's v3 search to the same ``Search`` the old one makes. Pure.

Names are those of jaeger-idl's api_v3 OpenAPI, with the snake_case aliases clients still send.
Times are RFC 3339. Raises BadValueError.
"""

import json
import re
from datetime import UTC, datetime
from typing import Final

from collector.query import params
from collector.query.errors import BadValueError
from collector.query.params import LOOKBACK_DEFAULT_NS, Query, Window
from collector.query.search.span_conditions import Search
from proxy.contract.api.parameters import Duration, Whole

# proto3 JSON takes both spellings of a name; Grafana sends the camelCase, older clients the other.
_ALIASES: Final = {
    "query.serviceName": ("query.service_name",),
    "query.operationName": ("query.operation_name",),
    "query.startTimeMin": ("query.start_time_min",),
    "query.startTimeMax": ("query.start_time_max",),
    "query.durationMin": ("query.duration_min",),
    "query.durationMax": ("query.duration_max",),
    "query.searchDepth": ("query.search_depth", "query.num_traces"),
    "query.attributes": (),
    "query.filter": (),
    "query.rawTraces": ("query.raw_traces",),
    "rawTraces": ("raw_traces",),
    "startTime": ("start_time",),
    "endTime": ("end_time",),
    "spanKind": ("span_kind",),
}
_SHORTEST: Final = Duration(name="query.durationMin", meaning="of a span")
_LONGEST: Final = Duration(name="query.durationMax", meaning="of a span")
_LIMIT: Final = Whole(
    name="query.searchDepth", meaning="traces", low=1, high=params.LIMIT_MAX, default=params.LIMIT_DEFAULT
)

_EXPRESSION: Final = re.compile(r"\{\s*\"op\"\s*:")  # how a filter of Jaeger's begins


def canonical(query: Query) -> dict[str, str]:
    """Return the parameters under their present names."""
    found = {}
    for name, aliases in _ALIASES.items():
        text = next((query[each] for each in (name, *aliases) if query.get(each)), "")
        if text:
            found[name] = text
    return found


def search(query: Query, now_us: int) -> Search:
    """Return a search; without times, the last hour."""
    given = canonical(query)
    end = _instant(given, "query.startTimeMax", now_us)
    start = _instant(given, "query.startTimeMin", max(0, end - LOOKBACK_DEFAULT_NS // 1000))
    if start > end:
        raise params.bad("query.startTimeMin", given["query.startTimeMin"], "it is after startTimeMax")
    shortest = params.read(given, _SHORTEST)
    longest = params.read(given, _LONGEST)
    if shortest is not None and longest is not None and shortest > longest:
        raise params.bad("query.durationMin", given["query.durationMin"], "it is above durationMax")
    return Search(
        window=Window(start, end),
        service=given.get("query.serviceName", ""),
        operation=given.get("query.operationName", ""),
        tags=params.tags([], [given.get("query.attributes", "")], "query.attributes"),
        min_duration=shortest,
        max_duration=longest,
        limit=params.read(given, _LIMIT),
    )


def of_body(body: bytes) -> dict[str, str]:
    """Return the query string that asks what a FindTracesRequest in proto3 JSON does."""
    example = '{"query": {"serviceName": "reviews"}}'
    try:
        request = json.loads(body)
    except (ValueError, RecursionError):
        raise BadValueError(f"the body is not JSON: write {example}") from None
    query = request.get("query", {}) if isinstance(request, dict) else None
    if not isinstance(query, dict):
        raise BadValueError(f"the body holds no query: write {example}")
    return {
        f"query.{key}": value if isinstance(value, str) else json.dumps(value)
        for key, value in query.items()
        if value is not None
    }


def filter_text(query: Query) -> str:
    """Return the TraceQL of ``query.filter``. Jaeger's own filters are JSON, and an experiment."""
    text = query.get("query.filter", "").strip()
    if _EXPRESSION.match(text):
        raise params.bad("query.filter", text, "write TraceQL, for example { span.http.status_code = 500 }")
    return text


def raw(query: Query) -> bool:
    """True if a search wants traces as stored, without the warnings that are concluded from them."""
    return params.flag(canonical(query), "query.rawTraces")


def of_trace(query: Query, now_us: int) -> bool:
    """True if a request for one trace wants it as stored; its times are not needed and only checked."""
    given = canonical(query)
    for key in ("startTime", "endTime"):
        _instant(given, key, now_us)
    return params.flag(given, "rawTraces")


def dependency_window(query: Query, now_us: int) -> Window:
    """``startTime`` and ``endTime``; without a start, a day."""
    given = canonical(query)
    end = _instant(given, "endTime", now_us)
    start = _instant(given, "startTime", max(0, end - params.DEPENDENCIES_LOOKBACK_MS * 1000))
    if start > end:
        raise params.bad("startTime", given["startTime"], "it is after endTime")
    return Window(start, end)


def _instant(given: Query, key: str, default: int) -> int:
    text = given.get(key, "")
    if not text:
        return default
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None or not 1970 <= moment.year < 2250:
        raise params.bad(key, text, "write RFC 3339, for example 2026-11-21T08:00:00Z")
    delta = moment - datetime(1970, 1, 1, tzinfo=UTC)
    return (delta.days * 86_400 + delta.seconds) * 1_000_000 + delta.microseconds
