"""Bounds while a query is read."""

import pytest

from collector.query.traceql import TraceQLError
from collector.query.traceql.language.cursor import DEPTH_MAX, OPERATORS_MAX, between
from collector.query.traceql.language.errors import Position
from collector.query.traceql.language.parser import tree


def test_from_the_beginning_of_one_to_the_end_of_another() -> None:
    assert between(Position(3, 2), Position(10, 5)) == Position(3, 12)


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ("{ " + "(" * (DEPTH_MAX + 1) + ".a", f"write at most {DEPTH_MAX}"),
        ("(" * (DEPTH_MAX + 1) + "count()", f"write at most {DEPTH_MAX}"),
        ("{ " + " && ".join([".a"] * (OPERATORS_MAX + 2)) + " }", f"more than {OPERATORS_MAX} operators"),
        (
            "{ } | count() > " + " + ".join(["1"] * (OPERATORS_MAX + 2)),
            f"more than {OPERATORS_MAX} operators",
        ),
    ],
)
def test_what_is_too_much_is_refused(said: str, words: str) -> None:
    with pytest.raises(TraceQLError, match=words):
        tree(said)


def test_what_follows_a_query_is_pointed_at() -> None:
    with pytest.raises(TraceQLError) as caught:
        tree("{ } nonsense")
    assert (caught.value.column, caught.value.length) == (5, 8)
    assert "'nonsense' was found where" in caught.value.message
