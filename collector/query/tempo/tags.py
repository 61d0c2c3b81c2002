"""Tags as Tempo's clients ask for them to complete a query: names of attributes, values of a field.

What ``suggest`` knows comes from there; values among the spans that fulfil a condition are
counted in the spans of a window. Those seen most often come first.
"""

from typing import Final

from collector.query.bounded_reader import BoundedReader
from collector.query.params import Window
from collector.query.search.services import services
from collector.query.search.suggest import Kind, SuggestRequest, suggestions
from collector.query.sql import Sql
from collector.query.traceql import TraceQLError, parse_any
from collector.query.traceql.compiled import spans_table
from collector.query.traceql.conditions import Conditions
from collector.query.traceql.language import names, syntax
from collector.query.traceql.language.syntax import Attribute, Intrinsic, Scope, Type
from collector.query.traceql.normalize import normal, upper_bound
from proxy.contract.api.search import Suggestion
from proxy.contract.service_id import ServiceId

KEYS_MAX: Final = 5000
VALUES_MAX: Final = 1000
# Values are counted in so much of a window, up to its end.
WINDOW_US: Final = 3_600_000_000

_VALUES: Final = Sql("""
SELECT assumeNotNull(value) AS text, count() AS seen
FROM (
    SELECT {value} AS value
    FROM {spans}
    WHERE Timestamp >= fromUnixTimestamp64Micro({ql_start:Int64})
        AND Timestamp <= fromUnixTimestamp64Micro({ql_end:Int64}) AND ({condition})
)
WHERE value IS NOT NULL AND text != ''
GROUP BY text
ORDER BY seen DESC, text
LIMIT {ql_limit:UInt32}
""")
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


async def keys(store: BoundedReader) -> dict[str, list[str]]:
    """Names of attributes by scope, ``span`` and ``resource``."""
    found: dict[str, list[str]] = {"resource": [], "span": []}
    for each in await _suggested(store, Kind.KEY, KEYS_MAX):
        found[each["scope"]].append(each["value"])
    return {scope: sorted(tags) for scope, tags in found.items()}


async def values(store: BoundedReader, field: syntax.Field, text: str, window: Window) -> list[str]:
    """Values of a field in the spans that the first spanset of the query ``text`` takes.

    While a query is being written it is often no query yet: then values of all spans.
    """
    condition = _condition(text)
    if isinstance(field, Attribute):
        if condition is None and field.scope in _SUGGESTED:
            return await _values_of(store, field)
        return await _counted(store, field, condition, window)
    if field.name == "span:status":
        return list(names.STATUSES)
    if field.name == "span:kind":
        return list(names.KINDS)
    if field.name in ("trace:rootService", "trace:rootName"):  # any may be at the root
        of_root = Intrinsic("span:name") if field.name == "trace:rootName" else _SERVICE
        return await values(store, of_root, "{ parent = nil }", window)
    if field.name == "span:name" and condition is None:
        return [each["value"] for each in await _suggested(store, Kind.OPERATION, VALUES_MAX)]
    return await _counted(store, field, condition, window) if field.name in _COUNTED else []


async def _values_of(store: BoundedReader, field: Attribute) -> list[str]:
    if field.key == _SERVICE.key:
        # What spans say: their namespace is an attribute of its own.
        return sorted({ServiceId(service).name for service in await services(store)})
    scope = "" if field.scope is Scope.ANY else field.scope
    return [each["value"] for each in await _suggested(store, Kind.VALUE, VALUES_MAX, scope, field.key)]


async def _suggested(
    store: BoundedReader, kind: Kind, limit: int, scope: str = "", key: str = ""
) -> list[Suggestion]:
    found = await suggestions(store, SuggestRequest(kind, "", "", scope, key, limit))
    return found["suggestions"]


async def _counted(
    store: BoundedReader, field: syntax.Field, condition: syntax.Expression | None, window: Window
) -> list[str]:
    conditions = Conditions()
    value, fulfilled = conditions.text(field), conditions.condition(condition)
    counted = _VALUES.fill(value=value, condition=fulfilled, spans=spans_table(conditions.joined))
    query = counted.bind(
        **conditions.parameters,
        ql_start=max(window.start, window.end - WINDOW_US),
        ql_end=window.end,
        ql_limit=VALUES_MAX,
    )
    return [row[0] for row in await store.rows(query)]


def kind(field: syntax.Field) -> str:
    """The type of a field's values, as Tempo names it."""
    if isinstance(field, Attribute):
        return "string"
    return "keyword" if names.INTRINSICS[field.name] in (Type.STATUS, Type.KIND) else "string"


def _condition(text: str) -> syntax.Expression | None:
    try:
        first = normal(parse_any(text)).stages[0]
    except TraceQLError:
        return None
    # What needs the whole trace leaves a few values too many, rather than none.
    return upper_bound(first.condition) if isinstance(first, syntax.Filter) else None
