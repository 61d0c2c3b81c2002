"""Values of one span as SQL. Pure; what a query says becomes parameters, never text of SQL.

A value that a span lacks is NULL, and so is a number whose text is none or that is not finite.
"""

import re
from typing import Final

from collector.query.traceql import fields
from collector.query.traceql.language import names, syntax
from collector.query.traceql.language.syntax import Scope, Type
from collector.query.traceql.language.types import NUMERIC, sources, structural, type_of

ARITHMETIC: Final = {"+": "plus", "-": "minus", "*": "multiply", "/": "divide", "%": "modulo", "^": "pow"}
_ID_DIGITS: Final = {
    "trace:id": 32,
    "span:id": 16,
    "span:parentID": 16,
    "link:traceID": 32,
    "link:spanID": 16,
}
_WORDS: Final = (Type.STRING, Type.STATUS, Type.KIND)
_HEX: Final = re.compile("[0-9a-fA-F]+")


class Values:
    """Writes values; ``parameters`` grows with what they name, every name begins with ``prefix``.

    Where they read fields of whole traces they need the columns of ``fields.SUMMARIES``: then ``joined`` is
    set, and they also name ql_start and ql_end, microseconds since the epoch.
    """

    def __init__(self, prefix: str = "ql") -> None:
        self._prefix = prefix
        self.parameters: dict[str, object] = {}
        self.joined = False
        self._known: dict[tuple[str, object], str] = {}

    def number(self, expression: syntax.Expression) -> str:
        """Return SQL of a Nullable(Float64), of events and links of the first that has one."""
        if structural(expression) or type_of(expression) not in NUMERIC:
            return "CAST(NULL, 'Nullable(Float64)')"
        return self._first(expression, f"toNullable({finite(self._number(expression))})")

    def text(self, expression: syntax.Expression) -> str:
        """Return SQL of a Nullable(String), of events and links of the first that has one."""
        if structural(expression) or isinstance(expression, syntax.Literal):
            return "CAST(NULL, 'Nullable(String)')"
        if isinstance(expression, syntax.Attribute | syntax.Intrinsic):
            text = f"toNullable(toString({self._text(expression)}))"
            return self._first(expression, f"if({self._present(expression)}, {text}, NULL)")
        if type_of(expression) is Type.BOOLEAN:
            return f"toNullable(if({self.condition(expression)}, 'true', 'false'))"
        return f"toString({self.number(expression)})"

    def type_of(self, expression: syntax.Expression) -> str:
        """Return the type of what ``text`` gives, in the words of ``collector.otlp.stored_values``; '?': by
        its text."""
        if isinstance(expression, syntax.Attribute):
            key = self.given("String", expression.key)
            first, *others = (fields.type_of(scope, key) for scope in fields.scopes(expression))
            kind = f"if({fields.has(Scope.SPAN, expression, key)}, {first}, {others[0]})" if others else first
            kind = self._first(expression, f"if({self._present(expression)}, toNullable({kind}), NULL)")
            return f"ifNull({kind}, '')"
        if isinstance(expression, syntax.Intrinsic) and names.INTRINSICS[expression.name] in _WORDS:
            return "''"
        return "'?'"

    def condition(self, expression: syntax.Expression | None) -> str:
        """Return SQL that is 1 where a span fulfils the expression, else 0."""
        raise NotImplementedError

    def literal(self, literal: syntax.Literal) -> str:
        """Return a number or duration as a parameter."""
        return self.given("Float64" if isinstance(literal.value, float) else "Int64", literal.value)

    def given(self, kind: str, value: object) -> str:
        """Return a parameter of a ClickHouse type."""
        # One parameter for equal values: texts of equal conditions are equal, and the store computes them
        # once.
        name = self._known.setdefault((kind, value), f"{self._prefix}{len(self._known)}")
        self.parameters[name] = value
        return f"{{{name}:{kind}}}"

    def _first(self, expression: syntax.Expression, value: str) -> str:
        read = sources(expression)
        self.joined |= "trace" in read
        for kind in sorted(read & fields.LAMBDAS.keys()):
            arguments, columns = fields.LAMBDAS[kind]
            value = f"arrayFirst(v -> isNotNull(v), arrayMap({arguments} -> {value}, {columns}))"
        return value

    def _number(self, expression: syntax.Expression) -> str:
        """Return SQL of a Float64 or Nullable(Float64); arithmetic may make it infinite or NaN."""
        if isinstance(expression, syntax.Literal):
            return f"toFloat64({self.literal(expression)})"
        if isinstance(expression, syntax.Intrinsic):
            return f"toFloat64({fields.NUMBER[expression.name]})"
        if isinstance(expression, syntax.Attribute):
            key = self.given("String", expression.key)
            first, *others = (fields.is_number(scope, key) for scope in fields.scopes(expression))
            fits = f"if({fields.has(Scope.SPAN, expression, key)}, {first}, {others[0]})" if others else first
            return as_number(f"if({fits}, {self._text(expression)}, '')")
        if isinstance(expression, syntax.Unary):
            return f"negate({self._number(expression.operand)})"
        one, two = self._number(expression.left), self._number(expression.right)
        return f"{ARITHMETIC[expression.op]}({one}, {two})"

    def _present(self, expression: syntax.Expression) -> str:
        """Return SQL that is 1 where a span has a value for the expression."""
        if isinstance(expression, syntax.Literal):
            return "0" if expression.type is Type.NIL else "1"
        if isinstance(expression, syntax.Intrinsic):
            # A span always has a duration, a kind and a status, though that may be unset.
            texts = names.INTRINSICS[expression.name] is Type.STRING
            return f"({fields.TEXT[expression.name]} != '')" if texts else "1"
        if isinstance(expression, syntax.Attribute):
            key = self.given("String", expression.key)
            places = fields.scopes(expression)
            return "(" + " OR ".join(fields.has(scope, expression, key) for scope in places) + ")"
        if type_of(expression) is Type.BOOLEAN:
            return "1"
        return f"isNotNull({finite(self._number(expression))})"

    def _text(self, operand: syntax.Literal | syntax.Field) -> str:
        if isinstance(operand, syntax.Literal):
            return self.given("String", stored(operand, operand))
        if isinstance(operand, syntax.Intrinsic):
            return fields.TEXT[operand.name]
        key = self.given("String", operand.key)
        first, *others = (fields.read(scope, operand, key) for scope in fields.scopes(operand))
        if not others:
            return first
        return f"if({fields.has(Scope.SPAN, operand, key)}, {first}, toString({others[0]}))"


def as_number(text: str) -> str:
    """Return the number a text is, NULL for any other; "inf" and "nan" are words."""
    return finite(f"toFloat64OrNull({text})")


def finite(number: str) -> str:
    """Return the number, NULL if it is none, infinite or not a number. It is written once: generated queries
    have hundreds, and ClickHouse bounds the length of a query."""
    return f"ifNotFinite({number}, NULL)"


def stored(field: syntax.Expression, literal: syntax.Literal) -> str:
    """Return a value as the store spells it in a field."""
    value = str(literal.value)
    if literal.type in (Type.STATUS, Type.KIND):
        # TraceQL writes error and server, the columns hold Error and Server.
        return value.capitalize()
    digits = _ID_DIGITS.get(field.name, 0) if isinstance(field, syntax.Intrinsic) else 0
    # Ids are stored in lower case and full length; queries often leave leading zeros out.
    return value.lower().zfill(digits) if digits and _HEX.fullmatch(value) else value
