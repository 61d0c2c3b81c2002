"""Walks over a query's tree, each from left to right."""

from collections.abc import Iterable, Iterator

from collector.query.traceql.language import syntax
from collector.query.traceql.language.syntax import Expression


def filters(stage: syntax.Stage) -> Iterator[syntax.Filter]:
    """Yield the filters of a stage."""
    for each in within(stage):
        if isinstance(each, syntax.Filter):
            yield each


def stages(query: syntax.Query) -> Iterator[syntax.Stage]:
    """Yield every stage, those of queries in brackets too."""
    for stage in query.stages:
        yield from within(stage)


def within(stage: syntax.Stage) -> Iterator[syntax.Stage]:
    """Yield a stage and everything it is made of."""
    yield stage
    if isinstance(stage, syntax.Combined):
        yield from within(stage.left)
        yield from within(stage.right)
    elif isinstance(stage, syntax.Query):
        yield from stages(stage)


def operators(all_stages: Iterable[syntax.Stage]) -> Iterator[str]:
    """Yield the operators between spansets."""
    for stage in all_stages:
        for each in within(stage):
            if isinstance(each, syntax.Combined):
                yield each.op


def aggregations(scalar: syntax.Scalar) -> Iterator[syntax.Aggregation]:
    """Yield the aggregations in a scalar."""
    if isinstance(scalar, syntax.Aggregation):
        yield scalar
    elif isinstance(scalar, syntax.ScalarOperation):
        yield from aggregations(scalar.left)
        yield from aggregations(scalar.right)


def parts(expression: Expression | None) -> Iterator[Expression]:
    """Yield an expression and everything in it."""
    if expression is None:
        return
    yield expression
    if isinstance(expression, syntax.Unary):
        yield from parts(expression.operand)
    elif isinstance(expression, syntax.Binary):
        yield from parts(expression.left)
        yield from parts(expression.right)


def patterns(expression: Expression | None) -> Iterator[Expression]:
    """Yield the regular expressions in an expression: texts, or fields whose values are some."""
    for part in parts(expression):
        if isinstance(part, syntax.Binary) and part.op in ("=~", "!~"):
            yield part.right


def expressions(query: syntax.Query) -> Iterator[Expression]:
    """Yield the outermost expressions of all stages that read spans."""
    for stage in stages(query):
        if isinstance(stage, syntax.Filter) and stage.condition is not None:
            yield stage.condition
        elif isinstance(stage, syntax.By):
            yield stage.group
        elif isinstance(stage, syntax.Select):
            yield from stage.fields
        elif isinstance(stage, syntax.ScalarFilter):
            for scalar in (stage.left, stage.right):
                yield from (each.operand for each in aggregations(scalar) if each.operand is not None)
