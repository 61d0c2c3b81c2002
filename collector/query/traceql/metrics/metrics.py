"""Runs queries for series against the store, with bounds on what one question may count."""

import asyncio
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from collector.clickhouse.database import StatementError
from collector.query.bounded_reader import BoundedReader
from collector.query.errors import BadValueError
from collector.query.sql import Sql
from collector.query.traceql import Compiled, TraceQLError, compiled
from collector.query.traceql.language import syntax, walk
from collector.query.traceql.language.check_stages import metric_of
from collector.query.traceql.language.errors import Position
from collector.query.traceql.metrics import comparison, statements
from collector.query.traceql.metrics.operation import combined
from collector.query.traceql.metrics.series import Series, from_rows, processed, spread
from collector.query.traceql.metrics.steps import Steps
from collector.query.traceql.spansets import CANDIDATES_MAX, Spansets

# Of one reply. With more intervals there are fewer series, so that a reply stays below some megabytes.
SERIES_MAX: Final = 1000
VALUES_MAX: Final = 200_000
# Spans that a query for structure hands on to be counted.
SPANS_MAX: Final = 50_000

# TOO_MANY_ROWS with max_rows_to_group_by, MEMORY_LIMIT_EXCEEDED.
_TOO_MUCH: Final = re.compile(r"Code: (158|241)\b")


@dataclass(frozen=True, slots=True)
class SeriesAnswer:
    """Series, those of the most spans first. ``partial`` says in words what is missing, "" if nothing is."""

    series: Sequence[Series]
    partial: str = ""


class Metrics:
    """Series of a query. Raises TraceQLError, BadValueError where it counts too much, and TryLaterError."""

    def __init__(self, store: BoundedReader) -> None:
        self._store = store
        self._spansets = Spansets(store)

    async def run(self, query: syntax.Query, steps: Steps, exemplars: int) -> SeriesAnswer:
        """Return the series of a query over all intervals, with at most ``exemplars`` exemplars."""
        answer = await self._series(query, steps, exemplars)
        return replace(answer, series=spread(answer.series, exemplars))

    async def _series(self, query: syntax.Query, steps: Steps, exemplars: int) -> SeriesAnswer:
        metric = metric_of(query)
        if metric is None:
            raise TraceQLError(
                "this finds traces, and series are asked for: write a metric such as | rate() at the end",
                Position(),
            )
        if isinstance(metric, syntax.SeriesOperation):
            sides = [await self._series(each, steps, exemplars) for each in (metric.left, metric.right)]
            found = combined(metric.op, *(each.series for each in sides))
            missing = [each.partial for each in sides]
        else:
            place = query.stages.index(metric)
            spans = compiled(replace(query, stages=query.stages[:place]), steps.window)
            kept, joined, partial = await self._kept(spans)
            if isinstance(metric, syntax.Compare):
                found, more = await self._compared(metric, steps, kept, joined)
            else:
                found, more = await self._measured(metric, steps, kept, joined, exemplars > 0)
            missing = [partial, more]
        behind = [each for each in query.stages if isinstance(each, syntax.Rank | syntax.SeriesFilter)]
        series = await asyncio.to_thread(processed, found, behind)
        return SeriesAnswer(series, "; ".join(dict.fromkeys(filter(None, missing))))

    async def _kept(self, spans: Compiled) -> tuple[Sql, bool, str]:
        """Return the condition on the spans a query leaves, if it needs their trace, and what is missing."""
        if spans.kept is not None:
            selection, _ = await self._spansets.selection(spans)
            first, *rest = spans.query.stages
            alone = not any(isinstance(each, syntax.ScalarFilter) for each in rest)
            if alone and set(walk.operators([first])) <= {"||"}:
                return spans.kept, spans.joined, ""
            both = Sql("({kept}) AND TraceId IN ({selection})").fill(kept=spans.kept, selection=selection)
            return both, spans.joined, ""
        answer = await self._spansets.search(spans, CANDIDATES_MAX)
        ids = [
            (match.trace_id, match.spans[index].span_id)
            for match in answer.matches
            for index in sorted({index for each in match.sets for index in each.spans})
        ]
        partial = "not every trace was looked at: narrow the filters or the time"
        # Out of a subquery: 45,000 ids right behind IN take ClickHouse 25 s to analyse, these half a second.
        kept = Sql(
            "TraceId IN {qs_traces:Array(String)}"
            " AND concat(TraceId, SpanId) IN (SELECT arrayJoin({qs_spans:Array(String)}))",
            {
                "qs_traces": sorted({trace_id for trace_id, _ in ids[:SPANS_MAX]}),
                "qs_spans": [trace_id + span_id for trace_id, span_id in ids[:SPANS_MAX]],
            },
        )
        cut = answer.partial or len(answer.matches) >= CANDIDATES_MAX or len(ids) > SPANS_MAX
        return kept, False, partial if cut else ""

    async def _measured(
        self, metric: syntax.SpanMetric, steps: Steps, kept: Sql, joined: bool, exemplars: bool
    ) -> tuple[list[Series], str]:
        limit = max(1, min(SERIES_MAX, VALUES_MAX // steps.count) // max(1, len(metric.quantiles)))
        sql = statements.statement(metric, steps, kept, joined, limit, exemplars)
        rows = await self._rows(sql)
        total = rows[0][5] if rows else 0
        found = await asyncio.to_thread(from_rows, metric, steps, rows)
        return found, f"of {total} series the {limit} with the most spans" if total > limit else ""

    async def _compared(
        self, metric: syntax.Compare, steps: Steps, kept: Sql, joined: bool
    ) -> tuple[list[Series], str]:
        await self._spansets.check_regexes(
            each for each in walk.patterns(metric.selection.condition) if isinstance(each, syntax.Literal)
        )
        [(spans,)] = await self._rows(comparison.count(steps, kept, joined))
        share = max(1, -(-spans // comparison.SPANS_MAX))
        values, totals = comparison.statements(metric, steps, kept, joined, share)
        of_values, of_totals = [await self._rows(sql) for sql in (values, totals)]
        found = await asyncio.to_thread(comparison.series, metric, steps, of_values, of_totals, share)
        return found, f"counted from one span in {share} of {spans}" if share > 1 else ""

    async def _rows(self, sql: Sql) -> list[tuple[Any, ...]]:
        try:
            return await self._store.rows(sql)
        except StatementError as error:
            if not _TOO_MUCH.search(str(error)):
                raise
            raise BadValueError(
                f"q makes more than {statements.GROUPS_MAX} values or too large ones: group by fields with "
                "fewer values, or ask for a larger step or a shorter time"
            ) from None
