"""``make screenshots``: the pictures of the README, from a live demo with a failing instance."""

import tempfile
import time
from pathlib import Path

from playwright.sync_api import sync_playwright

from tests.browser import tour
from tests.browser.conftest import ARGS, CHROMIUM
from tests.support.demo import EDGES, running, until

DOCS = Path(__file__).parents[2] / "docs"
SETTLED = 45.0  # seconds of traffic, so that the charts show some


def main() -> None:
    with (
        tempfile.TemporaryDirectory() as data,
        running(Path(data)) as demo,
        sync_playwright() as driver,
    ):
        until(lambda: demo.edges().keys() >= EDGES, 60, "traffic on every edge")
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=ARGS)
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        with tour.failing_instance(demo):
            time.sleep(SETTLED)
            picture = tour.keep(page, DOCS, "topology-node", "trace", "service", "balancing")
            tour.topology(page, picture)
            tour.search_and_trace(page, picture)
            tour.service(page, picture)
            page.set_viewport_size({"width": 1280, "height": 1300})
            tour.turn_on(page, picture)
        browser.close()


if __name__ == "__main__":
    main()
