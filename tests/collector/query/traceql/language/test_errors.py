"""An error of a query says its column in its text and as numbers."""

from collector.query.traceql.language.errors import Position, TraceQLError


def test_the_position_is_in_the_text_and_beside_it() -> None:
    error = TraceQLError("write && for and", Position(6, 2))
    assert str(error) == "q, column 6: write && for and"
    assert error.message == "write && for and"
    assert error.where() == {"column": 6, "length": 2}
    assert error.status == 400
