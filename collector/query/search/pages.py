"""Runs listings against the store: a page of ids, then what is shown of them."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from collector.query.bounded_reader import BoundedReader
from collector.query.params import Window
from collector.query.search import cursor, page_sql
from collector.query.search.cursor import Cursor
from collector.query.search.request import Asked, spread
from collector.query.traceql import Compiled, compiled
from collector.query.traceql.evaluate import Facts, Found
from collector.query.traceql.spansets import Spansets

_SHOWN: Final = 3  # matching spans of a trace
_FACTS_MAX: Final = 100_000  # spans of a page's traces that are looked at for it
_NOTHING: Final[dict[str, Any]] = {"matched": None, "matchedSpans": []}  # of a trace beyond that


@dataclass(frozen=True, slots=True)
class Page:
    """Traces of one page in their order, as (id, rank, start, end).

    ``following`` is the cursor of the next page, empty after the last. ``partial``: a query for
    structure has not looked at all of the window's traces.
    """

    rows: list[tuple[Any, ...]]
    following: str
    window: Window
    partial: bool = False
    query: Compiled | None = None

    @property
    def ids(self) -> list[str]:
        return [row[0] for row in self.rows]


class Finder:
    """Traces in any order. Raises TryLaterError."""

    def __init__(self, store: BoundedReader) -> None:
        self._store = store
        self._spansets = Spansets(store)

    async def page(self, asked: Asked) -> Page:
        """One page; the row asked for beyond it tells whether there is a next."""
        wanted, query, partial = asked.listing, None, False
        if asked.query:
            query = compiled(asked.query, spread(wanted.window))
            selection, partial = await self._spansets.selection(query)
            wanted = replace(wanted, matching=(*wanted.matching, selection))
        rows = await self._store.rows(page_sql.ids(wanted, asked.after))
        following = ""
        if len(rows) > wanted.limit:
            rows = rows[: wanted.limit]
            last = Cursor(wanted.window, rows[-1][1], rows[-1][0])
            following = cursor.written(last, asked.search)
        return Page(rows, following, wanted.window, partial, query)

    async def lines(self, page: Page) -> list[dict[str, Any]]:
        """The traces of a page in one line each."""
        if not page.rows:
            return []
        found = {row[0]: row for row in await self._store.rows(page_sql.rows(page.rows))}
        lines = [page_sql.line(found[trace_id]) for trace_id in page.ids if trace_id in found]
        if page.query:
            matched = await self._matched(page.query, page.ids)
            lines = [line | matched.get(line["traceId"], _NOTHING) for line in lines]
        return lines

    async def _matched(self, query: Compiled, ids: list[str]) -> dict[str, dict[str, Any]]:
        """What of each trace matched: how many spans, and the first few of them."""
        rows = await self._store.rows(query.spans(ids, _FACTS_MAX))
        return await asyncio.to_thread(
            lambda: {trace_id: _told(*match) for trace_id, match in query.matches(rows).items()}
        )


def _told(spans: Sequence[Facts], sets: Sequence[Found]) -> dict[str, Any]:
    places = sorted({place for each in sets for place in each.spans})
    shown = [
        {
            "spanId": span.span_id,
            "name": span.name,
            "start": span.start // 1000,
            "duration": span.duration / 1e6,
        }
        for span in (spans[place] for place in places[:_SHOWN])
    ]
    return {"matched": len(places), "matchedSpans": shown}
