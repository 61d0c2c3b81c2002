"""Types of expressions, and the records they read. Pure."""

from typing import Final

from collector.query.traceql.language import names, syntax, walk
from collector.query.traceql.language.errors import Position
from collector.query.traceql.language.syntax import Scope, Type

# What only a span's value has a type for.
OPEN: Final = (Type.ATTRIBUTE, Type.COMPUTED)
NUMERIC: Final = (Type.NUMBER, Type.DURATION, *OPEN)


def type_of(expression: syntax.Expression) -> Type:
    """Return the type of an expression that is right; logic and comparison are BOOLEAN."""
    if isinstance(expression, syntax.Literal):
        return expression.type
    if isinstance(expression, syntax.Attribute):
        return Type.ATTRIBUTE
    if isinstance(expression, syntax.Intrinsic):
        return names.INTRINSICS[expression.name]
    if isinstance(expression, syntax.Unary):
        if expression.op == "!":
            return Type.BOOLEAN
        inner = type_of(expression.operand)
        return Type.COMPUTED if inner is Type.ATTRIBUTE else inner
    if expression.op in names.LOGIC + names.COMPARISONS:
        return Type.BOOLEAN
    return _computed(expression.op, type_of(expression.left), type_of(expression.right))


def _computed(op: str, left: Type, right: Type) -> Type:
    if (left, right) == (Type.DURATION, Type.DURATION) and op == "/":
        return Type.NUMBER
    if Type.DURATION in (left, right):
        return Type.DURATION
    return Type.COMPUTED if {left, right} & set(OPEN) else Type.NUMBER


def sources(expression: syntax.Expression) -> set[str]:
    """Return the records a comparison reads: span, parent, trace, event, link.

    A condition in it is read by itself.
    """
    if isinstance(expression, syntax.Unary) and expression.op == "-":
        return sources(expression.operand)
    if isinstance(expression, syntax.Binary) and type_of(expression) is not Type.BOOLEAN:
        return sources(expression.left) | sources(expression.right)
    return {_source(expression)} - {""}


def _source(expression: syntax.Expression) -> str:
    if isinstance(expression, syntax.Attribute):
        if expression.parent:
            return "parent"
        return expression.scope if expression.scope in (Scope.EVENT, Scope.LINK) else "span"
    if isinstance(expression, syntax.Intrinsic):
        scope, colon, _ = expression.name.partition(":")
        # The id of a trace is a column of every span.
        if not colon or scope == "instrumentation" or expression.name == "trace:id":
            return "span"
        return scope
    return ""


def structural(expression: syntax.Expression | None) -> bool:
    """True if an expression needs the place of the span in its trace."""
    return any(
        isinstance(part, syntax.Intrinsic) and part.name in names.STRUCTURAL
        for part in walk.parts(expression)
    )


def position(expression: syntax.Expression) -> Position:
    """Return the position of an expression, from its first character to its last."""
    found = [part.at for part in walk.parts(expression)]
    first = min(at.column for at in found)
    return Position(first, max(at.column + at.length for at in found) - first)
