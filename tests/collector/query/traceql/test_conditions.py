"""Conditions on one span in the real store: what fulfils them, and that no value is ever SQL."""

import asyncio

import pytest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, ArrayValue, KeyValue

from collector.otlp import traces
from collector.otlp.values import Limits
from collector.query.bounded_reader import BoundedReader
from collector.query.params import Window
from collector.query.traceql import compiled, parse, parse_any
from collector.query.traceql.language import syntax
from collector.query.traceql.language.printer import text
from collector.query.traceql.language.syntax import Scope, Type
from collector.query.traceql.metrics.metrics import Metrics
from collector.query.traceql.metrics.series import Text
from collector.query.traceql.metrics.steps import instant
from tests.collector.made import label, span, trace_request
from tests.collector.query.traceql.test_compiled import HOUR, ONE, TWO, A, ask, found, store
from tests.collector.query.world import NOW_US, Span, World


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


TYPED = {
    "string": AnyValue(string_value="1"),
    "int": AnyValue(int_value=1),
    "double": AnyValue(double_value=1.0),
    "bool": AnyValue(bool_value=True),
    "true": AnyValue(string_value="true"),
    "list": AnyValue(array_value=ArrayValue(values=[AnyValue(string_value="a"), AnyValue(int_value=1)])),
    "none": AnyValue(),
}
IDS = {name: f"{place:032x}" for place, name in enumerate((*TYPED, "missing"), 1)}


COMPARED = [
    ("span.k = 1", "int double list"),
    ("1 = span.k", "int double list"),
    ("span.k > 0.5", "int double list"),
    ("span.k != 2", "int double list"),
    ("span.k = `1`", "string"),
    ("span.k =~ `1|true`", "string true"),
    ("span.k = `a`", "list"),
    ("span.k != `a`", "string true"),
    ("span.k = true", "bool"),
    ("true = span.k", "bool"),
    ("span.k", "bool"),
    ("span.k + 1 = 2", "int double"),
    ("span.k != nil", "string int double bool true list none"),
    ("span.k = nil", "missing"),
    ("span.k = .k", "string int double bool true list none"),
    ("instrumentation.version = `2`", " ".join(IDS)),
    ("instrumentation.version = 2", ""),
    ("instrumentation.missing != nil", ""),
]


def typed(world: World) -> None:
    """Store a trace for each type of a value ``k``, sent as an application sends it."""
    request = trace_request(())
    scope = request.resource_spans[0].scope_spans[0]
    label(scope.scope.attributes, {"version": "2"})
    for name, trace in IDS.items():
        made = span(bytes.fromhex(trace), start_time_unix_nano=NOW_US * 1000 - 10**10)
        made.end_time_unix_nano = made.start_time_unix_nano + 10**6
        if name in TYPED:
            made.attributes.append(KeyValue(key="k", value=TYPED[name]))
        scope.spans.append(made)
    batch = traces.examine(request.SerializeToString(), Limits())
    world.database.insert_spans([batch.body])


def test_a_value_is_compared_by_its_type(world: World) -> None:
    typed(world)
    for said, names in COMPARED:
        found = {name for name, trace in IDS.items() if trace in ask(world, f"{{ {said} }}")}
        assert found == set(names.split()), said


def test_values_of_different_types_are_different_groups(world: World) -> None:
    typed(world)
    steps = instant(Window(NOW_US - 60_000_000, NOW_US))
    query = parse_any("{ span.k = 1 || span.k = `1` } | count_over_time() by(span.k)")
    answer = asyncio.run(Metrics(BoundedReader(world.reader)).run(query, steps, 0))
    assert {each.labels[0][1] for each in answer.series} >= {Text("1", ""), Text("1", "int")}
