"""The looks of the graph: every kind, health and change has one, and contrast holds in both themes."""

import pytest

from dashboard.components import palette
from dashboard.topology.figure import SHAPES
from dashboard.topology.stylesheet import stylesheet


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_class_that_is_sent_has_a_style(theme: str) -> None:
    selectors = {rule["selector"] for rule in stylesheet(theme)}
    wanted = {f"node.{kind}" for kind in SHAPES}
    wanted |= {f"{what}.{health}" for what in ("node", "edge") for health in palette.COLOUR}
    wanted |= {"node.chosen", "edge.chosen", "node.path", "edge.path", "node.cursor", ".dim", ".hidden"}
    wanted |= {"edge.encrypted", "edge.partly", "node.vanished", "edge.broke"}
    assert wanted <= selectors


def test_what_is_chosen_comes_last_so_that_nothing_hides_it() -> None:
    selectors = [rule["selector"] for rule in stylesheet("light")]
    assert selectors[-2:] == ["node.chosen", "edge.chosen"]


def luminance(colour: str) -> float:
    def linear(part: str) -> float:
        value = int(part, 16) / 255
        return value / 12.92 if value <= 0.03928 else float(((value + 0.055) / 1.055) ** 2.4)

    red, green, blue = (linear(colour[at : at + 2]) for at in (1, 3, 5))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_names_are_read_easily_on_their_nodes(theme: str) -> None:
    """WCAG 2.2, 1.4.3: a contrast of 4.5 at least."""
    (style,) = (rule["style"] for rule in stylesheet(theme) if rule["selector"] == "node")
    one, other = sorted((luminance(style["color"]), luminance(style["background-color"])))
    assert (other + 0.05) / (one + 0.05) >= 4.5
