"""Query strings of the searches that have an order and pages to a ``Listing``. Pure.

Raises BadValueError. A cursor brings the window of its first page with it; ``start``, ``end``
and ``lookback`` beside it are ignored.
"""

import json
from dataclasses import dataclass, replace
from typing import Final

from multidict import MultiMapping

from collector.query import params
from collector.query.params import Query as Params
from collector.query.params import Window
from collector.query.search import cursor
from collector.query.search.cursor import Cursor
from collector.query.search.page_sql import SPREAD_US, Listing, Order
from collector.query.search.span_conditions import Search, matching
from collector.query.sql import Sql
from collector.query.traceql import Query, parse
from proxy.contract.api import trace_routes
from proxy.contract.api.parameters import Duration

# What does not make a search another one: a page's size, and what the first page's window came from.
_PAGING: Final = frozenset(("cursor", "limit", "start", "end", "lookback"))


@dataclass(frozen=True, slots=True)
class SearchRequest:
    """A page of a listing: after which trace, and what tells this search from another."""

    listing: Listing
    after: Cursor | None
    search: str
    query: Query | None = None  # what traces must match besides, in TraceQL


def parse_search(query: MultiMapping[str], now_us: int, apart_us: int = 0) -> SearchRequest:
    """Parse the query of GET /api/mesh/search: durations are those of whole traces, and so is ``errors``."""
    search, after = search_key(query), _after(query)
    window = after.window if after else params.search_window(query, now_us, apart_us)
    shortest, longest = durations(query, trace_routes.MIN_DURATION, trace_routes.MAX_DURATION)
    spans = Search(
        window=window,
        service=query.get("service", ""),
        operation=query.get("operation", ""),
        tags=params.tags(query.getall("tag", []), query.getall("tags", [])),
    )
    return SearchRequest(
        Listing(
            window=window,
            order=_order(query),
            descending=_descending(query),
            limit=params.read(query, trace_routes.SEARCH_LIMIT),
            service=spans.service,
            failed=_failed(query),
            shortest=shortest,
            longest=longest,
            # The service alone is known from the summary.
            matching=() if spans == Search(window, spans.service) else (of_spans(spans),),
        ),
        after,
        search,
        traceql(query.get("q", "")),
    )


def parse_jaeger_search(query: MultiMapping[str], search: Search) -> SearchRequest | None:
    """Parse our extension of GET /api/traces: ``q``, ``order``, ``dir``, ``cursor``; None without them."""
    if not any(query.get(key) for key in ("q", "order", "dir", "cursor")):
        return None
    after = _after(query)
    spans = replace(search, window=after.window) if after else search
    listing = Listing(
        spans.window, _order(query), _descending(query), search.limit, matching=(of_spans(spans),)
    )
    return SearchRequest(listing, after, search_key(query), traceql(query.get("q", "")))


def parse_v3_search(text: str, search: Search) -> SearchRequest:
    """Parse a search of Jaeger's v3 API with a ``filter``: newest first."""
    listing = Listing(search.window, limit=search.limit, matching=(of_spans(search),))
    return SearchRequest(listing, None, "", traceql(text))


def traceql(text: str) -> Query | None:
    """Return the query of a text, None of an empty one. Raises TraceQLError."""
    return parse(text) if text.strip() else None


def of_spans(search: Search) -> Sql:
    """Return a selection of the ids of traces with a span that fulfils the search."""
    return matching(replace(search, window=spread(search.window)))


def spread(window: Window) -> Window:
    """Return the window of the spans of traces that start in a window: some start later than their trace."""
    return Window(window.start, window.end + SPREAD_US)


def durations(query: Params, low: Duration, high: Duration) -> tuple[int | None, int | None]:
    """Return two bounds in nanoseconds, the first not above the second."""
    shortest, longest = params.read(query, low), params.read(query, high)
    if shortest is not None and longest is not None and shortest > longest:
        raise params.bad(low.name, query[low.name], f"it must not be above {high.name}")
    return shortest, longest


def search_key(query: MultiMapping[str]) -> str:
    """Return a text that is equal for the pages of one search: all parameters but those of paging."""
    given = sorted((key, value) for key, value in query.items() if value and key not in _PAGING)
    return json.dumps(given)


def _after(query: MultiMapping[str]) -> Cursor | None:
    text = query.get("cursor", "")
    if not text:
        return None
    found = cursor.decode(text, search_key(query))
    if isinstance(found.rank, str) != (_order(query) is Order.ROOT):
        raise params.bad("cursor", text, "send the cursor of the reply before unchanged")
    return found


def _order(query: Params) -> Order:
    return Order(params.read(query, trace_routes.ORDER))


def _descending(query: Params) -> bool:
    return params.read(query, trace_routes.DIRECTION) == "desc"


def _failed(query: Params) -> bool | None:
    text = params.read(query, trace_routes.ERRORS)
    return None if not text else text == "true"
