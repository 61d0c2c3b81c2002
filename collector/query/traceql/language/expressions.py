"""Expressions over one span, by recursive descent. Raises TraceQLError.

As in the language's own grammar ``&&`` and ``||`` bind equally and from left to right, comparison binds
tighter, then ``+ -``, ``!``, ``* / %`` and ``^``.
"""

from difflib import get_close_matches
from typing import Final

from collector.query.traceql.language import names, syntax
from collector.query.traceql.language.cursor import Cursor, between
from collector.query.traceql.language.errors import TraceQLError
from collector.query.traceql.language.syntax import Literal, Type
from collector.query.traceql.language.tokens import Kind, Token

ARITHMETIC_BINDING: Final = dict.fromkeys(("+", "-"), 3) | dict.fromkeys(("*", "/", "%"), 5) | {"^": 6}
_BINDING: Final = dict.fromkeys(names.LOGIC, 1) | dict.fromkeys(names.COMPARISONS, 2) | ARITHMETIC_BINDING
_NOT_BINDING: Final = 4
_WORDS: Final = (
    {"nil": (Type.NIL, None), "true": (Type.BOOLEAN, True), "false": (Type.BOOLEAN, False)}
    | {name: (Type.STATUS, name) for name in names.STATUSES}
    | {name: (Type.KIND, name) for name in names.KINDS}
)
NUMERIC_LITERALS: Final = {
    Kind.INTEGER: Type.NUMBER,
    Kind.FLOAT: Type.NUMBER,
    Kind.DURATION: Type.DURATION,
}
_LITERALS: Final = {Kind.STRING: Type.STRING, **NUMERIC_LITERALS}


class ExpressionParser(Cursor):
    """Reads fields, values and what is made of them."""

    def field(self) -> syntax.Field:
        """Read the name of a field."""
        token = self._next
        if token.kind is Kind.ATTRIBUTE:
            self._advance()
            return _attribute(token)
        if token.kind is not Kind.WORD:
            raise self._expected("a field or a value, such as name, duration, .key, span.key or 1.5s")
        name = names.BARE.get(token.text, token.text)
        if name not in names.INTRINSICS:
            raise TraceQLError(_no_field(token.text), token.at)
        self._advance()
        return syntax.Intrinsic(name, token.at)

    def _fields(self) -> tuple[syntax.Field, ...]:
        """Read fields with commas between them, and the bracket behind them."""
        fields = [self.field()]
        while self._take(","):
            fields.append(self.field())
        self._close(")")
        return tuple(fields)

    def _expression(self, least: int = 1) -> syntax.Expression:
        left = self._unary()
        while (binding := self._binding(_BINDING)) >= least:
            op = self._operator()
            # Powers bind from the right, everything else from the left.
            right = self._expression(binding if op.text == "^" else binding + 1)
            left = syntax.Binary(op.text, left, right, op.at)
        return left

    def _binding(self, bindings: dict[str, int]) -> int:
        return bindings.get(self._next.text, 0) if self._next.kind is Kind.MARK else 0

    def _unary(self) -> syntax.Expression:
        token = self._next
        if not self._is("!", "-", "("):
            return self._atom()
        # A sign before a number is part of it: { .a = -1 } compares with a value, which an index can serve.
        if negative := self._negative():
            return negative
        self._advance()
        self._deeper(token)
        if token.text == "(":
            inner = self._expression()
            self._close(")")
        else:
            inner = syntax.Unary(token.text, self._expression(_NOT_BINDING), token.at)
        self._depth -= 1
        return inner

    def _negative(self) -> Literal | None:
        sign, number = self._next, self._tokens[min(self._index + 1, len(self._tokens) - 1)]
        if not self._is("-") or number.kind not in NUMERIC_LITERALS:
            return None
        self._index += 2
        assert not isinstance(number.value, str)
        return Literal(NUMERIC_LITERALS[number.kind], -number.value, between(sign.at, number.at))

    def _atom(self) -> syntax.Expression:
        token = self._next
        if token.kind in _LITERALS:
            self._advance()
            return Literal(_LITERALS[token.kind], token.value, token.at)
        if self._word(*_WORDS):
            self._advance()
            kind, value = _WORDS[token.text]
            return Literal(kind, value, token.at)
        return self.field()

    def _value(self) -> Literal:
        """Read a value that stands by itself."""
        if negative := self._negative():
            return negative
        at = self._next.at
        value = self._atom()
        if not isinstance(value, Literal):
            raise TraceQLError("a value is expected here: write a number, a text, true or false", at)
        return value


def _attribute(token: Token) -> syntax.Attribute:
    scope = token.text.removeprefix(names.PARENT)
    parent = scope != token.text
    return syntax.Attribute(syntax.Scope(scope.removeprefix(".")), str(token.value), parent, token.at)


def _no_field(word: str) -> str:
    known = (*names.BARE, *names.INTRINSICS, *_WORDS)
    near = get_close_matches(word, known, 1)
    hint = f"did you mean {near[0]}? Otherwise " if near else ""
    return f'there is no field {word}: {hint}write .{word} if it is an attribute and "{word}" if it is a text'
