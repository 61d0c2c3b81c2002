"""Trees: equal when they mean the same, wherever they stood in a text."""

from hypothesis import given

from collector.query.traceql import parse
from collector.query.traceql.language import syntax, walk
from collector.query.traceql.language.errors import Position
from tests.collector.query.traceql.generate import queries


def test_positions_are_no_part_of_what_is_meant() -> None:
    assert parse("{.a=1}") == parse("{   .a   =   1   }")
    assert parse("{.a=1}") != parse("{.a=2}")


@given(queries)
def test_a_tree_is_a_key(query: syntax.Query) -> None:
    """Filters and fields are keys of dictionaries in what is compiled."""
    for stage in query.stages:
        for each in walk.filters(stage):
            assert {each: 1}[syntax.Filter(each.condition, Position(7, 7))] == 1
