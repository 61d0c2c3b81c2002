"""Completions of a query line: services, operations, attribute keys and values.

They come from the tables the store keeps beside the spans, so that a key stroke costs milliseconds. What
begins with the text comes first, then what contains it, both in either case; of equals the more frequent.
Of each key the store keeps its more frequent values, counted among the spans it looked at; of operations
the first that came, thousands of a service and kind. Few of them share a count.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from collector.query import params
from collector.query.bounded_reader import BoundedReader
from collector.query.errors import BadValueError
from collector.query.params import Query
from collector.query.sql import Sql
from collector.query.stored_services import of_ids
from proxy.contract.api import trace_routes
from proxy.contract.api.search import Suggestion, Suggestions


class Kind(StrEnum):
    """The kind of name that is completed."""

    SERVICE = "service"
    OPERATION = "operation"
    KEY = "key"
    VALUE = "value"


@dataclass(frozen=True, slots=True)
class SuggestRequest:
    """A text to complete; empty texts bound nothing, and ``key`` is the attribute whose values are wanted."""

    kind: Kind
    text: str
    service: str
    scope: str
    key: str
    limit: int


# Each gives (text, scope, times seen) of all there is of a kind. Services by their plain names: a completed
# query says resource.service.name, and in which namespace is another attribute.
_FROM: Final[Mapping[Kind, Sql]] = {
    Kind.SERVICE: Sql(
        "SELECT substring(ServiceName, position(ServiceName, '/') + 1) AS found, '' AS scope,"
        " sum(Spans) AS times FROM mesh_operations GROUP BY found"
    ),
    Kind.OPERATION: Sql(
        "SELECT toValidUTF8(arrayJoin(names)) AS found, '' AS scope, sum(seen) AS times FROM ("
        "SELECT groupUniqArrayMerge(4)(Names) AS names, sum(Spans) AS seen FROM mesh_operations"
        " WHERE {service} GROUP BY ServiceName, SpanKind, Place) GROUP BY found"
    ),
    Kind.KEY: Sql(
        "SELECT toString(Key) AS found, toString(Scope) AS scope, sum(Spans) AS times"
        " FROM mesh_attributes WHERE {service}"
        " AND ({scope:String} = '' OR Scope = {scope:String}) GROUP BY found, scope"
    ),
    # A place of a key keeps its most frequent value (024_mesh_attributes.sql): the count is that of the
    # place. Texts are cut at 128 characters; what is cut would find nothing.
    Kind.VALUE: Sql(
        "SELECT Value AS found, '' AS scope, sum(Seen) AS times FROM ("
        "SELECT tupleElement(max(Top), 2) AS Value, sum(Spans) AS Seen FROM mesh_attributes"
        " WHERE Key = {key:String} AND {service}"
        " AND ({scope:String} = '' OR Scope = {scope:String})"
        " GROUP BY ServiceName, Scope, Place) WHERE lengthUTF8(Value) < 128 GROUP BY found"
    ),
}
_ANY: Final = Sql("1")
_MATCHING: Final = Sql("""
SELECT found, scope, times, count() OVER ()
FROM ({source})
WHERE {text:String} = '' OR positionCaseInsensitiveUTF8(found, {text:String}) > 0
ORDER BY positionCaseInsensitiveUTF8(found, {text:String}) > 1, times DESC, found, scope
LIMIT {limit:UInt32}
""")


def parse_request(query: Query) -> SuggestRequest:
    """Parse the query of GET /api/mesh/suggest. Raises BadValueError."""
    kind = Kind(params.read(query, trace_routes.SUGGESTED))
    key = query.get("key", "")
    if kind == Kind.VALUE and not key:
        raise BadValueError("key is missing: name the attribute whose values are wanted, as &key=NAME")
    return SuggestRequest(
        kind,
        query.get("prefix", ""),
        query.get("service", ""),
        params.read(query, trace_routes.SCOPE),
        key,
        params.read(query, trace_routes.SUGGESTION_LIMIT),
    )


async def suggestions(store: BoundedReader, wanted: SuggestRequest) -> Suggestions:
    """Completions in their order; ``more`` when more match than are given. Raises TryLaterError."""
    source = _FROM[wanted.kind]
    if wanted.kind is not Kind.SERVICE:
        source = source.fill(service=of_ids("ServiceName", wanted.service) if wanted.service else _ANY)
    rows = await store.rows(
        _MATCHING.fill(source=source).bind(
            text=wanted.text,
            scope=wanted.scope,
            key=wanted.key,
            limit=wanted.limit,
        )
    )
    return {
        "suggestions": [_suggestion(text, times, scope) for text, scope, times, _ in rows],
        "more": bool(rows) and rows[0][3] > len(rows),
    }


def _suggestion(text: str, times: int, scope: str) -> Suggestion:
    return {"value": text, "count": times, "scope": scope} if scope else {"value": text, "count": times}
