"""The traces' page in a real browser: search, completion, what is different, live tail."""

import copy
import re
import time
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.support.dashboard import served
from tests.support.fake_api import FakeApi

pytestmark = pytest.mark.browser

HOSTILE = "<script>window.hit = 1</script>"
CART = '{ resource.service.name = "cart" }'


def test_form_and_query_stay_in_step(page: Page, traces: str) -> None:
    page.goto(traces)
    line = page.locator("#find-q")
    page.locator("#find-service").fill("cart")
    expect(line).to_have_value(CART)
    page.locator("#find-min").fill("5ms")
    expect(line).to_have_value('{ resource.service.name = "cart" && duration >= 5ms }')
    line.fill('{ name = "GET cart" && .http.route != "a b" }')
    expect(page.locator("#find-operation")).to_have_value("GET cart")
    expect(page.locator("#find-tags")).to_have_value('http.route!="a b"')
    expect(page.locator("#find-service")).to_have_value("")
    line.fill("{ status = error } | count() > 2")
    expect(page.locator("#find-note")).to_contain_text("This query cannot be shown in the form")
    expect(page.locator("#find-service")).to_be_disabled()
    line.fill("{ status = error }")
    expect(page.locator("#find-service")).to_be_enabled()
    expect(page.locator("#find-status")).to_contain_text("error")


def test_a_search_is_a_link_and_says_what_matched(page: Page, traces: str) -> None:
    page.goto(traces)
    rows = page.locator("#found tbody tr")
    expect(rows).to_have_count(40)
    page.locator("#find-service").fill("payment")
    page.locator("#find-tags").fill("error=true")
    page.locator("#find").click()
    expect(page).to_have_url(re.compile(r"/traces\?service=payment&status=error$"))
    expect(page.locator("#found")).to_contain_text("No trace matches")
    page.goto(f"{traces}?service=payment")
    expect(rows.first).to_contain_text("1 span matches:")
    many = rows.count()
    assert 0 < many < 40
    page.reload()
    expect(rows).to_have_count(many)
    expect(page.locator("#find-service")).to_have_value("payment")
    page.locator(".matched-span").first.click()
    expect(page).to_have_url(re.compile(r"/traces/[0-9a-f]{32}\?span="))


def test_a_search_at_once_takes_what_was_typed(page: Page, traces: str) -> None:
    page.goto(traces)
    page.locator("#find-service").fill("cart")
    page.locator("#find-service").press("Enter")
    expect(page).to_have_url(re.compile(r"/traces\?service=cart$"))
    page.locator("#find-q").fill("{ status = error } && { duration >= 1us }")
    page.locator("#find-q").press("Enter")
    expect(page).to_have_url(re.compile(r"/traces\?q="))
    page.go_back()
    expect(page.locator("#find-q")).to_have_value(CART)
    expect(page.locator("#find-fields")).to_be_enabled()


def test_an_error_of_a_query_is_shown_at_its_column(page: Page, traces: str) -> None:
    page.goto(traces)
    page.locator("#find-q").fill('{ duration > "x" }')
    page.locator("#find-q").press("Enter")
    said = page.locator("#query-problem")
    expect(said).to_contain_text("Column 14: a duration is compared with a string")
    assert page.locator(".query-problem").inner_text().split("\n") == ['{ duration > "x" }', " " * 13 + "^^^"]
    expect(page.locator(".query-problem mark")).to_have_text('"x"')
    expect(page.locator("#found")).to_contain_text("cannot be run")
    page.locator("#find-q").fill("")
    page.locator("#find-q").press("Enter")
    expect(said).to_be_empty()


def test_a_bad_field_is_said_at_the_form(page: Page, traces: str) -> None:
    for field, value, fix in (
        ("find-min", "fast", "write a number and a unit"),
        ("find-tags", "error", "write key=value"),
    ):
        page.goto(traces)
        page.locator(f"#{field}").fill(value)
        page.locator(f"#{field}").press("Enter")
        expect(page.locator("#find-problem")).to_contain_text(fix)
        expect(page).to_have_url(traces)


def test_a_query_line_is_completed_by_keyboard(page: Page, traces: str) -> None:
    page.goto(traces)
    line, offers = page.locator("#find-q"), page.locator("#find-list li")
    line.press_sequentially("{ resource.s")
    expect(offers.first).to_contain_text("service.name")
    line.press("ArrowDown")
    expect(offers.first).to_have_attribute("aria-selected", "true")
    expect(line).to_have_attribute("aria-activedescendant", "find-option-0")
    line.press("Enter")
    expect(line).to_have_value("{ resource.service.name ")
    line.press_sequentially("= pay")
    expect(offers.first).to_contain_text("payment")
    line.press("Tab")
    expect(line).to_have_value('{ resource.service.name = "payment" ')
    line.press_sequentially("&& name = ")
    expect(offers.first).to_contain_text("POST /charge")
    line.press("Escape")
    expect(page.locator("#find-list")).to_be_hidden()
    expect(page).to_have_url(traces)


def test_fields_of_the_form_are_completed(page: Page, traces: str) -> None:
    page.goto(traces)
    page.locator("#find-service").press_sequentially("rev")
    option = page.locator("#find-list li")
    expect(option).to_contain_text("reviews")
    option.click()
    expect(page.locator("#find-q")).to_have_value('{ resource.service.name = "reviews" }')
    page.locator("#find-tags").press_sequentially("http.resp")
    expect(option).to_contain_text("http.response.status_code")
    option.click()
    page.locator("#find-tags").press_sequentially("=5")
    expect(option.first).to_contain_text("503")


def test_the_store_sorts_by_any_column(page: Page, traces: str) -> None:
    page.goto(f"{traces}?limit=20&sort=errors")
    for column in ("duration", "spans", "errors", "services", "root", "began"):
        _sorted_both_ways(page, column)


def _sorted_both_ways(page: Page, column: str) -> None:
    head = page.get_by_title(f"Sort by {column}")
    head.click()
    expect(head).to_contain_text(re.compile("[↑↓]"))
    first = page.locator("#found tbody tr .row-link").first
    arrow, link = head.inner_text(), first.get_attribute("href")
    head.click()
    expect(head).not_to_have_text(arrow)
    expect(first).not_to_have_attribute("href", link or "")  # the other end of all 40, not of the page


def test_pages_go_on_and_back(page: Page, traces: str) -> None:
    page.goto(f"{traces}?limit=20")
    first = page.locator("#found tbody tr .row-link").first
    expect(first).to_be_visible()
    link = first.get_attribute("href") or ""
    page.get_by_role("link", name="Next").click()
    expect(page.locator(".pager")).to_contain_text("Page 2")
    expect(first).not_to_have_attribute("href", link)
    assert page.get_by_role("link", name="Next").count() == 0
    page.reload()
    expect(page.locator(".pager")).to_contain_text("Page 2")
    page.get_by_role("link", name="Previous").click()
    expect(first).to_have_attribute("href", link)
    page.locator("#found tbody tr").first.click()
    expect(page).to_have_url(re.compile(link + "$"))


def test_a_window_is_given_in_times_of_the_browser(page: Page, traces: str) -> None:
    page.goto(traces)
    page.locator("#find-lookback").click()
    page.get_by_role("option", name="Between").click()
    page.locator("#find-from").fill("2026-03-01 14:00")
    page.locator("#find-to").fill("2026-03-01 15:00")
    page.locator("#find-to").press("Enter")
    expect(page).to_have_url(re.compile(r"start=1772370000000000&end=1772373600000000$"))  # 13:00 in London
    expect(page.locator("#found")).to_contain_text("from 2026-03-01 14:00:00 to 15:00:00, UTC+1")
    page.reload()
    expect(page.locator("#find-from")).to_have_value("2026-03-01 14:00")
    page.locator("#find-from").fill("noon")
    page.locator("#find").click()
    expect(page.locator("#find-problem")).to_contain_text("From is 'noon': write 2026-03-01 14:00")


def test_a_point_of_the_scatter_opens_its_trace(page: Page, traces: str) -> None:
    page.goto(traces)
    point = page.locator("#scatter .scatterlayer .trace").first.locator("path.point").first
    expect(point).to_be_visible()
    box = point.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    expect(page.locator("#scatter .hoverlayer .hovertext")).to_be_visible()
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    expect(page).to_have_url(re.compile(r"/traces/[0-9a-f]{32}$"))


def test_a_box_in_the_scatter_is_compared_with_the_rest(page: Page, traces: str) -> None:
    page.goto(traces)
    expect(page.locator("#scatter path.point").first).to_be_visible()
    area = page.locator("#scatter .nsewdrag").bounding_box()
    assert area is not None
    page.mouse.move(area["x"] + 0.3 * area["width"], area["y"] + 4)
    page.mouse.down()
    page.mouse.move(area["x"] + 0.8 * area["width"], area["y"] + 0.7 * area["height"], steps=5)
    page.mouse.up()
    link = page.get_by_role("link", name="Compare the box with the rest")
    expect(link).to_be_visible()
    link.click()
    expect(page).to_have_url(re.compile(r"view=different.*low=\d+us&high=\d+us"))
    expect(page.locator("#found .current")).to_have_text("In the box")
    expect(page.locator("#found tbody tr").first).to_contain_text("service.instance.id")


def test_what_is_different_adds_to_the_query(page: Page, traces: str) -> None:
    page.goto(f"{traces}?service=reviews&view=different")
    found = page.locator("#found")
    expect(found).to_contain_text("failing traces against")
    expect(found.locator("tbody tr")).to_have_count(3)
    found.get_by_role("link", name="Slow").click()
    expect(found).to_contain_text("traces slower than 480 ms")
    found.get_by_role("link", name="http.response.status_code").click()
    expect(page.locator("#find-q")).to_have_value(
        '{ resource.service.name = "reviews" && span.http.response.status_code = "503" }'
    )
    expect(page.locator("#find-tags")).to_have_value('span.http.response.status_code="503"')
    expect(found.locator(".matched").first).to_be_visible()


def test_a_query_about_structure_says_that_it_did_not_see_all(page: Page, traces: str) -> None:
    page.goto(traces)
    page.locator("#find-q").fill("{ status = error } >> { status = error }")
    page.locator("#find").click()
    expect(page.locator(".notice")).to_contain_text("Not every trace")


def test_the_live_tail_follows_pauses_and_resumes(page: Page, api: FakeApi, traces: str) -> None:
    made = api.traces
    count = [3]
    api.traces = lambda: [_moved(each) for each in made()[: count[0]]]  # type: ignore[method-assign]
    page.goto(f"{traces}?view=live")
    rows = page.locator("#tail-rows tr")
    expect(rows).to_have_count(3)
    first = rows.first.locator(".row-link").get_attribute("href") or ""
    count[0] = 5
    expect(rows).to_have_count(5)
    page.locator("#tail-pause").click()
    expect(page.locator("#tail-state")).to_contain_text("Paused. 5 traces shown.")
    expect(page.locator("#tail-pause")).to_have_text("Resume")
    count[0] = 6
    asked = api.asked.count("/api/mesh/search")
    ticks = api.asked.count("/healthz")
    while api.asked.count("/healthz") < ticks + 2:  # with every tick the page looks whether it is there
        page.wait_for_timeout(100)
    assert api.asked.count("/api/mesh/search") == asked
    page.locator("#tail-pause").click()
    expect(rows).to_have_count(6)
    rows.locator(f'a[href="{first}"]').click()
    expect(page).to_have_url(re.compile(first))


def _moved(trace: dict[str, Any]) -> dict[str, Any]:
    """A trace as if it had just been received."""
    moved = copy.deepcopy(trace)
    by = int(time.time() * 1e6) - 5_000_000 - min(span["startTime"] for span in moved["spans"])
    for span in moved["spans"]:
        span["startTime"] += by
    return moved


def test_hostile_names_are_shown_as_they_are(page: Page) -> None:
    names = {"cart": HOSTILE, "payment": "שירות-תשלום", "catalog": "x" * 300}
    with FakeApi(rename=lambda name: names.get(name, name)) as fake, served(fake.url, page) as url:
        page.goto(f"{url}/traces")
        expect(page.locator("#found tbody tr").first).to_be_visible()
        page.locator("#find-service").fill("<scr")
        expect(page.locator("#find-list li")).to_contain_text(HOSTILE)
        page.locator("#find-list li").click()
        expect(page.locator("#find-q")).to_have_value(f'{{ resource.service.name = "{HOSTILE}" }}')
        page.locator("#find").click()
        expect(page.locator("#found .matched").first).to_be_visible()
        page.goto(f"{url}/traces?view=different")
        expect(page.locator("#found tbody tr")).to_have_count(3)
        assert page.evaluate("() => window.hit") is None
        assert page.evaluate("() => document.documentElement.scrollWidth <= window.innerWidth")


def test_no_view_is_wider_than_the_window(page: Page, traces: str) -> None:
    for view in ("", "different", "live"):
        page.goto(f"{traces}?view={view}")
        expect(page.locator("#found table")).to_be_visible()
        for width in (390, 1024, 1920):
            page.set_viewport_size({"width": width, "height": 800})
            page.emulate_media(color_scheme="dark" if width == 1920 else "light")
            page.wait_for_function("() => document.querySelector('main').scrollWidth <= window.innerWidth")


def test_an_unreachable_collector_is_said_in_every_view(
    page: Page, traces: str, api: FakeApi, complaints: list[str]
) -> None:
    api.status = 503
    for view in ("", "different", "live"):
        page.goto(f"{traces}?view={view}")
        expect(page.locator("#found").get_by_role("alert")).to_contain_text("told to fail")
    complaints.clear()
