"""Spansets of a trace from the facts of its spans: logic, structure, grouping, aggregates. Pure.

The store has decided for each span which filters it passes. Structure is read from parent ids; a
parent that is not there ends a chain, and a chain that comes back to where it was ends too.
"""

import operator
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, NamedTuple

from collector.query.traceql import syntax

Group = tuple[syntax.Field, str | None]
Members = frozenset[int]

_COMPARE: Final[Mapping[str, Callable[[float, float], bool]]] = {
    "=": operator.eq,
    "!=": operator.ne,
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
}
_INVERSE: Final = {">": "<", "<": ">", ">>": "<<", "<<": ">>", "~": "~"}


class Facts(NamedTuple):
    """One span; times in nanoseconds. ``passes`` by filter, ``numbers`` by what is aggregated,
    ``texts`` by field, each in the order of the query that was compiled."""

    trace_id: str
    span_id: str
    parent_id: str
    name: str
    start: int
    duration: int
    passes: Sequence[int]
    numbers: Sequence[float | None]
    texts: Sequence[str | None]


@dataclass(frozen=True, slots=True)
class Order:
    """The index in ``Facts`` of each filter, number and field of a query."""

    passes: Mapping[syntax.Filter, int] = field(default_factory=dict)
    numbers: Mapping[syntax.Expression, int] = field(default_factory=dict)
    texts: Mapping[syntax.Field, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class MatchedSpanset:
    """A spanset: its spans, and the values by which it was grouped."""

    spans: Members
    groups: tuple[Group, ...] = ()


def spansets(query: syntax.Query, order: Order, spans: Sequence[Facts]) -> list[MatchedSpanset]:
    """The spansets a query leaves of one trace, none of them empty; [] when it does not match."""
    return _Trace(order, spans).run(query, [MatchedSpanset(frozenset(range(len(spans))))])


class _Trace:
    def __init__(self, order: Order, spans: Sequence[Facts]) -> None:
        self._order = order
        self._spans = spans
        self._ids = [span.span_id for span in spans]
        # A span that names itself as its parent has none.
        self._parents = [span.parent_id if span.parent_id != span.span_id else "" for span in spans]
        self._parent_of = {
            span: parent for span, parent in zip(self._ids, self._parents, strict=True) if parent
        }

    def run(self, query: syntax.Query, found: list[MatchedSpanset]) -> list[MatchedSpanset]:
        for stage in query.stages:
            # An empty spanset matches nothing, and an aggregate of it would be a division by zero.
            found = [each for each in self._stage(stage, found) if each.spans]
        return found

    def _stage(self, stage: syntax.Stage, found: list[MatchedSpanset]) -> list[MatchedSpanset]:
        if isinstance(stage, syntax.Aggregate):
            return [each for each in found if self._holds(stage, each.spans)]
        if isinstance(stage, syntax.By):
            return [group for each in found for group in self._grouped(stage.group, each)]
        if isinstance(stage, syntax.Coalesce):
            return [MatchedSpanset(frozenset().union(*(each.spans for each in found)))]
        # select() only says which fields the answer shows.
        if isinstance(stage, syntax.Select):
            return found
        return [replace(each, spans=self._members(stage, each.spans)) for each in found]

    def _members(self, spanset: syntax.Spanset, among: Members) -> Members:
        if isinstance(spanset, syntax.Filter):
            index = self._order.passes[spanset]
            return frozenset(each for each in among if self._spans[each].passes[index])
        if isinstance(spanset, syntax.Query):
            found = self.run(spanset, [MatchedSpanset(among)])
            return frozenset().union(*(each.spans for each in found))
        left, right = self._members(spanset.left, among), self._members(spanset.right, among)
        if spanset.op == "||":
            return left | right
        if spanset.op == "&&":
            # ``&&`` between spansets: both must have spans, which need not be the same ones; the result has
            # both.
            return left | right if left and right else frozenset()
        # ``!>>`` are spans without the relation, ``&>>`` both sides of it.
        relation = spanset.op.lstrip("!&")
        related = self._related(relation, left, right)
        if spanset.op.startswith("!"):
            return right - related
        if spanset.op.startswith("&"):
            return related | self._related(_INVERSE[relation], right, left)
        return related

    def _related(self, relation: str, left: Members, right: Members) -> Members:
        """The members of ``right`` that are so related to one of ``left``."""
        if relation == "~":
            return self._siblings(left, right)
        if relation in (">", ">>"):
            under = {self._ids[each] for each in left}
            if relation == ">>":
                return self._below(under, right)
            return frozenset(each for each in right if self._parents[each] in under)
        # "" is the missing parent of roots, which would otherwise all be children of one span.
        over = {self._parents[each] for each in left} - {""}
        if relation == "<<":
            over = self._with_ancestors(over)
        return frozenset(each for each in right if self._ids[each] in over)

    def _siblings(self, left: Members, right: Members) -> Members:
        # A span is no sibling of itself: it needs another child of its parent among the left.
        # Counted rather than collected: a span that is on both sides needs a second child of its parent on
        # the left.
        children = Counter(self._parents[each] for each in left)
        del children[""]
        return frozenset(each for each in right if children[self._parents[each]] > (1 if each in left else 0))

    def _below(self, tops: set[str], right: Members) -> Members:
        # Each span is walked through once: a chain of thousands costs its length, not the square of it.
        known: dict[str, bool] = {}
        found = []
        for each in right:
            path = []
            span = self._parents[each]
            while span and span not in known and span not in tops:
                known[span] = False  # for now: a chain that meets itself ends there
                path.append(span)
                span = self._parent_of.get(span, "")
            below = span in tops or known.get(span, False)
            known.update(dict.fromkeys(path, below))
            if below:
                found.append(each)
        return frozenset(found)

    def _with_ancestors(self, spans: set[str]) -> set[str]:
        found: set[str] = set()
        for each in spans:
            span = each
            while span and span not in found:
                found.add(span)
                span = self._parent_of.get(span, "")
        return found

    def _holds(self, stage: syntax.Aggregate, spans: Members) -> bool:
        assert isinstance(stage.value.value, int | float)
        compare = _COMPARE[stage.op]
        if stage.operand is None:
            return compare(len(spans), stage.value.value)
        index = self._order.numbers[stage.operand]
        values = [value for each in spans if (value := self._spans[each].numbers[index]) is not None]
        # No span has the field: an aggregate of nothing fulfils no comparison.
        if not values:
            return False
        result = {"min": min, "max": max, "sum": sum, "avg": _mean}[stage.function](values)  # type: ignore[operator]
        return compare(result, stage.value.value)

    def _grouped(self, group: syntax.Field, found: MatchedSpanset) -> list[MatchedSpanset]:
        index = self._order.texts[group]
        groups: dict[str | None, set[int]] = {}
        for each in found.spans:
            groups.setdefault(self._spans[each].texts[index], set()).add(each)
        return [
            MatchedSpanset(frozenset(spans), (*found.groups, (group, value)))
            for value, spans in sorted(groups.items(), key=lambda item: item[0] or "")
        ]


def _mean(values: list[float]) -> float:
    return sum(values) / len(values)
