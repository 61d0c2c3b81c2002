"""The list of services beside a destination, and how far back its strips go."""

from dash import html

from dashboard.balancing.page import LISTED, WINDOWS_US, destinations, window
from tests.dashboard.balancing.test_effect import words
from tests.dashboard.made_mesh import decision, stage

NOW = 10 * WINDOWS_US[-1]


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


def test_strips_are_as_long_as_what_was_decided_asks_for() -> None:
    recent = decision("eject", "a", NOW - WINDOWS_US[0] + 1)
    older = decision("eject", "a", NOW - WINDOWS_US[0] - 1)
    assert window([recent], NOW) == WINDOWS_US[0]
    assert window([recent, older], NOW) == WINDOWS_US[1]
    assert window([], NOW) == WINDOWS_US[1]
