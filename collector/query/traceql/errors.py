"""What is wrong with a query, and where."""

from dataclasses import dataclass

from collector.query.errors import BadValueError


@dataclass(frozen=True, slots=True)
class Place:
    """Where something stands in the query text: its first character, from 1, and its length."""

    column: int = 1
    length: int = 0


class TraceQLError(BadValueError):
    """A query that cannot be run; ``message`` says what was expected and how to write it.

    ``column`` counts characters from 1, line ends included; ``length`` is how many are meant.
    """

    def __init__(self, message: str, place: Place) -> None:
        super().__init__(f"q, column {place.column}: {message}")
        self.message = message
        self.column = place.column
        self.length = place.length

    def where(self) -> dict[str, int]:
        """Column and length in the query."""
        return {"column": self.column, "length": self.length}
