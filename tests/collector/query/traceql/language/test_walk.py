"""Walks over a tree find everything, from left to right."""

from collector.query.traceql import parse
from collector.query.traceql.language import syntax, walk


def test_filters_come_from_left_to_right() -> None:
    [stage] = parse("({ .a } | { .b }) >> ({ .c } && { .d })").stages
    keys = [
        each.condition.key for each in walk.filters(stage) if isinstance(each.condition, syntax.Attribute)
    ]
    assert keys == ["a", "b", "c", "d"]
    assert list(walk.operators([stage])) == [">>", "&&"]


def test_parts_are_an_expression_and_everything_in_it() -> None:
    [filter_] = walk.filters(parse("{ !(.a = 1) && .b }").stages[0])
    found = list(walk.parts(filter_.condition))
    assert found[0] is filter_.condition
    assert [each.key for each in found if isinstance(each, syntax.Attribute)] == ["a", "b"]
    assert list(walk.parts(None)) == []


def test_expressions_are_those_of_every_stage() -> None:
    query = parse("({ .a } | max(.b) - min(.c) > count()) >> { } | by(.d + 1) | select(.e)")
    parts = (part for each in walk.expressions(query) for part in walk.parts(each))
    assert [each.key for each in parts if isinstance(each, syntax.Attribute)] == ["a", "b", "c", "d", "e"]
    found = [each for each in walk.stages(query) if isinstance(each, syntax.ScalarFilter)]
    assert [each.function for each in walk.aggregations(found[0].left)] == ["max", "min"]
