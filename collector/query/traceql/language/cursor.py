"""The place in a query's tokens, and the bounds that hold while they are read. Raises TraceQLError."""

from typing import Final

from collector.query.traceql.language.errors import Position, TraceQLError
from collector.query.traceql.language.tokens import Kind, Token

# Far above what is written by hand: bounds for the recursion here and for the depth of the SQL.
DEPTH_MAX: Final = 30  # brackets within brackets
OPERATORS_MAX: Final = 100


class Cursor:
    """Reads tokens one after the other."""

    def __init__(self, found: list[Token]) -> None:
        self._tokens = found
        self._index = 0
        self._depth = 0
        self._operators = 0

    def end(self) -> None:
        """Raise unless the query ends here."""
        if self._next.kind is not Kind.END:
            raise self._expected("| with a stage, an operator between spansets, or the end of the query")

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
        if self._is(mark):
            self._index += 1
            return True
        return False

    def _is(self, *marks: str) -> bool:
        return self._next.kind is Kind.MARK and self._next.text in marks

    def _word(self, *words: str) -> bool:
        return self._next.kind is Kind.WORD and self._next.text in words

    def _expected(self, what: str) -> TraceQLError:
        token = self._next
        found = "the query ends" if token.kind is Kind.END else f"{token.text!r} was found"
        return TraceQLError(f"{found} where {what} is expected", token.at)


def between(first: Position, last: Position) -> Position:
    """Return the position from the beginning of one to the end of another."""
    return Position(first.column, last.column + last.length - first.column)
