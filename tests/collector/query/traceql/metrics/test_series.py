"""Series from rows: labels, units, ranks, thresholds and exemplars."""

from typing import Any

import pytest

from collector.query.traceql import parse_any
from collector.query.traceql.language import syntax
from collector.query.traceql.language.check_stages import metric_of
from collector.query.traceql.metrics.series import Series, Text, from_rows, name_of, processed, spread
from collector.query.traceql.metrics.steps import Steps

Row = tuple[Any, ...]
STEPS = Steps(0, 10_000_000, 3)
EXAMPLE = ("t", "s", "GET /", "shop", 1234, 5e9)


def metric(said: str) -> syntax.SpanMetric:
    found = metric_of(parse_any(said))
    assert isinstance(found, syntax.SpanMetric)
    return found


def series(said: str, *rows: Row) -> list[tuple[list[tuple[str, Any]], list[float | None]]]:
    found = from_rows(metric(said), STEPS, rows)
    return [
        ([(name_of(name), _plain(value)) for name, value in each.labels], list(each.values)) for each in found
    ]


def _plain(value: Text | str | float | None) -> str | float | None:
    return value.text if isinstance(value, Text) else value


def test_a_label_keeps_the_type_of_its_value() -> None:
    row: Row = (["1", "1"], ["", "int"], [0], [[1.0]], [0], 1)
    [found] = from_rows(metric("{} | rate() by(.a, .b)"), STEPS, [row])
    assert [value for _, value in found.labels] == [Text("1", ""), Text("1", "int")]


def test_counts_are_zero_where_there_are_no_spans() -> None:
    row: Row = ([], [], [0, 2], [[20.0], [5.0]], [0, 0], 1)
    assert series("{} | rate()", row) == [([("__name__", "rate")], [2.0, 0.0, 0.5])]
    assert series("{} | count_over_time()", row) == [([("__name__", "count_over_time")], [20.0, 0.0, 5.0])]


def test_measures_are_left_out_where_there_are_none_and_durations_are_seconds() -> None:
    row: Row = (["a"], ["?"], [1, 2], [[2e9], [None]], [0, 0], 1)
    assert series("{} | max_over_time(duration) by(name)", row) == [([("name", "a")], [None, 2.0, None])]
    assert series("{} | max_over_time(.x) by(name)", row) == [([("name", "a")], [None, 2e9, None])]


def test_each_quantile_is_a_series() -> None:
    row: Row = ([], [], [0, 1], [[1e9, 3e9], []], [0, 0], 1)
    assert series("{} | quantile_over_time(duration, 0.5, 0.9)", row) == [
        ([("p", 0.5)], [1.0, None, None]),
        ([("p", 0.9)], [3.0, None, None]),
    ]


def test_a_bucket_is_the_last_label() -> None:
    row: Row = (["a", "1073741824"], ["int"], [0], [[7.0]], [0], 1)
    assert series("{} | histogram_over_time(duration) by(.k)", row) == [
        ([(".k", "a"), ("__bucket", 1.073741824)], [7.0, 0.0, 0.0])
    ]


@pytest.mark.parametrize(
    ("texts", "labels"),
    [
        (["a", None], [("name", "a")]),
        ([None, "b"], [("resource.k", "b")]),
        ([None, None], [("name", None)]),
        (["", "b"], [("name", ""), ("resource.k", "b")]),
    ],
)
def test_labels_without_a_value_are_left_out_but_one(texts: list[str | None], labels: list[Any]) -> None:
    [(found, _)] = series("{} | rate() by(name, resource.k)", (texts, ["?", ""], [0], [[1.0]], [0], 1))
    assert found == labels


def stages(said: str) -> list[syntax.SeriesStage]:
    found = parse_any("{} | rate() " + said).stages[2:]
    return [each for each in found if isinstance(each, syntax.Rank | syntax.SeriesFilter)]


@pytest.mark.parametrize(
    ("said", "left"),
    [
        ("| topk(1)", {"a": [5.0, None], "b": [None, 9.0]}),
        ("| bottomk(1)", {"b": [1.0, None], "c": [None, 0.0]}),
        ("| topk(2)", {"a": [5.0, 2.0], "b": [None, 9.0], "c": [3.0, None]}),
        ("> 2", {"a": [5.0, None], "b": [None, 9.0], "c": [3.0, None]}),
        ("= 0", {"c": [None, 0.0]}),
        ("> 2000ms", {"a": [5.0, None], "b": [None, 9.0], "c": [3.0, None]}),
        ("!= 5 | topk(1) < 9", {"c": [3.0, None]}),
        ("> 100", {}),
    ],
)
def test_ranks_and_thresholds(said: str, left: dict[str, list[float | None]]) -> None:
    lines = {"a": [5.0, 2.0], "b": [1.0, 9.0], "c": [3.0, 0.0]}
    given = [Series((("x", name),), values) for name, values in lines.items()]
    found = processed(given, stages(said))
    assert {str(each.labels[0][1]): list(each.values) for each in found} == left


def test_exemplars_have_the_value_of_their_span_or_of_the_count() -> None:
    row: Row = ([], [], [0, 1], [[2.0], [4.0]], [EXAMPLE, EXAMPLE], 1)
    for said, values in (("rate()", [0.2, 0.4]), ("avg_over_time(duration)", [5.0, 5.0])):
        [found] = from_rows(metric(f"{{}} | {said}"), STEPS, [row])
        assert [each.value for each in found.exemplars] == values
        assert (found.exemplars[0].trace_id, found.exemplars[0].time_ms) == ("t", 1234)
    [left] = processed([found], stages("> 3e-9"))
    assert [each.place for each in left.exemplars] == [1]


@pytest.mark.parametrize(("limit", "kept"), [(0, 0), (1, 1), (3, 2), (10, 6)])
def test_exemplars_are_bounded_in_all(limit: int, kept: int) -> None:
    row: Row = ([], [], [0, 1, 2], [[1.0]] * 3, [EXAMPLE] * 3, 2)
    found = spread(from_rows(metric("{} | rate()"), STEPS, [row, row]), limit)
    assert sum(len(each.exemplars) for each in found) == kept
