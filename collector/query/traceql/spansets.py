"""Runs TraceQL against the store, with bounds on what one question may read."""

import asyncio
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from collector.clickhouse.database import StatementError
from collector.query.bounded_reader import BoundedReader
from collector.query.sql import Sql
from collector.query.traceql import Compiled, TraceQLError
from collector.query.traceql.evaluate import Facts, MatchedSpanset
from collector.query.traceql.language import syntax
from collector.query.traceql.language.errors import Position
from collector.query.traceql.language.types import position

# A query for structure looks at so many of the newest traces its filters find, ...
CANDIDATES_MAX: Final = 5000
BATCH: Final = 250
# ... and at so many spans at a time; a trace with more is not looked at.
ROWS_MAX: Final = 100_000

_REASON: Final = re.compile(r"error: (.*?)\. Look at")
_UNCOMPILED: Final = re.compile("cannot compile re2")


@dataclass(frozen=True, slots=True)
class Match:
    """A trace that matches: its spans in order of start, and the spansets over them."""

    trace_id: str
    spans: Sequence[Facts]
    sets: Sequence[MatchedSpanset]


@dataclass(frozen=True, slots=True)
class Answer:
    """Matches, newest first; ``partial`` when a bound left traces unread."""

    matches: Sequence[Match]
    partial: bool


class Spansets:
    """Traces that match a query. Raises TraceQLError for a regular expression that is none, and
    TryLaterError."""

    def __init__(self, store: BoundedReader) -> None:
        self._store = store

    async def search(self, query: Compiled, limit: int) -> Answer:
        """Return the newest matching traces with the spans that matched."""
        await self.check_regexes(query.regexes)
        # One more than is looked at: its presence says that some are left out.
        candidates = await self._newest(query, limit if query.exact else CANDIDATES_MAX + 1)
        partial = not query.exact and len(candidates) > CANDIDATES_MAX
        if partial:
            candidates.pop()
        found: list[Match] = []
        skipped = False
        start, size = 0, BATCH
        while start < len(candidates):
            answer = await self._matches(query, candidates[start : start + size])
            found += answer.matches
            skipped |= answer.partial
            if len(found) >= limit:
                # The limit is full with newer traces than those left out: the answer is complete.
                partial = False
                break
            # Few traces are mostly enough; where they were not, each question costs more than its rows.
            start, size = start + size, size * 2
        return Answer(found[:limit], partial or skipped)

    async def selection(self, query: Compiled) -> tuple[Sql, bool]:
        """SQL that returns TraceId of the traces that match, and whether a bound left some out.

        Runs nothing but a check of the regular expressions when the query is exact.
        """
        if query.exact:
            await self.check_regexes(query.regexes)
            return query.selection, False
        answer = await self.search(query, CANDIDATES_MAX)
        ids = [match.trace_id for match in answer.matches]
        return Sql("SELECT arrayJoin({ql_found:Array(String)}) AS TraceId", {"ql_found": ids}), answer.partial

    async def _newest(self, query: Compiled, limit: int) -> list[str]:
        return [row[0] for row in await self._rows(query, query.newest(limit))]

    async def _matches(self, query: Compiled, ids: Sequence[str]) -> Answer:
        """Return the matches among some traces, in their order."""
        rows = await self._rows(query, query.spans(ids, ROWS_MAX + 1))
        # Halved rather than refused: it is usually one trace of the batch that is large.
        large = len(rows) > ROWS_MAX
        if large and len(ids) > 1:
            half = len(ids) // 2
            one, two = await self._matches(query, ids[:half]), await self._matches(query, ids[half:])
            return Answer([*one.matches, *two.matches], one.partial or two.partial)
        # One trace with more spans than may be read: without all of them its structure cannot be decided.
        if large and not query.exact:
            return Answer([], True)
        found = await asyncio.to_thread(query.matches, rows)
        return Answer([Match(each, *found[each]) for each in ids if each in found], large)

    async def _rows(self, query: Compiled, sql: Sql) -> list[tuple[Any, ...]]:
        try:
            return await self._store.rows(sql)
        except StatementError as error:
            # Patterns that stand in the query were checked, so it is one that a span has as its value.
            if not query.computed_regexes or not _UNCOMPILED.search(str(error)):
                raise
            raise _bad_regex(str(error), position(query.computed_regexes[0])) from None

    async def check_regexes(self, regexes: Iterable[syntax.Literal]) -> None:
        """Let the store compile each one before anything is read: it alone knows its dialect, RE2."""
        for regex in regexes:
            try:
                await self._store.rows(Sql("SELECT match('a', {pattern:String})", {"pattern": regex.value}))
            except StatementError as error:
                raise _bad_regex(str(error), regex.at) from None


def _bad_regex(error: str, position: Position) -> TraceQLError:
    reason = _REASON.search(error)
    why = f" ({reason[1]})" if reason else ""
    return TraceQLError(
        f"this is no regular expression{why}: write one in RE2's syntax, without look-around and "
        "back references",
        position,
    )
