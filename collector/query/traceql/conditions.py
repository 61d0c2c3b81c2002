"""Conditions on one span as SQL. Pure; what a query says becomes parameters, never text of SQL.

Every condition is 0 or 1, never NULL: a comparison with an attribute a span lacks, or whose text
is not of the type compared with, is 0 whatever its operator, as the language has it.
"""

import re
from collections.abc import Callable
from typing import Final

from collector.query.traceql import fields, names, syntax
from collector.query.traceql.check import sources, type_of
from collector.query.traceql.syntax import Scope, Type

_FLIPPED: Final = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "=": "=", "!=": "!="}
_ARITHMETIC: Final = {"+": "plus", "-": "minus", "*": "multiply", "/": "divide", "%": "modulo", "^": "pow"}
_ID_DIGITS: Final = {
    "trace:id": 32,
    "span:id": 16,
    "span:parentID": 16,
    "link:traceID": 32,
    "link:spanID": 16,
}
_HEX: Final = re.compile("[0-9a-fA-F]+")
_EXACT: Final = 2**53  # from here on Float64 has not every integer

# Traces are summarised in several rows, those of one trace mostly within moments; the margin is
# what a trace may begin before the window and go on after it.
_OF_TRACE: Final = """TraceId IN (
    SELECT TraceId FROM mesh_trace_summaries
    WHERE Start >= fromUnixTimestamp64Micro({ql_start:Int64} - 3600000000)
        AND Start <= fromUnixTimestamp64Micro({ql_end:Int64} + 3600000000)
    GROUP BY TraceId HAVING """


class Conditions:
    """Writes conditions; ``parameters`` grows with what they name, every name begins with ql.

    Conditions on whole traces also name ql_start and ql_end, microseconds since the epoch.
    """

    def __init__(self) -> None:
        self.parameters: dict[str, object] = {}
        self._known: dict[tuple[str, object], str] = {}

    def condition(self, expression: syntax.Expression | None) -> str:
        """1 where a span fulfils the expression; None is fulfilled by all."""
        if expression is None:
            return "1"
        if isinstance(expression, syntax.Literal):
            return "1" if expression.value else "0"
        if isinstance(expression, syntax.Attribute):
            return self._true(expression)
        if isinstance(expression, syntax.Unary):
            return f"NOT ({self.condition(expression.operand)})"
        assert isinstance(expression, syntax.Binary)
        if expression.op in names.LOGIC:
            word = " AND " if expression.op == "&&" else " OR "
            # Flat: ClickHouse bounds the depth of a query, and generated ones have hundreds of ``||``.
            return "(" + word.join(map(self.condition, _chain(expression, expression.op))) + ")"
        return self._wrapped(expression)

    def number(self, expression: syntax.Expression) -> str:
        """A Nullable(Float64): NULL when something in it is missing or no number."""
        return f"toNullable({self._finite(self._number(expression))})"

    def text(self, field: syntax.Field) -> str:
        """A Nullable(String): NULL when the span lacks the field."""
        text = f"toNullable(toString({self._text(field)}))"
        return f"if({self._present(field)}, {text}, NULL)"

    def literal(self, literal: syntax.Literal) -> str:
        """A number or duration as a parameter."""
        return self.given("Float64" if isinstance(literal.value, float) else "Int64", literal.value)

    def given(self, kind: str, value: object) -> str:
        """A parameter of a ClickHouse type."""
        # One parameter for equal values: texts of equal conditions are equal, and the store computes them
        # once.
        name = self._known.setdefault((kind, value), f"ql{len(self._known)}")
        self.parameters[name] = value
        return f"{{{name}:{kind}}}"

    def _true(self, field: syntax.Attribute) -> str:
        yes = syntax.Literal(Type.BOOLEAN, True)
        return self._wrapped(syntax.Binary("=", field, yes))

    def _wrapped(self, expression: syntax.Binary) -> str:
        """A comparison; of events and links, that one of them fulfils it."""
        absent = type_of(expression.right) is Type.NIL and expression.op == "="
        sql = self._comparison(expression)
        read = sources(expression.left) | sources(expression.right)
        for kind in read & fields.LAMBDAS.keys():
            arguments, columns = fields.LAMBDAS[kind]
            # Events and links are arrays of a span: the comparison holds if one element fulfils it.
            sql = f"arrayExists({arguments} -> {sql}, {columns})"
        if "trace" in read:
            sql = f"{_OF_TRACE}{sql})"
        # ``= nil`` is turned round outside of arrayExists: no event has the field, rather than one event
        # without it.
        return f"NOT ({sql})" if absent else sql

    def _comparison(self, expression: syntax.Binary) -> str:
        left, right, op = expression.left, expression.right, expression.op
        types = {type_of(left), type_of(right)}
        if Type.NIL in types:
            assert isinstance(left, syntax.Attribute | syntax.Intrinsic)
            return self._present(left)
        if op in names.REGEX:
            assert isinstance(left, syntax.Attribute | syntax.Intrinsic)
            assert isinstance(right, syntax.Literal)
            negated = "NOT " if op == "!~" else ""
            # TraceQL matches whole values, RE2 any part of a text: hence the anchors.
            pattern = self.given("String", f"^(?:{right.value})$")
            return self._over(left, lambda text: f"{negated}match({text}, {pattern})", careful=True)
        if isinstance(left, syntax.Literal) and not isinstance(right, syntax.Literal):
            # ``5 < .x`` as ``.x > 5``, so that the cases below have the field on the left.
            return self._comparison(syntax.Binary(_FLIPPED[op], right, left))
        if Type.BOOLEAN in types:
            return self._boolean(op, left, right)
        if types & {Type.STATUS, Type.KIND, Type.STRING} or _both_plain(left, right, op):
            return self._textual(op, left, right)
        return self._numeric(op, left, right)

    def _boolean(self, op: str, left: syntax.Expression, right: syntax.Expression) -> str:
        if not isinstance(left, syntax.Attribute):
            return f"({self.condition(left)}) {op} ({self.condition(right)})"
        assert isinstance(right, syntax.Literal)
        wanted = bool(right.value) == (op == "=")
        return self._over(left, lambda text: f"{text} = '{'true' if wanted else 'false'}'")

    def _textual(self, op: str, left: syntax.Expression, right: syntax.Expression) -> str:
        assert not isinstance(left, syntax.Unary | syntax.Binary)
        assert not isinstance(right, syntax.Unary | syntax.Binary)
        if not isinstance(left, syntax.Literal) and isinstance(right, syntax.Literal):
            value = _stored(left, right)
            given = self.given("String", value)
            return self._over(left, lambda text: f"{text} {op} {given}", careful=op != "=" or not value)
        sides = [self._text(side) for side in (left, right)]
        there = [self._present(side) for side in (left, right) if isinstance(side, syntax.Attribute)]
        return "(" + " AND ".join((*there, f"{sides[0]} {op} {sides[1]}")) + ")"

    def _numeric(self, op: str, left: syntax.Expression, right: syntax.Expression) -> str:
        if isinstance(right, syntax.Literal) and isinstance(left, syntax.Attribute):
            value = self.literal(right)
            # Float64 is exact up to 2^53; beyond it integers are compared as integers first.
            large = isinstance(right.value, int) and abs(right.value) >= _EXACT

            def test(text: str) -> str:
                number = f"ifNull({_as_number(text)} {op} {value}, 0)"
                return f"ifNull(toInt128OrNull({text}) {op} {value}, {number})" if large else number

            return self._over(left, test, careful=True)
        if isinstance(right, syntax.Literal) and isinstance(left, syntax.Intrinsic):
            return f"{fields.NUMBER[left.name]} {op} {self.literal(right)}"
        one, two = self._number(left), self._number(right)
        return f"ifNull(isFinite({one}) AND isFinite({two}) AND {one} {op} {two}, 0)"

    def _number(self, expression: syntax.Expression) -> str:
        """Float64 or Nullable(Float64); arithmetic may make it infinite or NaN."""
        if isinstance(expression, syntax.Literal):
            return f"toFloat64({self.literal(expression)})"
        if isinstance(expression, syntax.Intrinsic):
            return f"toFloat64({fields.NUMBER[expression.name]})"
        if isinstance(expression, syntax.Attribute):
            return _as_number(self._text(expression))
        if isinstance(expression, syntax.Unary):
            return f"negate({self._number(expression.operand)})"
        one, two = self._number(expression.left), self._number(expression.right)
        return f"{_ARITHMETIC[expression.op]}({one}, {two})"

    def _over(self, field: syntax.Field, test: Callable[[str], str], careful: bool = False) -> str:
        """``test`` on the text of a field. An attribute that is missing reads as ''; where that
        could pass the test, ``careful`` asks whether it is there. So it does where no text is
        compared: keys have an index, numbers have none."""
        if isinstance(field, syntax.Intrinsic):
            return f"({test(fields.TEXT[field.name])})"
        key = self.given("String", field.key)
        tests = [
            f"({fields.has(scope, field, key)} AND {test(fields.read(scope, field, key))})"
            if careful
            else f"({test(fields.read(scope, field, key))})"
            for scope in fields.scopes(field)
        ]
        if len(tests) == 1:
            return tests[0]
        # ``.key`` is the span's attribute, and the resource's only where the span has none of that name.
        return f"({tests[0]} OR NOT {fields.has(Scope.SPAN, field, key)} AND {tests[1]})"

    def _present(self, field: syntax.Field) -> str:
        if isinstance(field, syntax.Intrinsic):
            return f"({fields.TEXT[field.name]} != '')"
        key = self.given("String", field.key)
        return "(" + " OR ".join(fields.has(scope, field, key) for scope in fields.scopes(field)) + ")"

    def _text(self, operand: syntax.Literal | syntax.Field) -> str:
        if isinstance(operand, syntax.Literal):
            return self.given("String", _stored(operand, operand))
        if isinstance(operand, syntax.Intrinsic):
            return fields.TEXT[operand.name]
        key = self.given("String", operand.key)
        first, *others = (fields.read(scope, operand, key) for scope in fields.scopes(operand))
        if not others:
            return first
        return f"if({fields.has(Scope.SPAN, operand, key)}, {first}, toString({others[0]}))"

    @staticmethod
    def _finite(number: str) -> str:
        return f"if(isFinite({number}), {number}, NULL)"


def _as_number(text: str) -> str:
    """The number a text is, NULL for any other; "inf" and "nan" are words."""
    number = f"toFloat64OrNull({text})"
    return f"if(isFinite({number}), {number}, NULL)"


def _both_plain(left: syntax.Expression, right: syntax.Expression, op: str) -> bool:
    """Two attributes are equal when their texts are, but above and below as numbers."""
    fields_only = isinstance(left, syntax.Attribute) and isinstance(right, syntax.Attribute)
    return fields_only and op in names.EQUALITY


def _stored(field: syntax.Expression, literal: syntax.Literal) -> str:
    """A value as the store spells it."""
    value = str(literal.value)
    if literal.type in (Type.STATUS, Type.KIND):
        # TraceQL writes error and server, the columns hold Error and Server.
        return value.capitalize()
    digits = _ID_DIGITS.get(field.name, 0) if isinstance(field, syntax.Intrinsic) else 0
    # Ids are stored in lower case and full length; queries often leave leading zeros out.
    return value.lower().zfill(digits) if digits and _HEX.fullmatch(value) else value


def _chain(expression: syntax.Expression, op: str) -> list[syntax.Expression]:
    """The operands of equal operators that follow each other, flat: SQL need not nest for them."""
    if isinstance(expression, syntax.Binary) and expression.op == op:
        return [*_chain(expression.left, op), *_chain(expression.right, op)]
    return [expression]
