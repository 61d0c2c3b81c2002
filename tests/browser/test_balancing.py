"""The balancing page and the page of one service in a real browser."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.support.fake_api import FakeApi, routed_shop

pytestmark = pytest.mark.browser


make_api = routed_shop


def test_routing_shows_its_effect_with_intervals_and_who_turned_it_on(page: Page, site: str) -> None:
    page.set_viewport_size({"width": 1280, "height": 1900})
    page.goto(f"{site}/balancing?service=reviews")
    effect = page.locator("#destination-effect")
    expect(effect).to_contain_text("95 % intervals")
    expect(effect).to_contain_text("more often")
    expect(effect.locator(".differences li")).to_have_count(3)
    interval = effect.locator(".differences .interval").first
    expect(interval).to_have_attribute("aria-label", re.compile("better"))
    expect(page.locator("#destination-now")).to_contain_text("Guard on and watching")
    expect(page.locator("#destination-history tbody tr")).to_contain_text("Ada")


def test_what_advise_would_have_done_is_laid_out_by_endpoint(page: Page, site: str) -> None:
    page.goto(f"{site}/balancing?service=cart")
    advice = page.locator("#destination-advice")
    expect(advice).to_contain_text("Had it been routed")
    expect(advice.locator(".moves li")).to_have_count(1)


def test_ejections_are_shown_over_time_and_decisions_with_their_evidence(page: Page, site: str) -> None:
    page.goto(f"{site}/balancing?service=reviews")
    lanes = page.locator("#destination-states .lanes li")
    expect(lanes).to_have_count(4)  # three endpoints and the ruler
    expect(page.locator("#destination-states .piece.bad")).to_have_count(2)
    first = page.locator("#destination-decisions li").first
    expect(first).to_contain_text("Seen by catalog-1, catalog-2.")
    expect(first.locator(".bars-chart")).to_contain_text("40.83 % of 240")


def test_a_stage_is_changed_by_keyboard_and_keeps_who_did_it(page: Page, site: str, api: FakeApi) -> None:
    page.goto(f"{site}/balancing?service=payment")
    page.locator("#stage-advise").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#stage-advise")).to_have_attribute("aria-pressed", "true")
    page.locator("#stage-ask").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#stage-confirm")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator("#stage-dialog")).to_be_hidden()
    expect(page.locator("#stage-ask")).to_be_focused()
    assert api.stages.get("payment") is None
    page.keyboard.press("Enter")
    page.get_by_label("Your name, for the history").fill("Grace")
    page.keyboard.press("Enter")
    expect(page.locator("#stage-result")).to_contain_text("advise")
    expect(page.locator("#stage-ask")).to_be_focused()
    assert api.stages["payment"] == {"stage": "advise", "percent": 0}
    assert api.changed_by == ["Grace"]


def test_a_panel_that_fails_leaves_the_others_standing(
    page: Page, site: str, api: FakeApi, complaints: list[str]
) -> None:
    page.goto(f"{site}/balancing?service=reviews")
    expect(page.locator("#destination-endpoints tbody tr")).to_have_count(4)
    api.failing = {"/api/mesh/decisions"}
    expect(page.locator("#destination-decisions").get_by_role("alert")).to_contain_text("told to fail")
    expect(page.locator("#destination-endpoints tbody tr")).to_have_count(4)
    api.failing = set()
    expect(page.locator("#destination-decisions li").first).to_be_visible()


def test_the_marks_of_a_service_leave_room_for_its_figures(page: Page, site: str, api: FakeApi) -> None:
    api.stages["reviews"] = {"stage": "route", "percent": 100}
    page.goto(site)
    row = page.locator("#fleet .row").first
    expect(row).to_contain_text("1 ejected")
    expect(row).to_contain_text("route 100 %")
    inside, end = (each.bounding_box() for each in (row, row.locator(".figure").last))
    assert inside
    assert end
    assert end["x"] + end["width"] <= inside["x"] + inside["width"]
    boxes = [chip.bounding_box() for chip in row.locator(".chip").all()]
    figures = row.locator(".row-end").bounding_box()
    assert figures
    assert all(box and box["x"] + box["width"] <= figures["x"] for box in boxes)


def test_a_service_has_a_page_with_everything_about_it(page: Page, site: str) -> None:
    page.set_viewport_size({"width": 1280, "height": 1600})
    page.goto(f"{site}/service/reviews")
    expect(page.get_by_role("heading", level=1)).to_have_text("reviews")
    expect(page).to_have_title("reviews · spanmesh")
    expect(page.locator("#service-about")).to_contain_text("1 of 3 endpoints ejected")
    expect(page.locator("#service-state")).to_contain_text("93.1")
    expect(page.locator("#service-latency .scatterlayer .trace")).to_have_count(3)
    above = page.locator("#service-latency g.legend").bounding_box()
    below = page.locator("#service-latency .scatterlayer").bounding_box()
    assert above
    assert below
    assert above["y"] + above["height"] <= below["y"]
    expect(page.locator("#service-heatmap .heatmaplayer image")).to_have_count(1)
    expect(page.locator("#service-endpoints tbody tr")).to_have_count(4)
    expect(page.locator("#service-callers tbody tr")).to_contain_text("catalog")
    expect(page.locator("#service-callees tbody tr")).to_contain_text("database")
    expect(page.locator("#service-operations tbody tr")).to_have_count(2)
    page.get_by_role("link", name="15 min").click()
    expect(page).to_have_url(re.compile(r"/service/reviews\?span=900$"))
    expect(page.locator(".ranges .current")).to_have_text("15 min")
    page.get_by_role("link", name="catalog").click()
    expect(page).to_have_url(re.compile(r"from=catalog&to=reviews"))


def test_a_service_nobody_calls_says_so(page: Page, site: str) -> None:
    page.goto(f"{site}/service/nobody")
    expect(page.locator("#service-state")).to_contain_text("No calls of this service")
    expect(page.locator("#service-endpoints")).to_contain_text("No endpoint is registered")
    expect(page.locator("#service-operations")).to_contain_text("No spans")
