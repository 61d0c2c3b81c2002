"""What may stand in which stage: what is wrong is pointed at."""

import pytest

from collector.query.traceql import parse_any
from collector.query.traceql.language.check_stages import LABELS_MAX, metric_of
from tests.collector.query.traceql.language.refusals import assert_refused

# Each with column and length of what is wrong, and words of what is said about it.
REFUSED = [
    ("{ } | avg(name) > 1", 11, 4, "avg works on numbers and durations"),
    ("{ } | max(.a = 1) > 1", 11, 6, "max works on numbers and durations"),
    ("{ } | sum(3 + 1) > 1", 11, 5, "sum() reads a field of the span"),
    ("{ } | by(1)", 10, 1, "by() reads a field of the span"),
    ("{ } | by(!name)", 11, 4, "not a condition"),
    ("{ } | by(parent.a)", 10, 8, "can only be compared"),
    ("{ } | select(parent.a)", 14, 8, "can only be compared"),
    ("{ } | quantile_over_time(duration)", 7, 18, "needs a quantile"),
    ("{ } | max_over_time(status)", 21, 6, "this is a status"),
    ("{ } | rate() by(nestedSetLeft)", 17, 13, "no label"),
    ("{ } | rate() by(.a, .b, .c, .d, .e, .f)", 37, 2, "at most 5 fields"),
    ("{ } | histogram_over_time(.x) by(.a, .b, .c, .d, .e)", 50, 2, "at most 4 fields"),
    ("{ } | rate() | bottomk(0)", 16, 7, "one series or more"),
    ("{ } | compare({ .a }, 0)", 7, 7, "one value or more"),
    ("{ } | compare({ .a }, 5, 20, 10)", 7, 7, "after its start"),
    ("{ } | compare({ nestedSetLeft > 1 })", 7, 7, "not by its place"),
    ("{ } | compare({ name = 1 })", 24, 1, "compared with a number"),
]


@pytest.mark.parametrize(("said", "column", "length", "words"), REFUSED)
def test_what_is_wrong_is_pointed_at(said: str, column: int, length: int, words: str) -> None:
    assert_refused(parse_any, said, column, length, words)


@pytest.mark.parametrize(
    "said",
    [
        "{ } | max(duration) - min(duration) > avg(duration) * 2",
        "{ } | max(duration) > 5",
        "{ } | count() > 1s",
        "{ } | avg(event:timeSinceStart) > 1s | by(event:name) | select(trace:duration, link.a)",
        "{ } | by(duration > 1s) | by(.a + 1) | by(rootServiceName)",
        f"{{ }} | rate() by({', '.join(['.a'] * LABELS_MAX)})",
        "{ } | sum_over_time(name)",
    ],
)
def test_what_a_stage_takes(said: str) -> None:
    assert parse_any(said)


def test_the_metric_of_a_query() -> None:
    metric = metric_of(parse_any("{ } | rate() by(name) | topk(3)"))
    assert metric is not None
    assert metric_of(parse_any("{ } | by(name)")) is None
