"""The form in which a query is run: it begins with a filter, and roots are known by their missing parent.

Pure.
"""

import operator
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final

from collector.query.traceql.conditions import FLIPPED
from collector.query.traceql.language import names, syntax
from collector.query.traceql.language.syntax import Expression, Literal, Type
from collector.query.traceql.language.types import structural, type_of

COMPARE: Final[Mapping[str, Callable[[float, float], bool]]] = {
    "=": operator.eq,
    "!=": operator.ne,
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
}
_ROOT: Final = -1  # nestedSetParent of a root; others have 0 or more


def normal(query: syntax.Query) -> syntax.Query:
    """Return the query so that its first stage is a spanset, here and in brackets."""
    stages = [_stage(stage) for stage in query.stages]
    # A query that begins with a stage is about all spans of a trace.
    if not isinstance(stages[0], syntax.Filter | syntax.Combined | syntax.Query):
        stages.insert(0, syntax.Filter(None, query.at))
    # ``{ a } | { b }`` at the beginning as ``{ a && b }``, which the store alone can answer.
    while len(stages) > 1 and isinstance(stages[0], syntax.Filter) and isinstance(stages[1], syntax.Filter):
        first, second = stages[0].condition, stages[1].condition
        both = syntax.Binary("&&", first, second) if first and second else first or second
        stages[:2] = [syntax.Filter(both, stages[0].at)]
    return replace(query, stages=tuple(stages))


def upper_bound(condition: Expression | None, positive: bool = True) -> Expression | None:
    """Return a condition on one span that holds wherever ``condition`` can.

    What needs the whole trace is left open: true, and below ``!`` false, where ``positive`` is false.
    """
    if condition is None or not structural(condition):
        return condition
    if isinstance(condition, syntax.Unary) and condition.op == "!":
        inner = upper_bound(condition.operand, not positive)
        assert inner is not None
        return replace(condition, operand=inner)
    if isinstance(condition, syntax.Binary) and condition.op in names.LOGIC:
        left, right = (upper_bound(side, positive) for side in (condition.left, condition.right))
        assert left is not None
        assert right is not None
        return replace(condition, left=left, right=right)
    return Literal(Type.BOOLEAN, positive)


def _stage(stage: syntax.Stage) -> syntax.Stage:
    if isinstance(stage, syntax.Filter) and stage.condition is not None:
        return replace(stage, condition=_roots(stage.condition))
    if isinstance(stage, syntax.Combined):
        left, right = _stage(stage.left), _stage(stage.right)
        assert isinstance(left, syntax.Filter | syntax.Combined | syntax.Query)
        assert isinstance(right, syntax.Filter | syntax.Combined | syntax.Query)
        return replace(stage, left=left, right=right)
    return normal(stage) if isinstance(stage, syntax.Query) else stage


def _roots(expression: Expression) -> Expression:
    """``nestedSetParent < 0``, by which Grafana asks for roots, as ``parent = nil``, which each row tells."""
    if isinstance(expression, syntax.Unary):
        return replace(expression, operand=_roots(expression.operand))
    if not isinstance(expression, syntax.Binary):
        return expression
    left, right, op = expression.left, expression.right, expression.op
    if isinstance(left, Literal) and op in FLIPPED:
        left, right, op = right, left, FLIPPED[op]
    if op in COMPARE and left == syntax.Intrinsic("nestedSetParent") and isinstance(right, Literal):
        found = _of_roots(op, right)
        return expression if found is None else found
    return replace(expression, left=_roots(expression.left), right=_roots(expression.right))


def _of_roots(op: str, bound: Literal) -> Expression | None:
    """Return a comparison of nestedSetParent as one of roots with all others; None where the number decides
    it."""
    if type_of(bound) not in (Type.NUMBER, Type.DURATION):
        return None
    value = float(bound.value or 0)
    # Beside roots there are 0, 1, 2 and so on: below 0, or at 0 with < and >=, they are all alike.
    if value > 0 or (value == 0 and op not in ("<", ">=")):
        return None
    root, others = COMPARE[op](_ROOT, value), op in (">", ">=", "!=")
    if root == others:
        return Literal(Type.BOOLEAN, root)
    parent, nil = syntax.Intrinsic("span:parentID"), Literal(Type.NIL, None)
    return syntax.Binary("=" if root else "!=", parent, nil)
