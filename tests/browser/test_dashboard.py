"""The dashboard in a real browser over the fake shop: every page and flow, and what may go wrong."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.tour import place
from tests.support.dashboard import served
from tests.support.fake_api import FakeApi

pytestmark = pytest.mark.browser

HOSTILE = "<script>window.hit = 1</script>"
RIGHT_TO_LEFT = "שירות-תשלום"
NODES = 11


def _graph(page: Page, url: str, nodes: int = NODES) -> None:
    page.goto(url)
    page.wait_for_function("count => window.cy && window.cy.nodes().length === count", arg=nodes)
    page.wait_for_function("() => window.cy.scratch('_shown')")


def test_the_graph_shows_every_service_and_stays_where_it_is(page: Page, site: str) -> None:
    _graph(page, site)
    expect(page.locator("#graph-summary")).to_contain_text("7 services")
    expect(page.locator("#fleet .row").first).to_contain_text("reviews")
    before, label = place(page, "cart"), "() => window.cy.edges()[0].data('label')"
    first = page.evaluate(label)
    page.wait_for_function(f"old => ({label})() !== old", arg=first)  # a refresh has come
    assert place(page, "cart") == pytest.approx(before, abs=5)  # a panel may have made room
    level = page.evaluate("() => window.cy.zoom()")
    page.locator("#zoom-in").click()
    page.wait_for_function("level => window.cy.zoom() > level && !window.cy.animated()", arg=level)
    closer = place(page, "cart")
    page.wait_for_function(f"old => ({label})() !== old", arg=page.evaluate(label))
    assert place(page, "cart") == pytest.approx(closer, abs=1)
    assert closer != pytest.approx(before, abs=5)


def test_a_click_on_a_node_opens_its_charts(page: Page, site: str) -> None:
    _graph(page, site)
    page.mouse.click(*place(page, "reviews"))
    expect(page).to_have_url(re.compile(r"\?node=reviews$"))
    expect(page.locator("#panel .panel-head h2")).to_have_text("reviews")
    expect(page.locator("#selected-facts")).to_contain_text("93.1")
    expect(page.locator("#chart-latency .scatterlayer .trace")).to_have_count(3)
    expect(page.locator("#chart-histogram .bars .point").first).to_be_visible()
    page.get_by_title("Close details").click()
    expect(page.locator("#fleet .row").first).to_be_visible()


def test_an_edge_is_a_link_and_leads_to_its_traces(page: Page, site: str) -> None:
    page.goto(f"{site}/?from=catalog&to=reviews")
    expect(page.locator("#panel .panel-head h2")).to_have_text("catalog → reviews")
    expect(page.locator("#chart-traffic .bars .point").first).to_be_visible()
    page.get_by_role("link", name="Failed").click()
    expect(page.locator("#found tbody tr")).to_have_count(6)


def test_the_theme_can_be_switched_and_is_remembered(page: Page, site: str) -> None:
    _graph(page, site)
    page.locator("#theme-toggle").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    page.wait_for_function("() => window.cy.nodes()[0].style('background-color') === 'rgb(24,33,43)'")
    page.reload()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    page.set_viewport_size({"width": 1920, "height": 1080})
    _graph(page, f"{site}/?node=checkout")
    expect(page.locator("#chart-latency .scatterlayer .trace")).to_have_count(3)


def test_a_stage_is_turned_on_after_confirmation(page: Page, site: str, api: FakeApi) -> None:
    page.goto(f"{site}/balancing")
    expect(page.locator("#destination h2").first).to_have_text("reviews")  # it has an ejection
    expect(page.locator("#destination-endpoints tbody tr")).to_have_count(4)
    expect(page.locator("#destination-decisions")).to_contain_text("its peers' succeeded")
    page.locator("#stage").get_by_text("route").click()
    page.locator("#stage-percent").fill("25")
    page.locator("#stage-ask").click()
    expect(page.locator("#stage-question")).to_contain_text("25 % of the requests to reviews")
    assert api.stages == {}
    page.locator("#stage-confirm").click()
    expect(page.locator("#stage-result")).to_contain_text("route 25 %")
    assert api.stages == {"reviews": {"stage": "route", "percent": 25}}
    expect(page.locator("#destination-effect")).to_contain_text("95 % interval")
    expect(page.locator("#destinations .chosen")).to_contain_text("route 25 %")


def test_without_a_collector_every_page_says_what_to_do(page: Page) -> None:
    with FakeApi() as fake:
        gone = fake.url
    with served(gone, page) as url:
        for path in ("/", "/?node=reviews", "/traces", "/balancing?service=reviews", "/service/reviews"):
            page.goto(url + path)
            fix = page.get_by_role("alert").filter(has_text="Start it with spanmesh up")
            expect(fix.first).to_be_visible()
            expect(page.locator("#connection")).to_have_text("Collector unreachable")


def test_the_page_recovers_when_the_collector_comes_back(page: Page) -> None:
    with FakeApi() as first:
        port = first.port
        with served(first.url, page) as url:
            _graph(page, url)
            expect(page.locator("#connection")).to_have_text("Live")
            first.__exit__()
            expect(page.locator("#graph-state")).to_contain_text("does not answer")
            assert page.evaluate("() => window.cy.nodes().length") == NODES  # the last picture stays
            with FakeApi(port=port):
                expect(page.locator("#connection")).to_have_text("Live")
                expect(page.locator("#graph-state")).to_be_empty()


def test_an_empty_mesh_says_how_to_begin(page: Page) -> None:
    with FakeApi(empty=True) as fake, served(fake.url, page) as url:
        for path in ("/", "/traces", "/balancing"):
            page.goto(url + path)
            expect(page.get_by_role("status").filter(has_text="spanmesh run").first).to_be_visible()
        page.goto(f"{url}/service/anything")
        expect(page.locator("#service-state")).to_contain_text("No calls of this service")
        expect(page.locator("#service-callers")).to_contain_text("None in this time")


def test_hostile_names_are_shown_as_they_are(page: Page) -> None:
    names = {"cart": HOSTILE, "payment": RIGHT_TO_LEFT, "catalog": "x" * 300}
    with FakeApi(rename=lambda name: names.get(name, name)) as fake, served(fake.url, page) as url:
        _graph(page, url)
        expect(page.locator("#fleet")).to_contain_text(HOSTILE)
        page.mouse.click(*place(page, HOSTILE))
        expect(page.locator("#panel .panel-head h2")).to_have_text(HOSTILE)
        expect(page.locator("#chart-latency .scatterlayer .trace")).to_have_count(3)
        page.goto(f"{url}/traces")
        expect(page.locator("#found tbody tr").first).to_be_visible()
        page.goto(f"{url}/balancing?service=" + "x" * 300)
        expect(page.locator("#destination-endpoints tbody tr")).to_have_count(1)
        assert page.evaluate("() => window.hit") is None
        assert page.evaluate("() => document.documentElement.scrollWidth <= window.innerWidth")


def test_an_unknown_page_and_an_unknown_trace_lead_back(page: Page, site: str) -> None:
    page.goto(f"{site}/nowhere")
    expect(page).to_have_title("Page not found · spanmesh")
    page.get_by_role("link", name="Go to the topology").click()
    expect(page.locator("#graph-summary")).to_contain_text("services")
    page.goto(f"{site}/traces/{'0' * 32}")
    expect(page.locator("#trace-view")).to_contain_text("no trace of this id")


def test_the_keyboard_reaches_services_and_spans(page: Page, site: str) -> None:
    page.goto(site)
    row = page.locator("#fleet .row").first
    expect(row).to_be_visible()
    row.focus()
    row.press("Enter")
    expect(page).to_have_url(re.compile(r"\?node=reviews$"))
    page.goto(f"{site}/traces/4bf92f3577b34da6a3ce929d0e0e4703")
    rows = page.locator("#trace-rows")
    expect(rows.locator(".span-row").first).to_be_visible()
    rows.press("j")
    rows.press("Enter")
    expect(page.locator("#span-details h2")).to_have_text("GET /product/{id}")
