"""How operators bind, signs, and the spellings of fields."""

import pytest

from collector.query.traceql import TraceQLError, field, parse
from collector.query.traceql.language import syntax
from collector.query.traceql.language.printer import short_text
from collector.query.traceql.language.syntax import Attribute, Intrinsic, Scope


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        (".a || .b && .c", "((.a) || (.b)) && (.c)"),
        ("!.a = true && .b", "((!(.a)) = (true)) && (.b)"),
        ("-.a * 2 + 1 > 0", "((-((.a) * (2))) + (1)) > (0)"),
        ("2 ^ .a ^ 2 = 1", "((2) ^ ((.a) ^ (2))) = (1)"),
        (".a = -1s", "(.a) = (-1000000000ns)"),
        ("- 1 = .a", "(-1) = (.a)"),
        ("!!.a", "!(!(.a))"),
    ],
)
def test_operators_bind_as_in_tempo(said: str, meant: str) -> None:
    [stage] = parse(f"{{ {said} }}").stages
    assert isinstance(stage, syntax.Filter)
    assert stage.condition is not None
    assert short_text(stage.condition) == meant


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("parent.a.b", Attribute(Scope.ANY, "a.b", parent=True)),
        ("parent.span.a", Attribute(Scope.SPAN, "a", parent=True)),
        ("parent.resource.service.name", Attribute(Scope.RESOURCE, "service.name", parent=True)),
        ("parent", Intrinsic("span:parentID")),
        ('parent."span.a"', Attribute(Scope.ANY, "span.a", parent=True)),
        ("instrumentation.a", Attribute(Scope.INSTRUMENTATION, "a")),
        ('span."a b".c', Attribute(Scope.SPAN, "a b.c")),
        (".span.a", Attribute(Scope.ANY, "span.a")),
        ("childCount", Intrinsic("span:childCount")),
        ("span:childCount", Intrinsic("span:childCount")),
        ("nestedSetParent", Intrinsic("nestedSetParent")),
    ],
)
def test_fields(said: str, meant: syntax.Field) -> None:
    assert field(said) == meant


@pytest.mark.parametrize("said", ["trace:name", "nestedSet", "event:nam", "resource:a", "5", ""])
def test_what_is_no_field(said: str) -> None:
    with pytest.raises(TraceQLError):
        field(said)
