"""The form that changes a stage, and the question it asks."""

import pytest

from dashboard.balancing.stage_switch import layout, question
from tests.dashboard.made_mesh import stage
from tests.dashboard.text import words


@pytest.mark.parametrize(
    ("stage", "percent", "words"),
    [
        ("route", 25, "25 % of the requests to reviews? The other 75 % go as before"),
        ("route", 100, "100 % of the requests to reviews?"),
        ("advise", 0, "what the mesh would have done"),
        ("observe", 0, "Routing stops at once"),
    ],
)
def test_a_change_is_asked_in_words(stage: str, percent: int, words: str) -> None:
    assert words in question("reviews", stage, percent)


def test_the_form_offers_every_stage_and_asks_before_it_changes_one() -> None:
    said = words(layout(stage()))
    for text in ("observe", "advise", "route", "% of requests", "Change…", "Confirm", "Cancel"):
        assert text in said
    assert words(layout(None)) == said
