"""Pages of a search: a page of ids, then what is shown of them.

Two queries: ranking reads the summaries of every trace of the window, so it reads as few columns as it can,
and names and services are read for the traces of the page alone.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from collector.query.bounded_reader import BoundedReader
from collector.query.params import Window
from collector.query.search import cursor, page_sql
from collector.query.search.cursor import Cursor
from collector.query.search.request import SearchRequest, spread
from collector.query.traceql import Compiled, compiled
from collector.query.traceql.evaluate import Facts, MatchedSpanset
from collector.query.traceql.spansets import Spansets
from proxy.contract.api.search import MatchedSpan, TraceLine

_SHOWN: Final = 3  # matching spans of a trace
_FACTS_MAX: Final = 100_000  # spans of a page's traces that are looked at for it


@dataclass(frozen=True, slots=True)
class Page:
    """Traces of one page in their order, as (id, rank, start, end).

    ``next_cursor`` is that of the next page, empty after the last. ``partial``: a query for
    structure has not looked at all of the window's traces.
    """

    rows: list[tuple[Any, ...]]
    next_cursor: str
    window: Window
    partial: bool = False
    query: Compiled | None = None

    @property
    def ids(self) -> list[str]:
        return [row[0] for row in self.rows]


class Pages:
    """Searches of traces in any order, page by page. Raises TryLaterError."""

    def __init__(self, store: BoundedReader) -> None:
        self._store = store
        self._spansets = Spansets(store)

    async def page(self, search: SearchRequest) -> Page:
        """Read one page; the row read beyond it shows that there is a next."""
        listing, query, partial = search.listing, None, False
        if search.query:
            query = compiled(search.query, spread(listing.window))
            selection, partial = await self._spansets.selection(query)
            listing = replace(listing, matching=(*listing.matching, selection))
        rows = await self._store.rows(page_sql.ids(listing, search.after))
        # (A cursor is made from the last row that is shown, not from the one behind it, which the next page
        # begins with.)
        next_cursor = ""
        if len(rows) > listing.limit:
            rows = rows[: listing.limit]
            last = Cursor(listing.window, rows[-1][1], rows[-1][0])
            next_cursor = cursor.encode(last, search.search)
        return Page(rows, next_cursor, listing.window, partial, query)

    async def lines(self, page: Page) -> list[TraceLine]:
        """Return the traces of a page in one line each."""
        if not page.rows:
            return []
        found = {row[0]: row for row in await self._store.rows(page_sql.rows(page.rows))}
        # A trace may be gone between the two queries: its retention ended meanwhile.
        lines = [page_sql.line(found[trace_id]) for trace_id in page.ids if trace_id in found]
        if page.query:
            matches = await self._matches(page.query, page.ids)
            for line in lines:
                # A trace beyond what is looked at for a page has no count.
                count, shown = matches.get(line["traceId"], (None, []))
                line["matched"] = count
                line["matchedSpans"] = shown
        return lines

    async def _matches(self, query: Compiled, ids: list[str]) -> dict[str, tuple[int, list[MatchedSpan]]]:
        """Return the number of matching spans of each trace, and the first few of them."""
        rows = await self._store.rows(query.spans(ids, _FACTS_MAX))
        return await asyncio.to_thread(
            lambda: {trace_id: _matched(*match) for trace_id, match in query.matches(rows).items()}
        )


def _matched(spans: Sequence[Facts], sets: Sequence[MatchedSpanset]) -> tuple[int, list[MatchedSpan]]:
    indices = sorted({index for each in sets for index in each.spans})
    shown: list[MatchedSpan] = [
        {
            "spanId": span.span_id,
            "name": span.name,
            "start": span.start // 1000,
            "duration": span.duration / 1e6,
        }
        for span in (spans[index] for index in indices[:_SHOWN])
    ]
    return len(indices), shown
