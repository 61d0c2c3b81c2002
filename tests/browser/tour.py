"""A walk through every page on live data, for the test of it and for the pictures of the README."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.support.demo import EDGES, Demo, until

SERVICES = {name for pair in EDGES for name in pair}
# Where a node is drawn, in pixels of the page.
PLACE = """name => {
  const node = window.cy.nodes().filter(one => one.data('name') === name)[0];
  const frame = window.cy.container().getBoundingClientRect(), at = node.renderedPosition();
  return [frame.x + at.x, frame.y + at.y];
}"""
Picture = Callable[[str], object]


def place(page: Page, name: str) -> tuple[float, float]:
    """Where a node of the graph is drawn."""
    x, y = page.evaluate(PLACE, name)
    return x, y


def topology(page: Page, site: str, picture: Picture) -> None:
    """The graph shows the whole shop; a click on a node opens its charts."""
    page.goto(site)
    page.wait_for_function(
        "names => window.cy && names.every(name => window.cy.nodes().some(n => n.data('name') === name))",
        arg=sorted(SERVICES),
    )
    page.wait_for_function("() => window.cy.scratch('_shown')")
    expect(page.locator("#fleet .row").first).to_be_visible()
    picture("topology")
    page.mouse.click(*place(page, "reviews"))
    expect(page.locator("#panel .panel-head h2")).to_have_text("reviews")
    expect(page.locator("#chart-latency .scatterlayer .trace")).to_have_count(3)
    expect(page.locator("#chart-histogram .bars .point").first).to_be_visible()
    picture("topology-node")


def search_and_trace(page: Page, site: str, picture: Picture) -> None:
    """A search finds traces of the checkout; one opens as a waterfall across all its hops."""
    page.goto(f"{site}/traces")
    page.locator("#find-service").fill("checkout")
    page.locator("#find").click()
    expect(page).to_have_url(re.compile(r"service=checkout"))
    whole = page.locator("#found tbody tr", has_text="frontend GET /checkout/{id}").first
    expect(whole).to_be_visible()
    expect(page.locator("#found .matched").first).to_be_visible()  # and not the list that was there before
    expect(page.locator("#scatter .scatterlayer .trace").first.locator("path.point").first).to_be_visible()
    picture("search")
    whole.click()
    expect(page).to_have_url(re.compile(r"/traces/[0-9a-f]{32}$"))
    expect(page.locator(".span-row").nth(10)).to_be_attached()  # 11 spans over six services
    page.locator(".span-row").nth(2).click()
    expect(page.locator("#span-details")).to_contain_text("http.response.status_code")
    picture("trace")


def service(page: Page, site: str, picture: Picture) -> None:
    """The page of reviews has its latency over time, its endpoints, callers and operations."""
    page.goto(f"{site}/service/reviews?span=900")
    expect(page.locator("#service-heatmap .heatmaplayer image")).to_have_count(1)
    expect(page.locator("#service-endpoints tbody tr").nth(2)).to_be_visible()
    expect(page.locator("#service-callers tbody tr").first).to_contain_text("frontend")
    expect(page.locator("#service-operations tbody tr").first).to_be_visible()
    picture("service")


def turn_on(page: Page, site: str, picture: Picture) -> None:
    """The stage switch lets the mesh route to reviews, after a confirmation."""
    page.goto(f"{site}/balancing?service=reviews")
    expect(page.locator("#destination-endpoints")).to_contain_text("ejected")
    page.locator("#stage").get_by_text("route").click()
    page.locator("#stage-percent").fill("50")
    page.locator("#stage-ask").click()
    page.locator("#stage-confirm").click()
    expect(page.locator("#stage-result")).to_contain_text("route 50 %")
    expect(page.locator("#destinations .chosen")).to_contain_text("route 50 %")
    expect(page.locator("#destination-effect")).to_contain_text("95 % intervals")
    expect(page.locator("#destination-history")).to_contain_text("over the API")
    picture("balancing")


def effect(page: Page, site: str, picture: Picture) -> None:
    """What routing did: routed against direct, the decisions, and who turned it on."""
    page.goto(f"{site}/balancing?service=reviews")
    expect(page.locator("#destination-effect .differences li")).to_have_count(3)
    expect(page.locator("#destination-decisions li").first).to_be_visible()
    picture("balancing")


@contextmanager
def failing_instance(demo: Demo) -> Iterator[None]:
    """One of the three instances of reviews fails for the time of the block, and was ejected."""
    bad = demo.endpoints("reviews")[0]
    demo.fault(bad["app"], "fail")
    try:
        until(lambda: any(e["state"] == "ejected" for e in demo.endpoints("reviews")), 120, "an ejection")
        yield
    finally:
        demo.fault(bad["app"], "")
        demo.set_stage("reviews", "observe")


def keep(page: Page, folder: Path, *only: str) -> Picture:
    """A picture is a PNG of the page in ``folder``; of ``only`` these names where some are given."""

    def picture(name: str) -> None:
        if only and name not in only:
            return
        folder.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=folder / f"{name}.png")

    return picture
