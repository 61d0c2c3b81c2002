"""The controls around the graph, its legend, and what they say of an expression."""

import pytest

from dashboard.topology import toolbar
from dashboard.topology.graph_filter import FindError, parse
from dashboard.topology.graph_url import GraphView
from dashboard.topology.subgraph import Matched
from tests.dashboard.text import words


def test_every_control_of_the_url_has_its_element() -> None:
    found = str(toolbar.toolbar(GraphView(find="rt > 5", warn=99.0)))
    for name in ("find", "hide", "focus", "hops", "way", "label", "group", "idle", "warn", "bad", "slow"):
        assert f"view-{name}" in found
    assert "rt > 5" in found
    assert "'99'" in found


def test_the_time_bar_goes_back_plays_and_compares() -> None:
    found = str(toolbar.timebar())
    for part in ("time-live", "time-slider", "time-play", "time-than", "view-span", "view-compare"):
        assert part in found


def test_the_legend_is_of_health_or_of_changes() -> None:
    health = words(toolbar.legend(GraphView(warn=99.5, bad=90, slow=250)))
    assert "≥ 99.5 %" in health
    assert "p99 ≥ 250 ms" in health
    assert "appeared" in words(toolbar.legend(GraphView(compare=3600)))


def test_matches_are_counted() -> None:
    one = Matched(frozenset({"a"}), frozenset())
    assert toolbar.match_note("name ~ a", one, "Found") == "Found 1 node, 0 call paths"
    assert toolbar.match_note("  ", Matched(), "Found") is None


def test_an_error_is_marked_at_its_column() -> None:
    text = "rt >> 5"
    with pytest.raises(FindError) as wrong:
        parse(text)
    said = words(toolbar.match_note(text, Matched(error=wrong.value), "Found"))
    assert f"Column {wrong.value.column}" in said
    assert "rt >" in said
