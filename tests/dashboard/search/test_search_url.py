import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.search import form_model
from dashboard.search.form_model import FormError
from dashboard.search.search_url import LIMITS, LOOKBACKS, SORTS, TraceQuery

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
QUERIES = st.builds(
    TraceQuery,
    q=TEXT,
    service=TEXT,
    operation=TEXT,
    tags=TEXT,
    min=TEXT,
    max=TEXT,
    status=st.sampled_from(form_model.STATUSES),
    lookback=st.sampled_from(sorted(LOOKBACKS)),
    limit=st.sampled_from(LIMITS).map(str),
    sort=st.sampled_from(SORTS),
    order=st.sampled_from(["asc", "desc"]),
    view=st.sampled_from(["", "different", "live"]),
    after=TEXT,
    page=st.integers(1, 99).map(str),
    low=TEXT,
    high=TEXT,
)


@given(QUERIES)
def test_every_search_survives_the_url(query: TraceQuery) -> None:
    assert TraceQuery.of_search(query.search()) == query


def test_an_unknown_value_in_the_url_takes_its_default() -> None:
    query = TraceQuery.of_search(
        "?lookback=forever&limit=-3&sort=luck&colour=red&service=cart&page=0&view=x&start=5&end=4&status=bad"
    )
    assert query == TraceQuery(service="cart")


def test_a_search_asks_in_traceql_whoever_wrote_it() -> None:
    query = TraceQuery(service="cart", tags="error=true", sort="service", order="asc")
    assert query.parameters() == {
        "q": '{ resource.service.name = "cart" && status = error }',
        "lookback": "1h",
        "order": "services",
        "dir": "asc",
        "limit": "50",
        "cursor": "",
    }
    assert TraceQuery(q="{ } && { }", service="cart").line == "{ } && { }"
    window = TraceQuery(start="1000", end="2000").parameters()
    assert (window["start"], window["end"], "lookback" in window) == ("1000", "2000", False)


def test_a_form_in_the_url_that_says_nothing_is_told() -> None:
    with pytest.raises(FormError, match="At least is 'fast'"):
        TraceQuery(min="fast").parameters()


@pytest.mark.parametrize("line", ['{ name = "a" && .b = 1 }', "{ } && { }", "", "{ nonsense"])
def test_a_query_line_becomes_the_search(line: str) -> None:
    query = TraceQuery(service="old", after="x", page="2", limit="20").for_line(line)
    assert (query.line, query.limit, query.after, query.page) == (line, "20", "", "1")
    assert query.form == form_model.form(line)


def test_a_second_choice_of_a_column_turns_the_order_and_begins_anew() -> None:
    once = TraceQuery(after="x", page="2").sorted_by("duration")
    assert (once.sort, once.order, once.after, once.page) == ("duration", "desc", "", "1")
    assert once.sorted_by("duration").order == "asc"
    assert once.sorted_by("root").order == "asc"


@given(st.lists(st.text("abc123", min_size=1, max_size=5), min_size=1, max_size=19))
def test_pages_go_back_the_way_they_came(cursors: list[str]) -> None:
    pages = [TraceQuery(service="cart")]
    for cursor in cursors:
        pages.append(pages[-1].next_page(cursor))
        assert pages[-1].parameters()["cursor"] == cursor
    for at in range(len(pages) - 1, 0, -1):
        assert pages[at].previous_page() == pages[at - 1]
    assert pages[0].previous_page() is None


def test_the_address_stays_short_however_far_one_goes() -> None:
    query = TraceQuery()
    for _ in range(500):
        query = query.next_page("c" * 140)
    assert len(query.search()) < 4000
    assert query.page == "501"
    for _ in range(19):
        back = query.previous_page()
        assert back is not None
        query = back
    assert query.previous_page() is None  # the first page is a link of its own


def test_what_is_compared() -> None:
    of_service = TraceQuery(service="cart", view="different")
    assert of_service.comparison_parameters() == {
        "selection": "errors",
        "q": "",
        "lookback": "1h",
        "service": "cart",
        "operation": "",
    }
    narrow = TraceQuery(service="cart", tags="zone=a", selection="slow").comparison_parameters()
    assert narrow["q"] == '{ resource.service.name = "cart" && .zone = "a" }'
    assert narrow["service"] == "cart"
    box = TraceQuery(
        service="cart", selection="slow", low="5ms", high="9ms", start="1", end="2"
    ).comparison_parameters()
    assert box == {
        "selection": "slow",
        "q": '{ resource.service.name = "cart" }',
        "start": "1",
        "end": "2",
        "min_duration": "5ms",
        "max_duration": "9ms",
    }
