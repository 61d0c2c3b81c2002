"""Values of spans in the real store: what groups, what is added up, and what is no value."""

import pytest

from collector.query.traceql import TraceQLError
from tests.collector.query.traceql.test_compiled import ONE, TWO, A, B, ask
from tests.collector.query.world import NOW_US, Span, World

AT = NOW_US * 1000 - 10**10
EVENTS = ((AT, "log", {"n": "3"}), (AT + 5_000_000, "retry", {"k": "x", "n": "9"}))


@pytest.fixture(scope="module")
def shop(module_world: World) -> World:
    module_world.spans(
        Span(ONE, A, name="root", took=40, attributes={"n": "4", "p": "ro.t"}, events=EVENTS),
        Span(ONE, B, A, name="child", took=10, attributes={"n": "x"}, service="cart"),
        Span(TWO, A, name="root", took=10, attributes={"n": "2", "bad": "a("}),
    )
    return module_world


@pytest.mark.parametrize(
    ("said", "groups"),
    [
        ("{ } | by(.n + 1)", 3),
        ("{ } | by(duration > 20ms)", 3),
        ("{ } | by(event:name)", 3),
        ("{ } | by(event.k)", 3),
        ("{ } | by(rootName)", 2),
        ("{ } | by(nestedSetLeft)", 3),
        ("{ } | by(childCount > 0)", 3),
    ],
)
def test_groups_by_any_expression(shop: World, said: str, groups: int) -> None:
    assert sum(len(sets) for sets in ask(shop, said).values()) == groups


@pytest.mark.parametrize(
    ("said", "found"),
    [
        ("avg(event.n) = 3", {ONE}),  # the first event that has one
        ("{ } | max(event:timeSinceStart) >= 0", {ONE}),
        ("max(duration) - min(duration) = 30ms", {ONE}),
        ("max(duration) - min(duration) >= 0", {ONE, TWO}),
        ("max(duration) > 3 * min(duration)", {ONE}),
        ("max(traceDuration) >= 40ms", {ONE}),
        ("2 = count()", {ONE}),
        ("sum(.n) = 4", {ONE}),
        ("sum(.n) / 0 = 4", set()),
        ("avg(.missing) != 4", set()),
        ("{ traceDuration > 3 * duration }", {ONE}),
        ("{ name = rootName && event.k = `x` }", {ONE}),
        ("{ name =~ .p }", {ONE}),
        ("{ `root` =~ .p }", {ONE}),
        ("{ `root` !~ .p }", set()),
        ("{ parent.n = 4 }", {ONE}),
        ("{ parent.service.name != nil && resource.service.name = `cart` }", {ONE}),
        ("{ parent.n = nil }", {ONE, TWO}),
        ("{ childCount = 1 }", {ONE}),
        ("{ (childCount > 9) != nil }", {ONE, TWO}),
        ("{ (childCount + .missing) = nil }", {ONE, TWO}),
        ("{ nestedSetLeft = 2 && nestedSetRight = 3 && nestedSetParent = 1 }", {ONE}),
        ("{ duration > 39000000 }", {ONE}),
        ("{ kind != nil && status != nil && duration != nil }", {ONE, TWO}),
    ],
)
def test_what_values_fulfil(shop: World, said: str, found: set[str]) -> None:
    assert ask(shop, said).keys() == found


def test_a_value_that_is_no_regular_expression_is_pointed_at(shop: World) -> None:
    with pytest.raises(TraceQLError) as caught:
        ask(shop, "{ name =~ span.bad }")
    assert (caught.value.column, caught.value.length) == (11, 8)
    assert "missing )" in caught.value.message
