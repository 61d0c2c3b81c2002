"""Trees to texts with every bracket written: printing loses nothing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.query.traceql import field, parse
from collector.query.traceql.language import syntax
from collector.query.traceql.language.parser import tree
from collector.query.traceql.language.printer import field_text, text
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


@pytest.mark.parametrize(("said", "meant"), SAID)
def test_what_is_said_and_what_it_means(said: str, meant: str) -> None:
    query = parse(said)
    assert text(query) == meant
    assert parse(meant) == query


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
