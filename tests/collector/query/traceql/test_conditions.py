"""Conditions on one span in the real store: what fulfils them, and that no value is ever SQL."""

import pytest

from collector.query.traceql import compiled, parse
from collector.query.traceql.language import syntax
from collector.query.traceql.language.printer import text
from collector.query.traceql.language.syntax import Scope, Type
from tests.collector.query.traceql.test_compiled import HOUR, ONE, TWO, A, ask, found, store
from tests.collector.query.world import Span, World


def test_a_missing_attribute_fulfils_no_comparison_but_its_absence(world: World) -> None:
    store(world, [Span(ONE, A, attributes={"k": ""}), Span(TWO, A)])
    there = ("!= `x`", "!~ `x`", "= ``", "< `x`", "=~ `.*`", "!= nil")
    for said in (f"{{ .k {each} }}" for each in there):
        assert ask(world, said).keys() == {ONE}, said
    for said in ("{ .k = nil }", "{ !(.k = ``) }", "{ !(.k != `x`) }"):
        assert ask(world, said).keys() == {TWO}, said
    for said in ("{ .k = 0 }", "{ .k != 0 }", "{ .k < 0 }", "{ .k }", "{ .k = false }", "{ .k != true }"):
        assert ask(world, said) == {}, said


def test_numbers_are_compared_as_numbers(world: World) -> None:
    texts = ("9", "10", "1e1", "10.0", "ten", "nan", "inf", "", "9007199254740993")
    store(world, [Span(f"{place:032x}", A, attributes={"k": text}) for place, text in enumerate(texts, 1)])

    def which(said: str) -> set[str]:
        return {texts[int(trace, 16) - 1] for trace in ask(world, said)}

    assert which("{ .k = 10 }") == {"10", "1e1", "10.0"}
    assert which("{ .k != 10 }") == {"9", "9007199254740993"}
    assert which("{ .k > 9 }") == {"10", "1e1", "10.0", "9007199254740993"}
    assert which("{ .k = `10` }") == {"10"}
    assert which("{ .k = 9007199254740993 }") == {"9007199254740993"}
    assert which("{ .k = 9007199254740992 }") == set()
    assert which("{ .k < 9007199254740993 }") == {"9", "10", "1e1", "10.0"}
    assert which("{ .k < 10ns }") == {"9"}


def test_the_attribute_of_the_span_comes_before_that_of_the_resource(world: World) -> None:
    both = Span(ONE, A, attributes={"k": "a"}, resource={"k": "b"})
    store(world, [both, Span(TWO, A, resource={"k": "b"})])
    assert ask(world, "{ .k = `b` }").keys() == {TWO}
    assert ask(world, "{ resource.k = `b` }").keys() == {ONE, TWO}
    assert ask(world, "{ span.k = `b` }") == {}


def test_regular_expressions_match_the_whole_text(world: World) -> None:
    store(world, [Span(ONE, A, name="GET /a\nb"), Span(TWO, A, name="xGET /a")])
    assert ask(world, "{ name =~ `GET.*` }").keys() == {ONE}
    assert ask(world, "{ name =~ `x|GET` }") == {}
    assert ask(world, "{ name !~ `GET.*` }").keys() == {TWO}
    assert ask(world, "{ name =~ `(?i)get /A.b` }").keys() == {ONE}


def _equal_to(said: str) -> list[syntax.Query]:
    """Queries for spans of which an attribute, its key or the name is ``said``."""
    literal, key = syntax.Literal(Type.STRING, said), syntax.Attribute(Scope.SPAN, said)
    name = syntax.Intrinsic("span:name")
    pairs: list[tuple[syntax.Expression, syntax.Expression]] = [(key, literal), (name, literal), (key, name)]
    made = [syntax.Query((syntax.Filter(syntax.Binary("=", left, right)),)) for left, right in pairs]
    return [parse(text(each)) for each in made]


@pytest.mark.parametrize(
    "hostile",
    [
        "' OR 1=1 --",
        "x'); DROP TABLE otel_traces; --",
        "{ql_start:Int64}",
        "{x:String}",
        "\\",
        "\\'",
        "a\0b",
        "`",
        '"',
        "$1",
        "%s",
        "%(x)s",
        "\t\n\r",
        "😀",
        "/*",
        "'",
        "{}",
        "{{",
        "}}",
    ],
)
def test_what_a_user_writes_is_never_sql(world: World, hostile: str) -> None:
    marked = Span(ONE, A, attributes={hostile: hostile}, name=hostile)
    store(world, [marked, Span(TWO, A, attributes={"k": "x"})])
    for asked, harmless in zip(_equal_to(hostile), _equal_to("k"), strict=True):
        assert found(world, asked) == {ONE: [{A}]}, text(asked)
        assert compiled(asked, HOUR).selection.text == compiled(harmless, HOUR).selection.text
    key = syntax.Attribute(Scope.SPAN, hostile)
    grouped = syntax.Query((syntax.Filter(None), syntax.By(key), syntax.Select((key,))))
    assert found(world, grouped).keys() == {ONE, TWO}
