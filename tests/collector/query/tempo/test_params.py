"""Query strings of Tempo's search: what they mean, and that a bad one gives nothing but its error."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.query.errors import BadValueError
from collector.query.params import SETTLE_US, Window
from collector.query.tempo.params import SPANS_MAX, TAGS_MAX, search, window
from collector.query.traceql.language.printer import text

NOW_US = 1_795_248_000_500_000


def said(**query: str) -> str:
    return text(search(query, NOW_US).query)


def test_without_anything_the_last_hour_of_everything() -> None:
    asked = search({}, NOW_US)
    assert text(asked.query) == "{ }"
    assert (asked.limit, asked.spans) == (20, 3)
    assert asked.window == Window((1_795_248_001 - 3600) * 10**6, NOW_US - SETTLE_US)


def test_times_are_seconds() -> None:
    assert window({"start": "5", "end": "7"}, NOW_US) == Window(5_000_000, 7_000_000)


@pytest.mark.parametrize(
    ("tags", "meant"),
    [
        ("", "{ }"),
        ("a=b", '{ (.a) = ("b") }'),
        (' a="b c"  d=e ', '{ ((.a) = ("b c")) && ((.d) = ("e")) }'),
        ('a="\\"" b=', '{ ((.a) = ("\\"")) && ((.b) = ("")) }'),
        ("error=true", "{ (span:status) = (error) }"),
        ("error=false", '{ ((.error) = ("false")) || ((.error) = (false)) }'),
        ("code=200", '{ ((.code) = ("200")) || ((.code) = (200)) }'),
        ('a="-1.5" b=x', '{ (((.a) = ("-1.5")) || ((.a) = (-1.5))) && ((.b) = ("x")) }'),
        ("version=1.2.3", '{ (.version) = ("1.2.3") }'),
        ("large=1e999", '{ (.large) = ("1e999") }'),
        ("status.code=ok name=x", '{ ((span:status) = (ok)) && ((span:name) = ("x")) }'),
        ("root.service.name=x", '{ (trace:rootService) = ("x") }'),
    ],
)
def test_tags_are_conditions_on_one_span(tags: str, meant: str) -> None:
    assert said(tags=tags) == meant


def test_durations_bound_the_trace() -> None:
    q = "{ .a } >> { } | select(name)"
    assert said(q=q, minDuration="1s", maxDuration="2s") == (
        "{ .a } >> { } | { (trace:duration) >= (1000000000ns) } | { (trace:duration) <= (2000000000ns) }"
        " | select(span:name)"
    )


def test_no_bound_on_the_spans_shown_is_the_highest() -> None:
    assert search({"spss": "0"}, NOW_US).spans == SPANS_MAX


def test_too_many_tags_are_refused() -> None:
    with pytest.raises(BadValueError, match="at most 50 pairs"):
        search({"tags": "a=b " * (TAGS_MAX + 1)}, NOW_US)


@given(
    st.dictionaries(
        st.sampled_from(("q", "tags", "start", "end", "limit", "spss", "minDuration", "maxDuration")),
        st.one_of(
            st.text(), st.text('a="\\ .{}'), st.integers().map(str), st.sampled_from(("{ }", "1s", "a=b"))
        ),
    )
)
def test_any_query_string_is_a_search_or_an_error(query: dict[str, str]) -> None:
    try:
        asked = search(query, NOW_US)
    except BadValueError:
        return
    assert asked.window.start <= asked.window.end
    assert text(asked.query)
