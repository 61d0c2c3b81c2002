"""The conditions, numbers and texts of each span that decide a query trace by trace. Pure."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TypeVar

from collector.query.traceql.evaluate import Order
from collector.query.traceql.language import names, syntax, walk
from collector.query.traceql.language.syntax import Expression, Literal, Scope, Type
from collector.query.traceql.language.types import structural, type_of

_Item = TypeVar("_Item")


@dataclass(frozen=True, slots=True)
class Reads:
    """Conditions, numbers and texts that are read of each span; ``fields`` are those of the texts that an
    answer shows."""

    passes: tuple[Expression, ...]
    numbers: tuple[Expression, ...]
    texts: tuple[Expression, ...]
    fields: tuple[syntax.Field, ...]

    def order(self, query: syntax.Query) -> Order:
        """Return the index of each part by the part."""
        places = any(structural(each) for each in walk.expressions(query))
        return Order(_indices(self.passes), _indices(self.numbers), _indices(self.texts), places)


def reads(query: syntax.Query) -> Reads:
    """Return all that is read of each span for a query in normal form."""
    # Each once and in order: the indices name columns in SQL and places in ``Facts``, which must agree.
    leaves = dict.fromkeys(leaf for stage in walk.stages(query) for leaf in _of_stage(stage))
    fields = dict.fromkeys(_shown(query))
    groups = [stage.group for stage in walk.stages(query) if isinstance(stage, syntax.By)]
    return Reads(
        passes=tuple(each for boolean, each in leaves if boolean),
        numbers=tuple(each for boolean, each in leaves if not boolean),
        # Fields first: an answer shows the texts it has fields for.
        texts=tuple(dict.fromkeys((*fields, *groups))),
        fields=tuple(fields),
    )


def _of_stage(stage: syntax.Stage) -> Iterator[tuple[bool, Expression]]:
    if isinstance(stage, syntax.Filter) and stage.condition is not None:
        yield from _leaves(stage.condition, boolean=True)
    elif isinstance(stage, syntax.ScalarFilter):
        for each in (*walk.aggregations(stage.left), *walk.aggregations(stage.right)):
            if each.operand is not None:
                yield from _leaves(each.operand, boolean=False)
    elif isinstance(stage, syntax.By) and structural(stage.group):
        yield from _leaves(stage.group, boolean=type_of(stage.group) is Type.BOOLEAN)


def _leaves(expression: Expression, boolean: bool) -> Iterator[tuple[bool, Expression]]:
    """Yield the largest parts that one row decides, each with whether it is a condition or a number."""
    if not structural(expression):
        # A number that stands in the query needs no column.
        if boolean or not isinstance(expression, Literal):
            yield boolean, expression
    elif isinstance(expression, syntax.Unary):
        yield from _leaves(expression.operand, expression.op == "!")
    elif isinstance(expression, syntax.Binary):
        sides = (expression.left, expression.right)
        flags = expression.op in names.LOGIC or Type.BOOLEAN in map(type_of, sides)
        for side in sides:
            yield from _leaves(side, flags)


def _shown(query: syntax.Query) -> Iterator[syntax.Field]:
    """Fields whose values an answer shows: what groups, what was selected, and attributes in conditions."""
    for stage in walk.stages(query):
        if isinstance(stage, syntax.By) and isinstance(stage.group, syntax.Attribute | syntax.Intrinsic):
            yield stage.group
        elif isinstance(stage, syntax.Select):
            yield from stage.fields
    for stage in walk.stages(query):
        if isinstance(stage, syntax.Filter):
            for part in walk.parts(stage.condition):
                if isinstance(part, syntax.Attribute) and _of_span(part):
                    yield part


def _of_span(field: syntax.Attribute) -> bool:
    return not field.parent and field.scope not in (Scope.EVENT, Scope.LINK)


def _indices(items: Iterable[_Item]) -> dict[_Item, int]:
    return {item: index for index, item in enumerate(items)}
