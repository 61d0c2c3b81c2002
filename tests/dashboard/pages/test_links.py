from urllib.parse import unquote, urlsplit

from hypothesis import given
from hypothesis import strategies as st

from dashboard.pages import links

NAMES = st.text(min_size=1)


@given(NAMES, NAMES)
def test_any_name_survives_the_url(one: str, other: str) -> None:
    assert links.selection("?" + urlsplit(links.topology(one)).query) == (one,)
    assert links.selection("?" + urlsplit(links.topology(one, other)).query) == (one, other)
    assert links.service("?" + urlsplit(links.balancing(one)).query) == one


@given(NAMES, NAMES, st.integers(1, 10**6))
def test_a_place_in_a_trace_survives_the_url(trace_id: str, span: str, first: int) -> None:
    url = urlsplit(links.trace(trace_id, span, first))
    assert unquote(url.path) == f"/traces/{trace_id}"
    assert links.in_trace("?" + url.query) == (span, first)


def test_nothing_and_nonsense_select_nothing() -> None:
    assert links.selection(None) == ()
    assert links.selection("?from=a") == ()
    assert links.in_trace("?first=-3") == ("", 0)
