"""Every page in light, dark and on a phone: what axe-core calls serious or critical fails."""

from collections.abc import Iterator
from typing import Any, Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.support.dashboard import served
from tests.support.extent import sized
from tests.support.fake_api import routed_shop

pytestmark = pytest.mark.browser

# Nothing is wider than the window; charts take their new width a moment after the window has it.
FITS = """() => [document.querySelector('main'), document.documentElement]
  .every(each => each.scrollWidth <= window.innerWidth)
  && [...document.querySelectorAll('.js-plotly-plot')]
  .every(each => Math.abs(each.querySelector('.main-svg').clientWidth - each.clientWidth) < 2)"""
THEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
WIDTHS = (390, 1024, 1920, 2560)
TRACE = "/traces/4bf92f3577b34da6a3ce929d0e0e4703"
# Path, and what has come when the page is whole.
PAGES = {
    "/": "#fleet .row",
    "/?node=reviews": "#selected-facts .tiles",
    "/traces": "#found tbody tr",
    TRACE: "#trace-view .name",
    "/balancing?service=reviews": "#destination-decisions li",
    "/balancing?service=cart": "#destination-advice .moves li",
    "/service/reviews": "#service-operations tbody tr",
    "/service/nobody": "#service-state .state-title",
    "/nowhere": ".state-title",
}


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    """One dashboard for all pages: none is changed."""
    with routed_shop() as fake, served(fake.url) as url:
        yield url


def serious(page: Page) -> list[str]:
    """What axe-core finds serious or critical: the rule, the element and what is wrong with it."""
    found: dict[str, Any] = Axe().run(page, options={"resultTypes": ["violations"]}).response
    return [
        f"{rule['id']}: {' '.join(map(str, node['target']))}: {node['failureSummary']}"
        for rule in found["violations"]
        if rule["impact"] in ("serious", "critical")
        for node in rule["nodes"]
    ]


def opened(page: Page, site: str, path: str) -> None:
    page.goto(site + path)
    expect(page.locator("#connection")).to_have_text("Live")
    expect(page.locator(PAGES[path]).first).to_be_visible()


@pytest.mark.parametrize("path", PAGES)
def test_every_page_is_accessible_and_fits_its_window(page: Page, site: str, path: str) -> None:
    opened(page, site, path)
    for theme in sized(THEMES, THEMES if path == "/" else (THEMES[list(PAGES).index(path) % 2],)):
        page.emulate_media(color_scheme=theme)
        expect(page.locator("html")).to_have_attribute("data-theme", theme)
        assert serious(page) == []
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 844 if width == 390 else 1000})
        page.wait_for_function(FITS)
    page.goto("about:blank")


@pytest.mark.parametrize("path", ["/balancing?service=reviews", "/service/reviews"])
def test_all_that_can_be_clicked_is_reached_by_tab(page: Page, site: str, path: str) -> None:
    opened(page, site, path)
    wanted = page.evaluate(
        "() => [...document.querySelectorAll('a[href], button, input')]"
        ".filter(e => e.checkVisibility() && !e.disabled && e.type !== 'radio').length"
    )
    seen: set[str] = set()
    for _ in range(wanted + 12):
        page.keyboard.press("Tab")
        seen.add(
            page.evaluate(
                "() => { const e = document.activeElement; e._n = e._n || (window._n = (window._n || 0) + 1);"
                " return e.matches('a[href], button, input:not([type=radio])') ? String(e._n) : ''; }"
            )
        )
    assert len(seen - {""}) >= wanted
    page.goto("about:blank")
