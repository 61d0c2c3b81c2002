from urllib.parse import unquote, urlsplit

from hypothesis import given
from hypothesis import strategies as st

from dashboard.components import links

NAMES = st.text(min_size=1)


@given(NAMES, NAMES)
def test_any_name_survives_the_url(one: str, other: str) -> None:
    assert links.parse_selection("?" + urlsplit(links.topology(one)).query) == (one,)
    assert links.parse_selection("?" + urlsplit(links.topology(one, other)).query) == (one, other)
    assert links.service("?" + urlsplit(links.balancing(one)).query) == one


@given(NAMES, NAMES, NAMES)
def test_a_place_in_a_trace_survives_the_url(trace_id: str, span: str, find: str) -> None:
    url = urlsplit(links.trace(trace_id, span, find=find))
    assert unquote(url.path) == f"/traces/{trace_id}"
    assert links.parse_trace("?" + url.query) == (span, find)


@given(NAMES, NAMES, st.integers(1, 10**15))
def test_compared_and_aggregated_traces_survive_the_url(one: str, other: str, start: int) -> None:
    url = urlsplit(links.compare(one.strip(), other.strip()))
    assert links.parse_compare("?" + url.query) == (one.strip(), other.strip())
    window = (start, start + 1)
    assert links.parse_aggregate("?" + urlsplit(links.aggregate(one, other, window)).query) == (
        one,
        other,
        window,
    )


def test_nothing_and_nonsense_select_nothing() -> None:
    assert links.parse_selection(None) == ()
    assert links.parse_selection("?from=a") == ()
    assert links.parse_trace("?first=-3") == ("", "")
    assert (
        links.parse_aggregate("?start=9&end=3") == links.parse_aggregate("?start=x&end=²") == ("", "", (0, 0))
    )
