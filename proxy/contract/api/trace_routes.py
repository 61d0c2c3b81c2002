"""Routes about stored traces and log records."""

from typing import Final

from proxy.contract.api import analysis, search
from proxy.contract.api.parameters import Choice, Duration, Text, Whole
from proxy.contract.api.route import Route, window

_SEARCHED: Final = (
    *window("an hour before the end"),
    Text(name="lookback", meaning="instead of `start`: `1h`, `2d`; `custom` for `start` and `end`"),
)
ORDER: Final = Choice(
    name="order",
    meaning="what traces are ranked by; `services` is how many, `root` its service and operation by text",
    choices=("start", "duration", "spans", "errors", "services", "root"),
    default="start",
)
DIRECTION: Final = Choice(name="dir", meaning="of the order", choices=("desc", "asc"), default="desc")
SEARCH_LIMIT: Final = Whole(name="limit", meaning="traces of a page", low=1, high=1000, default=20)
ERRORS: Final = Choice(name="errors", meaning="it has failed spans, or none", choices=("true", "false"))
MIN_DURATION: Final = Duration(name="min_duration", meaning="the whole trace takes this or more")
MAX_DURATION: Final = Duration(name="max_duration", meaning="the whole trace takes this or less")
_QUERY: Final = Text(name="q", meaning="[TraceQL](traceql.md)")
_CURSOR: Final = Text(name="cursor", meaning="`next` of the reply before")
SEARCH: Final = Route(
    "/api/mesh/search",
    "traces in one line each, in any order over the whole window, page by page",
    search.TracePage,
    (
        _QUERY,
        Text(name="service", meaning="took part in the trace; with `operation` or tags: of the same span"),
        Text(name="operation", meaning="name of a span"),
        Text(
            name="tag",
            meaning="`key:value` of one span: attribute of span, resource or events, or `error:true`",
            repeated=True,
        ),
        Text(name="tags", meaning='the same as JSON, `{"key":"value"}`', repeated=True),
        ERRORS,
        MIN_DURATION,
        MAX_DURATION,
        *_SEARCHED,
        ORDER,
        DIRECTION,
        SEARCH_LIMIT,
        _CURSOR,
    ),
)
SELECTION: Final = Choice(
    name="selection", meaning="which traces are selected", choices=("errors", "slow", "q"), required=True
)
SLOW: Final = Duration(name="min_duration", meaning="slow is this or more", absent="longer than 95 %")
SLOW_MAX: Final = Duration(name="max_duration", meaning="slow is this or less")
SAMPLE: Final = Whole(name="sample", meaning="traces looked at on each side", low=10, high=5000, default=1000)
ATTRIBUTE_LIMIT: Final = Whole(name="limit", meaning="how many attributes", low=1, high=500, default=50)
ATTRIBUTES: Final = Route(
    "/api/mesh/search/different",
    "the attributes that tell some traces from the rest",
    analysis.AttributeComparison,
    (
        SELECTION,
        Text(name="q", meaning="[TraceQL](traceql.md): the selection `q`, else which traces count at all"),
        Text(
            name="service",
            meaning="only traces with a span of it count; that span fails or is slow",
        ),
        Text(name="operation", meaning="the same for the name of a span"),
        SLOW,
        SLOW_MAX,
        *_SEARCHED,
        SAMPLE,
        ATTRIBUTE_LIMIT,
    ),
)
AGGREGATE_LIMIT: Final = Whole(name="limit", meaning="traces looked at", low=1, high=2000, default=200)
AGGREGATE: Final = Route(
    "/api/mesh/aggregate",
    "many traces of one operation as one tree",
    analysis.AggregatedTraces,
    (
        Text(name="service", meaning="of the operation", required=True),
        Text(name="operation", meaning="where the tree begins", required=True),
        *_SEARCHED,
        AGGREGATE_LIMIT,
    ),
)
SUGGESTED: Final = Choice(
    name="kind",
    meaning="what is completed",
    choices=("service", "operation", "key", "value"),
    required=True,
)
SCOPE: Final = Choice(name="scope", meaning="of keys and values", choices=("span", "resource"), absent="both")
SUGGESTION_LIMIT: Final = Whole(name="limit", meaning="how many", low=1, high=200, default=20)
SUGGEST: Final = Route(
    "/api/mesh/suggest",
    "completions for a query line",
    search.Suggestions,
    (
        SUGGESTED,
        Text(name="prefix", meaning="what begins with it comes first, then what contains it, in either case"),
        Text(name="service", meaning="seen at this service", absent="at any"),
        SCOPE,
        Text(name="key", meaning="whose values; needed for the kind `value`"),
        SUGGESTION_LIMIT,
    ),
)
SEVERITY: Final = Choice(
    name="severity",
    meaning="this or worse",
    choices=("trace", "debug", "info", "warn", "error", "fatal"),
)
LOG_DIRECTION: Final = Choice(
    name="dir",
    meaning="oldest (`asc`) or newest first",
    choices=("desc", "asc"),
    absent="`asc` with `trace`, else `desc`",
)
LOG_LIMIT: Final = Whole(name="limit", meaning="records of a page", low=1, high=1000, default=100)
_LOGGED: Final = (
    *window("all that is stored for a `trace`, else an hour before the end"),
    Text(name="lookback", meaning="instead of `start`: `1h`, `2d`"),
)
LOGS: Final = Route(
    "/api/mesh/logs",
    "log records of a trace or a span, or of a service and a time, page by page",
    search.LogPage,
    (
        Text(name="trace", meaning="of this trace"),
        Text(name="span", meaning="of this span; needs `trace`"),
        Text(name="service", meaning="written by it"),
        Text(name="text", meaning="the body has this in it, in either case"),
        SEVERITY,
        *_LOGGED,
        LOG_DIRECTION,
        LOG_LIMIT,
        _CURSOR,
    ),
)
LOG_COUNTS: Final = Route(
    "/api/mesh/logs/spans",
    "how many log records a trace and each of its spans have",
    search.LogCounts,
    (Text(name="trace", meaning="of this trace", required=True), *_LOGGED),
)
