"""Checks of a parsed query: types of what is compared, and where a field may be used.

Raises TraceQLError at the column of what is wrong.
"""

import re
from typing import Final

from collector.query.traceql import names, syntax
from collector.query.traceql.errors import Position, TraceQLError
from collector.query.traceql.syntax import Scope, Type

_OPEN: Final = (Type.ATTRIBUTE, Type.COMPUTED)
_NUMERIC: Final = (Type.NUMBER, Type.DURATION, *_OPEN)
_TEXTUAL: Final = (Type.STRING, Type.ATTRIBUTE)
# Fields that a span or trace may lack.
_OPTIONAL: Final = (
    "span:statusMessage",
    "span:parentID",
    "trace:rootName",
    "trace:rootService",
    "event:name",
    "link:traceID",
    "link:spanID",
    "instrumentation:name",
    "instrumentation:version",
)
_EXAMPLE: Final = {
    Type.STRING: '"text"',
    Type.NUMBER: "10",
    Type.DURATION: "1.5s",
    Type.BOOLEAN: "true",
    Type.STATUS: "error",
    Type.KIND: "server",
    Type.ATTRIBUTE: ".key",
    Type.NIL: "nil",
    Type.COMPUTED: "10",
}


def check(query: syntax.Query) -> None:
    """Every stage of a query and of the queries in brackets in it."""
    for stage in query.stages:
        _stage(stage)


def source(expression: syntax.Expression) -> str:
    """The record a field is read from: ``span``, ``trace``, ``event`` or ``link``; "" if it is no field."""
    if isinstance(expression, syntax.Attribute):
        return expression.scope if expression.scope in (Scope.EVENT, Scope.LINK) else "span"
    if isinstance(expression, syntax.Intrinsic):
        if expression.name == "trace:id":  # a column of every span
            return "span"
        scope = expression.name.partition(":")[0]
        return "span" if scope == "instrumentation" else scope
    return ""


def sources(expression: syntax.Expression) -> set[str]:
    """The records both sides of a comparison are read from; a condition among them is read by itself."""
    if isinstance(expression, syntax.Unary) and expression.op == "-":
        return sources(expression.operand)
    if isinstance(expression, syntax.Binary) and type_of(expression) is not Type.BOOLEAN:
        return sources(expression.left) | sources(expression.right)
    return {source(expression)} - {""}


def type_of(expression: syntax.Expression) -> Type:
    """The type of an expression that is right; logic and comparison are BOOLEAN."""
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
    types = (type_of(expression.left), type_of(expression.right))
    if types == (Type.DURATION, Type.DURATION) and expression.op == "/":
        return Type.NUMBER
    if Type.DURATION in types:
        return Type.DURATION
    return Type.COMPUTED if set(types) & set(_OPEN) else Type.NUMBER


def position(expression: syntax.Expression) -> Position:
    """From the first character of an expression to its last."""
    found = [part.at for part in syntax.parts(expression)]
    first = min(at.column for at in found)
    return Position(first, max(at.column + at.length for at in found) - first)


def _stage(stage: syntax.Stage) -> None:
    if isinstance(stage, syntax.Filter):
        if stage.condition is not None:
            _condition(stage.condition)
    elif isinstance(stage, syntax.Combined):
        _stage(stage.left)
        _stage(stage.right)
    elif isinstance(stage, syntax.Query):
        check(stage)
    elif isinstance(stage, syntax.Aggregate):
        _aggregate(stage)
    elif isinstance(stage, syntax.By):
        _of_spans(stage.group)
    elif isinstance(stage, syntax.Select):
        for field in stage.fields:
            _of_spans(field)


def _of_spans(expression: syntax.Expression) -> None:
    for part in syntax.parts(expression):
        if source(part) not in ("", "span"):
            raise TraceQLError(
                "only fields of a span can stand here: name one with span., resource. or span:",
                position(part),
            )


def _aggregate(stage: syntax.Aggregate) -> None:
    kind = Type.NUMBER
    if stage.operand is not None:
        _expression(stage.operand)
        _of_spans(stage.operand)
        kind = type_of(stage.operand)
        if kind not in _NUMERIC:
            raise TraceQLError(
                f"{stage.function} works on numbers and durations, this is {kind}: "
                "write duration or an attribute that holds numbers",
                position(stage.operand),
            )
    allowed = (Type.NUMBER, Type.DURATION) if kind in _OPEN else (kind,)
    if stage.value.type not in allowed:
        raise TraceQLError(
            f"{stage.function}() gives {kind} here, compared with {stage.value.type}: "
            f"write a value such as {_EXAMPLE[allowed[0]]}",
            stage.value.at,
        )


def _condition(expression: syntax.Expression) -> None:
    """Something that is true or false of a span."""
    _expression(expression)
    kind = type_of(expression)
    if kind not in (Type.BOOLEAN, Type.ATTRIBUTE):
        raise TraceQLError(
            f"this is {kind}, not a condition: compare it, for example with = {_EXAMPLE[kind]}",
            position(expression),
        )


def _expression(expression: syntax.Expression) -> None:
    if isinstance(expression, syntax.Unary):
        if expression.op == "!":
            _condition(expression.operand)
        else:
            _numeric(expression.operand, "-")
    elif isinstance(expression, syntax.Binary):
        if expression.op in names.LOGIC:
            _condition(expression.left)
            _condition(expression.right)
        elif expression.op in names.COMPARISONS:
            _comparison(expression)
        else:
            _arithmetic(expression)


def _numeric(expression: syntax.Expression, op: str) -> None:
    _expression(expression)
    if type_of(expression) not in _NUMERIC:
        raise TraceQLError(
            f"{op} works on numbers and durations, this is {type_of(expression)}: "
            "write a number, a duration or an attribute",
            position(expression),
        )


def _arithmetic(expression: syntax.Binary) -> None:
    for side in (expression.left, expression.right):
        _numeric(side, expression.op)
    types = {type_of(expression.left), type_of(expression.right)}
    if expression.op in "+-" and types == {Type.NUMBER, Type.DURATION}:
        raise TraceQLError(
            f"{expression.op} is between a duration and a number: give the number a unit, such as 10ms",
            expression.at,
        )
    if expression.op in "^%" and Type.DURATION in types:
        raise TraceQLError(f"{expression.op} is not for durations: divide them by 1s first", expression.at)


def _comparison(expression: syntax.Binary) -> None:
    left, right = expression.left, expression.right
    _expression(left)
    _expression(right)
    _one_source(expression)
    if Type.NIL in (type_of(left), type_of(right)):
        _absence(expression)
    elif expression.op in names.REGEX:
        _regex(expression)
    else:
        _same_type(expression)


def _one_source(expression: syntax.Binary) -> None:
    """A comparison reads one event, one link, one trace or one span, beside fixed values."""
    read = sources(expression.left) | sources(expression.right)
    if ("trace" in read and len(read) > 1) or {"event", "link"} <= read:
        raise TraceQLError(
            f"fields of {' and '.join(sorted(read))} cannot be compared with each other: "
            "compare each with a value and join the two with &&",
            expression.at,
        )


def _absence(expression: syntax.Binary) -> None:
    field = expression.left
    if type_of(expression.right) is not Type.NIL or expression.op not in names.EQUALITY:
        raise TraceQLError("nil only follows = or !=: write .key = nil or .key != nil", expression.at)
    if isinstance(field, syntax.Attribute):
        return
    if not isinstance(field, syntax.Intrinsic) or field.name not in _OPTIONAL:
        raise TraceQLError(
            "this is never nil: write an attribute, parent or statusMessage before = nil", position(field)
        )


def _regex(expression: syntax.Binary) -> None:
    left, pattern = expression.left, expression.right
    if not isinstance(left, syntax.Attribute | syntax.Intrinsic) or type_of(left) not in _TEXTUAL:
        raise TraceQLError(
            f"{expression.op} works on texts, this is {type_of(left)}: write an attribute or a name "
            "before it",
            position(left),
        )
    if not isinstance(pattern, syntax.Literal) or not isinstance(pattern.value, str):
        raise TraceQLError(
            f'a regular expression is expected after {expression.op}: write it as "a.*"', position(pattern)
        )
    try:
        re.compile(pattern.value)
    except (re.error, OverflowError, RecursionError) as error:
        # The dialect is RE2, which only the store has; this much is the same in both. An anchored
        # pattern with one bracket too many would otherwise be a right one of another meaning.
        if "unbalanced parenthesis" in str(error):
            message = "the regular expression closes a bracket that is not open: write [)] if it is text"
            # The pattern is put between ^(?: and )$ in SQL: an extra bracket would let a part of it match
            # anywhere.
            raise TraceQLError(message, pattern.at) from None


def _same_type(expression: syntax.Binary) -> None:
    left, right = type_of(expression.left), type_of(expression.right)
    kinds = {left, right}
    attribute = Type.ATTRIBUTE in kinds
    if kinds <= set(_NUMERIC) and kinds & set(_OPEN):
        return
    if len(kinds) > 1 and (not attribute or kinds & {Type.STATUS, Type.KIND}):
        raise TraceQLError(
            f"{left} is compared with {right}: write {_EXAMPLE[left]} on the right, or another field",
            position(expression.right),
        )
    ordered = kinds <= {Type.STRING, *_NUMERIC}
    if expression.op in names.ORDER and not ordered:
        raise TraceQLError(
            f"{expression.op} is between values without an order: write = or !=", expression.at
        )
    if attribute and Type.BOOLEAN in kinds and not isinstance(expression.right, syntax.Literal):
        raise TraceQLError("compare an attribute with true or false", position(expression.right))
