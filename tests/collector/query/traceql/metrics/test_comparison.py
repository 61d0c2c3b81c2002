"""compare() as series: sides, totals, the values most often seen, and a sample counted up."""

from typing import Any

from collector.query.traceql import parse_any
from collector.query.traceql.language import syntax
from collector.query.traceql.language.check_stages import metric_of
from collector.query.traceql.metrics.comparison import series
from collector.query.traceql.metrics.series import Text, name_of
from collector.query.traceql.metrics.steps import Steps

STEPS = Steps(0, 10_000_000, 2)


def compared(said: str, values: list[Any], totals: list[Any], share: int = 1) -> dict[Any, list[Any]]:
    metric = metric_of(parse_any(said))
    assert isinstance(metric, syntax.Compare)
    found = series(metric, STEPS, values, totals, share)
    return {
        tuple(
            (name_of(name), value.text if isinstance(value, Text) else value) for name, value in each.labels
        ): list(each.values)
        for each in found
    }


def test_both_sides_and_their_totals() -> None:
    values = [(1, "span.k", "x", [0], [3]), (0, "name", "GET /", [0, 1], [2, 4])]
    totals = [(1, "span.k", "", [0], [3]), (0, "name", "", [0, 1], [2, 4])]
    assert compared("{} | compare({ .a })", values, totals) == {
        (("__meta_type", "selection"), ("span.k", "x")): [3.0, 0.0],
        (("__meta_type", "baseline"), ("name", "GET /")): [2.0, 4.0],
        (("__meta_type", "selection_total"), ("span.k", None)): [3.0, 0.0],
        (("__meta_type", "baseline_total"), ("name", None)): [2.0, 4.0],
    }


def test_an_attribute_with_more_values_than_asked_for_says_so() -> None:
    values = [(0, "span.k", text, [0], [1]) for text in ("x", "y")]
    found = compared("{} | compare({ .a }, 1)", values, [])
    assert found == {
        (("__meta_type", "baseline"), ("span.k", "x")): [1.0, 0.0],
        (("__meta_error", "__too_many_values__"), ("span.k", None)): [0.0, 0.0],
    }


def test_a_sample_is_counted_up() -> None:
    found = compared("{} | compare({ .a })", [(0, "span.k", "x", [1], [3])], [], share=4)
    assert found == {(("__meta_type", "baseline"), ("span.k", "x")): [0.0, 12.0]}


def test_a_key_is_written_as_a_query_needs_it() -> None:
    [labels] = compared("{} | compare({ .a })", [(0, "span.a b", "x", [1], [3])], [])
    assert labels[1] == ('span."a b"', "x")
