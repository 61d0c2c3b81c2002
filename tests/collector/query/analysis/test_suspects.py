"""Who explains what callers suffer: own errors and own time, not inherited ones."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.query.analysis.suspects import attributed, ranking
from collector.query.mesh.live_or_stored import EdgeTraffic
from proxy.contract.histogram import Histogram
from proxy.contract.traffic import Protocol
from topology.graph.cells import Cell


def cell(count: int, errors: int = 0, took: float = 0.1) -> Cell:
    histogram = Histogram()
    for _ in range(count):
        histogram.record(took)
    return Cell(histogram, errors)


def side(**edges: Cell) -> EdgeTraffic:
    return EdgeTraffic({(*name.split("_"), "http"): made for name, made in edges.items()}, 60)  # type: ignore[misc]


def test_errors_are_followed_to_where_they_are_made() -> None:
    blame = attributed({("user", "a"): 10, ("a", "b"): 8, ("b", "c"): 8})
    assert blame.total == 10
    assert {name: round(own, 9) for name, own in blame.own.items() if own} == {"a": 2, "c": 8}
    assert blame.inherited == {"a": 8, "b": 8, "c": 0}
    assert blame.paths["c"] == ("user", "a", "b", "c")


def test_a_service_that_hides_errors_makes_none_and_passes_none_on() -> None:
    """b fails 100 times, a retries: callers saw 5, all of them b's."""
    blame = attributed({("user", "a"): 5, ("a", "b"): 100})
    assert (blame.own["a"], blame.own["b"]) == (0, 5)


def test_two_callees_share_what_their_caller_inherited() -> None:
    blame = attributed({("user", "a"): 10, ("a", "b"): 3, ("a", "c"): 1})
    assert {name: blame.own[name] for name in "abc"} == {"a": 6, "b": 3, "c": 1}


def test_a_service_behind_two_entries_is_reached_by_the_busier_path() -> None:
    blame = attributed({("user", "a"): 9, ("cron", "b"): 2, ("a", "c"): 9, ("b", "c"): 2})
    assert blame.own["c"] == 11
    assert blame.paths["c"] == ("user", "a", "c")


@given(
    st.dictionaries(
        st.tuples(st.sampled_from("uabcdef"), st.sampled_from("abcdef")),
        st.floats(0, 1000),
        max_size=20,
    )
)
def test_all_that_is_suffered_is_someones_even_in_circles(weights: dict[tuple[str, str], float]) -> None:
    blame = attributed(weights)
    assert sum(blame.own.values()) == pytest.approx(blame.total)
    for service, path in blame.paths.items():
        assert path[-1] == service
        assert len(set(path)) == len(path)


def test_the_service_with_own_errors_comes_first_and_its_path_is_told() -> None:
    found = ranking(side(user_a=cell(100, 40), a_b=cell(100, 38), b_c=cell(100, 2)), None, 10)
    first = found.services[0]
    assert first["service"] == "b"
    assert first["path"] == ["user", "a", "b"]
    assert first["errors"] == {"own": 36, "inherited": 2, "share": 0.9}
    assert found.callers["errors"] == 40


def test_time_beyond_the_usual_is_what_counts() -> None:
    usual = side(user_a=cell(100, took=0.30), a_b=cell(100, took=0.2), a_c=cell(100, took=0.05))
    now = side(user_a=cell(50, took=0.65), a_b=cell(50, took=0.2), a_c=cell(50, took=0.40))
    found = ranking(now, usual, 10)
    assert found.basis == "excess"
    assert found.callers["time"] == pytest.approx(17_500)
    [only] = found.services
    assert (only["service"], only["path"]) == ("c", ["user", "a", "c"])
    assert only["score"] == pytest.approx(1)
    assert ranking(usual, usual, 10).services == []


def test_with_nothing_to_compare_with_all_time_counts() -> None:
    found = ranking(side(user_a=cell(10, took=0.3), a_b=cell(10, took=0.2)), EdgeTraffic({}, 60), 10)
    assert found.basis == "total"
    assert [each["service"] for each in found.services] == ["b", "a"]
    assert found.services[0]["time"] == pytest.approx({"own": 2000, "inherited": 0, "share": 2 / 3})
    assert [
        each["service"]
        for each in ranking(side(user_a=cell(10, took=0.3), a_b=cell(10, took=0.2)), None, 1).services
    ] == ["b"]


def test_nobody_waits_for_what_a_queue_delivers() -> None:
    cells = {
        ("user", "a", Protocol.HTTP): cell(10, 1, took=0.1),
        ("a", "kafka/orders", Protocol.MESSAGING): cell(10, took=0.01),
        ("kafka/orders", "w", Protocol.MESSAGING): cell(10, 5, took=5),
    }
    found = ranking(EdgeTraffic(cells, 60), None, 10)
    by_name = {each["service"]: each for each in found.services}
    assert by_name["w"]["path"] == ["kafka/orders", "w"]
    assert by_name["a"]["errors"]["own"] == 1
    assert found.callers["errors"] == 6


def test_an_idle_mesh_has_nothing_to_look_at() -> None:
    assert ranking(EdgeTraffic({}, 60), None, 5) == ({"errors": 0, "time": 0}, "total", [])
