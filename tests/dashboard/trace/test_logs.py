"""The logs of a trace: counts for the waterfall, those of a span, and pages of all."""

from typing import Any, cast

from dashboard.trace import logs
from dashboard.trace.trace_cache import FROM_FILE
from proxy.contract.api.search import LogCounts, LogRecord
from tests.dashboard.made import span, trace
from tests.dashboard.pages import Pages, text
from tests.dashboard.text import hrefs, words
from tests.support.fake_traces import ODD

TRACE = trace(span("a", duration=1000), span("b", "a", 100, 200))
PLACE = {"tab": "logs", "level": "", "find": "", "after": ""}


def record(body: str = "hello", severity: str = "info", **given: Any) -> LogRecord:
    about = {
        "time": 500,
        "spanId": "b",
        "service": "cart",
        "severity": severity,
        "severityText": severity.upper(),
        "body": body,
        "event": "",
        "scope": "",
        "attributes": {},
        **given,
    }
    return cast(LogRecord, about)


def test_counts_are_by_row_and_spans_of_other_traces_are_none() -> None:
    spans = [{"spanId": "b", "count": 3, "errors": 1}, {"spanId": "zz", "count": 9, "errors": 0}]
    counted = cast(LogCounts, {"total": 12, "spans": spans})
    assert logs.marks(TRACE, counted) == {"total": 12, "rows": {1: [3, 1]}}


def test_a_file_has_no_logs_to_fetch() -> None:
    file = trace(span("a"), trace_id=f"{FROM_FILE}t")
    assert logs.panel(file, file.root) is None
    assert "Fetching the logs" in words(logs.panel(TRACE, TRACE.root))


def test_a_span_shows_what_it_logged_and_where_the_rest_is() -> None:
    found = logs.section(TRACE, "b", [record("first\nsecond", key="x")], True, 0)
    said = words(found)
    assert "1+" in said
    assert "first\nsecond" in said
    assert "tab=logs" in hrefs(found)[0]
    assert "none" in words(logs.section(TRACE, "b", [], False, 0))


def test_a_page_marks_errors_and_leads_to_spans() -> None:
    shown = logs.view(TRACE, PLACE, [record(), record("bad", "error"), record(spanId="gone")], "next", 0)
    said = words(shown)
    assert "3 on this page, the oldest first" in said
    assert str(shown).count("className='failed'") == 1
    spans = [href for href in hrefs(shown) if "span=b" in href]
    assert len(spans) == 2
    assert "after=next" in hrefs(shown)[-1]


def test_an_empty_page_says_why() -> None:
    assert "This trace has no logs" in words(logs.view(TRACE, PLACE, [], None, 0))
    assert "Show all severities" in words(logs.view(TRACE, {**PLACE, "level": "error"}, [], None, 0))


def test_a_long_record_is_behind_its_first_line() -> None:
    said = words(logs.view(TRACE, PLACE, [record("first line\nrest of it", scope="app.cart")], None, 0))
    assert "first line" in said
    assert "rest of it" in said
    assert "app.cart" in said


def test_the_browser_gets_counts_after_the_trace(pages: Pages) -> None:
    found = pages.call(
        "trace-logs.data", {"trace-data.data": {"ids": []}, "trace-id.data": ODD}, "trace-data.data"
    )
    assert found is not None
    assert "rows" in found["trace-logs"]["data"]


def test_the_list_is_fetched_when_its_tab_is_shown(pages: Pages) -> None:
    values = {"trace-place.data": PLACE, "trace-id.data": ODD}
    found = pages.call("trace-log-list.children", values, "trace-place.data")
    assert found is not None
    assert "table-bar" in text(found)
    other = {**values, "trace-place.data": {**PLACE, "tab": "spans"}}
    assert pages.call("trace-log-list.children", other, "trace-place.data") is None
