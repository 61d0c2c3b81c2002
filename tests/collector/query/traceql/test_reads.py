"""What is read of each span: conditions that one row decides, numbers of the others, and what is shown."""

import pytest

from collector.query.traceql import parse
from collector.query.traceql.language.printer import short_text
from collector.query.traceql.normalize import normal
from collector.query.traceql.reads import reads


@pytest.mark.parametrize(
    ("said", "passes", "numbers", "texts", "fields"),
    [
        ("{ .a = 1 && .b }", ["((.a) = (1)) && (.b)"], [], [".a", ".b"], [".a", ".b"]),
        ("{ .a && nestedSetLeft > .b }", [".a"], [".b"], [".a", ".b"], [".a", ".b"]),
        ("{ } | max(duration) - min(.c) > 1", [], ["duration", ".c"], [], []),
        ("{ } | by(.a + 1) | select(name)", [], [], ["name", "(.a) + (1)"], ["name"]),
        ("{ event.a } | select(event.a)", ["event.a"], [], ["event.a"], ["event.a"]),
        ("{ event.a && parent.b }", ["(event.a) && (parent.b)"], [], [], []),
        ("{ } | by(childCount + .a > 1)", [], [".a"], ["((childCount) + (.a)) > (1)"], []),
    ],
)
def test_reads(said: str, passes: list[str], numbers: list[str], texts: list[str], fields: list[str]) -> None:
    found = reads(normal(parse(said)))
    assert [_text(each) for each in found.passes] == passes
    assert [_text(each) for each in found.numbers] == numbers
    assert [_text(each) for each in found.texts] == texts
    assert [_text(each) for each in found.fields] == fields


def _text(expression: object) -> str:
    said = short_text(expression)  # type: ignore[arg-type]  # all of them are expressions
    return said.replace("span:childCount", "childCount")


def test_places_are_needed_where_something_is_about_them() -> None:
    for said, needed in (("{ } | select(nestedSetLeft)", True), ("{ nestedSetParent < 0 }", False)):
        query = normal(parse(said))
        assert reads(query).order(query).places is needed, said
