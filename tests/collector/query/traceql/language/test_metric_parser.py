"""Metrics and hints: the queries Grafana sends, and what is refused."""

import pytest

from collector.query.traceql import TraceQLError, parse_any
from collector.query.traceql.language import syntax
from collector.query.traceql.language.printer import text

# Each with what it is when every bracket is written.
SAID = [
    ("{}|rate()", "{ } | rate()"),
    ("{} | rate() by (resource.service.name)", "{ } | rate() by(resource.service.name)"),
    (
        "{} | count_over_time() by(name, status) with(sample=true)",
        "{ } | count_over_time() by(span:name, span:status) with(sample=true)",
    ),
    (
        "{} | quantile_over_time(duration, .5, 0.99, 1) by(kind)",
        "{ } | quantile_over_time(span:duration, 0.5, 0.99, 1.0) by(span:kind)",
    ),
    (
        "{} | histogram_over_time(duration) with(exemplars=false, sample=0.1)",
        "{ } | histogram_over_time(span:duration) with(exemplars=false, sample=0.1)",
    ),
    ("{} | avg_over_time(span.size)", "{ } | avg_over_time(span.size)"),
    (
        "{ .a } >> { .b } | by(name) | count() > 1 | min_over_time(.c)",
        "{ .a } >> { .b } | by(span:name) | count() > 1 | min_over_time(.c)",
    ),
    ("{} | rate() > 10 | topk(5)", "{ } | rate() > 10 | topk(5)"),
    (
        "{} | rate() by(name) | bottomk(3) != -1.5 | topk(2)",
        "{ } | rate() by(span:name) | bottomk(3) != -1.5 | topk(2)",
    ),
    ("{} | max_over_time(duration) > 1s", "{ } | max_over_time(span:duration) > 1000000000ns"),
    ("{} | compare({status=error})", "{ } | compare({ (span:status) = (error) }, 10, 0, 0)"),
    ("{true} | compare({.a}, 5, 100, 200)", "{ true } | compare({ .a }, 5, 100, 200)"),
    ("avg(duration) > 1s | rate()", "avg(span:duration) > 1000000000ns | rate()"),
    ("({} | rate())", "{ } | rate()"),
    ("({.a} | rate()) / ({} | rate())", "({ .a } | rate()) / ({ } | rate())"),
    (
        "({}|rate()>1) - ({}|rate()) * ({}|rate()) | topk(2) with(a=1)",
        "({ } | rate() > 1) - (({ } | rate()) * ({ } | rate())) | topk(2) with(a=1)",
    ),
    ("{} | select(.a) with (most_recent=true)", "{ } | select(.a) with(most_recent=true)"),
]


@pytest.mark.parametrize(("said", "meant"), SAID)
def test_what_is_said_and_what_it_means(said: str, meant: str) -> None:
    query = parse_any(said)
    assert text(query) == meant
    assert parse_any(meant) == query


@pytest.mark.parametrize(
    ("said", "column", "words"),
    [
        ("{} | rate", 10, "( after rate"),
        ("{} | rate(duration)", 11, "an operator or )"),
        ("{} | rate() by()", 16, "a field or a value"),
        ("{} | min_over_time()", 20, "a field or a value"),
        ("{} | min_over_time(duration, 0.5)", 30, "only quantile_over_time has numbers"),
        ("{} | quantile_over_time(duration, 95)", 35, "from 0 to 1"),
        ("{} | quantile_over_time(duration, .a)", 35, "a value is expected"),
        ("{} | topk(10)", 6, "write a metric such as rate()"),
        ("{} | rate() | { .a }", 15, "the only stages behind a metric"),
        ("{} | rate() | topk(1.5)", 20, "a whole number"),
        ("{} | rate() | topk(-1)", 20, "a whole number"),
        ("{} | rate() > .a", 15, "compare the series with"),
        ("{} | compare(.a)", 14, "conditions stand in braces"),
        ("{} | compare({}, 10, 5)", 6, "both a start and an end"),
        ("({} | rate()) / 2", 17, "a query for series in brackets"),
        ("({} | rate()) ^ ({} | rate())", 15, "the end of the query"),
        ("({} | rate()) / ({})", 18, "a metric such as | rate() into both"),
        ("{} = 10", 4, "the end of the query"),
        ("{} with", 8, "( after with"),
        ("{} with(most_recent)", 20, "= after most_recent"),
        ("{} with(5=true)", 9, "the name of a hint"),
        ("{} with(a=.b)", 11, "a value is expected"),
        ("{} with(a=1) | rate()", 14, "the end of the query"),
    ],
)
def test_what_is_wrong_is_pointed_at(said: str, column: int, words: str) -> None:
    with pytest.raises(TraceQLError) as caught:
        parse_any(said)
    assert caught.value.column == column, caught.value
    assert words in caught.value.message


def test_a_metric_is_the_last_of_what_reads_spans() -> None:
    stages = parse_any("{ .a } | rate() | topk(2) > 1").stages
    assert [type(each) for each in stages] == [
        syntax.Filter,
        syntax.SpanMetric,
        syntax.Rank,
        syntax.SeriesFilter,
    ]
