"""The one form in which every error of a query is checked: where it points to, and its words."""

from collections.abc import Callable

import pytest

from collector.query.traceql import TraceQLError


def assert_refused(parse: Callable[[str], object], query: str, column: int, length: int, words: str) -> None:
    """Check that an error points at ``length`` characters from ``column``, from 1, and says these words."""
    with pytest.raises(TraceQLError) as caught:
        parse(query)
    error = caught.value
    assert (error.column, error.length) == (column, length), error
    assert words in error.message
    assert str(error) == f"q, column {column}: {error.message}"
    assert error.where() == {"column": column, "length": length}
