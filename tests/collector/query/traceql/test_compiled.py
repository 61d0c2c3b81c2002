"""Queries answered by the real store, held against an evaluator that only follows the definitions."""

import asyncio
import re

import pytest
from hypothesis import HealthCheck, given, settings

from collector.query.bounded_reader import BoundedReader
from collector.query.params import Window
from collector.query.traceql import compiled, parse
from collector.query.traceql.language import syntax
from collector.query.traceql.language.cursor import DEPTH_MAX
from collector.query.traceql.language.printer import text
from collector.query.traceql.spansets import Spansets
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


# Words of attributes' types: ours, and ClickHouse's for elements of lists.
WORDS = ("int", "bool", "double", "none", "bytes", "array", "map", "otlp")
SCOPES = ("span", "resource", "scope", "event", "link")
TYPES = {
    "?",
    *WORDS,
    *(f'{before}"{scope} {word} ' for before in "[," for scope in SCOPES for word in WORDS),
    *("Array(String)", "String", "Int64", "UInt64", "Double", "Bool"),
}


@given(queries)
def test_every_parameter_is_given_and_no_value_is_in_the_text(query: syntax.Query) -> None:
    made = compiled(parse(text(query)), HOUR)
    for asked in (made.selection, made.newest(5), made.spans([ONE], 5)):
        assert set(re.findall(r"\{(\w+):[\w()]+\}", asked.text)) <= asked.parameters.keys()
        assert set(re.findall(r"'([^']*)'", asked.text)) <= {
            "",
            "/",  # between namespace and name in the stored text of a service: ours, in trace:rootService
            "true",
            "false",
            "Array(Nullable(Float64))",
            "Array(Nullable(String))",
            "Nullable(Float64)",
            "Nullable(String)",
            "Map(String, String)",
            *TYPES,
            "^(?:",
            ")$",
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
