"""Search results in a real browser: traces chosen for a comparison, the delay of the list, times in words."""

import datetime
import re
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.support.fake_api import FakeApi

pytestmark = pytest.mark.browser


def test_two_ticked_traces_are_compared_and_an_operation_is_seen_as_one_tree(page: Page, traces: str) -> None:
    page.goto(f"{traces}?limit=20")
    picked, boxes = page.locator("#picked"), page.get_by_role("checkbox")
    expect(picked).to_have_text("Choose two traces to compare them.")
    boxes.nth(1).click()
    expect(picked).to_contain_text("and another one")
    page.get_by_role("link", name="Next").click()
    expect(page.locator("#found .pager")).to_contain_text("Page 2")
    expect(picked).to_contain_text("and another one")  # of the page before
    boxes.nth(3).focus()
    page.keyboard.press("Space")
    picked.get_by_role("link", name="Compare").click()
    expect(page).to_have_url(re.compile(r"/compare\?a=[0-9a-f]{32}&b=[0-9a-f]{32}$"))
    expect(page.locator("#compare-view tbody tr").first).to_be_visible()
    expect(page.locator("#navigation .current")).to_have_text("Traces")
    page.go_back()
    expect(boxes.nth(3)).to_be_checked()
    picked.get_by_role("button", name="Clear").click()
    expect(boxes.nth(3)).not_to_be_checked()
    page.get_by_role("link", name="All of frontend GET /product/{id} as one tree").click()
    expect(page.locator("#aggregate-operation")).to_have_value("GET /product/{id}")
    expect(page).to_have_url(re.compile(r"start=\d+&end=\d+$"))


def test_a_store_that_is_behind_is_said(page: Page, traces: str, api: FakeApi) -> None:
    api.behind = 430
    said = "The store is 7 min behind"
    page.goto(f"{traces}?service=nobody")
    expect(page.locator("#found .notice")).to_contain_text(said)
    page.goto(f"{traces}?service=nobody&view=live")
    expect(page.locator("#tail-problem")).to_contain_text(said)
    page.goto(f"{traces}?service=nobody&sort=duration")
    expect(page.locator("#found")).to_contain_text("No trace matches")
    expect(page.locator("#found .notice")).to_have_count(0)


# Berlin's clocks went back from UTC+2 to UTC+1 at 01:00 UTC of that day, New York's a week later.
@pytest.mark.parametrize(
    ("place", "offset"),
    [
        ("Europe/Berlin", "UTC+2 to 04:00:00 UTC+1"),
        ("America/New_York", "UTC−4"),
        ("Asia/Kolkata", "UTC+5:30"),
    ],
)
def test_times_around_a_change_of_clocks_have_the_offset_of_then(
    chromium: Browser, traces: str, place: str, offset: str
) -> None:
    context = chromium.new_context(timezone_id=place, viewport={"width": 1280, "height": 800})
    page = context.new_page()
    page.clock.install(time=datetime.datetime(2026, 10, 25, 12, tzinfo=datetime.UTC))
    start, end = 1_792_886_400_000_000, 1_792_897_200_000_000  # 00:00 to 03:00 UTC
    page.goto(f"{traces}?start={start}&end={end}")
    expect(page.locator("#found")).to_contain_text(offset)
    begin, until = page.locator("#find-from").input_value(), page.locator("#find-to").input_value()
    zone = ZoneInfo(place)
    read = [datetime.datetime.fromisoformat(text).replace(tzinfo=zone).timestamp() for text in (begin, until)]
    assert [round(each * 1e6) for each in read] == [start, end]
    page.locator("#find-service").fill("cart")  # the same times again: nothing moves
    page.locator("#find-service").press("Enter")
    expect(page).to_have_url(re.compile(rf"service=cart&start={start}&end={end}$"))
    context.close()
