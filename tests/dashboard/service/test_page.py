from typing import cast

import pytest

from dashboard.components import links
from dashboard.service import page as service
from proxy.contract.api.graph import ServicePage
from tests.dashboard.made import stats


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


def test_rates_are_of_the_time_since_the_first_call() -> None:
    times = [{**stats(0), "time": at} for at in range(8)] + [{**stats(60), "time": at} for at in (8, 9)]
    page = cast(
        ServicePage,
        {
            "service": "a",
            "step": 10,
            "stats": stats(120),
            "points": times,
            "callees": [],
            "callers": [{"name": "b", "protocol": "http", **stats(120)}],
            "operations": [],
            "heatmap": {"buckets": [], "counts": []},
        },
    )
    told = service.since_first(page)
    assert told["stats"]["rate"] == pytest.approx(page["stats"]["rate"] * 10 / 3)
    assert told["callers"][0]["rate"] == told["stats"]["rate"]
    assert told["stats"]["count"] == 120
    assert service.since_first({**page, "points": page["points"][8:]})["stats"] == page["stats"]
