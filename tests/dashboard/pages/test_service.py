import pytest

from dashboard.pages import links, service


@pytest.mark.parametrize("span", service.SPANS)
def test_viewers_of_one_moment_ask_the_same(span: int) -> None:
    start, end, step = service.window(1003.2, span)
    assert service.window(1004.9, span) == (start, end, step)
    assert end - start == span * 1_000_000
    assert 60 <= span / step <= 100


@pytest.mark.parametrize("search", [None, "", "?span=7", "?span=x", "?span=" + "9" * 400])
def test_an_unknown_time_range_is_an_hour(search: str | None) -> None:
    assert links.span(search, service.SPANS, service.SPAN) == 3600


def test_a_known_time_range_is_kept() -> None:
    assert links.span("?span=900", service.SPANS, service.SPAN) == 900
