"""Query strings of Jaeger's v3 search to the same ``Search`` the old one makes. Pure.

Names are those of jaeger-idl's api_v3 OpenAPI, with the snake_case aliases clients still send.
Times are RFC 3339. Raises BadValueError.
"""

from datetime import UTC, datetime
from typing import Final

from collector.query import params
from collector.query.params import LOOKBACK_DEFAULT_NS, Query, Window
from collector.query.search import Search

_ALIASES: Final = {
    "query.serviceName": ("query.service_name",),
    "query.operationName": ("query.operation_name",),
    "query.startTimeMin": ("query.start_time_min",),
    "query.startTimeMax": ("query.start_time_max",),
    "query.durationMin": ("query.duration_min",),
    "query.durationMax": ("query.duration_max",),
    "query.searchDepth": ("query.search_depth", "query.num_traces"),
    "query.attributes": (),
    "spanKind": ("span_kind",),
}


def canonical(query: Query) -> dict[str, str]:
    """What was given, under the names of today."""
    found = {}
    for name, aliases in _ALIASES.items():
        text = next((query[each] for each in (name, *aliases) if query.get(each)), "")
        if text:
            found[name] = text
    return found


def search(query: Query, now_us: int) -> Search:
    """A search; without times, the last hour."""
    given = canonical(query)
    end = _instant(given, "query.startTimeMax", now_us)
    start = _instant(given, "query.startTimeMin", max(0, end - LOOKBACK_DEFAULT_NS // 1000))
    if start > end:
        raise params.bad("query.startTimeMin", given["query.startTimeMin"], "it is after startTimeMax")
    shortest = params.duration(given, "query.durationMin")
    longest = params.duration(given, "query.durationMax")
    if shortest is not None and longest is not None and shortest > longest:
        raise params.bad("query.durationMin", given["query.durationMin"], "it is above durationMax")
    return Search(
        window=Window(start, end),
        service=given.get("query.serviceName", ""),
        operation=given.get("query.operationName", ""),
        tags=params.tags([], [given.get("query.attributes", "")], "query.attributes"),
        min_duration=shortest,
        max_duration=longest,
        limit=params.whole(given, "query.searchDepth", params.LIMIT_DEFAULT, 1, params.LIMIT_MAX),
    )


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
