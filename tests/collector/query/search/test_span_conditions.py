"""A search as SQL: which conditions, and that no value of a user is ever part of the text."""

import re
from math import isfinite

from hypothesis import given
from hypothesis import strategies as st

from collector.query.params import Window
from collector.query.search.span_conditions import Search, conditions, tag_condition, trace_ids

WINDOW = Window(5, 7)


def test_an_empty_search_asks_for_the_window_alone() -> None:
    query = trace_ids(Search(WINDOW))
    assert query.parameters == {"start": 5, "end": 7, "limit": 100}
    assert "ServiceName" not in query.text
    assert "Duration" not in query.text


def test_every_field_is_one_condition() -> None:
    search = Search(WINDOW, "shop", "GET /", (("error", "true"), ("a", "b")), 10, 20, 3)
    assert [each.text.partition(" ")[0] for each in conditions(search)][:5] == [
        "ServiceName",
        "SpanName",
        "Timestamp",
        "Duration",
        "Duration",
    ]
    assert trace_ids(search).parameters == {
        "service": "shop",
        "operation": "GET /",
        "start": 5,
        "end": 7,
        "shortest": 10,
        "longest": 20,
        "key1": "a",
        "value1": "b",
        "limit": 3,
    }


def test_old_and_new_names_find_each_other() -> None:
    old = tag_condition(0, "http.status_code", "500")
    new = tag_condition(0, "http.response.status_code", "500")
    names = ("http.status_code", "http.response.status_code")
    assert old.parameters == {"key0": names[0], "other0": names[1], "value0": "500"}
    assert new.parameters == {"key0": names[1], "other0": names[0], "value0": "500"}
    assert old.text == new.text


def is_number(text: str) -> bool:
    try:
        return isfinite(float(text))
    except ValueError:
        return False


@given(
    st.one_of(st.text(), st.sampled_from(["/", "shop/cart", "/a/b"])),
    st.text(),
    st.lists(st.tuples(st.text(min_size=1), st.text()), max_size=3),
    st.integers(0, 2**60),
    st.integers(0, 2**60),
)
def test_values_are_parameters_and_every_parameter_is_given(
    service: str, operation: str, tags: list[tuple[str, str]], low: int, high: int
) -> None:
    query = trace_ids(Search(WINDOW, service, operation, tuple(tags), low, high, 9))
    assert set(re.findall(r"\{(\w+):[\w()]+\}", query.text)) == query.parameters.keys()
    # The same question about other values has the same text; a number has a text of its own.
    other = tuple((key, ("7" if is_number(value) else "x") if value else "") for key, value in tags)
    if not any(key == "error" for key, _ in tags):
        same_kind = "y/x" if "/" in service else service and "x"
        again = trace_ids(Search(WINDOW, same_kind, operation and "x", other, 1, 2, 3))
        assert again.text == query.text
