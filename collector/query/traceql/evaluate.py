"""Spansets of a trace from the facts of its spans: logic, structure, grouping, aggregates. Pure.

The store has decided what one span alone tells; what its place in the trace tells is decided here.
"""

import math
import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, NamedTuple

from collector.query.traceql.language import syntax
from collector.query.traceql.language.syntax import Expression, Type
from collector.query.traceql.language.types import structural, type_of
from collector.query.traceql.normalize import COMPARE
from collector.query.traceql.structure import Members, Structure


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


# What grouped, the text of the value, None where there is none, and its type.
Group = tuple[Expression, str | None, str]

_ARITHMETIC: Final[Mapping[str, Callable[[float, float], float]]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "%": math.fmod,
    "^": operator.pow,
}
_AGGREGATES: Final[Mapping[str, Callable[[Sequence[float]], float]]] = {
    "min": min,
    "max": max,
    "sum": sum,
    "avg": _mean,
}


class Facts(NamedTuple):
    """One span; times in nanoseconds. ``passes`` by condition, ``numbers`` by what is computed with,
    ``texts`` by what is shown and grouped by, with their ``types``, each in the order of the query that was
    compiled."""

    trace_id: str
    span_id: str
    parent_id: str
    name: str
    start: int
    duration: int
    passes: Sequence[int]
    numbers: Sequence[float | None]
    texts: Sequence[str | None]
    types: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Order:
    """The index in ``Facts`` of each condition, number and text of a query.

    ``places``: something in the query is about places in a trace, so that its numbers are needed.
    """

    passes: Mapping[Expression, int] = field(default_factory=dict)
    numbers: Mapping[Expression, int] = field(default_factory=dict)
    texts: Mapping[Expression, int] = field(default_factory=dict)
    places: bool = False


@dataclass(frozen=True, slots=True)
class MatchedSpanset:
    """A spanset: its spans, and the values by which it was grouped."""

    spans: Members
    groups: tuple[Group, ...] = ()


def spansets(query: syntax.Query, order: Order, spans: list[Facts]) -> list[MatchedSpanset]:
    """Return the spansets a query leaves of one trace, none of them empty; [] when it does not match.

    The texts of ``spans`` that follow from their places are put in.
    """
    return _Trace(order, spans).run(query, [MatchedSpanset(frozenset(range(len(spans))))])


class _Trace:
    def __init__(self, order: Order, spans: list[Facts]) -> None:
        self._order = order
        self._spans = spans
        self._structure = Structure([span.span_id for span in spans], [span.parent_id for span in spans])
        self._places = self._structure.numbers() if order.places else {}
        late = [each for each in order.texts if structural(each)]
        for index, span in enumerate(spans) if late else ():
            texts = list(span.texts)
            for each in late:
                texts[order.texts[each]] = self._late_text(each, index)
            spans[index] = span._replace(texts=texts)

    def run(self, query: syntax.Query, found: list[MatchedSpanset]) -> list[MatchedSpanset]:
        for stage in query.stages:
            # An empty spanset matches nothing, and an aggregate of it would be a division by zero.
            found = [each for each in self._stage(stage, found) if each.spans]
        return found

    def _stage(self, stage: syntax.Stage, found: list[MatchedSpanset]) -> list[MatchedSpanset]:
        if isinstance(stage, syntax.ScalarFilter):
            return [each for each in found if self._holds(stage, each.spans)]
        if isinstance(stage, syntax.By):
            return [group for each in found for group in self._grouped(stage.group, each)]
        if isinstance(stage, syntax.Coalesce):
            return [MatchedSpanset(frozenset().union(*(each.spans for each in found)))]
        if isinstance(stage, syntax.Filter | syntax.Combined | syntax.Query):
            return [replace(each, spans=self._members(stage, each.spans)) for each in found]
        # select() only says which fields the answer shows, and metrics are made of what is left here.
        return found

    def _members(self, spanset: syntax.Spanset, among: Members) -> Members:
        if isinstance(spanset, syntax.Filter):
            return frozenset(each for each in among if self._passes(spanset.condition, each))
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
        return self._structure.combined(spanset.op, left, right)

    def _passes(self, condition: Expression | None, span: int) -> bool:
        if condition is None:
            return True
        if not structural(condition):
            return bool(self._spans[span].passes[self._order.passes[condition]])
        if isinstance(condition, syntax.Unary):
            return condition.op == "!" and not self._passes(condition.operand, span)
        if not isinstance(condition, syntax.Binary) or type_of(condition) is not Type.BOOLEAN:
            return False
        left, right = condition.left, condition.right
        if condition.op == "&&":
            return self._passes(left, span) and self._passes(right, span)
        if condition.op == "||":
            return self._passes(left, span) or self._passes(right, span)
        if Type.NIL in (type_of(left), type_of(right)):
            asked = left if type_of(right) is Type.NIL else right
            # What is true or false is so of every span.
            there = type_of(asked) is Type.BOOLEAN or self._number(asked, span) is not None
            return there == (condition.op == "!=")
        if Type.BOOLEAN in (type_of(left), type_of(right)):
            return COMPARE[condition.op](self._passes(left, span), self._passes(right, span))
        return _compared(condition.op, self._number(left, span), self._number(right, span))

    def _number(self, expression: Expression, span: int) -> float | None:
        if isinstance(expression, syntax.Literal):
            value = expression.value
            return value if isinstance(value, int | float) else None
        if isinstance(expression, syntax.Intrinsic) and structural(expression):
            return self._places[expression.name][span]
        if not structural(expression):
            return self._spans[span].numbers[self._order.numbers[expression]]
        if isinstance(expression, syntax.Unary):
            return _arithmetic("-", 0, self._number(expression.operand, span))
        assert isinstance(expression, syntax.Binary)
        return _arithmetic(
            expression.op, self._number(expression.left, span), self._number(expression.right, span)
        )

    def _late_text(self, expression: Expression, span: int) -> str | None:
        if type_of(expression) is Type.BOOLEAN:
            return "true" if self._passes(expression, span) else "false"
        number = self._number(expression, span)
        return None if number is None else f"{number:g}" if number % 1 else str(int(number))

    def _holds(self, stage: syntax.ScalarFilter, spans: Members) -> bool:
        return _compared(stage.op, self._scalar(stage.left, spans), self._scalar(stage.right, spans))

    def _scalar(self, scalar: syntax.Scalar, spans: Members) -> float | None:
        if isinstance(scalar, syntax.Literal):
            assert isinstance(scalar.value, int | float)
            return scalar.value
        if isinstance(scalar, syntax.ScalarOperation):
            left, right = self._scalar(scalar.left, spans), self._scalar(scalar.right, spans)
            return _arithmetic(scalar.op, left, right)
        if scalar.operand is None:
            return len(spans)
        operand = scalar.operand
        values = [value for each in spans if (value := self._number(operand, each)) is not None]
        # No span has the field: an aggregate of nothing fulfils no comparison.
        if not values:
            return None
        return _AGGREGATES[scalar.function](values)

    def _grouped(self, group: Expression, found: MatchedSpanset) -> list[MatchedSpanset]:
        index = self._order.texts[group]
        groups: dict[tuple[str | None, str], set[int]] = {}
        for each in found.spans:
            # The text "1" and the number 1 are two values.
            value = self._spans[each].texts[index], self._spans[each].types[index]
            groups.setdefault(value, set()).add(each)
        return [
            MatchedSpanset(frozenset(spans), (*found.groups, (group, *value)))
            for value, spans in sorted(groups.items(), key=lambda item: (item[0][0] or "", item[0][1]))
        ]


def _compared(op: str, left: float | None, right: float | None) -> bool:
    return left is not None and right is not None and COMPARE[op](left, right)


def _arithmetic(op: str, left: float | None, right: float | None) -> float | None:
    """Return the finite result, None for any other: what has none fulfils no comparison."""
    if left is None or right is None:
        return None
    try:
        found = _ARITHMETIC[op](float(left), float(right))
    except (ZeroDivisionError, OverflowError, ValueError):
        return None
    # The power of a negative number may be complex.
    return found if isinstance(found, float) and math.isfinite(found) else None
