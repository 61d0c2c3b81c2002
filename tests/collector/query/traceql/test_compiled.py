"""Queries answered by the real store, held against an evaluator that only follows the definitions."""

import asyncio

from hypothesis import HealthCheck, given, settings

from collector.query.params import Window
from collector.query.spansets import Spansets
from collector.query.store import Store
from collector.query.traceql import compiled, parse, syntax
from collector.query.traceql.printer import text
from tests.collector.query.traceql.generate import queries, traces
from tests.collector.query.traceql.naive import matching
from tests.collector.query.world import NOW_US, Span, World

HOUR = Window(NOW_US - 3_600_000_000, NOW_US)
TABLES = ("otel_traces", "mesh_trace_summaries", "otel_traces_trace_id_ts")


def store(world: World, spans: list[Span]) -> None:
    for table in TABLES:
        world.database.execute(f"TRUNCATE TABLE {table}")
    world.spans(*spans)


def found(world: World, query: syntax.Query) -> dict[str, list[set[str]]]:
    """What the store finds, in the form the naive evaluator has."""
    answer = asyncio.run(Spansets(Store(world.reader)).search(compiled(query, HOUR), 100))
    assert not answer.partial
    return {
        each.trace_id: [{each.spans[place].span_id for place in one.spans} for one in each.sets]
        for each in answer.matches
    }


def selected(world: World, query: syntax.Query) -> set[str]:
    made = compiled(query, HOUR)
    rows = world.database.query(made.selection.sql, made.selection.parameters)
    return {row[0] for row in rows}


def by_size(sets: dict[str, list[set[str]]]) -> dict[str, list[list[str]]]:
    return {trace: sorted(sorted(each) for each in found) for trace, found in sets.items()}


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
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
