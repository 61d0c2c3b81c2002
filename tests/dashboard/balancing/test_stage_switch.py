import pytest

from dashboard.balancing.stage_switch import question


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
