"""The live tail: what came on top, each trace once, and a pause."""

import time
from typing import Any

from dashboard.search.live_tail import fresh, layout, overlooked
from dashboard.search.search_url import TraceQuery
from proxy.contract.api.search import TraceLine
from tests.dashboard.pages import Pages, text
from tests.dashboard.search.lines import line
from tests.dashboard.text import words
from tests.support.fake_api import FakeApi

SEARCH = "url.search"
EMPTY = {"ids": [], "missed": 0}
FOLLOWING = {SEARCH: "?view=live", "tail-seen.data": EMPTY, "tail-paused.data": False, "zone.data": 0}


def lines(*ids: str) -> list[TraceLine]:
    return [line(each) for each in ids]


def test_the_live_tail_shows_each_trace_once_and_says_what_it_left_out() -> None:
    assert [each["traceId"] for each in fresh(lines("c", "b", "a"), ["b", "a"])] == ["c"]
    assert not overlooked(lines("c", "b"), ["b"], more=True)
    assert not overlooked(lines("d", "c"), [], more=True)
    assert overlooked(lines("d", "c"), ["a"], more=True)
    assert not overlooked(lines("d", "c"), ["a"], more=False)


def test_an_empty_list_says_what_it_waits_for() -> None:
    assert "Waiting for traces of all services" in words(layout(TraceQuery()))
    assert "that match the query" in words(layout(TraceQuery(q="{ status = error }")))


class Tail(FakeApi):
    """A query API with two traces of just now, and a third after the first question."""

    def answer(self, method: str, target: str, body: Any) -> tuple[int, dict[str, Any]]:
        if not target.startswith("/api/mesh/search?"):
            return super().answer(method, target, body)
        now = int(time.time() * 1e6)
        ids = ["c", "b", "a"] if "search" in self.asked else ["b", "a"]
        self.asked.append("search")
        whole = {"next": None, "partial": False, "order": "start", "dir": "desc"}
        traces = [line(each, start=now) for each in ids]
        return 200, {"traces": traces, "window": {"start": 0, "end": now}, **whole}


def test_a_trace_is_put_on_top_once() -> None:
    with Tail() as fake:
        first = Pages(fake.url).call("tail-rows.children", FOLLOWING, "tick.n_intervals")
        assert first is not None
        seen = first["tail-seen"]["data"]
        assert seen["ids"] == ["b", "a"]
        assert first["tail-state"]["children"] == "2 traces shown, the newest first"
        later = Pages(fake.url)  # another dashboard: one shares replies for a moment
        again = later.call("tail-rows.children", {**FOLLOWING, "tail-seen.data": seen}, "tick.n_intervals")
        assert again is not None
        assert again["tail-seen"]["data"]["ids"] == ["c", "b", "a"]
        assert text(again["tail-rows"]).count("row-link") == 1


def test_a_paused_tail_asks_nothing(pages: Pages) -> None:
    assert (
        pages.call("tail-rows.children", {**FOLLOWING, "tail-paused.data": True}, "tick.n_intervals") is None
    )


def test_the_button_pauses_and_resumes(pages: Pages) -> None:
    values = {
        "tail-pause.n_clicks": 1,
        "tail-paused.data": False,
        "tail-seen.data": {"ids": ["a"], "missed": 0},
    }
    paused = pages.call("tail-paused.data", values, "tail-pause.n_clicks")
    assert paused is not None
    assert paused["tail-paused"]["data"] is True
    assert paused["tail-pause"]["children"] == "Resume"
    resumed = pages.call("tail-paused.data", {**values, "tail-paused.data": True}, "tail-pause.n_clicks")
    assert resumed is not None
    assert resumed["tail-pause"]["children"] == "Pause"
