"""A tree as text again, with every bracket written: parsing the text gives the same tree."""

import re
from typing import Final

from collector.query.traceql.language import names, syntax
from collector.query.traceql.language.syntax import Type
from collector.query.traceql.language.tokens import KEY

# A digit after a dot begins a number, and a second dot is easily overlooked. Behind parent. the name of a
# scope would be taken for one.
_BARE_KEY: Final = re.compile(rf"(?![0-9.]|(?:{'|'.join(names.SCOPES)})\.){KEY.pattern}").fullmatch
# Both spellings parse; people and Tempo write the older.
_OLDER: Final = {name: bare for bare, name in names.BARE.items()}
_ESCAPES: Final = str.maketrans({'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"})


def text(query: syntax.Query) -> str:
    """Return the query in one line."""
    first, *rest = query.stages
    printed = _stage(first) + "".join(
        f" {_stage(each)}" if isinstance(each, syntax.SeriesFilter) else f" | {_stage(each)}" for each in rest
    )
    if query.hints:
        printed += f" with({', '.join(f'{name}={_literal(value)}' for name, value in query.hints)})"
    return printed


def field_text(field: syntax.Field) -> str:
    """Return a field as a query names it."""
    if isinstance(field, syntax.Intrinsic):
        return field.name
    key = field.key if _BARE_KEY(field.key) else _quoted(field.key)
    scope = f"{names.PARENT}.{field.scope}".rstrip(".") if field.parent else field.scope
    return f"{scope}.{key}"


def short_text(expression: syntax.Expression) -> str:
    """Return an expression with fields by their short names, as most people write them."""
    if isinstance(expression, syntax.Intrinsic):
        return _OLDER.get(expression.name, expression.name)
    return _expression(expression)


def _stage(stage: syntax.Stage) -> str:
    if isinstance(stage, syntax.ScalarFilter):
        return f"{_scalar(stage.left)} {stage.op} {_scalar(stage.right)}"
    if isinstance(stage, syntax.By):
        return f"by({_expression(stage.group)})"
    if isinstance(stage, syntax.Coalesce):
        return "coalesce()"
    if isinstance(stage, syntax.Select):
        return f"select({_fields(stage.fields)})"
    if isinstance(stage, syntax.SpanMetric):
        return _metric(stage)
    if isinstance(stage, syntax.Compare):
        return f"compare({_spanset(stage.selection)}, {stage.top}, {stage.start}, {stage.end})"
    if isinstance(stage, syntax.SeriesOperation):
        return f"({text(stage.left)}) {stage.op} ({text(stage.right)})"
    if isinstance(stage, syntax.Rank):
        return f"{stage.function}({stage.limit})"
    if isinstance(stage, syntax.SeriesFilter):
        return f"{stage.op} {_literal(stage.value)}"
    return _spanset(stage)


def _metric(stage: syntax.SpanMetric) -> str:
    arguments = [field_text(stage.measured)] if stage.measured else []
    arguments += map(str, stage.quantiles)
    by = f" by({_fields(stage.by)})" if stage.by else ""
    return f"{stage.function}({', '.join(arguments)}){by}"


def _fields(fields: tuple[syntax.Field, ...]) -> str:
    return ", ".join(map(field_text, fields))


def _scalar(scalar: syntax.Scalar) -> str:
    if isinstance(scalar, syntax.Literal):
        return _literal(scalar)
    if isinstance(scalar, syntax.Aggregation):
        return f"{scalar.function}({'' if scalar.operand is None else _expression(scalar.operand)})"
    return f"({_scalar(scalar.left)} {scalar.op} {_scalar(scalar.right)})"


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
