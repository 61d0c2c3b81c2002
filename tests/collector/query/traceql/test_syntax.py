"""Trees: equal when they mean the same, wherever they stood in a text."""

from hypothesis import given

from collector.query.traceql import parse, syntax
from collector.query.traceql.errors import Position
from tests.collector.query.traceql.generate import queries


def test_positions_are_no_part_of_what_is_meant() -> None:
    assert parse("{.a=1}") == parse("{   .a   =   1   }")
    assert parse("{.a=1}") != parse("{.a=2}")


def test_filters_come_from_left_to_right() -> None:
    [stage] = parse("({ .a } | { .b }) >> ({ .c } && { .d })").stages
    keys = [
        each.condition.key for each in syntax.filters(stage) if isinstance(each.condition, syntax.Attribute)
    ]
    assert keys == ["a", "b", "c", "d"]


def test_parts_are_an_expression_and_everything_in_it() -> None:
    [filter_] = syntax.filters(parse("{ !(.a = 1) && .b }").stages[0])
    found = list(syntax.parts(filter_.condition))
    assert found[0] is filter_.condition
    assert [each.key for each in found if isinstance(each, syntax.Attribute)] == ["a", "b"]
    assert list(syntax.parts(None)) == []


@given(queries)
def test_a_tree_is_a_key(query: syntax.Query) -> None:
    """Filters and fields are keys of dictionaries in what is compiled."""
    for stage in query.stages:
        for each in syntax.filters(stage):
            assert {each: 1}[syntax.Filter(each.condition, Position(7, 7))] == 1
