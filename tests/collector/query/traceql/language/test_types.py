"""Types of expressions and what they read, as the checks and the SQL need them."""

import pytest

from collector.query.traceql import parse
from collector.query.traceql.language import syntax
from collector.query.traceql.language.syntax import Type
from collector.query.traceql.language.types import position, sources, structural, type_of


def expression(said: str) -> syntax.Expression:
    [stage] = parse(f"{{ }} | by({said})").stages[1:]
    assert isinstance(stage, syntax.By)
    return stage.group


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        (".a", Type.ATTRIBUTE),
        (".a + 1", Type.COMPUTED),
        ("-.a", Type.COMPUTED),
        ("duration * .a", Type.DURATION),
        ("duration / 1s", Type.NUMBER),
        ("nestedSetLeft + 1", Type.NUMBER),
        ("!.a", Type.BOOLEAN),
        (".a =~ .b", Type.BOOLEAN),
        ("kind", Type.KIND),
    ],
)
def test_types(said: str, kind: Type) -> None:
    assert type_of(expression(said)) is kind


@pytest.mark.parametrize(
    ("said", "read"),
    [
        (".a + event.b", {"span", "event"}),
        ("trace:duration * 2", {"trace"}),
        ("trace:id", {"span"}),
        ("instrumentation.a", {"span"}),
        ("nestedSetLeft", {"span"}),
    ],
)
def test_records(said: str, read: set[str]) -> None:
    assert sources(expression(said)) == read


def test_what_needs_the_place_in_the_trace() -> None:
    assert structural(expression(".a && childCount > 1"))
    assert not structural(expression(".childCount"))
    assert not structural(None)


def test_the_position_is_that_of_the_whole_expression() -> None:
    at = position(expression(".a + (1 * .b)"))
    assert (at.column, at.length) == (10, 12)
