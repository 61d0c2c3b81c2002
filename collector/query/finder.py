"""Runs listings against the store: a page of ids, then what is shown of them."""

from dataclasses import dataclass
from typing import Any

from collector.query import cursor, listing
from collector.query.cursor import Cursor
from collector.query.params import Window
from collector.query.params_listing import Asked
from collector.query.store import Store


@dataclass(frozen=True, slots=True)
class Page:
    """Traces of one page in their order, as (id, rank, start, end); ``following`` is the cursor of
    the next page, empty after the last."""

    rows: list[tuple[Any, ...]]
    following: str
    window: Window

    @property
    def ids(self) -> list[str]:
        return [row[0] for row in self.rows]


class Finder:
    """Traces in any order. Raises TryLaterError."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def page(self, asked: Asked) -> Page:
        """One page; the row asked for beyond it tells whether there is a next."""
        wanted = asked.listing
        rows = await self._store.rows(*listing.ids(wanted, asked.after))
        following = ""
        if len(rows) > wanted.limit:
            rows = rows[: wanted.limit]
            last = Cursor(wanted.window, rows[-1][1], rows[-1][0])
            following = cursor.written(last, asked.search)
        return Page(rows, following, wanted.window)

    async def lines(self, page: Page) -> list[dict[str, Any]]:
        """The traces of a page in one line each."""
        if not page.rows:
            return []
        found = {row[0]: row for row in await self._store.rows(*listing.rows(page.rows))}
        return [listing.line(found[trace_id]) for trace_id in page.ids if trace_id in found]
