"""Errors of a query, with their position in its text."""

from dataclasses import dataclass

from collector.query.errors import BadValueError


@dataclass(frozen=True, slots=True)
class Position:
    """A position in the query text: the first character, counted from 1, and the length."""

    column: int = 1
    length: int = 0


class TraceQLError(BadValueError):
    """A query that cannot be run; ``message`` says what was expected and how to write it.

    ``column`` counts characters from 1, line ends included; ``length`` is how many are meant.
    """

    def __init__(self, message: str, position: Position) -> None:
        super().__init__(f"q, column {position.column}: {message}")
        self.message = message
        self.column = position.column
        self.length = position.length

    def where(self) -> dict[str, int]:
        """Column and length in the query."""
        return {"column": self.column, "length": self.length}
