"""A checked query as SQL: first the traces that can match, then the spans to decide by. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from collector.query.params import Window
from collector.query.sql import Sql
from collector.query.traceql import fields
from collector.query.traceql.conditions import Conditions
from collector.query.traceql.evaluate import Facts, MatchedSpanset, Order, spansets
from collector.query.traceql.having import Having
from collector.query.traceql.language import syntax, walk
from collector.query.traceql.normalize import normal, upper_bound
from collector.query.traceql.reads import Reads, reads

_SELECTION: Final = Sql("""SELECT TraceId FROM (
    SELECT TraceId, Timestamp, {columns}
    FROM {spans}
    WHERE {within} AND ({some}))
GROUP BY TraceId HAVING {having}""")
_FACTS: Final = Sql("""SELECT TraceId, SpanId, ParentSpanId, SpanName,
    toUnixTimestamp64Nano(Timestamp), Duration, [{passes}] AS ql_passes,
    CAST([{values}], 'Array(Nullable(Float64))'),
    CAST([{texts}], 'Array(Nullable(String))'), CAST([{types}], 'Array(String)')
FROM {spans}
WHERE TraceId IN {ql_ids:Array(String)} AND {within}
LIMIT {ql_limit:UInt32}""")
_JOINED: Final = f"otel_traces LEFT ANY JOIN ({fields.SUMMARIES}) AS ql_trace USING (TraceId)"


@dataclass(frozen=True, slots=True)
class Compiled:
    """A query over a window: it sees the spans that start in it.

    ``selection`` returns TraceId of every trace that can match, one row each; when ``exact``,
    of every trace that does. ``kept`` is the condition on a span of a matching trace that the query keeps it,
    None where one span cannot tell; ``joined`` when it needs the columns of the span's trace. ``regexes`` are
    the query's regular expressions with their positions, ``computed_regexes`` those that a span's value is.
    """

    query: syntax.Query
    selection: Sql
    exact: bool
    kept: Sql | None
    joined: bool
    regexes: tuple[syntax.Literal, ...]
    computed_regexes: tuple[syntax.Expression, ...]
    fields: tuple[syntax.Field, ...]
    _spans: Sql
    _order: Order

    def newest(self, limit: int) -> Sql:
        """``selection``, newest first by the first span that passes a filter."""
        newest = self.selection + Sql("\nORDER BY min(Timestamp) DESC, TraceId LIMIT {ql_limit:UInt32}")
        return newest.bind(ql_limit=limit)

    def spans(self, trace_ids: Sequence[str], limit: int) -> Sql:
        """Return the SQL of the rows (``Facts``) of these traces, at most ``limit`` and in no order."""
        return self._spans.bind(ql_ids=list(trace_ids), ql_limit=limit)

    def matches(self, rows: Iterable[Sequence[Any]]) -> dict[str, tuple[list[Facts], list[MatchedSpanset]]]:
        """Return the spans and spansets of each trace that matches, from all the rows of ``spans``."""
        traces: dict[str, list[Facts]] = {}
        for row in rows:
            facts = Facts._make(row)
            traces.setdefault(facts.trace_id, []).append(facts)
        found = {}
        for trace_id, spans in traces.items():
            spans.sort(key=lambda span: (span.start, span.span_id))
            if sets := spansets(self.query, self._order, spans):
                found[trace_id] = (spans, sets)
        return found


def compiled(query: syntax.Query, window: Window) -> Compiled:
    """SQL for a query that ``parse`` returned."""
    query = normal(query)
    filters = {each: place for place, each in enumerate(_filters(query))}
    needed = reads(query)
    order = needed.order(query)
    conditions = Conditions()
    # An upper bound of each filter selects traces; the exact parts, which may be more, decide them.
    bounds = [conditions.condition(upper_bound(each.condition)) for each in filters]
    numbers = [conditions.number(each) for each in needed.numbers]
    having, exact, kept = Having(filters, order.numbers, conditions).of(query)
    joined = conditions.joined
    selection = _selection(bounds, numbers, having, spans_table(joined))
    facts = _facts(query, needed, order, conditions)
    patterns = [each for expression in walk.expressions(query) for each in walk.patterns(expression)]
    # After all conditions were written: each of them may add parameters.
    parameters = {**conditions.parameters, "ql_start": window.start, "ql_end": window.end}
    return Compiled(
        query=query,
        selection=selection.bind(**parameters),
        exact=exact,
        kept=_kept(kept, bounds).bind(**parameters) if kept else None,
        joined=joined,
        regexes=tuple(each for each in patterns if isinstance(each, syntax.Literal)),
        computed_regexes=tuple(each for each in patterns if not isinstance(each, syntax.Literal)),
        fields=needed.fields,
        _spans=facts.bind(**parameters),
        _order=order,
    )


def spans_table(joined: bool) -> str:
    """Return the spans, with the columns of their trace where conditions need them."""
    return _JOINED if joined else "otel_traces"


def _filters(query: syntax.Query) -> Iterable[syntax.Filter]:
    return dict.fromkeys(each for stage in query.stages for each in walk.filters(stage))


def _selection(passes: list[str], values: list[str], having: list[str], spans: str) -> Sql:
    # Aliases in a subquery, so that each condition is computed once a row and used in WHERE and in HAVING.
    columns = [f"{sql} AS ql_f{index}" for index, sql in enumerate(passes)]
    columns += [f"{sql} AS ql_n{index}" for index, sql in enumerate(values)]
    some = " OR ".join(f"ql_f{index}" for index in range(len(passes)))
    return _SELECTION.fill(
        columns=", ".join(columns),
        spans=spans,
        within=fields.IN_WINDOW,
        some=some,
        having=" AND ".join(having),
    )


def _kept(kept: str, passes: list[str]) -> Sql:
    # From the last on: ql_f1 is the beginning of ql_f10.
    for index in reversed(range(len(passes))):
        kept = kept.replace(f"ql_f{index}", f"({passes[index]})")
    return Sql(kept)


def _facts(query: syntax.Query, needed: Reads, order: Order, conditions: Conditions) -> Sql:
    passes = [conditions.condition(each) for each in needed.passes]
    numbers = [conditions.number(each) for each in needed.numbers]
    texts = [conditions.text(each) for each in needed.texts]
    types = [conditions.type_of(each) for each in needed.texts]
    # Ancestors are found through spans that pass no filter, and places are counted over all; everything else
    # is found among the spans that pass one.
    whole = order.places or any(op.lstrip("!&") in (">>", "<<") for op in walk.operators(query.stages))
    everything = any(each.condition is None for each in _filters(query))
    some = "" if whole or everything else " AND has(ql_passes, 1)"
    return _FACTS.fill(
        passes=", ".join(f"toUInt8({each})" for each in passes) or "toUInt8(1)",
        values=", ".join(numbers),
        texts=", ".join(texts),
        types=", ".join(types),
        spans=spans_table(conditions.joined),
        within=fields.IN_WINDOW + some,
    )
