"""One trace, two, and many in a real browser: what may be odd about a trace, its size, and the keyboard."""

import json
import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.support.fake_traces import BIG, HOSTILE, LINKING, ODD, RIGHT_TO_LEFT, SCRIPT, TraceApi

pytestmark = pytest.mark.browser

RETRY = "0000000000000003"
SHOP = "4bf92f3577b34da6a3ce929d0e0e4703"  # the fourth of the shop: it fails


make_api = TraceApi


def _open(page: Page, url: str) -> None:
    page.goto(url)
    expect(page.locator("#trace-rows .span-row").first).to_be_visible()


def test_a_trace_tells_what_is_odd_about_it(page: Page, site: str) -> None:
    _open(page, f"{site}/traces/{ODD}")
    expect(page.locator(".notices")).to_contain_text("Clocks differ: the times of 1 span")
    expect(page.locator(".notices")).to_contain_text("Incomplete: the callers of 1 span")
    expect(page.locator(".notices").get_by_role("link", name="mailer batch")).to_be_visible()
    rows = page.locator("#trace-rows .span-row")
    expect(rows).to_have_count(7)
    expect(rows.nth(2)).to_contain_text("→ 10.0.0.7:9102 · chosen by the mesh · try 2")
    expect(rows.nth(1).get_by_label("failed")).to_be_visible()
    expect(rows.nth(5)).to_contain_text("async")
    expect(rows.nth(3).get_by_label("has a warning")).to_be_visible()
    expect(page.locator("#trace-rows .critical-line")).to_have_count(9)


def test_a_span_shows_its_tries_its_links_and_what_was_logged(page: Page, site: str) -> None:
    _open(page, f"{site}/traces/{ODD}?span={RETRY}")
    details = page.locator("#span-details")
    expect(details).to_contain_text("Chosen by")
    expect(details).to_contain_text("10.0.0.7:9102 succeeded after 150 ms")
    details.get_by_role("link", name="10.0.0.7:9101 failed after 60 ms").click()
    expect(page).to_have_url(re.compile(r"span=0{15}2"))
    expect(details).to_contain_text("connection refused")
    row = page.locator("#trace-rows .span-row").nth(5)
    row.click()
    expect(details.locator("h2")).to_have_text(row.locator(".span-label .name").last.inner_text())
    details.get_by_text("Links").click()  # of this span: what was there before goes when this comes
    details.get_by_role("link", name="0000000000000001").last.click()
    expect(page).to_have_url(re.compile(LINKING))


def test_twenty_thousand_spans_are_scrolled_searched_and_sorted(page: Page, site: str) -> None:
    _open(page, f"{site}/traces/{BIG}")
    rows = page.locator("#trace-rows .span-row")
    assert rows.count() < 100
    page.evaluate("() => { document.getElementById('trace-rows').scrollTop = 1e9; }")
    expect(page.locator("#trace-rows [aria-rowindex='20000']")).to_be_visible()
    assert rows.count() < 100
    page.locator("#trace-find").fill("step 12")
    page.locator("#trace-find").press("Enter")
    expect(page.locator("#trace-found")).to_have_text("1 of 541 spans")
    expect(page).to_have_url(re.compile(r"find=step\+12"))
    page.get_by_title("Next match (n)").click()
    expect(page.locator("#trace-found")).to_have_text("2 of 541 spans")
    page.get_by_role("tab", name="Spans").click()
    first = page.locator("#trace-spans [data-at='0']")
    expect(first).to_contain_text("GET /everything")
    page.get_by_title("Sort by failed").click()
    expect(first).to_contain_text("failed")
    expect(page).to_have_url(re.compile("tab=spans&sort=failed"))
    page.get_by_role("tab", name="Flame graph").click()
    expect(page.locator(".flame-box").first).to_contain_text("GET /everything")


def test_the_keyboard_walks_folds_zooms_and_opens(page: Page, site: str) -> None:
    _open(page, f"{site}/traces/{ODD}")
    page.reload(wait_until="networkidle")  # hands are slower than the page's first answers
    chosen, rows = page.locator("#trace-rows .chosen"), page.locator("#trace-rows .span-row")
    for _ in range(3):
        page.keyboard.press("j")
    expect(chosen).to_contain_text("try 2")
    page.keyboard.press("[")
    expect(rows).to_have_count(6)
    expect(chosen).to_have_attribute("aria-expanded", "false")
    page.keyboard.press("]")
    expect(rows).to_have_count(7)
    page.keyboard.press("k")
    page.keyboard.press("+")
    expect(page).to_have_url(re.compile(r"zoom=\d+-\d+"))
    page.keyboard.press("0")
    expect(page).not_to_have_url(re.compile("zoom"))
    page.keyboard.press("Enter")
    expect(page.locator("#span-details h2")).to_have_text("GET reviews")
    page.keyboard.press("Escape")
    expect(page.locator("#span-details")).to_have_count(0)
    page.keyboard.press("/")
    expect(page.locator("#trace-find")).to_be_focused()
    page.keyboard.type("refused", delay=60)
    page.keyboard.press("Enter")
    expect(page.locator("#trace-found")).to_have_text("1 of 1 span")
    page.locator("#trace-rows").focus()
    page.keyboard.press("Home")
    page.keyboard.press("ArrowLeft")
    expect(rows).to_have_count(2)  # the root, closed, and the span whose caller is lost
    page.keyboard.press("}")
    page.keyboard.press("c")
    expect(chosen).to_have_class(re.compile("critical"))


def test_dragging_over_the_minimap_zooms_and_the_place_is_a_link(page: Page, site: str) -> None:
    _open(page, f"{site}/traces/{ODD}")
    box = page.locator("#trace-minimap").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] * 0.25, box["y"] + 20)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.5, box["y"] + 20, steps=4)
    page.mouse.up()
    expect(page).to_have_url(re.compile(r"zoom=30\d{4}-6\d{5}"))
    first = page.locator("#trace-ruler .ruler span").first
    expect(first).to_have_text(re.compile(r"^30\d ms$"))
    said = first.inner_text()
    page.reload()
    expect(first).to_have_text(said)
    page.get_by_role("button", name="Whole trace").click()
    expect(first).to_have_text("0")


@pytest.mark.parametrize(
    ("tab", "shown"),
    [
        ("flame", "#trace-flame .flame-box"),
        ("spans", "#trace-spans [data-at]"),
        ("graph", "#trace-graph canvas"),
        ("statistics", "#trace-statistics tbody tr"),
    ],
)
def test_every_view_is_a_link_and_fits(page: Page, site: str, tab: str, shown: str) -> None:
    page.goto(f"{site}/traces/{ODD}?tab={tab}")
    for width in (1024, 1920):
        page.set_viewport_size({"width": width, "height": 900})
        page.emulate_media(color_scheme="dark" if width > 1500 else "light")
        expect(page.locator(shown).first).to_be_visible()
        expect(page.get_by_role("tab", selected=True)).to_have_id(f"tab-{tab}")
        page.wait_for_function("() => document.querySelector('main').scrollWidth <= window.innerWidth")


def test_statistics_sort_and_group_by_operation(page: Page, site: str) -> None:
    page.goto(f"{site}/traces/{ODD}?tab=statistics")
    rows = page.locator("#trace-statistics tbody tr")
    expect(rows).to_have_count(4)
    expect(rows.first).to_contain_text("frontend")
    page.locator("#trace-statistics").get_by_title("Sort by self time").click()
    expect(rows.first).to_contain_text("mailer")
    page.get_by_role("button", name="By operation").click()
    expect(rows).to_have_count(6)
    expect(page).to_have_url(re.compile("sort=self&by=operation"))


def test_hostile_names_are_text(page: Page, site: str) -> None:
    for tab in ("", "flame", "spans", "graph", "statistics"):
        page.goto(f"{site}/traces/{HOSTILE}?tab={tab}&span=0000000000000001")
        expect(page.locator("#span-details")).to_contain_text(SCRIPT)
        expect(page.locator(".trace-head")).to_contain_text(RIGHT_TO_LEFT)
        if not tab:
            expect(page.locator("#trace-rows")).to_contain_text("</div><img src=x")
        page.wait_for_load_state("networkidle")
        assert page.evaluate("() => window.hit") is None
        assert page.evaluate("() => document.querySelector('main').scrollWidth <= window.innerWidth")


def test_a_trace_is_downloaded_in_both_shapes(page: Page, site: str) -> None:
    _open(page, f"{site}/traces/{ODD}")
    for title, key in (("Jaeger JSON", "data"), ("OTLP JSON", "result")):
        with page.expect_download() as download:
            page.get_by_role("link", name=title).click()
        assert list(json.loads(Path(download.value.path()).read_text(encoding="utf-8"))) == [key]


def test_a_file_becomes_traces_and_what_is_none_is_refused(
    page: Page, site: str, tmp_path: Path, api: TraceApi
) -> None:
    good, bad = tmp_path / "good.json", tmp_path / "bad.json"
    good.write_text(json.dumps({"data": api.traces()[:2]}), encoding="utf-8")
    bad.write_text('{"spans": "none"}', encoding="utf-8")
    page.goto(f"{site}/upload")
    page.locator("#upload-file input[type=file]").set_input_files(bad)
    expect(page.locator("#upload-view")).to_contain_text("neither OTLP JSON nor Jaeger's JSON")
    page.locator("#upload-file input[type=file]").set_input_files(good)
    expect(page.locator("#upload-view li")).to_have_count(2)
    page.locator("#upload-view li a").first.click()
    expect(page.locator("#trace-rows .span-row")).to_have_count(6)
    expect(page.get_by_role("link", name="OTLP JSON")).to_have_count(0)
    page.goto(f"{site}/traces/file-00000000-x")
    expect(page.locator("#trace-head")).to_contain_text("no longer open")


def test_two_traces_are_compared_step_by_step(page: Page, site: str) -> None:
    _open(page, f"{site}/traces/{SHOP}")
    page.get_by_role("link", name="Compare with…").click()
    page.locator("#compare-view li a").first.click()
    expect(page).to_have_url(re.compile(rf"/compare\?a={SHOP}&b=[0-9a-f]{{32}}$"))
    expect(page.locator("#compare-b")).to_have_value(re.compile("^[0-9a-f]{32}$"))
    steps = page.locator("#compare-view tbody tr")
    expect(steps.first).to_contain_text("recovered")
    expect(page.locator("#compare-view")).to_contain_text("removed")
    page.locator("#compare-b").fill(SHOP)
    page.locator("#compare-go").click()
    expect(page.locator("#compare-view tbody .chip.same, #compare-view tbody tr.same").first).to_be_visible()
    page.locator("#compare-b").fill("0" * 32)
    page.locator("#compare-b").press("Enter")
    expect(page.locator("#compare-view")).to_contain_text("no trace of this id")


def test_many_traces_of_an_operation_are_one_tree(page: Page, site: str, api: TraceApi) -> None:
    _open(page, f"{site}/traces/{ODD}")
    page.locator(".trace-head").get_by_role("link", name="All of this operation").click()
    rows = page.locator("#aggregate-view tbody tr")
    expect(rows).to_have_count(7)
    expect(rows.first).to_contain_text("GET /product/{id}")
    expect(page.locator("#aggregate-view")).to_contain_text("200 of 1.8k traces")
    page.get_by_role("link", name="Last 6h").click()
    expect(page).to_have_url(re.compile(r"start=\d+&end=\d+"))
    expect(page.get_by_role("link", name="Last 6h")).to_have_class(re.compile("chosen"))
    page.locator("#aggregate-service").fill("nobody")
    page.locator("#aggregate-go").click()
    expect(page.locator("#aggregate-view")).to_contain_text("No trace of this operation")
    assert any("/api/mesh/aggregate" in each and "start=" in each for each in api.asked)


def test_a_failing_collector_is_said(page: Page, site: str, api: TraceApi) -> None:
    api.status = 503
    for path in (f"/traces/{ODD}", f"/compare?a={ODD}&b={BIG}", "/aggregate?service=frontend&operation=x"):
        page.goto(site + path)
        expect(page.get_by_role("alert").first).to_contain_text("the fake was told to fail")


def test_pages_without_parameters_say_what_to_do(page: Page, site: str) -> None:
    for path, said in (
        ("/compare", "Enter two"),
        ("/aggregate", "Name a service"),
        ("/upload", "Choose a file"),
    ):
        page.goto(site + path)
        expect(page.locator("main")).to_contain_text(said)
