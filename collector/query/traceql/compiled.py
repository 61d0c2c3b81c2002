"""A checked query as SQL: first the traces that can match, then the spans to decide by. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, TypeVar

from collector.query.params import Window
from collector.query.sql import Sql
from collector.query.traceql import names, syntax
from collector.query.traceql.check import check
from collector.query.traceql.conditions import Conditions
from collector.query.traceql.evaluate import Facts, MatchedSpanset, Order, spansets
from collector.query.traceql.parser import tree

_IN_WINDOW: Final = (
    "Timestamp >= fromUnixTimestamp64Micro({ql_start:Int64})"
    " AND Timestamp <= fromUnixTimestamp64Micro({ql_end:Int64})"
)
_SELECTION: Final = Sql("""SELECT TraceId FROM (
    SELECT TraceId, Timestamp, {columns}
    FROM otel_traces
    WHERE {within} AND ({some}))
GROUP BY TraceId HAVING {having}""")
_FACTS: Final = Sql("""SELECT TraceId, SpanId, ParentSpanId, SpanName,
    toUnixTimestamp64Nano(Timestamp), Duration, [{passes}] AS ql_passes,
    CAST([{values}], 'Array(Nullable(Float64))'),
    CAST([{texts}], 'Array(Nullable(String))')
FROM otel_traces
WHERE TraceId IN {ql_ids:Array(String)} AND {within}
LIMIT {ql_limit:UInt32}""")
_Item = TypeVar("_Item")
_AGGREGATES: Final = {"avg": "avgIf", "min": "minIf", "max": "maxIf", "sum": "sumIf"}


@dataclass(frozen=True, slots=True)
class Compiled:
    """A query over a window: it sees the spans that start in it.

    ``selection`` returns TraceId of every trace that can match, one row each; when ``exact``,
    of every trace that does. ``regexes`` are the query's regular expressions with their indices.
    """

    query: syntax.Query
    selection: Sql
    exact: bool
    regexes: tuple[syntax.Literal, ...]
    fields: tuple[syntax.Field, ...]
    _spans: Sql
    _order: Order

    def newest(self, limit: int) -> Sql:
        """``selection``, newest first by the first span that passes a filter."""
        newest = self.selection + Sql("\nORDER BY min(Timestamp) DESC, TraceId LIMIT {ql_limit:UInt32}")
        return newest.bind(ql_limit=limit)

    def spans(self, trace_ids: Sequence[str], limit: int) -> Sql:
        """Rows of ``Facts`` of these traces, at most ``limit`` and in no order."""
        return self._spans.bind(ql_ids=list(trace_ids), ql_limit=limit)

    def matches(self, rows: Iterable[Sequence[Any]]) -> dict[str, tuple[list[Facts], list[MatchedSpanset]]]:
        """From the rows of ``spans``, all of them: the spans and spansets of each trace that matches."""
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


def parse(text: str) -> syntax.Query:
    """The query a text says, its types checked. Raises TraceQLError."""
    query = tree(text)
    check(query)
    return query


def compiled(query: syntax.Query, window: Window) -> Compiled:
    """SQL for a query that ``parse`` returned."""
    # As one filter the store can decide it alone, without a second query.
    query = _joined(query)
    # Each once and in order: the indices name columns in SQL and places in ``Facts``, which must agree.
    filters = list(dict.fromkeys(each for stage in query.stages for each in syntax.filters(stage)))
    operands = [each.operand for each in _stages(query) if isinstance(each, syntax.Aggregate)]
    numbers = list(dict.fromkeys(each for each in operands if each is not None))
    fields = _read_fields(query, filters)
    order = Order(_indices(filters), _indices(numbers), _indices(fields))

    conditions = Conditions()
    passes = [conditions.condition(each.condition) for each in filters]
    values = [conditions.number(each) for each in numbers]
    texts = [conditions.text(each) for each in fields]
    having, exact = _Having(order, conditions).of(query)
    # After all conditions were written: each of them may add parameters.
    parameters = {**conditions.parameters, "ql_start": window.start, "ql_end": window.end}
    return Compiled(
        query=query,
        selection=_selection(passes, values, having).bind(**parameters),
        exact=exact,
        regexes=tuple(_regexes(filters)),
        fields=tuple(fields),
        _spans=_facts(query, passes, values, texts).bind(**parameters),
        _order=order,
    )


def _selection(passes: list[str], values: list[str], having: list[str]) -> Sql:
    # Aliases in a subquery, so that each condition is computed once a row and used in WHERE and in HAVING.
    columns = [f"{sql} AS ql_f{index}" for index, sql in enumerate(passes)]
    columns += [f"{sql} AS ql_n{index}" for index, sql in enumerate(values)]
    some = " OR ".join(f"ql_f{index}" for index in range(len(passes)))
    return _SELECTION.fill(
        columns=", ".join(columns), within=_IN_WINDOW, some=some, having=" AND ".join(having)
    )


def _facts(query: syntax.Query, passes: list[str], values: list[str], texts: list[str]) -> Sql:
    # Ancestors are found through spans that pass no filter; everything else among those that do.
    whole = any(op.lstrip("!&") in (">>", "<<") for op in _operators(query.stages))
    some = "" if whole else " AND has(ql_passes, 1)"
    return _FACTS.fill(
        passes=", ".join(f"toUInt8({each})" for each in passes),
        values=", ".join(values),
        texts=", ".join(texts),
        within=_IN_WINDOW + some,
    )


class _Having:
    """Writes the HAVING of a trace: conditions on all its spans, and whether they are exactly the query's."""

    def __init__(self, order: Order, conditions: Conditions) -> None:
        self._order = order
        self._conditions = conditions

    def of(self, query: syntax.Query) -> tuple[list[str], bool]:
        first, *rest = query.stages
        having, exact = [self._some(first)], _is_logic(first)
        kept, grouped = self._kept(first), False
        for stage in rest:
            if isinstance(stage, syntax.Aggregate) and kept and not grouped:
                having.append(self._aggregate(stage, kept))
            elif isinstance(stage, syntax.Aggregate):
                exact = False
            # Groups make several spansets of a trace; HAVING sees all its rows as one.
            elif isinstance(stage, syntax.By | syntax.Coalesce):
                grouped = True
            elif not isinstance(stage, syntax.Select):
                having.append(self._some(stage))
                # A later filter is applied to what the earlier stages left, which HAVING cannot say: only an
                # upper bound.
                kept, exact = "", False
        return having, exact

    def _some(self, stage: syntax.Stage) -> str:
        """The condition that a spanset has spans, as far as its filters alone decide."""
        if isinstance(stage, syntax.Filter):
            return f"countIf(ql_f{self._order.passes[stage]}) > 0"
        if isinstance(stage, syntax.Query):
            return self._some(stage.stages[0])
        assert isinstance(stage, syntax.Combined)
        if stage.op.startswith("!"):
            # ``a !>> b`` keeps spans of b, and a may be empty.
            return self._some(stage.right)
        word = "OR" if stage.op == "||" else "AND"
        return f"({self._some(stage.left)} {word} {self._some(stage.right)})"

    def _kept(self, stage: syntax.Stage) -> str:
        """The condition on spans that a first stage keeps; "" where one row cannot decide."""
        if not isinstance(stage, syntax.Filter | syntax.Combined) or not _is_logic(stage):
            return ""
        # a && b || c: which spans are kept depends on which side held, and one row cannot say that.
        if len(set(_operators([stage]))) > 1:
            return ""
        indices = {self._order.passes[each] for each in syntax.filters(stage)}
        return "(" + " OR ".join(f"ql_f{index}" for index in sorted(indices)) + ")"

    def _aggregate(self, stage: syntax.Aggregate, kept: str) -> str:
        value = self._conditions.literal(stage.value)
        if stage.operand is None:
            return f"countIf({kept}) {stage.op} {value}"
        number = f"ql_n{self._order.numbers[stage.operand]}"
        # NULL where no kept span has the number: the comparison is then false, not unknown.
        return f"ifNull({_AGGREGATES[stage.function]}({number}, {kept}) {stage.op} {value}, 0)"


def _joined(query: syntax.Query) -> syntax.Query:
    """``{ a } | { b }`` at the beginning as ``{ a && b }``, which the store alone can answer."""
    stages = list(query.stages)
    while len(stages) > 1 and isinstance(stages[0], syntax.Filter) and isinstance(stages[1], syntax.Filter):
        first, second = stages[0].condition, stages[1].condition
        both = syntax.Binary("&&", first, second) if first and second else first or second
        stages[:2] = [syntax.Filter(both, stages[0].at)]
    return replace(query, stages=tuple(stages))


def _is_logic(stage: syntax.Stage) -> bool:
    """Filters and && and || alone: that it has spans follows from the filters."""
    if isinstance(stage, syntax.Combined):
        return stage.op in names.LOGIC and _is_logic(stage.left) and _is_logic(stage.right)
    return isinstance(stage, syntax.Filter)


def _operators(stages: Iterable[syntax.Stage]) -> Iterable[str]:
    for stage in stages:
        if isinstance(stage, syntax.Combined):
            yield stage.op
            yield from _operators([stage.left, stage.right])
        elif isinstance(stage, syntax.Query):
            yield from _operators(stage.stages)


def _stages(query: syntax.Query) -> Iterable[syntax.Stage]:
    """Every stage, those of queries in brackets too."""
    for stage in query.stages:
        yield from _within(stage)


def _within(stage: syntax.Spanset | syntax.Stage) -> Iterable[syntax.Stage]:
    yield stage
    if isinstance(stage, syntax.Combined):
        yield from _within(stage.left)
        yield from _within(stage.right)
    elif isinstance(stage, syntax.Query):
        yield from _stages(stage)


def _read_fields(query: syntax.Query, filters: list[syntax.Filter]) -> list[syntax.Field]:
    """Fields whose values are read: what groups, what was selected, and attributes in conditions."""
    found: list[syntax.Field] = []
    for stage in _stages(query):
        if isinstance(stage, syntax.By):
            found.append(stage.group)
        elif isinstance(stage, syntax.Select):
            found += stage.fields
    scopes = (syntax.Scope.ANY, syntax.Scope.SPAN, syntax.Scope.RESOURCE)
    for each in filters:
        for part in syntax.parts(each.condition):
            if isinstance(part, syntax.Attribute) and part.scope in scopes:
                found.append(part)
    return list(dict.fromkeys(found))


def _regexes(filters: list[syntax.Filter]) -> Iterable[syntax.Literal]:
    for each in filters:
        for part in syntax.parts(each.condition):
            if isinstance(part, syntax.Binary) and part.op in names.REGEX:
                assert isinstance(part.right, syntax.Literal)
                yield part.right


def _indices(items: list[_Item]) -> dict[_Item, int]:
    return {item: index for index, item in enumerate(items)}
