"""Files of traces: shown without being stored, refused with a reason, and downloaded."""

import base64
import json

from dashboard.trace.upload import layout
from tests.dashboard.made import span
from tests.dashboard.pages import Pages, text
from tests.dashboard.text import words
from tests.support.fake_traces import ODD

FILE = "upload-file.contents"


def uploaded(pages: Pages, content: bytes) -> str:
    encoded = "data:application/json;base64," + base64.b64encode(content).decode()
    found = pages.call("upload-view.children", {FILE: encoded, "upload-file.filename": "x.json"}, FILE)
    assert found is not None
    return text(found)


def test_the_page_says_that_nothing_is_stored() -> None:
    assert "Nothing is stored" in words(layout(None))


def test_the_traces_of_a_file_are_listed_with_links(pages: Pages) -> None:
    one = {"traceID": "t", "spans": [span("a")], "processes": {"cart": {"serviceName": "cart", "tags": []}}}
    said = uploaded(pages, json.dumps({"data": [one]}).encode())
    assert "1 trace" in said
    assert "cart" in said
    assert "/traces/" in said


def test_what_is_no_trace_is_refused_with_its_name(pages: Pages) -> None:
    said = uploaded(pages, b"not json")
    assert "x.json" in said
    assert "state-title" in said


def test_without_a_file_nothing_happens(pages: Pages) -> None:
    assert pages.call("upload-view.children", {FILE: None}, FILE) is None


def test_a_trace_is_a_file_in_either_form(pages: Pages) -> None:
    for form in ("otlp", "jaeger"):
        reply = pages.http.get(f"/download/{form}/{ODD}.json")
        assert (reply.status_code, reply.headers["Content-Disposition"]) == (200, "attachment")
        assert reply.get_json()
    assert pages.http.get("/download/otlp/ffff.json").status_code == 404
    assert pages.http.get(f"/download/xml/{ODD}.json").status_code == 404
