"""The graph in a real browser: what is found, hidden and compared, time, keyboard, export, and size."""

import json
import re
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from playwright.sync_api import Page, Request, expect

from tests.support import fake_large
from tests.support.dashboard import served
from tests.support.fake_api import FakeApi
from tests.support.fake_graph import LEGACY
from tests.support.fake_large import LargeApi

pytestmark = pytest.mark.browser

SVG = "{http://www.w3.org/2000/svg}"
NAMES = "kind => window.cy.nodes(kind).map(node => node.data('name')).sort()"
WITH = "([kind, count]) => window.cy && window.cy.nodes(kind).length === count"
PLACES = "() => window.cy.nodes().map(node => [node.id(), node.position('x'), node.position('y')])"


def opened(page: Page, url: str) -> None:
    page.goto(url)
    page.wait_for_function("() => window.cy && window.cy.scratch('_shown')")


def shown(page: Page, kind: str, count: int) -> list[str]:
    """Names of the nodes with a class, once there are ``count`` of them."""
    page.wait_for_function(WITH, arg=[kind, count])
    return list(page.evaluate(NAMES, kind))


def test_what_is_found_is_counted_and_stays_in_the_url(page: Page, site: str) -> None:
    opened(page, site)
    page.locator("#view-find").fill("error > 1%")
    assert shown(page, ".found", 2) == ["checkout", "reviews"]
    expect(page.locator("#said-find")).to_have_text("Found 2 nodes, 2 call paths")
    expect(page).to_have_url(re.compile(r"\?find=error"))
    expect(page.locator("#fleet .row")).to_have_count(2)
    page.reload()
    shown(page, ".found", 2)
    expect(page.locator("#view-find")).to_have_value("error > 1%")


def test_a_wrong_expression_is_marked_at_its_column(page: Page, site: str) -> None:
    opened(page, site)
    page.locator("#view-hide").fill("rate > 10 and rt > fast")
    said = page.locator("#said-hide")
    expect(said).to_contain_text("Column 20: write a number")
    expect(said.locator("mark")).to_have_text("f")
    shown(page, ".hidden", 0)


def test_fields_are_completed_by_keyboard(page: Page, site: str) -> None:
    opened(page, site)
    box = page.locator("#view-find")
    box.press_sequentially("fai")
    expect(page.get_by_role("option", name="failing")).to_be_visible()
    box.press("ArrowDown")
    box.press("Enter")
    expect(box).to_have_value("failing ")
    box.press_sequentially("and na")
    box.press("ArrowDown")
    box.press("Tab")
    expect(box).to_have_value("failing and name ~ ")
    box.press_sequentially("rev")
    assert shown(page, ".found", 1) == ["reviews"]


def test_what_is_hidden_leaves_the_rest_where_it_is(page: Page, site: str) -> None:
    opened(page, site)
    before = page.evaluate(PLACES)
    page.locator("#view-hide").fill("kind = external or kind = database")
    assert shown(page, ".hidden", 2) == ["bank.example:443", "database"]
    assert page.evaluate(PLACES) == before
    expect(page.locator("#fleet")).not_to_contain_text("bank")


def test_a_service_is_focused_with_its_hops(page: Page, site: str) -> None:
    opened(page, f"{site}/?focus=checkout&way=callees")
    assert shown(page, "node", 4) == ["checkout", "orders", "payment", "shipping"]
    page.get_by_label("Hops").select_option("2")
    assert "bank.example:443" in shown(page, "node", 5)
    page.get_by_label("Direction").select_option("both ways")
    shown(page, "node", 7)
    expect(page).to_have_url(re.compile(r"focus=checkout&hops=2$"))
    page.locator("#view-focus").fill("")
    shown(page, "node", 11)


def test_labels_groups_and_colours_are_chosen(page: Page, site: str) -> None:
    opened(page, site)
    label = "() => window.cy.edges().filter(e => e.data('to') === 'frontend')[0].data('label')"
    page.get_by_label("Labels").select_option("share of calls")
    page.wait_for_function(f"() => ({label})() === '100 %'")
    page.get_by_label("Group by").select_option("kind")
    page.wait_for_function("() => window.cy.nodes('.group').length === 5")
    page.get_by_label("Group by").select_option("namespace")
    page.wait_for_function("() => window.cy.nodes('.group').length === 2")
    named = "() => window.cy.nodes('.group').map(n => n.data('label')).sort()"
    assert page.evaluate(named) == ["money", "shop"]
    page.get_by_text("Colours").click()
    page.get_by_label("Failing below").fill("99")
    page.wait_for_function("() => window.cy.nodes('.bad').length === 2")
    expect(page.locator("#legend")).to_contain_text("< 99 %")
    page.goto(site)  # kept in this browser
    page.wait_for_function("() => window.cy && window.cy.nodes('.bad').length === 2")


def test_two_windows_are_compared(page: Page, site: str) -> None:
    opened(page, site)
    page.get_by_label("Compare with").select_option("1 h earlier")
    page.wait_for_function("() => window.cy.edges('.vanished').length === 1")
    assert page.evaluate("() => window.cy.edges('.broke').map(e => e.data('to'))") == ["reviews"]
    assert page.evaluate("() => window.cy.edges('.slowed').map(e => e.data('label'))") == [
        "31 ms →\n92.4 ms p99"
    ]
    assert LEGACY in page.evaluate(NAMES, "node")
    told = page.locator("#fleet")
    for what in ("Failing (2)", "Slower (1)", f"catalog → {LEGACY}", "Appeared (2)", "12 call paths"):
        expect(told).to_contain_text(what)
    expect(page.locator("#legend")).to_contain_text("vanished")


def test_any_earlier_window_of_any_length_is_compared_with(page: Page, site: str) -> None:
    opened(page, f"{site}/?span=300")
    page.get_by_label("Compare with").select_option("a window that ends …")
    page.wait_for_function("() => window.cy.edges('.vanished').length === 1")
    than = int(re.findall(r"than=(\d+)", page.url)[0])
    page.locator("#time-than").fill("2026-01-02T03:04:05")
    expect(page).to_have_url(re.compile("than=1767319445"))  # of the zone of Berlin
    assert than > 1767319445
    page.get_by_label("Its length").select_option("1 day")
    expect(page).to_have_url(re.compile(r"span=300&than=1767319445&than_span=86400$"))
    expect(page.locator("#time-shown")).to_contain_text("against Jan 1 03:04:05 – Jan 2 03:04:05")
    page.reload()
    expect(page.locator("#time-than")).to_have_value("2026-01-02T03:04:05")
    page.get_by_label("Compare with").select_option("nothing")
    expect(page).to_have_url(re.compile(r"\?span=300$"))
    expect(page.get_by_label("Its length")).to_be_hidden()


def test_encrypted_calls_are_marked_found_and_named(page: Page, site: str) -> None:
    opened(page, f"{site}/?label=encrypted")
    bank = "() => window.cy.edges('.encrypted').map(e => [e.data('to'), e.data('label')])"
    assert page.evaluate(bank) == [["bank.example:443", "TLS"]]
    expect(page.locator("#legend")).to_contain_text("unmarked: no or unknown")
    page.locator("#view-find").fill("encrypted = unknown")
    expect(page.locator("#said-find")).to_have_text("Found 0 nodes, 3 call paths")
    page.goto(f"{site}/?from=payment&to=bank.example:443")
    facts = page.locator("#selected-facts")
    for what in ("opaque TCP", "encrypted", "Open now", "Throughput"):
        expect(facts).to_contain_text(what)
    expect(page.locator("#panel")).to_contain_text("Time to connect")


def test_time_goes_back_and_plays_forward(page: Page, site: str) -> None:
    opened(page, site)
    page.locator("#time-slider").fill("1200")
    # With the day where it is not today's, as it is around midnight.
    moment = r"(\w+ \d+ )?\d\d:\d\d:\d\d"
    expect(page.locator("#time-shown")).to_have_text(re.compile(f"{moment} – {moment}"))
    page.wait_for_function("name => window.cy.nodes().some(n => n.data('name') === name)", arg=LEGACY)
    past = int(re.findall(r"at=(\d+)", page.url)[0])
    page.get_by_label("A second shows").select_option("1 min")
    page.get_by_role("button", name="Replay").click()
    expect(page).to_have_url(re.compile(rf"at={past + 120}"))
    page.get_by_role("button", name="Stop the replay").click()
    page.get_by_role("button", name="Live").click()
    expect(page.locator("#time-shown")).to_have_text("live")
    expect(page).not_to_have_url(re.compile("at="))
    page.wait_for_function("name => !window.cy.nodes().some(n => n.data('name') === name)", arg=LEGACY)


def test_where_to_look_first_draws_the_way_there(page: Page, site: str) -> None:
    opened(page, site)
    page.locator("#blame .row", has_text="reviews").click()
    assert shown(page, ".path", 4) == ["catalog", "frontend", "reviews", "user"]
    assert page.evaluate("() => window.cy.edges('.path').length") == 3
    expect(page.locator("#panel .panel-head h2").first).to_have_text("reviews")


def test_the_graph_is_walked_by_keyboard(page: Page, site: str) -> None:
    opened(page, site)
    canvas = page.locator("#graph-canvas")
    canvas.focus()
    canvas.press("ArrowRight")
    expect(page.locator("#graph-cursor")).to_contain_text("user")
    canvas.press("ArrowRight")
    expect(page.locator("#graph-cursor")).to_contain_text("frontend")
    canvas.press("Enter")
    expect(page).to_have_url(re.compile(r"\?node=frontend$"))
    expect(page.locator("#panel .panel-head h2").first).to_have_text("frontend")
    canvas.press("Escape")
    expect(page).not_to_have_url(re.compile("node="))


def test_a_call_path_shows_its_traces_and_decisions(page: Page, site: str) -> None:
    page.goto(f"{site}/?from=catalog&to=reviews&find=failing")
    expect(page.locator("#selected-traces")).to_contain_text("Failed traces")
    expect(page.locator("#selected-decisions")).to_contain_text("its peers' succeeded")
    page.get_by_title("Close details").click()
    expect(page).to_have_url(re.compile(r"/\?find=failing$"))


def test_the_graph_is_saved_as_png_svg_and_json(page: Page, tmp_path: Path) -> None:
    hostile = "<b>&\"'"
    files = {}
    api = FakeApi(rename=lambda name: hostile if name == "cart" else name)
    with api, served(api.url, page) as url:
        opened(page, url)
        for kind in ("png", "svg", "json"):
            page.get_by_text("Export").click()
            with page.expect_download() as saved:
                page.locator(f"#export-{kind}").click()
            page.locator("h1").dispatch_event("click")
            files[kind] = tmp_path / kind
            saved.value.save_as(files[kind])
    assert files["png"].read_bytes().startswith(b"\x89PNG")
    drawing = ET.fromstring(files["svg"].read_text())
    texts = [each.text for each in drawing.iter(f"{SVG}text")]
    assert hostile in texts
    assert len(list(drawing.iter(f"{SVG}path"))) == 22  # eleven calls and their arrows
    graph = json.loads(files["json"].read_text())
    assert {node["name"] for node in graph["nodes"]} >= {hostile, "frontend"}


def test_what_a_url_cannot_mean_is_said(page: Page, site: str) -> None:
    opened(page, f"{site}/?hops=many&label=p98")
    told = page.get_by_role("alert")
    expect(told.first).to_have_text("hops is 'many': write a whole number from 1 to 9")
    expect(told).to_have_count(2)


@pytest.mark.parametrize("width", [1024, 1920])
def test_the_toolbar_fits_every_window(page: Page, site: str, width: int) -> None:
    page.emulate_media(color_scheme="dark")
    page.set_viewport_size({"width": width, "height": 900})
    opened(page, f"{site}/?focus=checkout&compare=3600")
    frame = page.locator("#graph-canvas").bounding_box()
    assert frame is not None
    assert frame["height"] > 300
    assert page.evaluate("() => document.querySelector('.graph').scrollWidth <= window.innerWidth")


def test_twelve_hundred_services_are_drawn_found_and_kept_in_place(page: Page) -> None:
    """What goes over the wire is small after the first picture, and nothing moves."""
    sent: list[int] = []

    def heard(request: Request) -> None:
        if "_dash-update" in request.url and '"..picture.data' in (request.post_data or ""):
            sent.append(len(request.post_data or ""))

    page.on("request", heard)
    with LargeApi() as api, served(api.url, page) as url:
        opened(page, url)
        assert page.evaluate("() => window.cy.nodes().length") == fake_large.SERVICES
        assert page.evaluate("() => window.cy.edges().length") == fake_large.CALLS
        box = page.evaluate("() => { const b = window.cy.elements().boundingBox(); return b.w / b.h; }")
        assert 0.5 < box < 4
        before, held = page.evaluate(PLACES), page.evaluate("() => window.cy.scratch('_held')")
        page.locator("#view-find").fill("name ~ svc-007")
        assert len(shown(page, ".found", 10)) == 10
        assert page.evaluate("() => window.cy.scratch('_held')") != held
        assert page.evaluate(PLACES) == before
        expect(page.locator("#fleet .row")).to_have_count(10)
        page.locator("#view-find").fill("")
        shown(page, ".found", 0)
        expect(page.locator("#fleet")).to_contain_text("more: narrow them down with Find")
        page.goto(f"{url}/?focus=svc-0007&hops=1")
        few = "() => window.cy && window.cy.nodes().length > 1 && window.cy.nodes().length < 400"
        page.wait_for_function(few)
    assert max(sent) < 2000  # the page uploads no graph
