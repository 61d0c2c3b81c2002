"""Types of what is compared: what is wrong is pointed at, and what only a span can tell is taken."""

import pytest

from collector.query.traceql import parse
from tests.collector.query.traceql.language.refusals import assert_refused

# Each with column and length of what is wrong, and words of what is said about it.
REFUSED = [
    ('{ duration > "x" }', 14, 3, "a duration is compared with a string"),
    ("{ name = 5 }", 10, 1, "a string is compared with a number"),
    ("{ status = ok && status = `error` }", 27, 7, "write error"),
    ("{ status > error }", 10, 1, "without an order"),
    ("{ kind = error }", 10, 5, "a span kind is compared with a status"),
    ("{ .a > true }", 6, 1, "write = or !="),
    ("{ .a =~ 5 }", 9, 1, "a regular expression behind it"),
    ("{ `x` =~ .a + 1 }", 10, 6, "this is a computed number"),
    ("{ status =~ `er.*` }", 3, 6, "works on texts, this is a status"),
    ("{ parent.a = .b }", 12, 1, "compare each with a value"),
    ("{ nestedSetLeft = `x` }", 19, 3, "a number is compared with a string"),
    ("{ 1 = true }", 7, 4, "a number is compared with true or false"),
    ("{ duration =~ `1.*` }", 3, 8, "works on texts, this is a duration"),
    ("{ .a =~ `a)|(b` }", 9, 7, "closes a bracket"),
    ("{ .a > nil }", 6, 1, "nil only follows = or !="),
    ("{ duration }", 3, 8, "not a condition: compare it, for example with = 1.5s"),
    ("{ 5 }", 3, 1, "this is a number, not a condition"),
    ("{ .a && name }", 9, 4, "this is a string, not a condition"),
    ("{ !duration }", 4, 8, "not a condition"),
    ("{ name + 1 > 2 }", 3, 4, "works on numbers and durations, this is a string"),
    ("{ -name = 1 }", 4, 4, "this is a string"),
    ("({ duration = `x` }) >> {}", 15, 3, "compared with a string"),
]


@pytest.mark.parametrize(("said", "column", "length", "words"), REFUSED)
def test_what_is_wrong_is_pointed_at(said: str, column: int, length: int, words: str) -> None:
    assert_refused(parse, said, column, length, words)


@pytest.mark.parametrize(
    "said",
    [
        "{ duration > 5 && 5 < duration }",
        "{ duration ^ 2 > 1s * 2s && duration + 1 > 1 }",
        "{ true = .flag && .flag != !.other }",
        "{ nil = .a && duration != nil && kind != nil && 1 != nil && .a + 1 = nil }",
        "{ `abc` =~ `a.*` && `abc` !~ .pattern && .a =~ .b && name =~ resource.b }",
        "{ .a = error || .a != server || status = .b }",
        "{ .a + 1 = `x` || .a + .b || .a * 2 = true }",
        "{ trace:duration > 2 * duration && name = rootName }",
        "{ event.a = link.b && event:timeSinceStart > duration / 2 }",
        "{ 1 + 1 = 2 && `a` < `b` && 1ms < 1 }",
        "{ parent.a = parent.span.b && parent.resource.c != nil }",
    ],
)
def test_what_only_a_span_can_tell_is_taken(said: str) -> None:
    assert parse(said)
