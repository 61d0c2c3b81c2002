"""The SQL of metrics: every value of a query is a parameter, and the memory is bounded."""

import re

import pytest

from collector.query.sql import Sql
from collector.query.traceql import parse_any
from collector.query.traceql.language import syntax
from collector.query.traceql.language.check_stages import metric_of
from collector.query.traceql.metrics.statements import GROUPS_MAX, MEMORY_MAX, in_seconds, statement
from collector.query.traceql.metrics.steps import Steps


def made(said: str) -> Sql:
    metric = metric_of(parse_any(said))
    assert isinstance(metric, syntax.SpanMetric)
    return statement(metric, Steps(0, 1_000_000, 5), Sql("1"), False, 10, True)


@pytest.mark.parametrize(
    "said",
    [
        "{} | rate() by(span.hostile)",
        "{} | quantile_over_time(span.hostile, 0.1, 0.99) by(resource.hostile)",
        "{} | histogram_over_time(event.hostile)",
        "{} | sum_over_time(traceDuration) by(rootName)",
    ],
)
def test_every_parameter_is_given_and_no_key_is_in_the_text(said: str) -> None:
    sql = made(said)
    assert set(re.findall(r"\{(\w+):[\w()]+\}", sql.text)) == sql.parameters.keys()
    assert "hostile" not in sql.text


def test_groups_and_memory_are_bounded() -> None:
    text = made("{} | rate()").text
    assert f"max_rows_to_group_by = {GROUPS_MAX}" in text
    assert f"max_memory_usage = {MEMORY_MAX}" in text


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        ("max_over_time(duration)", True),
        ("max_over_time(event:timeSinceStart)", True),
        ("max_over_time(.x)", False),
        ("rate()", False),
    ],
)
def test_durations_are_in_seconds(said: str, seconds: bool) -> None:
    metric = metric_of(parse_any(f"{{}} | {said}"))
    assert isinstance(metric, syntax.SpanMetric)
    assert in_seconds(metric) is seconds
