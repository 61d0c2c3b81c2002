import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.query import LOOKBACKS, SORTS, QueryError, TraceQuery

NOW = 1_767_268_800_000_000
QUERIES = st.builds(
    TraceQuery, service=st.text(), operation=st.text(), tags=st.text(), min=st.text(), max=st.text(),
    lookback=st.sampled_from(sorted(LOOKBACKS)), limit=st.integers(1, 1500).map(str),
    sort=st.sampled_from(SORTS), order=st.sampled_from(["asc", "desc"]),
)  # fmt: skip


@given(QUERIES)
def test_every_search_survives_the_url(query: TraceQuery) -> None:
    assert TraceQuery.of_search(query.search()) == query


def test_an_unknown_value_in_the_url_takes_its_default() -> None:
    query = TraceQuery.of_search("?lookback=forever&limit=-3&sort=luck&colour=red&service=cart")
    assert query == TraceQuery(service="cart")


def test_parameters_are_those_of_jaeger() -> None:
    query = TraceQuery(service="cart", tags='error=true http.route="/a b"', min="100 ms", lookback="5m")
    asked = query.parameters(NOW)
    assert json.loads(asked.pop("tags")) == {"error": "true", "http.route": "/a b"}
    assert asked == {"service": "cart", "minDuration": "100ms", "start": str(NOW - 300_000_000),
                     "end": str(NOW),
                     "limit": "50"}


@pytest.mark.parametrize(
    ("query", "fix"),
    [
        (TraceQuery(min="fast"), "Min duration is 'fast'"),
        (TraceQuery(max="10"), "a number and a unit"),
        (TraceQuery(tags="error"), "write key=value"),
        (TraceQuery(tags='a="b'), "quote that is not closed"),
    ],
)
def test_what_cannot_be_sent_names_the_field_and_the_fix(query: TraceQuery, fix: str) -> None:
    with pytest.raises(QueryError, match=fix):
        query.parameters(NOW)


def test_a_second_choice_of_a_column_turns_the_order() -> None:
    once = TraceQuery().sorted_by("duration")
    assert (once.sort, once.order) == ("duration", "desc")
    assert once.sorted_by("duration").order == "asc"
