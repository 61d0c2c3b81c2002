"""The logs of a trace in a real browser: marks at spans, the records of a span, the list of all."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.support.fake_traces import LINKING, ODD, TraceApi

pytestmark = pytest.mark.browser

FAILED = "0000000000000002"
LOGS = "/api/mesh/logs"


make_api = TraceApi


def test_a_span_is_marked_and_shows_what_it_logged(page: Page, traces: str) -> None:
    page.goto(f"{traces}/{ODD}")
    row = page.locator("#trace-rows .span-row").nth(1)
    expect(row.get_by_label("1 log, 1 of errors")).to_be_visible()
    row.click()
    logs = page.locator("#span-logs")
    expect(logs).to_contain_text("50 ms")
    expect(logs).to_contain_text("ERROR")
    expect(logs).to_contain_text("at shop.Call.11(Call.java:51)")
    expect(logs).to_contain_text("ConnectionError")
    page.locator("#trace-rows .span-row").nth(6).click()
    expect(logs).to_contain_text("none")


def test_the_list_is_filtered_by_severity_and_text_and_leads_to_the_span(page: Page, traces: str) -> None:
    page.goto(f"{traces}/{ODD}")
    tab = page.get_by_role("tab", name="Logs")
    expect(tab).to_have_text("Logs 3")
    tab.click()
    rows = page.locator("#trace-log-list tbody tr")
    expect(rows).to_have_count(3)
    rows.nth(1).locator("summary").click()
    expect(rows.nth(1)).to_contain_text("Call.java:51")
    page.get_by_role("button", name="Error").click()
    expect(rows).to_have_count(1)
    expect(page).to_have_url(re.compile("tab=logs&level=error"))
    page.reload()
    expect(rows).to_have_count(1)
    page.get_by_role("button", name="All", exact=True).click()
    page.locator("#trace-find").fill("reviews")
    page.locator("#trace-find").press("Enter")
    expect(rows).to_have_count(1)
    expect(rows.first).to_contain_text("began GET /reviews/{id}")
    rows.first.get_by_role("link").click()
    expect(page.locator("#span-details h2")).to_have_text("GET /reviews/{id}")


def test_a_long_list_has_pages(page: Page, traces: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.support.fake_logs.PAGE_MAX", 2)
    page.goto(f"{traces}/{ODD}?tab=logs")
    rows = page.locator("#trace-log-list tbody tr")
    expect(rows).to_have_count(2)
    page.get_by_role("link", name="Next").click()
    expect(rows).to_have_count(1)
    expect(rows.first).to_contain_text("900 ms")
    page.get_by_role("link", name="First page").click()
    expect(rows).to_have_count(2)


def test_no_logs_and_a_store_that_does_not_answer_are_said(page: Page, traces: str, api: TraceApi) -> None:
    page.goto(f"{traces}/{LINKING}?tab=logs")
    expect(page.locator("#trace-log-list")).to_contain_text("This trace has no logs")
    api.failing = {LOGS, f"{LOGS}/spans"}
    page.goto(f"{traces}/{ODD}?span={FAILED}")
    expect(page.locator("#span-logs").get_by_role("alert")).to_contain_text("the fake was told to fail")
    expect(page.locator("#trace-rows .span-row")).to_have_count(7)
    page.get_by_role("tab", name="Logs").click()
    expect(page.locator("#trace-log-list").get_by_role("alert")).to_be_visible()
