"""The list of services beside the chosen one."""

from dash import html

from dashboard.balancing.destinations import LISTED, destinations, first
from tests.dashboard.made import node
from tests.dashboard.made_mesh import stage
from tests.dashboard.text import words


def listed(names: list[str], wanted: str) -> tuple[int, str]:
    """Rows shown, and all that is said."""
    drawn = destinations([stage(service=each) for each in names], {}, "", wanted)
    rows = drawn.children[0]
    assert isinstance(rows, html.Ul)
    return len(rows.children), words(drawn)


def test_services_are_found_by_a_part_of_their_name() -> None:
    count, said = listed(["Reviews", "cart", "payment"], " REV ")
    assert count == 1
    assert "Reviews" in said
    count, said = listed(["cart"], "rev")
    assert count == 0
    assert "No service has this name" in said


def test_of_very_many_the_first_are_listed_and_the_rest_counted() -> None:
    count, said = listed([f"svc-{number:04d}" for number in range(LISTED + 7)], "")
    assert count == LISTED
    assert "7 more" in said


def test_a_service_with_ejections_is_opened_first_then_one_with_many_endpoints() -> None:
    stages = [stage(service=name) for name in ("cart", "reviews", "search", "user")]
    nodes = {"reviews": node("reviews", endpoints=2, ejected=1), "search": node("search", endpoints=9)}
    assert first(stages, nodes) == "reviews"
    assert first(stages, {"search": nodes["search"]}) == "search"
    assert first([], nodes) == ""
    assert "1 ejected" in words(destinations(stages, nodes, "cart"))
