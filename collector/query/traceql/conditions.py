"""Conditions on one span as SQL. Pure; what a query says becomes parameters, never text of SQL.

Every condition is 0 or 1, never NULL: a comparison with an attribute a span lacks, or whose text
is not of the type compared with, is 0 whatever its operator, as the language has it.
"""

from collections.abc import Callable
from typing import Final

from collector.query.traceql import fields, names, syntax
from collector.query.traceql.syntax import Scope, Type
from collector.query.traceql.types import OPEN, sources, type_of
from collector.query.traceql.values import Values, all_finite, as_number, stored

FLIPPED: Final = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "=": "=", "!=": "!="}
_EXACT: Final = 2**53  # from here on Float64 has not every integer


class Conditions(Values):
    """Writes conditions.

    Those on whole traces and on parents also name ql_start and ql_end, microseconds since the epoch.
    """

    def condition(self, expression: syntax.Expression | None) -> str:
        """1 where a span fulfils the expression; None is fulfilled by all."""
        if expression is None:
            return "1"
        if isinstance(expression, syntax.Literal):
            return "1" if expression.value else "0"
        if isinstance(expression, syntax.Attribute):
            return self._wrapped(syntax.Binary("=", expression, syntax.Literal(Type.BOOLEAN, True)))
        # A number is never true, though nothing but the span could tell that it is one.
        if type_of(expression) is not Type.BOOLEAN:
            return "0"
        if isinstance(expression, syntax.Unary):
            return f"NOT ({self.condition(expression.operand)})"
        assert isinstance(expression, syntax.Binary)
        if expression.op in names.LOGIC:
            word = " AND " if expression.op == "&&" else " OR "
            # Flat: ClickHouse bounds the depth of a query, and generated ones have hundreds of ``||``.
            return "(" + word.join(map(self.condition, _chain(expression, expression.op))) + ")"
        return self._wrapped(expression)

    def _wrapped(self, expression: syntax.Binary) -> str:
        """A comparison; of events and links, that one of them fulfils it."""
        absent = expression.op == "=" and Type.NIL in (type_of(expression.left), type_of(expression.right))
        sql = self._comparison(expression)
        read = sources(expression.left) | sources(expression.right)
        for kind in sorted(read & fields.LAMBDAS.keys()):
            arguments, columns = fields.LAMBDAS[kind]
            # Events and links are arrays of a span: the comparison holds if one element fulfils it.
            sql = f"arrayExists({arguments} -> {sql}, {columns})"
        if read == {"trace"}:
            # Few traces fulfil it: their ids cost less than a join that reads the summary of every span.
            sql = f"TraceId IN (SELECT TraceId FROM ({fields.SUMMARIES}) WHERE {sql})"
        elif "trace" in read:
            self.joined = True
        if "parent" in read:
            # A span that names itself as its parent has none.
            sql = f"ParentSpanId != SpanId AND (TraceId, ParentSpanId) IN ({fields.PARENTS} AND {sql})"
            sql = f"({sql})"
        # ``= nil`` is turned round outside of arrayExists: no event has the field, rather than one event
        # without it.
        return f"NOT ({sql})" if absent else sql

    def _comparison(self, expression: syntax.Binary) -> str:
        left, right, op = expression.left, expression.right, expression.op
        types = {type_of(left), type_of(right)}
        if Type.NIL in types:
            return self._present(left if type_of(right) is Type.NIL else right)
        if op in names.REGEX:
            return self._regex(op, left, right)
        if isinstance(left, syntax.Literal) and not isinstance(right, syntax.Literal):
            # ``5 < .x`` as ``.x > 5``, so that the cases below have the field on the left.
            return self._comparison(syntax.Binary(FLIPPED[op], right, left))
        # No attribute is a status or a kind, and what was computed is a number.
        if types & {Type.STATUS, Type.KIND} and types & set(OPEN):
            return "0"
        if Type.COMPUTED in types and types & {Type.STRING, Type.BOOLEAN}:
            return "0"
        if Type.BOOLEAN in types:
            return self._boolean(op, left, right)
        if types & {Type.STATUS, Type.KIND, Type.STRING} or _both_plain(left, right, op):
            return self._textual(op, left, right)
        return self._numeric(op, left, right)

    def _regex(self, op: str, left: syntax.Expression, right: syntax.Expression) -> str:
        assert not isinstance(left, syntax.Unary | syntax.Binary)
        assert not isinstance(right, syntax.Unary | syntax.Binary)
        negated = "NOT " if op == "!~" else ""
        # TraceQL matches whole values, RE2 any part of a text: hence the anchors.
        if isinstance(right, syntax.Literal) and not isinstance(left, syntax.Literal):
            pattern = self.given("String", f"^(?:{right.value})$")
            return self._over(left, lambda text: f"{negated}match({text}, {pattern})", careful=True)
        pattern = f"concat('^(?:', {self._text(right)}, ')$')"
        there = [self._present(side) for side in (left, right)]
        return "(" + " AND ".join((*there, f"{negated}match({self._text(left)}, {pattern})")) + ")"

    def _boolean(self, op: str, left: syntax.Expression, right: syntax.Expression) -> str:
        if isinstance(left, syntax.Attribute) and isinstance(right, syntax.Literal):
            wanted = bool(right.value) == (op == "=")
            return self._over(left, lambda text: f"{text} = '{'true' if wanted else 'false'}'")
        return f"ifNull(({self._flag(left)}) {op} ({self._flag(right)}), 0)"

    def _flag(self, side: syntax.Expression) -> str:
        """1, 0, or NULL where an attribute is neither true nor false."""
        if not isinstance(side, syntax.Attribute):
            return self.condition(side)
        text = self._text(side)
        return f"multiIf({text} = 'true', 1, {text} = 'false', 0, NULL)"

    def _textual(self, op: str, left: syntax.Expression, right: syntax.Expression) -> str:
        assert not isinstance(left, syntax.Unary | syntax.Binary)
        assert not isinstance(right, syntax.Unary | syntax.Binary)
        if not isinstance(left, syntax.Literal) and isinstance(right, syntax.Literal):
            value = stored(left, right)
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
                number = f"ifNull({as_number(text)} {op} {value}, 0)"
                return f"ifNull(toInt128OrNull({text}) {op} {value}, {number})" if large else number

            return self._over(left, test, careful=True)
        if isinstance(right, syntax.Literal) and isinstance(left, syntax.Intrinsic):
            return f"{fields.NUMBER[left.name]} {op} {self.literal(right)}"
        one, two = self._number(left), self._number(right)
        return f"ifNull({all_finite((one, two))} AND {one} {op} {two}, 0)"

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


def _both_plain(left: syntax.Expression, right: syntax.Expression, op: str) -> bool:
    """Two attributes are equal when their texts are, but above and below as numbers."""
    fields_only = isinstance(left, syntax.Attribute) and isinstance(right, syntax.Attribute)
    return fields_only and op in names.EQUALITY


def _chain(expression: syntax.Expression, op: str) -> list[syntax.Expression]:
    """The operands of equal operators that follow each other, flat: SQL need not nest for them."""
    if isinstance(expression, syntax.Binary) and expression.op == op:
        return [*_chain(expression.left, op), *_chain(expression.right, op)]
    return [expression]
