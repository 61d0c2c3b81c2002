"""Types of what is compared and computed. The rules are Tempo's (grafana/tempo, pkg/traceql/ast_validate.go).

Raises TraceQLError at the column of what is wrong.
"""

import re
from typing import Final

from collector.query.traceql.language import names, syntax
from collector.query.traceql.language.errors import TraceQLError
from collector.query.traceql.language.syntax import Type
from collector.query.traceql.language.types import NUMERIC, OPEN, position, sources, type_of

_TEXTUAL: Final = (Type.STRING, Type.ATTRIBUTE)
EXAMPLES: Final = {
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


def condition(expression: syntax.Expression) -> None:
    """Check something that is true or false of a span."""
    check(expression)
    kind = type_of(expression)
    if kind not in (Type.BOOLEAN, *OPEN):
        raise TraceQLError(
            f"this is {kind}, not a condition: compare it, for example with = {EXAMPLES[kind]}",
            position(expression),
        )


def check(expression: syntax.Expression) -> None:
    """Check an expression and everything in it."""
    if isinstance(expression, syntax.Unary):
        if expression.op == "!":
            condition(expression.operand)
        else:
            _numeric(expression.operand, "-")
    elif isinstance(expression, syntax.Binary):
        if expression.op in names.LOGIC:
            condition(expression.left)
            condition(expression.right)
        elif expression.op in names.COMPARISONS:
            _comparison(expression)
        else:
            for side in (expression.left, expression.right):
                _numeric(side, expression.op)


def _numeric(expression: syntax.Expression, op: str) -> None:
    check(expression)
    if type_of(expression) not in NUMERIC:
        raise TraceQLError(
            f"{op} works on numbers and durations, this is {type_of(expression)}: "
            "write a number, a duration or an attribute",
            position(expression),
        )


def _comparison(expression: syntax.Binary) -> None:
    check(expression.left)
    check(expression.right)
    _one_span(expression)
    if Type.NIL in (type_of(expression.left), type_of(expression.right)):
        if expression.op not in names.EQUALITY:
            raise TraceQLError("nil only follows = or !=: write .key = nil or .key != nil", expression.at)
    elif expression.op in names.REGEX:
        _regex(expression)
    else:
        _same_type(expression)


def _one_span(expression: syntax.Binary) -> None:
    """Refuse a parent's attribute beside other fields: it is read from another row than they are."""
    read = sources(expression.left) | sources(expression.right)
    if "parent" in read and len(read) > 1:
        others = " and ".join(sorted(read - {"parent"}))
        raise TraceQLError(
            f"an attribute of the parent cannot be compared with a field of the {others}: "
            "compare each with a value and join the two with &&",
            expression.at,
        )


def _regex(expression: syntax.Binary) -> None:
    for side in (expression.left, expression.right):
        if type_of(side) not in _TEXTUAL:
            raise TraceQLError(
                f"{expression.op} works on texts, this is {type_of(side)}: "
                'write an attribute or a name before it, and a regular expression behind it, as "a.*"',
                position(side),
            )
    pattern = expression.right
    if not isinstance(pattern, syntax.Literal):
        return
    try:
        re.compile(str(pattern.value))
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
    if len(kinds) > 1 and not kinds & set(OPEN) and not kinds <= set(NUMERIC):
        raise TraceQLError(
            f"{left} is compared with {right}: write {EXAMPLES[left]} on the right, or another field",
            position(expression.right),
        )
    if expression.op in names.ORDER and not kinds <= {Type.STRING, *NUMERIC}:
        raise TraceQLError(
            f"{expression.op} is between values without an order: write = or !=", expression.at
        )
