"""The search page: its views, and what is found or refused."""

from dashboard.search.page import tabs
from dashboard.search.search_url import TraceQuery
from tests.dashboard.pages import Pages, text

PAGE = {"url.pathname": "/traces", "zone.data": 0}


def test_the_views_keep_the_query_and_mark_the_one_shown() -> None:
    query = TraceQuery(q="{ status = error }", view="live")
    links = [str(tab) for tab in tabs(query)]
    assert ["current" in link for link in links].count(True) == 1
    assert all("status" in link for link in links)


def test_a_search_shows_what_is_found(pages: Pages) -> None:
    shown = pages.call("found.children", {**PAGE, "url.search": ""}, "url.search")
    assert shown is not None
    assert "trace" in text(shown["found"])
    # Before the browser has sent its zone, times could only be shown wrongly.
    assert pages.call("found.children", {"url.pathname": "/traces"}, "url.search") is None
