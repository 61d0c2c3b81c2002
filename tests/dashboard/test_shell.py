"""The header of every page."""

import pytest

from dashboard.shell import navigation


@pytest.mark.parametrize(
    ("path", "section"),
    [
        ("/", "Topology"),
        (None, "Topology"),
        ("/service/reviews", "Topology"),
        ("/traces", "Traces"),
        ("/traces/4bf9", "Traces"),
        ("/compare", "Traces"),
        ("/aggregate", "Traces"),
        ("/upload", "Traces"),
        ("/balancing", "Balancing"),
        ("/nowhere", None),
    ],
)
def test_the_section_a_page_belongs_to_is_marked(path: str | None, section: str | None) -> None:
    current = [each.children for each in navigation(path) if getattr(each, "aria-current", "") == "page"]
    assert current == ([section] if section else [])
