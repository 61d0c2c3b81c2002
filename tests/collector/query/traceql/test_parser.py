"""Texts to trees: what is taken, what is refused and where, and that printing loses nothing."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.query.traceql import TraceQLError, field, parse, syntax
from collector.query.traceql.parser import DEPTH_MAX, OPERATORS_MAX, tree
from collector.query.traceql.printer import field_text, text
from collector.query.traceql.tokens import TEXT_MAX
from tests.collector.query.traceql.generate import queries

# Each with what it is when every bracket is written.
SAID = [
    ("{}", "{ }"),
    ("{ true }", "{ true }"),
    ("{ .a }", "{ .a }"),
    ('{.a="x"}', '{ (.a) = ("x") }'),
    ("{ span.http.status_code >= 500 }", "{ (span.http.status_code) >= (500) }"),
    ('{ resource."a b".c = `raw "\\n` }', '{ (resource."a b.c") = ("raw \\"\\\\n") }'),
    ("{ event.exception.type != nil }", "{ (event.exception.type) != (nil) }"),
    ("{ link.k = -1.5 }", "{ (link.k) = (-1.5) }"),
    ("{ duration > 1.5ms }", "{ (span:duration) > (1500000ns) }"),
    ("{ span:duration > 1h30m }", "{ (span:duration) > (5400000000000ns) }"),
    (
        "{ traceDuration > 2us || trace:duration < 1d }",
        "{ ((trace:duration) > (2000ns)) || ((trace:duration) < (86400000000000ns)) }",
    ),
    ("{ status = error && kind != server }", "{ ((span:status) = (error)) && ((span:kind) != (server)) }"),
    (
        "{ rootName = `a` && rootServiceName =~ `b` }",
        '{ ((trace:rootName) = ("a")) && ((trace:rootService) =~ ("b")) }',
    ),
    ("{ parent = nil }", "{ (span:parentID) = (nil) }"),
    ('{ name = "\\u00e9\\t\\"" }', '{ (span:name) = ("é\\t\\"") }'),
    ("{ .a-b/c+d:e = 1 }", "{ (.a-b/c+d:e) = (1) }"),
    ("{ .a = true || .b = false && .c }", "{ (((.a) = (true)) || ((.b) = (false))) && (.c) }"),
    ("{ !.a && .b }", "{ (!(.a)) && (.b) }"),
    ("{ !(.a = 1) = true }", "{ (!((.a) = (1))) = (true) }"),
    ("{ duration > 2 * .a }", "{ (span:duration) > ((2) * (.a)) }"),
    ("{ .a - .b > 1s }", "{ ((.a) - (.b)) > (1000000000ns) }"),
    ("{ duration / 1s > -.a }", "{ ((span:duration) / (1000000000ns)) > (-(.a)) }"),
    ("{ 1 + .a * 2 ^ 3 ^ 2 - 1 > 5 }", "{ (((1) + ((.a) * ((2) ^ ((3) ^ (2))))) - (1)) > (5) }"),
    ("{ -.a > -1 }", "{ (-(.a)) > (-1) }"),
    ("{ .a = 1e3 }", "{ (.a) = (1000.0) }"),
    ("{} > {} >> {}", "({ } > { }) >> { }"),
    ("{} && {} >> {} || {}", "({ } && ({ } >> { })) || { }"),
    ("{} &>> ({} !~ {})", "{ } &>> ({ } !~ { })"),
    ("{}|count()>2|avg(duration)>1s", "{ } | count() > 2 | avg(span:duration) > 1000000000ns"),
    ("{} | max(span.a * 2) != -3", "{ } | max((span.a) * (2)) != -3"),
    (
        "{} | by(resource.service.name) | coalesce() | select(name, .b)",
        "{ } | by(resource.service.name) | coalesce() | select(span:name, .b)",
    ),
    ("({} | count() > 1) >> {}", "({ } | count() > 1) >> { }"),
    ("(({}))", "{ }"),
    ('{ ."5xx" = ."a(b" }', '{ (."5xx") = (."a(b") }'),
    ("{}\n  | { .a }", "{ } | { .a }"),
]

# Each with column and length of what is wrong, and words of what is said about it.
REFUSED = [
    ("", 1, 1, 'a spanset such as { name = "GET /" }'),
    ('.a = "x"', 1, 2, "conditions stand in braces"),
    ("{", 2, 1, "a field or a value"),
    ("{ .a", 5, 1, "the query ends where an operator or }"),
    ("{ .a = }", 8, 1, "a field or a value"),
    ("{ } }", 5, 1, "the end of the query"),
    ("{ } { }", 5, 1, "an operator between spansets"),
    ("{ foo = 1 }", 3, 3, "write .foo if it is an attribute"),
    ("{ statuss = error }", 3, 7, "did you mean status?"),
    ("{ span:nam = `x` }", 3, 8, "did you mean span:name?"),
    ("{ .a = 'x' }", 8, 1, 'write "text" or `text`'),
    ('{ .a = "x }', 8, 4, "has no end"),
    ('{ .a = "\\q" }', 9, 2, "write \\\\ for a backslash"),
    ('{ .a = "\\ud800" }', 9, 2, "this is no escape"),
    ("{ .a = 5x }", 8, 2, "neither a number nor a duration"),
    ("{ .a = 1.2.3 }", 8, 5, "neither a number nor a duration"),
    ("{ .a = 99999999999999999999 }", 8, 20, "64 bits"),
    ("{ .a = 1e999 }", 8, 5, "below 1.8e308"),
    ("{ duration > 999999999d }", 14, 10, "146 years"),
    ("{ .a & .b }", 6, 1, "write && for and"),
    ("{ .a ; }", 6, 1, "means nothing here"),
    ("{ span. = 1 }", 3, 5, "the name of an attribute is expected after span."),
    ("{ parent.a = 1 }", 3, 7, "use a structural operator"),
    ("{ instrumentation.a = 1 }", 3, 16, "instrumentation:name"),
    ("{ nestedSetParent < 0 }", 3, 15, "write parent = nil"),
    ("{ childCount > 1 }", 3, 10, "structural operators"),
    ("{ .a >> .b }", 6, 2, "an operator or }"),
    ("{ } | rate()", 7, 4, "metrics"),
    ("{ } | nonsense", 7, 8, "a stage"),
    ("{ } | count() ", 15, 1, "a comparison, such as count() > 2"),
    ("{ } | count() =~ 2", 15, 2, "a comparison"),
    ("{ } | count() > .a", 17, 2, "compare with a number"),
    ("{ } | avg() > 1", 11, 1, "a field or a value"),
    ("{ } | by duration", 10, 8, "( after by"),
    ("{ } | select(.a .b)", 17, 2, "an operator or )"),
    ("{ } with (most_recent=true)", 5, 4, "an operator between spansets"),
    # Types.
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


@pytest.mark.parametrize(("said", "meant"), SAID)
def test_what_is_said_and_what_it_means(said: str, meant: str) -> None:
    query = parse(said)
    assert text(query) == meant
    assert parse(meant) == query


@pytest.mark.parametrize(("said", "column", "length", "words"), REFUSED)
def test_what_is_wrong_is_pointed_at(said: str, column: int, length: int, words: str) -> None:
    with pytest.raises(TraceQLError) as caught:
        parse(said)
    error = caught.value
    assert (error.column, error.length) == (column, length), error
    assert words in error.message
    assert str(error) == f"q, column {column}: {error.message}"
    assert error.where() == {"column": column, "length": length}


@given(queries)
def test_a_printed_query_is_the_same_query(query: syntax.Query) -> None:
    assert tree(text(query)) == query


@given(st.sampled_from(syntax.Scope), st.text(min_size=1), st.text())
def test_any_key_and_any_text_can_be_written(scope: syntax.Scope, key: str, value: str) -> None:
    attribute = syntax.Attribute(scope, key)
    assert field(field_text(attribute)) == attribute
    condition = syntax.Binary("=", attribute, syntax.Literal(syntax.Type.STRING, value))
    query = syntax.Query((syntax.Filter(condition), syntax.By(attribute)))
    assert tree(text(query)) == query


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
    shown = (Path(__file__).parents[4] / "docs" / "traceql.md").read_text(encoding="utf-8")
    queries = re.findall(r"^    (\{ .*?)(?:   .*)?$", shown, re.MULTILINE)
    return queries + re.findall(r"`(\{ [^`…]* \})`", shown)


@pytest.mark.parametrize("said", [said for said in _manual() if said != '{ duration > "x" }'])
def test_every_query_of_the_manual_is_one(said: str) -> None:
    assert parse(said)
