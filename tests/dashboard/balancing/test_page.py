"""The frame of the page, and how far back its strips go."""

from dashboard.balancing.page import WINDOWS_US, frame, layout, window
from tests.dashboard.made_mesh import decision, stage
from tests.dashboard.text import words

NOW = 10 * WINDOWS_US[-1]


def test_strips_are_as_long_as_what_was_decided_asks_for() -> None:
    recent = decision("eject", "a", NOW - WINDOWS_US[0] + 1)
    older = decision("eject", "a", NOW - WINDOWS_US[0] - 1)
    assert window([recent], NOW) == WINDOWS_US[0]
    assert window([recent, older], NOW) == WINDOWS_US[1]
    assert window([], NOW) == WINDOWS_US[1]


def test_the_frame_names_every_panel_before_it_is_filled() -> None:
    said = words(layout("")) + words(frame("reviews", stage()))
    for title in ("Balancing", "Endpoints", "Ejections over time", "Direct against routed", "Decisions"):
        assert title in said
    assert "Changes of the stage" in words(frame("reviews", None))
