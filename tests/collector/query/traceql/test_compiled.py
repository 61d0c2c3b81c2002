"""Queries answered by the real store, held against an evaluator that only follows the definitions."""

import asyncio
import re

import pytest
from hypothesis import HealthCheck, given, settings

from collector.query.bounded_reader import BoundedReader
from collector.query.params import Window
from collector.query.traceql import compiled, parse, syntax
from collector.query.traceql.parser import DEPTH_MAX
from collector.query.traceql.printer import text
from collector.query.traceql.spansets import Spansets
from collector.query.traceql.syntax import Scope, Type
from tests.collector.query.traceql.generate import SPAN_IDS, TRACE_IDS, queries, traces
from tests.collector.query.traceql.naive import matching
from tests.collector.query.world import NOW_US, Span, World
from tests.support.extent import sized

HOUR = Window(NOW_US - 3_600_000_000, NOW_US)
TABLES = ("otel_traces", "mesh_trace_summaries", "otel_traces_trace_id_ts")


def store(world: World, spans: list[Span]) -> None:
    for table in TABLES:
        world.database.execute(f"TRUNCATE TABLE {table}")
    world.spans(*spans)


def found(world: World, query: syntax.Query) -> dict[str, list[set[str]]]:
    """What the store finds, in the form the naive evaluator has."""
    answer = asyncio.run(Spansets(BoundedReader(world.reader)).search(compiled(query, HOUR), 100))
    assert not answer.partial
    return {
        each.trace_id: [{each.spans[place].span_id for place in one.spans} for one in each.sets]
        for each in answer.matches
    }


def selected(world: World, query: syntax.Query) -> set[str]:
    made = compiled(query, HOUR)
    rows = world.database.query(made.selection.text, made.selection.parameters)
    return {row[0] for row in rows}


def by_size(sets: dict[str, list[set[str]]]) -> dict[str, list[list[str]]]:
    return {trace: sorted(sorted(each) for each in found) for trace, found in sets.items()}


@settings(max_examples=sized(60, 20), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(traces(), queries)
def test_the_store_finds_what_the_definitions_say(
    world: World, spans: list[Span], query: syntax.Query
) -> None:
    store(world, spans)
    query = parse(text(query))
    expected = matching(query, spans)
    assert by_size(found(world, query)) == by_size(expected), text(query)
    made = compiled(query, HOUR)
    if made.exact:
        assert selected(world, query) == expected.keys(), text(query)
    else:
        assert selected(world, query) >= expected.keys(), text(query)


A, B, C = SPAN_IDS[:3]
ONE, TWO = TRACE_IDS[:2]


def ask(world: World, said: str) -> dict[str, list[set[str]]]:
    return found(world, parse(said))


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


@given(queries)
def test_every_parameter_is_given_and_no_value_is_in_the_text(query: syntax.Query) -> None:
    made = compiled(parse(text(query)), HOUR)
    for asked in (made.selection, made.newest(5), made.spans([ONE], 5)):
        assert set(re.findall(r"\{(\w+):[\w()]+\}", asked.text)) <= asked.parameters.keys()
        assert set(re.findall(r"'([^']*)'", asked.text)) <= {
            "",
            "true",
            "false",
            "Array(Nullable(Float64))",
            "Array(Nullable(String))",
        }


@pytest.mark.parametrize(
    "said",
    [
        "{ " + " || ".join(["!.a && .b"] * 40) + " }",
        "{ " + " + ".join([".a"] * 100) + " > 1 }",
        "{ " + "!(" * (DEPTH_MAX // 2) + ".a" + ")" * (DEPTH_MAX // 2) + " }",
        " ~ ".join(["{ .a = 1 }"] * 20),
        " || ".join(["{ event.a =~ `x` }"] * 20),
        "{} | " + " | ".join(["avg(.a + .b) > 1"] * 20),
    ],
)
def test_the_largest_queries_are_answered(world: World, said: str) -> None:
    store(world, [Span(ONE, A, attributes={"a": "true", "b": "true"})])
    assert ask(world, said).keys() <= {ONE}
