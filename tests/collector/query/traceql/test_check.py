"""Types of what is compared, and fields where they may not stand: what is wrong is pointed at."""

import pytest

from collector.query.traceql import TraceQLError, parse

# Each with column and length of what is wrong, and words of what is said about it.
REFUSED = [
    ('{ duration > "x" }', 14, 3, "a duration is compared with a string"),
    ("{ duration > 1 }", 14, 1, "a duration is compared with a number: write 1.5s"),
    ("{ name = 5 }", 10, 1, "a string is compared with a number"),
    ("{ status = ok && status = `error` }", 27, 7, "write error"),
    ("{ status > error }", 10, 1, "without an order"),
    ("{ kind = error }", 10, 5, "a span kind is compared with a status"),
    ("{ .a = error }", 8, 5, "an attribute is compared with a status"),
    ("{ .a > true }", 6, 1, "write = or !="),
    ("{ .a = (.b = 1) }", 9, 6, "compare an attribute with true or false"),
    ("{ .a =~ 5 }", 9, 1, "a regular expression is expected"),
    ("{ duration =~ `1.*` }", 3, 8, "works on texts, this is a duration"),
    ("{ .a =~ `a)|(b` }", 9, 7, "closes a bracket"),
    ("{ .a > nil }", 6, 1, "nil only follows = or !="),
    ("{ nil = .a }", 7, 1, "write .key = nil"),
    ("{ duration = nil }", 3, 8, "never nil"),
    ("{ duration }", 3, 8, "not a condition: compare it, for example with = 1.5s"),
    ("{ 5 }", 3, 1, "this is a number, not a condition"),
    ("{ .a && name }", 9, 4, "this is a string, not a condition"),
    ("{ !duration }", 4, 8, "not a condition"),
    ("{ name + 1 > 2 }", 3, 4, "works on numbers and durations, this is a string"),
    ("{ duration + 1 > 2s }", 12, 1, "give the number a unit"),
    ("{ .a + 1 = `x` }", 12, 3, "a computed number is compared with a string"),
    ("{ .a + 1 = true }", 12, 4, "a computed number is compared with true or false"),
    ("{ .a + 1 }", 3, 6, "a computed number, not a condition"),
    ("{ duration ^ 2 > 2s }", 12, 1, "not for durations"),
    ("{ -name = 1 }", 4, 4, "this is a string"),
    ("{ traceDuration > duration }", 17, 1, "fields of span and trace"),
    ("{ event.a = link.b }", 11, 1, "fields of event and link"),
    ("{ } | avg(name) > 1", 11, 4, "avg works on numbers and durations"),
    ("{ } | avg(duration) > 1", 23, 1, "avg() gives a duration here"),
    ("{ } | count() > 1s", 17, 2, "count() gives a number here"),
    ("{ } | by(event.a)", 10, 7, "only fields of a span"),
    ("{ } | select(traceDuration)", 14, 13, "only fields of a span"),
    ("({ duration = `x` }) >> {}", 15, 3, "compared with a string"),
]


@pytest.mark.parametrize(("said", "column", "length", "words"), REFUSED)
def test_what_is_wrong_is_pointed_at(said: str, column: int, length: int, words: str) -> None:
    with pytest.raises(TraceQLError) as caught:
        parse(said)
    error = caught.value
    assert (error.column, error.length) == (column, length), error
    assert words in error.message
    assert str(error) == f"q, column {column}: {error.message}"
    assert error.where() == {"column": column, "length": length}
