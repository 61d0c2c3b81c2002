"""Texts to trees: what is taken, what is refused and where, and that printing loses nothing."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.query.traceql import TraceQLError, field, parse, parse_any
from collector.query.traceql.language import syntax
from collector.query.traceql.language.cursor import DEPTH_MAX, OPERATORS_MAX
from collector.query.traceql.language.printer import text
from collector.query.traceql.language.tokens import TEXT_MAX
from tests.collector.query.traceql.language.refusals import assert_refused

# Each with column and length of what is wrong, and words of what is said about it.
REFUSED = [
    ("", 1, 1, 'a spanset such as { name = "GET /" }'),
    ('.a = "x"', 1, 2, "conditions stand in braces"),
    ("( true )", 3, 4, "a number, a duration or an aggregate"),
    ("coalesce() | { }", 1, 8, "write by"),
    ("count() > 3 && { true }", 13, 2, "the end of the query"),
    ("({ } | count()) > 1", 15, 1, "a comparison"),
    ("avg(.a) + 1", 12, 1, "a comparison"),
    ("{", 2, 1, "a field or a value"),
    ("{ .a", 5, 1, "the query ends where an operator or }"),
    ("{ .a = }", 8, 1, "a field or a value"),
    ("{ } }", 5, 1, "the end of the query"),
    ("{ } { }", 5, 1, "an operator between spansets"),
    ("{ foo = 1 }", 3, 3, "write .foo if it is an attribute"),
    ("{ statuss = error }", 3, 7, "did you mean status?"),
    ("{ span:nam = `x` }", 3, 8, "did you mean span:name?"),
    ("{ span. = 1 }", 3, 5, "the name of an attribute is expected after span."),
    ("{ trace.a = 1 }", 3, 6, "write trace:id"),
    ("{ parent. = 1 }", 3, 7, 'write parent.key or parent."a key"'),
    ("{ .a >> .b }", 6, 2, "an operator or }"),
    ("{ } | rate()", 7, 4, "/api/metrics/query_range"),
    ("{ } | nonsense", 7, 8, "a stage"),
    ("{ } | count() ", 15, 1, "a comparison, such as count() > 2"),
    ("{ } | count() =~ 2", 15, 2, "a comparison"),
    ("{ } | count() > .a", 17, 2, "a number, a duration or an aggregate"),
    ("{ } | avg() > 1", 11, 1, "a field or a value"),
    ("{ } | by duration", 10, 8, "( after by"),
    ("{ } | select(.a .b)", 17, 2, "an operator or )"),
    ("{ } without (most_recent=true)", 5, 7, "an operator between spansets"),
]


@pytest.mark.parametrize(("said", "column", "length", "words"), REFUSED)
def test_what_is_wrong_is_pointed_at(said: str, column: int, length: int, words: str) -> None:
    assert_refused(parse, said, column, length, words)


@given(
    st.one_of(
        st.text(),
        st.text(st.characters(categories=["Cs", "Cc", "Nd", "Zs"])),
        st.text('{}()|&!=<>~."`\\ab1s:,+-*/%^ n'),
        st.lists(
            st.sampled_from(
                (
                    "{",
                    "}",
                    "(",
                    ")",
                    "|",
                    "&&",
                    "||",
                    ">>",
                    "!~",
                    "&<",
                    "=",
                    "=~",
                    ">",
                    "!",
                    "-",
                    "^",
                    ".a",
                    "span.b",
                    "duration",
                    "name",
                    "status",
                    "error",
                    "nil",
                    "true",
                    "1",
                    "1.5s",
                    '"x"',
                    "`(`",
                    "count()",
                    "by(",
                    "avg(",
                    "select(",
                    "event.c",
                    "traceDuration",
                    "parent.d",
                    "nestedSetLeft",
                    "max(",
                    "coalesce()",
                    ",",
                    "with(a=1)",
                    "// b\n",
                )
            )
        ).map(" ".join),
    )
)
def test_any_text_is_a_query_or_an_error_within_it(said: str) -> None:
    error = None
    try:
        query = parse(said)
    except TraceQLError as refused:
        error = refused
    if error:
        assert 1 <= error.column <= len(said) + 1
        assert 1 <= error.length <= len(said) + 1
    else:
        assert parse(text(query)) == query


@pytest.mark.parametrize(
    "said",
    [
        "{ " + "(" * 1000,
        "(" * 1000,
        "{ " + "!" * 1000 + ".a }",
        "{ " + "-" * 1000 + ".a > 1 }",
        "{ " + " && ".join([".a"] * 500) + " }",
        " && ".join(["{}"] * 500),
        "{ .a = " + "9" * 4990 + " }",
        "{ .a = " + "9" * 400 + "d }",
        "{ ." + "a" * TEXT_MAX + " }",
    ],
)
def test_what_is_too_much_is_refused_not_tried(said: str) -> None:
    with pytest.raises(TraceQLError):
        parse(said)


def test_as_much_as_is_allowed_is_taken() -> None:
    deep = "(" * DEPTH_MAX + "{}" + ")" * DEPTH_MAX
    assert text(parse(deep)) == "{ }"
    wide = " && ".join([".a"] * (OPERATORS_MAX + 1))
    assert parse(f"{{ {wide} }}")


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ("name", syntax.Intrinsic("span:name")),
        ("trace:id", syntax.Intrinsic("trace:id")),
        (".a.b", syntax.Attribute(syntax.Scope.ANY, "a.b")),
        ('resource."a b"', syntax.Attribute(syntax.Scope.RESOURCE, "a b")),
    ],
)
def test_a_field_alone(said: str, name: syntax.Field) -> None:
    assert field(said) == name


@pytest.mark.parametrize("said", ["", "a.b", "name name", ".a = 1", "5"])
def test_what_is_no_field(said: str) -> None:
    with pytest.raises(TraceQLError):
        field(said)


def _manual() -> list[str]:
    shown = (Path(__file__).parents[5] / "docs" / "traceql.md").read_text(encoding="utf-8")
    queries = re.findall(r"^    (\{ .*?)(?:   .*)?$", shown, re.MULTILINE)
    return queries + re.findall(r"`(\{ [^`…]* \})`", shown)


@pytest.mark.parametrize("said", [said for said in _manual() if said != '{ duration > "x" }'])
def test_every_query_of_the_manual_is_one(said: str) -> None:
    assert parse_any(said)


@pytest.mark.parametrize(
    ("said", "stages"),
    [
        ("avg(.a) > 1", 1),
        ("2 < count() | { .a }", 2),
        ("by(.a + 1) | count() > 1", 2),
        ("select(.a)", 1),
        ("(max(.a) - 1) * 2 > (1 + 1)", 1),
        ("(count() > 1) && (by(.a) | { .b })", 1),
        ("((avg(duration)) > 1s)", 1),
        ("3 = 2", 1),
        ("-1 < min(.a - 1)", 1),
    ],
)
def test_a_query_begins_with_any_stage_but_coalesce(said: str, stages: int) -> None:
    query = parse(said)
    assert len(query.stages) == stages
    assert parse(text(query)) == query


def test_comments_are_white_space() -> None:
    said = "/* all */ { // one\n .a = /**/ 1 } /* of ** them */ | { .b = `//` }"
    assert parse(said) == parse("{ .a = 1 } | { .b = `//` }")
    with pytest.raises(TraceQLError):
        parse("{ } /* no end")
