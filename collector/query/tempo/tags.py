"""Tags as Tempo's clients ask for them to complete a query: names of attributes, values of a field.

What ``suggest`` knows comes from there; values among the spans that fulfil a condition are
counted in the spans of a window. Those seen most often come first.
"""

import json
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from collector.clickhouse.database import Row
from collector.otlp import stored_values
from collector.query.bounded_reader import BoundedReader
from collector.query.params import Window
from collector.query.search.span_conditions import OPERATION_LENGTH
from collector.query.search.suggest import Kind, SuggestRequest, suggestions
from collector.query.sql import Sql
from collector.query.traceql import TraceQLError, parse_any
from collector.query.traceql.compiled import spans_table
from collector.query.traceql.conditions import Conditions
from collector.query.traceql.language import names, syntax
from collector.query.traceql.language.syntax import Attribute, Intrinsic, Scope, Type
from collector.query.traceql.normalize import normal, upper_bound
from proxy.contract.api.search import Suggestion

KEYS_MAX: Final = 5000
VALUES_MAX: Final = 1000
# Spans are read in so much of a window, up to its end.
WINDOW_US: Final = 3_600_000_000

# A list is found by its elements, so they are its values.
_VALUES: Final = Sql("""
SELECT arrayJoin(if(type = 'array', JSONExtractArrayRaw(value), [value])) AS text, type, count() AS seen
FROM (
    SELECT ifNull({value}, '') AS value, {type} AS type
    FROM {spans}
    WHERE Timestamp >= fromUnixTimestamp64Micro({ql_start:Int64})
        AND Timestamp <= fromUnixTimestamp64Micro({ql_end:Int64}) AND ({condition})
)
WHERE text != ''
GROUP BY text, type
ORDER BY seen DESC, text
LIMIT {ql_limit:UInt32}
""")
# Types follow the attribute's name, so that a look at some of its spans is enough.
_TYPES: Final = Sql("""
SELECT DISTINCT type
FROM (
    SELECT {value} AS value, {type} AS type
    FROM {spans}
    WHERE Timestamp >= fromUnixTimestamp64Micro({ql_start:Int64})
        AND Timestamp <= fromUnixTimestamp64Micro({ql_end:Int64}) AND ({condition})
    LIMIT 10 * {ql_limit:UInt32}
)
""")
# Names of types in Tempo. Texts of unknown type are found as strings; bytes and maps by no value.
_KINDS: Final = {
    stored_values.STRING: "string",
    "?": "string",
    stored_values.INT: "int",
    stored_values.DOUBLE: "float",
    stored_values.BOOL: "bool",
}
_OF_ELEMENTS: Final = {str: "string", int: "int", float: "float", bool: "bool"}
# Scopes whose values are known without a look at the spans.
_SUGGESTED: Final = (Scope.ANY, Scope.SPAN, Scope.RESOURCE)
_SERVICE: Final = Attribute(Scope.RESOURCE, "service.name")
# Ids and times have as many values as there are spans.
_COUNTED: Final = (
    "span:name",
    "span:statusMessage",
    "event:name",
    "instrumentation:name",
    "instrumentation:version",
)


class TagValue(NamedTuple):
    """A value and the name of its type in Tempo, by which Grafana puts it in quotes or not."""

    kind: str
    text: str


async def keys(store: BoundedReader) -> dict[str, list[str]]:
    """Names of attributes by scope, ``span`` and ``resource``."""
    found: dict[str, list[str]] = {"resource": [], "span": []}
    for each in await _suggested(store, Kind.KEY, KEYS_MAX):
        found[each["scope"]].append(each["value"])
    return {scope: sorted(tags) for scope, tags in found.items()}


async def values(store: BoundedReader, field: syntax.Field, text: str, window: Window) -> list[TagValue]:
    """Values of a field in the spans that the first spanset of the query ``text`` takes.

    While a query is being written it is often no query yet: then values of all spans.
    """
    condition = _condition(text)
    if isinstance(field, Attribute):
        if condition is None and field.scope in _SUGGESTED:
            return await _values_of(store, field, window)
        return await _counted(store, field, condition, window)
    if field.name == "span:status":
        return [TagValue("keyword", status) for status in names.STATUSES]
    if field.name == "span:kind":
        return [TagValue("keyword", kind) for kind in names.KINDS]
    if field.name in ("trace:rootService", "trace:rootName"):  # any may be at the root
        of_root = Intrinsic("span:name") if field.name == "trace:rootName" else _SERVICE
        return await values(store, of_root, "{ parent = nil }", window)
    if field.name == "span:name" and condition is None:
        known = [each["value"] for each in await _suggested(store, Kind.OPERATION, VALUES_MAX)]
        # The store knows long names by their beginnings alone, which are the names of no spans.
        if all(len(name) < OPERATION_LENGTH for name in known):
            return _strings(known)
    return await _counted(store, field, condition, window) if field.name in _COUNTED else []


async def _values_of(store: BoundedReader, field: Attribute, window: Window) -> list[TagValue]:
    if field.key == _SERVICE.key:
        found = await _suggested(store, Kind.SERVICE, VALUES_MAX)
        return _strings(sorted(each["value"] for each in found if each["value"]))
    # Names and their values are known without a look at the spans, types are not.
    there = syntax.Binary("!=", field, syntax.Literal(Type.NIL, None))
    types = {row[0] for row in await _rows(store, _TYPES, field, there, _recent(window))}
    if len(types) > 1 or not types <= _KINDS.keys():
        return await _counted(store, field, None, window)
    scope = "" if field.scope is Scope.ANY else field.scope
    suggested = await _suggested(store, Kind.VALUE, VALUES_MAX, scope, field.key)
    kind = types.pop() if types else None
    texts = [each["value"] for each in suggested]
    # Of an attribute that no span had for an hour the texts alone can say it.
    return [TagValue(_KINDS[stored_values.infer(text) if kind is None else kind], text) for text in texts]


async def _suggested(
    store: BoundedReader, kind: Kind, limit: int, scope: str = "", key: str = ""
) -> list[Suggestion]:
    found = await suggestions(store, SuggestRequest(kind, "", "", scope, key, limit))
    return found["suggestions"]


async def _counted(
    store: BoundedReader, field: syntax.Field, condition: syntax.Expression | None, window: Window
) -> list[TagValue]:
    rows = await _rows(store, _VALUES, field, condition, _recent(window))
    # A string alone and one within a list are one value.
    return list(dict.fromkeys(value for text, kind, _ in rows if (value := _value(text, kind))))


async def _rows(
    store: BoundedReader, sql: Sql, field: syntax.Field, condition: syntax.Expression | None, window: Window
) -> Sequence[Row]:
    conditions = Conditions()
    parts = {
        "value": conditions.text(field),
        "type": conditions.type_of(field),
        "condition": conditions.condition(condition),
    }
    query = sql.fill(**parts, spans=spans_table(conditions.joined))
    return await store.rows(
        query.bind(**conditions.parameters, ql_start=window.start, ql_end=window.end, ql_limit=VALUES_MAX)
    )


def _recent(window: Window) -> Window:
    return Window(max(window.start, window.end - WINDOW_US), window.end)


def _value(text: str, kind: str) -> TagValue | None:
    """Return a value as searches take it; None if no search finds it."""
    if kind == stored_values.ARRAY:
        element = json.loads(text)
        name = _OF_ELEMENTS.get(type(element))
        return TagValue(name, element if name == "string" else text) if name else None
    return TagValue(_KINDS[kind], text) if kind in _KINDS else None


def _strings(texts: Iterable[str]) -> list[TagValue]:
    return [TagValue("string", text) for text in texts]


def _condition(text: str) -> syntax.Expression | None:
    try:
        first = normal(parse_any(text)).stages[0]
    except TraceQLError:
        return None
    # What needs the whole trace leaves a few values too many, rather than none.
    return upper_bound(first.condition) if isinstance(first, syntax.Filter) else None
