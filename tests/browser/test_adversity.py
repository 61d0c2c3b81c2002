"""What must not break a page: a collector that goes away, an empty store, hostile names, huge traces."""

import json
import time
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.support.dashboard import served
from tests.support.fake_api import FakeApi, Json

pytestmark = pytest.mark.browser

NAMES = {"cart": "<script>window.hit = 1</script>", "payment": "שירות-תשלום/<b>x</b>", "catalog": "x" * 300}
HUGE = f"{0xB16B00:032x}"
MIB = 1_048_576


def _hostile(name: str) -> str:
    return NAMES.get(name, name)


class HugeApi(FakeApi):
    """With a trace of 50 MB: 2,500 spans, each with an attribute of 20 kB."""

    def answer(self, method: str, target: str, body: object) -> tuple[int, Json]:
        if target.startswith(f"/api/traces/{HUGE}"):
            return 200, {"data": [_huge(self.traces()[0])]}
        return super().answer(method, target, body)


def _huge(shape: Json) -> Json:
    first = shape["spans"][0]
    spans = [
        {
            **first,
            "traceID": HUGE,
            "spanID": f"{at + 1:016x}",
            "operationName": f"step {at}",
            "references": [{"refType": "CHILD_OF", "traceID": HUGE, "spanID": f"{1:016x}"}] if at else [],
            "startTime": first["startTime"] + at,
            "duration": 1000 if at else 90_000,
            "tags": [{"key": "body", "type": "string", "value": f"<i>{at}</i>" + "y" * 21_000}],
        }
        for at in range(2500)
    ]
    return {**shape, "traceID": HUGE, "spans": spans}


class SlowApi(FakeApi):
    """Answers later than a page asks again."""

    def answer(self, method: str, target: str, body: object) -> tuple[int, Json]:
        time.sleep(2.5)
        return super().answer(method, target, body)


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ("/?node=reviews", "#panel a[href*='from=catalog']"),
        ("/balancing?service=reviews", "#destination-decisions li"),
    ],
)
def test_a_page_shows_what_a_slow_collector_answers(page: Page, path: str, shown: str) -> None:
    with SlowApi() as slow, served(slow.url, page) as url:
        page.goto(f"{url}{path}")
        expect(page.locator(shown).first).to_be_visible(timeout=30_000)
        expect(page.locator("#connection")).to_have_text("Live", timeout=30_000)


@pytest.fixture
def hostile(page: Page) -> Iterator[str]:
    with FakeApi(rename=_hostile) as fake, served(fake.url, page) as url:
        yield url


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ("/balancing?service=reviews", "#destination-decisions li"),
        ("/service/reviews", "#service-callers tbody tr"),
    ],
)
def test_a_page_outlives_the_restart_of_its_collector(page: Page, path: str, shown: str) -> None:
    with FakeApi() as first:
        port = first.port
        with served(first.url, page) as url:
            page.goto(url + path)
            expect(page.locator(shown).first).to_be_visible()
            first.__exit__()
            expect(page.locator("#connection")).to_have_text("Collector unreachable")
            expect(page.get_by_role("alert").first).to_contain_text("does not answer")
            with FakeApi(port=port):
                expect(page.locator("#connection")).to_have_text("Live")
                expect(page.get_by_role("alert")).to_have_count(0)
                expect(page.locator(shown).first).to_be_visible()


def test_any_name_is_shown_as_it_is(page: Page, hostile: str) -> None:
    for name in NAMES:
        _shown_as_it_is(page, hostile, name)


def _shown_as_it_is(page: Page, hostile: str, name: str) -> None:
    page.goto(f"{hostile}/balancing")
    row = page.locator("#destinations .row", has_text=NAMES[name][:40])
    row.click()
    expect(page.locator("#destination h2").first).to_contain_text(NAMES[name][:40])
    page.locator("#destination").get_by_role("link", name="Service", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(NAMES[name][:40])
    expect(page.locator("#service-callers tbody tr").first).to_be_visible()
    expect(page.locator("#service-latency .scatterlayer .trace")).to_have_count(3)
    assert page.evaluate("() => window.hit") is None
    assert page.evaluate("() => document.querySelector('main').scrollWidth <= window.innerWidth")
    page.reload()
    expect(page.get_by_role("heading", level=1)).to_contain_text(NAMES[name][:40])


def test_a_trace_of_50_mb_opens(page: Page) -> None:
    with HugeApi() as fake, served(fake.url, page) as url:
        page.goto(f"{url}/traces/{HUGE}")
        expect(page.locator("#trace-view")).to_contain_text("step 12", timeout=60_000)
        assert len(json.dumps(_huge(fake.traces()[0]))) > 50 * MIB
        page.get_by_text("step 12", exact=True).first.click()
        expect(page.locator("#trace-view")).to_contain_text("<i>12</i>")
