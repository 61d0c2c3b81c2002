"""The envelope: Jaeger's, one line for every error, nothing JSON does not have."""

import json

import pytest

from collector.query.replies import envelope, failure, ok, render


def test_results_are_counted() -> None:
    assert envelope(["a", "b"], 20) == {
        "data": ["a", "b"],
        "total": 2,
        "limit": 20,
        "offset": 0,
        "errors": None,
    }


def test_an_error_is_one_line_and_says_when_to_come_back() -> None:
    reply = failure(503, "two\nlines\tand   more")
    assert json.loads(reply.text or "") == {
        "data": None,
        "total": 0,
        "limit": 0,
        "offset": 0,
        "errors": [{"code": 503, "msg": "two lines and more"}],
    }
    assert reply.headers["Retry-After"] == "2"
    assert "Retry-After" not in failure(400, "no").headers


def test_texts_of_any_kind_can_be_sent() -> None:
    assert ok({"name": "\ud800ü"}).body == b'{"name":"\\ud800\\u00fc"}'
    with pytest.raises(ValueError, match="not JSON compliant"):
        render(float("nan"))
