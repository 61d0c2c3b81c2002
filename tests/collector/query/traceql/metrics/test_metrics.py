"""Metrics on the real store, held against an evaluator that follows the definitions, and their bounds."""

import asyncio
import math
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from collector.query.bounded_reader import BoundedReader
from collector.query.errors import BadValueError
from collector.query.params import Window
from collector.query.traceql import TraceQLError, parse_any
from collector.query.traceql.language import names, syntax
from collector.query.traceql.language.printer import text
from collector.query.traceql.language.types import type_of
from collector.query.traceql.metrics import comparison, metrics, statements
from collector.query.traceql.metrics.metrics import Metrics, SeriesAnswer
from collector.query.traceql.metrics.series import Text, name_of
from collector.query.traceql.metrics.steps import over
from tests.collector.query.traceql import naive
from tests.collector.query.traceql.generate import attributes, name, of_span, spansets, stages, traces
from tests.collector.query.traceql.generate import status as status_field
from tests.collector.query.traceql.test_compiled import ONE, TWO, A, B, store
from tests.collector.query.world import NOW_US, Span, World
from tests.support.extent import sized

STEPS = over(Window(NOW_US - 30_000_000, NOW_US), 10_000_000)
MEASURED = ("min_over_time", "max_over_time", "avg_over_time", "sum_over_time")

fields = st.one_of(of_span, attributes, name, status_field, st.just(syntax.Intrinsic("trace:rootName")))
labels = st.lists(fields, max_size=2, unique=True).map(tuple)
measured = st.one_of(of_span, st.just(syntax.Intrinsic("span:duration")))
spans_metric = st.one_of(
    st.builds(syntax.SpanMetric, st.sampled_from(names.COUNTS), st.none(), st.just(()), labels),
    st.builds(syntax.SpanMetric, st.sampled_from(MEASURED), measured, st.just(()), labels),
)
asked = st.builds(
    lambda first, rest, metric: syntax.Query((first, *rest, metric)),
    spansets,
    st.lists(stages, max_size=1),
    spans_metric,
)


def run(world: World, query: syntax.Query, exemplars: int = 0) -> SeriesAnswer:
    return asyncio.run(Metrics(BoundedReader(world.reader)).run(query, STEPS, exemplars))


def ask(world: World, said: str) -> dict[tuple[tuple[str, Any], ...], list[float | None]]:
    return _by_labels(run(world, parse_any(said)))


def _by_labels(answer: SeriesAnswer) -> dict[tuple[tuple[str, Any], ...], list[float | None]]:
    return {
        tuple(
            (name_of(name), value.text if isinstance(value, Text) else value) for name, value in each.labels
        ): list(each.values)
        for each in answer.series
    }


@settings(max_examples=sized(60, 15), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(traces(), asked)
def test_the_store_counts_what_the_definitions_say(
    world: World, spans: list[Span], query: syntax.Query
) -> None:
    store(world, spans)
    query = parse_any(text(query))
    expected = _expected(query, spans)
    found = _by_labels(run(world, query))
    assert found.keys() == expected.keys(), text(query)
    for key, values in expected.items():
        assert found[key] == pytest.approx(values), (text(query), key)


def _expected(query: syntax.Query, spans: Sequence[Span]) -> dict[Any, list[float | None]]:
    metric = query.stages[-1]
    assert isinstance(metric, syntax.SpanMetric)
    of_traces = naive.matching(syntax.Query(query.stages[:-1]), spans)
    groups: dict[Any, list[list[Any]]] = {}
    for span in spans:
        if not any(span.span in each for each in of_traces.get(span.trace, ())):
            continue
        place = math.ceil((NOW_US / 1e6 - span.at - STEPS.origin / 1e6) / STEPS.seconds) - 1
        trace = [each for each in spans if each.trace == span.trace]
        values = [(name_of(field), naive.first(field, span, trace)) for field in metric.by]
        there = tuple((key, value) for key, value in values if value is not None)
        key = there or (((values[0][0], None),) if values else (("__name__", metric.function),))
        groups.setdefault(key, [[] for _ in range(STEPS.count)])[place].append((span, trace))
    found = {key: [_value(metric, cell) for cell in line] for key, line in groups.items()}
    return {key: line for key, line in found.items() if any(value is not None for value in line)}


def _value(metric: syntax.SpanMetric, cell: list[Any]) -> float | None:
    if metric.measured is None:
        return len(cell) / (STEPS.seconds if metric.function == "rate" else 1)
    numbers = [value for span, trace in cell for value in naive.numbers(metric.measured, span, trace)[:1]]
    if not numbers:
        return None
    unit = 1e-9 if type_of(metric.measured) is syntax.Type.DURATION else 1
    values = {
        "min": min(numbers),
        "max": max(numbers),
        "sum": sum(numbers),
        "avg": sum(numbers) / len(numbers),
    }
    return values[metric.function.removesuffix("_over_time")] * unit


def shop(world: World) -> None:
    store(
        world,
        [
            Span(ONE, A, at=25, took=40, attributes={"n": "4"}),
            Span(
                ONE, B, A, name="child", at=24, took=10, service="cart", status="Error", attributes={"n": "x"}
            ),
            Span(TWO, A, at=5, took=10, attributes={"n": "2"}),
        ],
    )


def test_quantiles_and_histograms(world: World) -> None:
    shop(world)
    assert ask(world, "{} | quantile_over_time(duration, 0, 1)") == {
        (("p", 0.0),): pytest.approx([0.01, None, 0.01]),
        (("p", 1.0),): pytest.approx([0.04, None, 0.01]),
    }
    assert ask(world, "{} | quantile_over_time(.n, 0.5) by(name)") == {
        (("name", "GET /"), ("p", 0.5)): [4.0, None, 2.0],
    }
    assert ask(world, "{} | histogram_over_time(duration)") == {
        (("__bucket", 0.016777216),): [1.0, 0.0, 1.0],
        (("__bucket", 0.067108864),): [1.0, 0.0, 0.0],
    }
    assert ask(world, "{} | histogram_over_time(.n)") == {
        (("__bucket", 4.0),): [1.0, 0.0, 0.0],
        (("__bucket", 2.0),): [0.0, 0.0, 1.0],
    }


def test_a_share_of_all(world: World) -> None:
    shop(world)
    assert ask(world, "({ status = error } | rate()) / ({} | rate())") == {
        (("__name__", "(rate / rate)"),): [0.5, None, 0.0],
    }
    by_service = "rate() by(resource.service.name)"
    shares = ask(world, f"({{ status = error }} | {by_service}) / ({{}} | {by_service}) > 0")
    assert shares == {(("resource.service.name", "cart"),): [1.0, None, None]}


def test_a_comparison_of_what_failed_with_the_rest(world: World) -> None:
    shop(world)
    found = ask(world, "{} | compare({ status = error })")
    assert found[("__meta_type", "selection"), ("resource.service.name", "cart")] == [1.0, 0.0, 0.0]
    assert found[("__meta_type", "baseline"), ("span.n", "2")] == [0.0, 0.0, 1.0]
    assert found[("__meta_type", "baseline_total"), ("span.n", None)] == [1.0, 0.0, 1.0]
    assert found[("__meta_type", "selection_total"), ("status", None)] == [1.0, 0.0, 0.0]
    until, since = (NOW_US - 10_000_000) * 1000, (NOW_US - 30_000_000) * 1000
    during = ask(world, f"{{}} | compare({{ name = `GET /` }}, 10, {since}, {until})")
    assert during[("__meta_type", "selection_total"), ("name", None)] == [1.0, 0.0, 0.0]


def test_exemplars_name_spans_that_were_counted(world: World) -> None:
    shop(world)
    [series] = run(world, parse_any("{ status = error } | max_over_time(duration)"), 10).series
    [exemplar] = series.exemplars
    assert (exemplar.trace_id, exemplar.span_id, exemplar.service) == (ONE, B, "cart")
    assert exemplar.value == pytest.approx(0.01)
    assert run(world, parse_any("{} | rate()"), 0).series[0].exemplars == []


def test_more_series_than_are_shown_are_told(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    shop(world)
    monkeypatch.setattr(metrics, "SERIES_MAX", 1)
    answer = run(world, parse_any("{} | rate() by(name)"))
    assert _by_labels(answer).keys() == {(("name", "GET /"),)}
    assert answer.partial == "of 2 series the 1 with the most spans"


def test_more_values_than_are_counted_are_refused(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    # A block of rows is grouped before the bound is looked at.
    store(world, [Span(ONE, f"{place:016x}", name=str(place), at=5) for place in range(1, 2000)])
    monkeypatch.setattr(statements, "GROUPS_MAX", 10)
    with pytest.raises(BadValueError, match="more than 10 values"):
        run(world, parse_any("{} | rate() by(name)"))


def test_more_spans_than_are_handed_on_are_told(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    shop(world)
    monkeypatch.setattr(metrics, "SPANS_MAX", 1)
    answer = run(world, parse_any("({} > {}) || ({} < {}) | count_over_time()"))
    assert sum(value or 0 for value in answer.series[0].values) == 1
    assert "not every trace was looked at" in answer.partial


def test_more_traces_than_are_looked_at_are_told(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    shop(world)
    # The store decides alone which traces match, but not which of their spans are left.
    said = "{} && { status = error } || { name = `GET /` } | count_over_time()"
    assert run(world, parse_any(said)).partial == ""
    monkeypatch.setattr(metrics, "CANDIDATES_MAX", 1)
    answer = run(world, parse_any(said))
    assert answer.series[0].values == [0.0, 0.0, 1.0]
    assert "not every trace was looked at" in answer.partial


def test_a_comparison_of_many_spans_reads_a_share(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    store(world, [Span(ONE, f"{place:016x}", at=5) for place in range(1, 401)])
    monkeypatch.setattr(comparison, "SPANS_MAX", 100)
    answer = run(world, parse_any("{} | compare({ status = error })"))
    total = _by_labels(answer)[("__meta_type", "baseline_total"), ("name", None)][2]
    assert total == pytest.approx(400, rel=0.5)
    assert answer.partial == "counted from one span in 4 of 400"


@pytest.mark.parametrize(
    ("said", "column", "words"),
    [
        ("{}", 1, "write a metric such as | rate()"),
        ("{ .a =~ `a(` } | rate()", 9, "missing )"),
        ("{} | compare({ .a =~ `a(` })", 22, "missing )"),
    ],
)
def test_what_is_wrong_is_pointed_at(world: World, said: str, column: int, words: str) -> None:
    with pytest.raises(TraceQLError) as caught:
        ask(world, said)
    assert caught.value.column == column
    assert words in caught.value.message
