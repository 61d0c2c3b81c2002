"""``make screenshots``: the pictures of the README, from a live demo with a failing instance."""

import tempfile
import time
from pathlib import Path

from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.browser import tour
from tests.browser.conftest import ARGS, CHROMIUM
from tests.support.demo import EDGES, running, until

DOCS = Path(__file__).parents[2] / "docs"
WELL = 60.0  # seconds of traffic before anything fails, so that charts show what was usual
FAILING = 40.0  # and after it
ROUTED = 60.0  # what the effect is measured over
WIDTH, HEIGHT = 1440, 900
# On a machine that does other things as well a chart takes its time.
LIMIT = 120_000.0  # milliseconds


def main() -> None:
    with (
        tempfile.TemporaryDirectory() as data,
        running(Path(data)) as demo,
        sync_playwright() as driver,
    ):
        until(lambda: demo.edges().keys() >= EDGES, 180, "traffic on every edge")
        time.sleep(WELL)
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=ARGS)
        with tour.failing_instance(demo):
            time.sleep(FAILING)
            take(browser, demo.dashboard)
        browser.close()


def take(browser: Browser, site: str) -> None:
    """Every page in light, the topology in dark as well."""
    page = opened(browser)
    picture = tour.keep(page, DOCS, "topology-node", "search", "trace", "service")
    tour.topology(page, site, picture)
    tour.search_and_trace(page, site, picture)
    page.set_viewport_size({"width": WIDTH, "height": 1100})
    tour.service(page, site, picture)
    tour.turn_on(page, site, lambda _: None)
    time.sleep(ROUTED)
    page.set_viewport_size({"width": WIDTH, "height": 1500})
    tour.effect(page, site, tour.keep(page, DOCS))
    page.emulate_media(color_scheme="dark")
    page.set_viewport_size({"width": WIDTH, "height": HEIGHT})
    tour.topology(
        page,
        site,
        lambda name: page.screenshot(path=DOCS / f"{name}-dark.png") if name == "topology-node" else None,
    )


def opened(browser: Browser) -> Page:
    page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT}, color_scheme="light")
    page.set_default_timeout(LIMIT)
    expect.set_options(timeout=LIMIT)
    return page


if __name__ == "__main__":
    main()
