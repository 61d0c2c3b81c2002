"""Tokens to a tree, by recursive descent. Raises TraceQLError.

As in the language's own grammar ``&&`` and ``||`` bind equally and from left to right, comparison
and structure bind tighter, then ``+ -``, ``!``, ``* / %`` and ``^``.
"""

from difflib import get_close_matches
from typing import Final

from collector.query.traceql import names, syntax
from collector.query.traceql.errors import Position, TraceQLError
from collector.query.traceql.syntax import Literal, Type
from collector.query.traceql.tokens import Kind, Token, tokens

# Far above what is written by hand: bounds for the recursion here and for the depth of the SQL.
DEPTH_MAX: Final = 30  # brackets within brackets
OPERATORS_MAX: Final = 100

_BINDING: Final = (
    dict.fromkeys(names.LOGIC, 1)
    | dict.fromkeys(names.COMPARISONS, 2)
    | dict.fromkeys(("+", "-"), 3)
    | dict.fromkeys(("*", "/", "%"), 5)
    | {"^": 6}
)
_NOT_BINDING: Final = 4
_WORDS: Final = (
    {"nil": (Type.NIL, None), "true": (Type.BOOLEAN, True), "false": (Type.BOOLEAN, False)}
    | {name: (Type.STATUS, name) for name in names.STATUSES}
    | {name: (Type.KIND, name) for name in names.KINDS}
)
_LITERALS: Final = {
    Kind.STRING: Type.STRING,
    Kind.INTEGER: Type.NUMBER,
    Kind.FLOAT: Type.NUMBER,
    Kind.DURATION: Type.DURATION,
}


def tree(text: str) -> syntax.Query:
    """The query a text says, types not yet looked at."""
    parser = _Parser(tokens(text))
    query = parser.pipeline()
    parser.end()
    return query


def field(text: str) -> syntax.Field:
    """Parse the name of a field, such as ``span.key`` or ``name``."""
    parser = _Parser(tokens(text))
    found = parser.field()
    parser.end()
    return found


class _Parser:
    def __init__(self, found: list[Token]) -> None:
        self._tokens = found
        self._index = 0
        self._depth = 0
        self._operators = 0

    def pipeline(self) -> syntax.Query:
        begin = self._next.at
        stages: list[syntax.Stage] = [self._spanset(1)]
        while self._take("|"):
            stages.append(self._stage())
        return syntax.Query(tuple(stages), begin)

    def end(self) -> None:
        if self._next.kind is not Kind.END:
            raise self._expected("| with a stage, an operator between spansets, or the end of the query")

    def _stage(self) -> syntax.Stage:
        token = self._next
        if token.text in ("{", "("):
            return self._spanset(1)
        if token.text in names.AGGREGATES:
            return self._aggregate()
        if token.text == "by":
            self._call()
            group = self.field()
            self._close(")")
            return syntax.By(group, token.at)
        if token.text == "coalesce":
            self._call()
            self._close(")")
            return syntax.Coalesce(token.at)
        if token.text == "select":
            return self._select()
        if token.text in names.METRICS:
            raise TraceQLError(
                f"{token.text} makes metrics, which are not answered here: ask for spans, or use "
                "/api/mesh/series",
                token.at,
            )
        raise self._expected("a stage: { … }, count(), avg(), min(), max(), sum(), by() or select()")

    def _select(self) -> syntax.Select:
        at = self._call().at
        fields = [self.field()]
        while self._take(","):
            fields.append(self.field())
        self._close(")")
        return syntax.Select(tuple(fields), at)

    def _aggregate(self) -> syntax.Aggregate:
        name = self._call()
        operand = None if name.text == "count" else self._expression(1)
        self._close(")")
        op = self._next
        if op.text not in names.EQUALITY + names.ORDER:
            raise self._expected(f"a comparison, such as {name.text}({'' if operand is None else '…'}) > 2")
        self._advance()
        at = self._next.at
        value = self._unary()
        if not isinstance(value, Literal):
            raise TraceQLError("a value is expected here: compare with a number or a duration", at)
        return syntax.Aggregate(name.text, operand, op.text, value, name.at)

    def _spanset(self, least: int) -> syntax.Spanset:
        left = self._operand()
        while (binding := self._spanset_binding()) >= least:
            op = self._operator()
            left = syntax.Combined(op.text, left, self._spanset(binding + 1), op.at)
        return left

    def _spanset_binding(self) -> int:
        token = self._next
        if token.kind is not Kind.MARK:
            return 0
        return 1 if token.text in names.LOGIC else 2 if token.text in names.STRUCTURE else 0

    def _operand(self) -> syntax.Spanset:
        token = self._next
        if self._take("("):
            self._deeper(token)
            inner = self.pipeline()
            self._close(")")
            self._depth -= 1
            only = inner.stages[0]
            # Brackets around one spanset mean nothing, and a tree without them compares equal.
            if len(inner.stages) == 1 and isinstance(only, syntax.Filter | syntax.Combined | syntax.Query):
                return only
            return syntax.Query(inner.stages, token.at)
        if not self._take("{"):
            raise self._expected('a spanset such as { name = "GET /" }: conditions stand in braces')
        condition = None if self._next.text == "}" else self._expression(1)
        self._close("}")
        return syntax.Filter(condition, token.at)

    def _expression(self, least: int) -> syntax.Expression:
        left = self._unary()
        while (binding := self._binding()) >= least:
            op = self._operator()
            # Powers bind from the right, everything else from the left.
            right = self._expression(binding if op.text == "^" else binding + 1)
            left = syntax.Binary(op.text, left, right, op.at)
        return left

    def _binding(self) -> int:
        return _BINDING.get(self._next.text, 0) if self._next.kind is Kind.MARK else 0

    def _unary(self) -> syntax.Expression:
        token = self._next
        if token.kind is not Kind.MARK or token.text not in ("!", "-", "("):
            return self._atom()
        self._advance()
        # A sign before a number is part of it: { .a = -1 } compares with a value, which an index can serve.
        if token.text == "-" and self._next.kind in (Kind.INTEGER, Kind.FLOAT, Kind.DURATION):
            number = self._advance()
            assert not isinstance(number.value, str)
            position = Position(token.at.column, number.at.column + number.at.length - token.at.column)
            return Literal(_LITERALS[number.kind], -number.value, position)
        self._deeper(token)
        if token.text == "(":
            inner = self._expression(1)
            self._close(")")
        else:
            inner = syntax.Unary(token.text, self._expression(_NOT_BINDING), token.at)
        self._depth -= 1
        return inner

    def _atom(self) -> syntax.Expression:
        token = self._next
        if token.kind in _LITERALS:
            self._advance()
            return Literal(_LITERALS[token.kind], token.value, token.at)
        if token.text in _WORDS and token.kind is Kind.WORD:
            self._advance()
            kind, value = _WORDS[token.text]
            return Literal(kind, value, token.at)
        return self.field()

    def field(self) -> syntax.Field:
        token = self._next
        if token.kind is Kind.ATTRIBUTE:
            self._advance()
            return syntax.Attribute(syntax.Scope(token.text), str(token.value), token.at)
        if token.kind is not Kind.WORD:
            raise self._expected("a field or a value, such as name, duration, .key, span.key or 1.5s")
        name = names.BARE.get(token.text, token.text)
        if name not in names.INTRINSICS:
            raise TraceQLError(_no_field(token.text), token.at)
        self._advance()
        return syntax.Intrinsic(name, token.at)

    def _call(self) -> Token:
        name = self._advance()
        if not self._take("("):
            raise self._expected(f"( after {name.text}")
        return name

    def _close(self, bracket: str) -> None:
        if not self._take(bracket):
            raise self._expected(f"an operator or {bracket}")

    def _operator(self) -> Token:
        self._operators += 1
        if self._operators > OPERATORS_MAX:
            raise TraceQLError(f"more than {OPERATORS_MAX} operators: ask for less at once", self._next.at)
        return self._advance()

    def _deeper(self, token: Token) -> None:
        self._depth += 1
        if self._depth > DEPTH_MAX:
            raise TraceQLError(f"brackets are {self._depth} deep: write at most {DEPTH_MAX}", token.at)

    @property
    def _next(self) -> Token:
        return self._tokens[self._index]

    def _advance(self) -> Token:
        token = self._next
        self._index += 1
        return token

    def _take(self, mark: str) -> bool:
        if self._next.kind is Kind.MARK and self._next.text == mark:
            self._index += 1
            return True
        return False

    def _expected(self, what: str) -> TraceQLError:
        token = self._next
        found = "the query ends" if token.kind is Kind.END else f"{token.text!r} was found"
        return TraceQLError(f"{found} where {what} is expected", token.at)


def _no_field(word: str) -> str:
    if word in names.UNSUPPORTED:
        return f"{word} cannot be asked for: {names.UNSUPPORTED[word]}"
    known = (*names.BARE, *names.INTRINSICS, *_WORDS)
    near = get_close_matches(word, known, 1)
    hint = f"did you mean {near[0]}? Otherwise " if near else ""
    return f'there is no field {word}: {hint}write .{word} if it is an attribute and "{word}" if it is a text'
