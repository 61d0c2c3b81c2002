"""Every page in a real browser on the data of a running demo; screenshots are kept and worth a look."""

import pytest
from playwright.sync_api import Page

from tests.browser import tour
from tests.browser.conftest import ARTIFACTS
from tests.support.demo import EDGES, Demo, until

pytestmark = pytest.mark.browser


@pytest.fixture
def picture(page: Page, demo: Demo) -> tour.Picture:
    until(lambda: demo.edges().keys() >= EDGES, 60, "traffic on every edge")
    return tour.keep(page, ARTIFACTS / "live")


def test_the_topology_is_live_and_a_node_opens(page: Page, demo: Demo, picture: tour.Picture) -> None:
    tour.topology(page, demo.dashboard, picture)


def test_a_search_leads_to_a_whole_trace(page: Page, demo: Demo, picture: tour.Picture) -> None:
    tour.search_and_trace(page, demo.dashboard, picture)


def test_a_service_has_its_page(page: Page, demo: Demo, picture: tour.Picture) -> None:
    tour.service(page, demo.dashboard, picture)


def test_a_stage_is_turned_on_from_the_page(page: Page, demo: Demo, picture: tour.Picture) -> None:
    with tour.failing_instance(demo):
        tour.turn_on(page, demo.dashboard, picture)
        stages = {entry["service"]: entry for entry in demo.get("/api/mesh/stages")["stages"]}
        assert (stages["reviews"]["stage"], stages["reviews"]["percent"]) == ("route", 50)
