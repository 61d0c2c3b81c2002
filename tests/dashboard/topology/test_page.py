"""The topology page's answers to the browser: a whole graph first, then what changed, and its file."""

import json

from tests.dashboard.pages import Pages, text

SEARCH = "url.search"


def test_a_page_just_opened_gets_the_whole_graph_and_its_summary(pages: Pages) -> None:
    found = pages.call("picture.data", {SEARCH: ""}, SEARCH)
    assert found is not None
    picture = json.loads(found["picture"]["data"])
    assert {row[0] for row in picture["nodes"]} >= {"frontend", "reviews", "database"}
    assert len(picture["edges"]) == 11
    assert found["graph-state"]["children"] is None
    summary = text(found["graph-summary"]["children"])
    assert "call paths" in summary
    assert "ejected" in summary


def test_a_browser_that_draws_the_graph_gets_figures_without_the_skeleton(pages: Pages) -> None:
    whole = pages.call("picture.data", {SEARCH: ""}, SEARCH)
    assert whole is not None
    picture = json.loads(whole["picture"]["data"])
    held = {"key": picture["key"], "version": picture["version"], "count": len(picture["nodes"])}
    found = pages.call(
        "picture.data", {SEARCH: "", "held.data": held, "tick.n_intervals": 5}, "tick.n_intervals"
    )
    assert found is not None
    if "picture" in found:  # unless no figure has changed
        assert "nodes" not in json.loads(found["picture"]["data"])


def test_while_the_browser_draws_a_beat_asks_nothing(pages: Pages) -> None:
    values = {SEARCH: "", "held.data": {"drawing": True}, "tick.n_intervals": 1}
    assert pages.call("picture.data", values, "tick.n_intervals") is None


def test_what_is_found_is_counted_and_a_wrong_expression_marked(pages: Pages) -> None:
    found = pages.call("picture.data", {SEARCH: "?find=name+~+cart&hide=rt+%3E"}, SEARCH)
    assert found is not None
    assert found["said-find"]["children"] == "Found 1 node, 0 call paths"
    assert "Column" in text(found["said-hide"]["children"])


def test_the_graph_is_a_file_of_its_view(pages: Pages) -> None:
    found = pages.call(
        "graph-file.data",
        {"export-json.n_clicks": 1, SEARCH: "?focus=reviews&hops=1"},
        "export-json.n_clicks",
    )
    assert found is not None
    file = json.loads(found["graph-file"]["data"]["content"])
    assert file["view"] == "?focus=reviews&hops=1"
    assert {node["name"] for node in file["nodes"]} == {"catalog", "reviews", "database"}


def test_the_legend_follows_the_view(pages: Pages) -> None:
    found = pages.call("legend.children", {SEARCH: "?compare=3600"}, SEARCH)
    assert found is not None
    assert "vanished" in text(found["legend"]["children"])
