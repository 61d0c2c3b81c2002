"""A search for traces as SQL conditions on one span. Pure.

A trace matches when at least one of its spans fulfils every condition.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import isfinite
from typing import Final

from collector.query import attribute_types
from collector.query.params import Window
from collector.query.sql import Sql, join
from collector.query.stored_services import of_spans


@dataclass(frozen=True, slots=True)
class Search:
    """The conditions of a search, those of Jaeger's search form.

    Empty text and None match everything; durations are nanoseconds; ``tags`` are pairs of key and text, all
    of which must match the same span.
    """

    window: Window
    service: str = ""
    operation: str = ""
    tags: tuple[tuple[str, str], ...] = ()
    min_duration: int | None = None
    max_duration: int | None = None
    limit: int = 100


# Written so that partition, primary key (ServiceName, SpanName, time) and the
# duration's minmax index all apply; a test reads it off EXPLAIN.
_IN_WINDOW: Final = (
    "Timestamp >= fromUnixTimestamp64Micro({start:Int64})"
    " AND Timestamp <= fromUnixTimestamp64Micro({end:Int64})"
)

# One row per trace, newest first by its first matching span; the id makes the order total.
_TRACE_IDS: Final = Sql("""
SELECT TraceId
FROM otel_traces
WHERE {conditions}
GROUP BY TraceId
ORDER BY min(Timestamp) DESC, TraceId
LIMIT {limit:UInt32}
""")

# Old and new names of the OpenTelemetry HTTP conventions, so that either finds both.
_SAME_ATTRIBUTE: Final = {
    "http.status_code": "http.response.status_code",
    "http.method": "http.request.method",
    "http.url": "url.full",
    "otel.library.name": "otel.scope.name",
    "otel.library.version": "otel.scope.version",
}
_OTHER_NAME: Final = _SAME_ATTRIBUTE | {new: old for old, new in _SAME_ATTRIBUTE.items()}

# Characters to which mesh_operations cuts the names in lists (sql/023_mesh_operations_mv.sql).
OPERATION_LENGTH: Final = 256

# Tags of Jaeger that are columns of the store.
_COLUMN: Final = {
    "span.kind": "lower(SpanKind)",
    "otel.status_code": "upper(StatusCode)",
    "otel.status_description": "StatusMessage",
    "otel.scope.name": "ScopeName",
    "otel.scope.version": "ScopeVersion",
    "w3c.tracestate": "TraceState",
}
_FOLD: Final[Mapping[str, Callable[[str], str]]] = {"span.kind": str.lower, "otel.status_code": str.upper}

_MAPS: Final = (
    ("SpanAttributes", "span"),
    ("ResourceAttributes", "resource"),
    ("ScopeAttributes", "scope"),
)

_FAILED: Final = "(StatusCode = 'Error' OR SpanAttributes['error'] = 'true')"


def conditions(search: Search) -> list[Sql]:
    """Return the conditions a span must fulfil, the selective ones of the primary key first."""
    found = []
    if search.service:
        found.append(of_spans(search.service))
    if search.operation:
        found.append(_of_operation(search.operation))
    found.append(Sql(_IN_WINDOW, {"start": search.window.start, "end": search.window.end}))
    if search.min_duration is not None:
        found.append(Sql("Duration >= {shortest:UInt64}", {"shortest": search.min_duration}))
    if search.max_duration is not None:
        found.append(Sql("Duration <= {longest:UInt64}", {"longest": search.max_duration}))
    found += [tag_condition(number, key, text) for number, (key, text) in enumerate(search.tags)]
    return found


def _of_operation(name: str) -> Sql:
    """Spans of an operation; of one as long as names in lists are at most, all that begin with it."""
    whole = name.rstrip("\ufffd")
    # By bytes: older versions cut there, also within a character.
    cut = len(name) == OPERATION_LENGTH or OPERATION_LENGTH - 3 <= len(whole.encode()) <= OPERATION_LENGTH
    if cut:
        return Sql("startsWith(SpanName, {operation:String})", {"operation": whole})
    return Sql("SpanName = {operation:String}", {"operation": name})


def tag_condition(number: int, key: str, text: str) -> Sql:
    """Return one tag; ``number`` keeps its parameter names apart from the other tags'.

    ``error=true`` is the span's status or its ``error`` attribute; anything else is a column that
    Jaeger shows as a tag, or an attribute of the span, its resource, its scope, or one of its events or
    links. Of an attribute that is a list one element is compared.
    """
    if key == "error" and text in ("true", "false"):
        # No parameter: both forms are fixed texts, so nothing of the request gets into the SQL.
        return Sql(_FAILED if text == "true" else f"NOT {_FAILED}")
    name, value = f"key{number}", f"value{number}"
    parameters: dict[str, object] = {name: key, value: text}
    column = _COLUMN.get(key) or _COLUMN.get(_OTHER_NAME.get(key, ""))
    if column:
        # Jaeger writes span.kind in lower case and otel.status_code in upper case; the column and the text
        # are folded alike.
        parameters = {value: _FOLD.get(key, str)(text)}
        return Sql(f"{column} = {{{value}:String}}", parameters)
    alternatives = [_anywhere(name, value, text)]
    if key in _OTHER_NAME:
        other = f"other{number}"
        parameters[other] = _OTHER_NAME[key]
        alternatives.append(_anywhere(other, value, text))
    return Sql(f"({' OR '.join(alternatives)})", parameters)


def _anywhere(key: str, value: str, text: str) -> str:
    places = [_equal(attributes, "OtlpFields", scope, key, value, text) for attributes, scope in _MAPS]
    for lists, scope in (("Events", "event"), ("Links", "link")):
        one = _equal("a", "f", scope, key, value, text)
        places.append(f"arrayExists((a, f) -> {one}, {lists}.Attributes, {lists}.OtlpFields)")
    return " OR ".join(places)


def _equal(attributes: str, column: str, scope: str, key: str, value: str, text: str) -> str:
    """Return the condition on one map; ``column`` has the types of its values."""
    stored, key = f"{attributes}[{{{key}:String}}]", f"{{{key}:String}}"
    alike = [f"{stored} = {{{value}:String}}"]
    if _is_number(text):
        # 2, 2.0 and 2e0 are one number; a string is a text even if it reads like one, such as a version.
        is_number = attribute_types.of_types(column, scope, attribute_types.NUMBERS, key)
        alike.append(f"({is_number} AND toFloat64OrNull({stored}) = toFloat64OrNull({{{value}:String}}))")
    elements = (
        f"arrayMap(e -> if(JSONType(e) = 'String', JSONExtractString(e), e), JSONExtractArrayRaw({stored}))"
    )
    is_list = attribute_types.of_types(column, scope, attribute_types.LISTS, key)
    alike.append(f"({is_list} AND has({elements}, {{{value}:String}}))")
    equal = " OR ".join(alike)
    # A missing key reads as '': only then must it be distinguished from an empty value, and only then
    # is the whole map read instead of the one key.
    return f"({equal})" if text else f"(mapContains({attributes}, {key}) AND ({equal}))"


def _is_number(text: str) -> bool:
    try:
        return isfinite(float(text))
    except ValueError:
        return False


def matching(search: Search) -> Sql:
    """Return a selection of the ids of all traces with a span that fulfils every condition."""
    return Sql("SELECT TraceId FROM otel_traces WHERE ") + join(" AND ", conditions(search))


def trace_ids(search: Search) -> Sql:
    """Return the ids of the newest matching traces."""
    return _TRACE_IDS.fill(conditions=join(" AND ", conditions(search))).bind(limit=search.limit)
