"""Spansets by the structure of traces, in the real store."""

from tests.collector.query.traceql.test_compiled import ONE, TWO, A, B, C, ask, store
from tests.collector.query.world import Span, World


def test_structure(world: World) -> None:
    # A is the parent of B, C and D; E is under D; F names a parent that is not there.
    tree = {"a": "", "b": "a", "c": "a", "d": "a", "e": "d", "f": "x"}
    ids = {name: f"{ord(name):016x}" for name in (*tree, "x")}
    store(world, [Span(ONE, ids[name], ids.get(parent, ""), name=name) for name, parent in tree.items()])
    for said, names in (
        ("{ name = `a` } > { }", "bcd"),
        ("{ name = `a` } >> { }", "bcde"),
        ("{ name = `e` } < { }", "d"),
        ("{ name = `e` } << { }", "ad"),
        ("{ name = `b` } ~ { }", "cd"),
        ("{ name = `b` } ~ { name = `b` }", ""),
        ("{ name = `a` } !> { }", "aef"),
        ("{ name = `a` } !>> { }", "af"),
        ("{ name = `e` } !< { }", "abcef"),
        ("{ name = `e` } !<< { }", "bcef"),
        ("{ name = `b` } !~ { }", "abef"),
        ("{ name = `a` } &> { name = `b` }", "ab"),
        ("{ name = `a` } &>> { name = `e` }", "ae"),
        ("{ name = `e` } &< { name = `d` }", "de"),
        ("{ name = `e` } &<< { name = `a` }", "ae"),
        ("{ name = `b` } &~ { name = `c` }", "bc"),
        ("{ name = `x` } !> { name = `a` }", "a"),
        ("{ name = `a` } > { } > { }", "e"),
        ("{ parent = nil }", "a"),
        ("{ name = `f` } ~ { }", ""),
    ):
        sets = ask(world, said)
        expected = {ONE: [{ids[name] for name in names}]} if names else {}
        assert sets == expected, said


def test_parents_that_turn_in_a_circle_end_a_search(world: World) -> None:
    store(world, [Span(ONE, A, B), Span(ONE, B, A), Span(ONE, C, C), Span(TWO, A, C)])
    assert ask(world, "{ } >> { }") == {ONE: [{A, B}]}
    assert ask(world, "{ } << { }") == {ONE: [{A, B}]}
    assert ask(world, "{ } > { }") == {ONE: [{A, B}]}


def test_a_deep_trace(world: World) -> None:
    ids = [f"{place:016x}" for place in range(1, 5001)]
    store(world, [Span(ONE, span, parent) for span, parent in zip(ids, ["", *ids], strict=False)])
    [under] = ask(world, f'{{ span:id = "{ids[0]}" }} >> {{ }}')[ONE]
    assert len(under) == 4999
    [over] = ask(world, f'{{ span:id = "{ids[-1]}" }} << {{ }}')[ONE]
    assert len(over) == 4999
