"""A tree as text again, with every bracket written: parsing the text gives the same tree."""

import re
from typing import Final

from collector.query.traceql import names, syntax
from collector.query.traceql.syntax import Type
from collector.query.traceql.tokens import KEY

# A digit after a dot begins a number, and a second dot is easily overlooked.
_BARE_KEY: Final = re.compile(rf"(?![0-9.]){KEY.pattern}").fullmatch
# Both spellings parse; people and Tempo write the older.
_OLDER: Final = {name: bare for bare, name in names.BARE.items()}
_ESCAPES: Final = str.maketrans({'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"})


def text(query: syntax.Query) -> str:
    """The query in one line."""
    return " | ".join(map(_stage, query.stages))


def field_text(field: syntax.Field) -> str:
    """A field as a query names it."""
    if isinstance(field, syntax.Intrinsic):
        return field.name
    key = field.key if _BARE_KEY(field.key) else _quoted(field.key)
    return f"{field.scope}.{key}"


def short_text(field: syntax.Field) -> str:
    """A field by its short name, as most people write it."""
    name = field_text(field)
    return _OLDER.get(name, name)


def _stage(stage: syntax.Stage) -> str:
    if isinstance(stage, syntax.Aggregate):
        operand = "" if stage.operand is None else _expression(stage.operand)
        return f"{stage.function}({operand}) {stage.op} {_expression(stage.value)}"
    if isinstance(stage, syntax.By):
        return f"by({field_text(stage.group)})"
    if isinstance(stage, syntax.Coalesce):
        return "coalesce()"
    if isinstance(stage, syntax.Select):
        return f"select({', '.join(map(field_text, stage.fields))})"
    return _spanset(stage)


def _spanset(spanset: syntax.Spanset) -> str:
    if isinstance(spanset, syntax.Filter):
        return "{ }" if spanset.condition is None else f"{{ {_expression(spanset.condition)} }}"
    if isinstance(spanset, syntax.Query):
        return f"({text(spanset)})"
    return f"{_bracketed(spanset.left)} {spanset.op} {_bracketed(spanset.right)}"


def _bracketed(spanset: syntax.Spanset) -> str:
    return f"({_spanset(spanset)})" if isinstance(spanset, syntax.Combined) else _spanset(spanset)


def _expression(expression: syntax.Expression) -> str:
    if isinstance(expression, syntax.Literal):
        return _literal(expression)
    if isinstance(expression, syntax.Attribute | syntax.Intrinsic):
        return field_text(expression)
    if isinstance(expression, syntax.Unary):
        return f"{expression.op}({_expression(expression.operand)})"
    return f"({_expression(expression.left)}) {expression.op} ({_expression(expression.right)})"


def _literal(literal: syntax.Literal) -> str:
    if literal.type is Type.STRING:
        return _quoted(str(literal.value))
    if literal.type is Type.DURATION:
        return f"{literal.value}ns"
    if literal.type in (Type.BOOLEAN, Type.NIL):
        return {True: "true", False: "false", None: "nil"}[literal.value]  # type: ignore[index]
    return str(literal.value)


def _quoted(value: str) -> str:
    return f'"{value.translate(_ESCAPES)}"'
