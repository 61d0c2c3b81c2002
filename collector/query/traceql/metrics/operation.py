"""Arithmetic between the series of two queries. Pure.

The rules are Tempo's (grafana/tempo, pkg/traceql/ast_metrics_math.go): series with equal labels belong
together, and a series without labels to every one of the other side.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Final

from collector.query.traceql.metrics.series import Label, Series

_NAME: Final = "__name__"
_OPERATIONS: Final[Mapping[str, Callable[[float, float], float | None]]] = {
    "+": lambda left, right: left + right,
    "-": lambda left, right: left - right,
    "*": lambda left, right: left * right,
    "/": lambda left, right: left / right if right else None,
}


def combined(op: str, left: Sequence[Series], right: Sequence[Series]) -> list[Series]:
    """Return the series of both sides computed with each other; those that only one side has are left out.

    A value that is missing counts as 0, and what is divided by 0 has none.
    """
    lefts, rights = ({_key(each): each for each in side} for side in (left, right))
    # The side whose series have labels says which there are.
    keys = lefts if () in rights else rights
    found = []
    for key in keys:
        one, other = (side.get(key, side.get(())) for side in (lefts, rights))
        if one and other:
            found.append(_computed(op, one, other))
    return found


def _key(series: Series) -> tuple[Label, ...]:
    return tuple(label for label in series.labels if label[0] != _NAME)


def _computed(op: str, left: Series, right: Series) -> Series:
    values = [
        _OPERATIONS[op](one or 0.0, other or 0.0)
        for one, other in zip(left.values, right.values, strict=True)
    ]
    named = [dict(side.labels).get(_NAME) for side in (left, right)]
    labels = _key(left) or _key(right)
    if all(named):
        labels = ((_NAME, f"({named[0]} {op} {named[1]})"), *labels)
    exemplars = [each for each in (*left.exemplars, *right.exemplars) if values[each.place] is not None]
    # An exemplar stands at the value it explains, whatever it was before.
    moved = [replace(each, value=values[each.place] or 0.0) for each in exemplars]
    return Series(labels or ((_NAME, op),), values, moved)
