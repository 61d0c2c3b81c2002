"""The form that is run: roots by their missing parent, a filter first, bounds for what is decided later."""

import pytest
from hypothesis import given

from collector.query.traceql import parse
from collector.query.traceql.language import syntax
from collector.query.traceql.language.printer import text
from collector.query.traceql.language.types import structural
from collector.query.traceql.normalize import normal, upper_bound
from tests.collector.query.traceql.generate import conditions, queries

ROOT, CHILD = "(span:parentID) = (nil)", "(span:parentID) != (nil)"


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("nestedSetParent < 0", ROOT),
        ("nestedSetParent<0", ROOT),
        ("nestedSetParent = -1", ROOT),
        ("0 > nestedSetParent", ROOT),
        ("nestedSetParent <= -0.5", ROOT),
        ("nestedSetParent >= 0", CHILD),
        ("nestedSetParent > -1", CHILD),
        ("nestedSetParent != -1", CHILD),
        ("nestedSetParent > -2", "true"),
        ("nestedSetParent < -1", "false"),
        ("!(nestedSetParent < 0)", f"!({ROOT})"),
        ("nestedSetParent < 1", "(nestedSetParent) < (1)"),
        ("nestedSetParent = 0", "(nestedSetParent) = (0)"),
        ("nestedSetParent = .a", "(nestedSetParent) = (.a)"),
    ],
)
def test_roots_are_told_by_their_missing_parent(said: str, meant: str) -> None:
    assert text(normal(parse(f"{{ {said} }}"))) == f"{{ {meant} }}"


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("count() > 1", "{ } | count() > 1"),
        ("by(.a) | { .b }", "{ } | by(.a) | { .b }"),
        ("(count() > 1) && { .b }", "({ } | count() > 1) && { .b }"),
        ("{ .a } | { .b } | { .c }", "{ ((.a) && (.b)) && (.c) }"),
        ("{ } | { .b } | count() > 1", "{ .b } | count() > 1"),
    ],
)
def test_a_query_begins_with_a_filter(said: str, meant: str) -> None:
    assert text(normal(parse(said))) == meant


@given(queries)
def test_a_normal_query_is_normal(query: syntax.Query) -> None:
    assert normal(normal(query)) == normal(query)


@pytest.mark.parametrize(
    ("said", "bound"),
    [
        (".a && childCount > 1", "(.a) && (true)"),
        ("!(.a || childCount > 1)", "!((.a) || (false))"),
        (".a = (childCount > 1)", "true"),
    ],
)
def test_what_needs_the_whole_trace_is_left_open(said: str, bound: str) -> None:
    [stage] = parse(f"{{ {said} }}").stages
    assert isinstance(stage, syntax.Filter)
    assert text(syntax.Query((syntax.Filter(upper_bound(stage.condition)),))) == f"{{ {bound} }}"


@given(conditions)
def test_a_bound_needs_no_places(condition: syntax.Expression) -> None:
    assert not structural(upper_bound(condition))
