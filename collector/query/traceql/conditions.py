"""Conditions on one span as SQL. Pure; what a query says becomes parameters, never text of SQL.

Every condition is 0 or 1, never NULL: a comparison with an attribute a span lacks, or whose text
is not of the type compared with, is 0 whatever its operator, as the language has it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from collector.query.traceql import fields
from collector.query.traceql.language import names, syntax
from collector.query.traceql.language.syntax import Scope, Type
from collector.query.traceql.language.types import OPEN, sources, type_of
from collector.query.traceql.values import Values, as_number, finite, stored

FLIPPED: Final = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "=": "=", "!=": "!="}
_EXACT: Final = 2**53  # from here on Float64 has not every integer


@dataclass(frozen=True, slots=True)
class _Kind:
    """Values of one type: in an attribute, and as ``element`` of a list, which is the text of JSON."""

    fits: Callable[[Scope, str], str]
    element: str
    text: str = "element"


_STRING: Final = _Kind(fields.is_string, "JSONType(element) = 'String'", "JSONExtractString(element)")
_NUMBER: Final = _Kind(fields.is_number, "JSONType(element) IN ('Int64', 'UInt64', 'Double')")
_FLAG: Final = _Kind(fields.is_flag, "JSONType(element) = 'Bool'")


class Conditions(Values):
    """Writes conditions.

    Those on whole traces and on parents also name ql_start and ql_end, microseconds since the epoch.
    """

    def condition(self, expression: syntax.Expression | None) -> str:
        """Return SQL that is 1 where a span fulfils the expression; None is fulfilled by all."""
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
        """Return a comparison; of events and links, that one of them fulfils it."""
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
            return self._over(
                left, _STRING, lambda text: f"match({text}, {pattern})", negated=op == "!~", careful=True
            )
        pattern = f"concat('^(?:', {self._text(right)}, ')$')"
        there = [self._present(side) for side in (left, right)]
        return "(" + " AND ".join((*there, f"{negated}match({self._text(left)}, {pattern})")) + ")"

    def _boolean(self, op: str, left: syntax.Expression, right: syntax.Expression) -> str:
        if isinstance(left, syntax.Attribute) and isinstance(right, syntax.Literal):
            wanted = bool(right.value) == (op == "=")
            return self._over(left, _FLAG, lambda text: f"{text} = '{'true' if wanted else 'false'}'")
        return f"ifNull(({self._flag(left)}) {op} ({self._flag(right)}), 0)"

    def _flag(self, side: syntax.Expression) -> str:
        """Return SQL that is 1, 0, or NULL where an attribute is neither true nor false."""
        if not isinstance(side, syntax.Attribute):
            return self.condition(side)
        true = self._over(side, _FLAG, lambda text: f"{text} = 'true'")
        false = self._over(side, _FLAG, lambda text: f"{text} = 'false'")
        return f"multiIf({true}, 1, {false}, 0, NULL)"

    def _textual(self, op: str, left: syntax.Expression, right: syntax.Expression) -> str:
        assert not isinstance(left, syntax.Unary | syntax.Binary)
        assert not isinstance(right, syntax.Unary | syntax.Binary)
        if not isinstance(left, syntax.Literal) and isinstance(right, syntax.Literal):
            value = stored(left, right)
            given = self.given("String", value)
            equal = "=" if op == "!=" else op
            return self._over(
                left,
                _STRING,
                lambda text: f"{text} {equal} {given}",
                op == "!=",
                op not in names.EQUALITY or not value,
            )
        sides = [self._text(side) for side in (left, right)]
        attributes = [side for side in (left, right) if isinstance(side, syntax.Attribute)]
        there = [self._present(side) for side in attributes]
        # A string and a number that read alike are not equal; two numbers are, whatever their types.
        strings = [self._by_scope(side, fields.is_string) for side in attributes]
        alike = [f"{strings[0]} = {strings[1]}" if len(strings) == 2 else each for each in strings[:1]]
        return "(" + " AND ".join((*there, *alike, f"{sides[0]} {op} {sides[1]}")) + ")"

    def _numeric(self, op: str, left: syntax.Expression, right: syntax.Expression) -> str:
        if isinstance(right, syntax.Literal) and isinstance(left, syntax.Attribute):
            value = self.literal(right)
            # Float64 is exact up to 2^53; beyond it integers are compared as integers first.
            large = isinstance(right.value, int) and abs(right.value) >= _EXACT

            def test(text: str) -> str:
                number = f"ifNull({as_number(text)} {op} {value}, 0)"
                return f"ifNull(toInt128OrNull({text}) {op} {value}, {number})" if large else number

            return self._over(left, _NUMBER, test)
        if isinstance(right, syntax.Literal) and isinstance(left, syntax.Intrinsic):
            return f"{fields.NUMBER[left.name]} {op} {self.literal(right)}"
        one, two = self._number(left), self._number(right)
        return f"ifNull({finite(one)} {op} {finite(two)}, 0)"

    def _over(
        self,
        field: syntax.Field,
        kind: _Kind,
        test: Callable[[str], str],
        negated: bool = False,
        careful: bool = False,
    ) -> str:
        """``test``, or that it fails, on the text of a field if it is of a kind.

        A list fulfils a test if one of its elements does, and a negated one if none does. ``careful``: an
        empty text may pass the test.
        """
        if isinstance(field, syntax.Intrinsic):
            return f"({_negated(test(fields.TEXT[field.name]), negated)})"
        key = self.given("String", field.key)
        careful = careful or negated
        tests = [
            self._test(scope, field, key, kind, test, negated, careful) for scope in fields.scopes(field)
        ]
        if len(tests) == 1:
            return tests[0]
        # ``.key`` is the span's attribute, and the resource's only where the span has none of that name.
        return f"({tests[0]} OR NOT {fields.has(Scope.SPAN, field, key)} AND {tests[1]})"

    @staticmethod
    def _test(
        scope: Scope,
        field: syntax.Attribute,
        key: str,
        kind: _Kind,
        test: Callable[[str], str],
        negated: bool,
        careful: bool,
    ) -> str:
        text = fields.read(scope, field, key)
        # Where a missing attribute, which reads as '', could pass the test, it is asked whether it is there:
        # only then is the whole map read instead of the one key.
        there = f"{fields.has(scope, field, key)} AND " if careful else ""
        some = f"arrayExists(element -> {kind.element} AND {test(kind.text)}, JSONExtractArrayRaw({text}))"
        return (
            f"({there}{_negated(test(text), negated)} AND {kind.fits(scope, key)}"
            f" OR {fields.is_list(scope, key)} AND {_negated(some, negated)})"
        )

    def _by_scope(self, field: syntax.Attribute, condition: Callable[[Scope, str], str]) -> str:
        """``condition`` for the scope that a span has the attribute in."""
        key = self.given("String", field.key)
        first, *others = (condition(scope, key) for scope in fields.scopes(field))
        return f"if({fields.has(Scope.SPAN, field, key)}, {first}, {others[0]})" if others else f"({first})"


def _negated(condition: str, negated: bool) -> str:
    return f"NOT ({condition})" if negated else condition


def _both_plain(left: syntax.Expression, right: syntax.Expression, op: str) -> bool:
    """Compare two attributes: equal when their texts are, but above and below as numbers."""
    fields_only = isinstance(left, syntax.Attribute) and isinstance(right, syntax.Attribute)
    return fields_only and op in names.EQUALITY


def _chain(expression: syntax.Expression, op: str) -> list[syntax.Expression]:
    """Return the operands of equal operators that follow each other, flat: SQL need not nest for them."""
    if isinstance(expression, syntax.Binary) and expression.op == op:
        return [*_chain(expression.left, op), *_chain(expression.right, op)]
    return [expression]
