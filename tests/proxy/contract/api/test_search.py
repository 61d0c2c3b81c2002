"""Replies about traces and logs: what is there only with a query, and where pages end."""

from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from proxy.contract.api.search import LogPage, Suggestion, TraceLine

LINE: dict[str, Any] = {
    "traceId": "a",
    "rootService": "frontend",
    "rootOperation": "GET /",
    "start": 1,
    "duration": 1.5,
    "spans": 2,
    "errors": 0,
    "services": ["frontend"],
}
SPAN = {"spanId": "b", "name": "read", "start": 1, "duration": 0.5}


@pytest.mark.parametrize(
    "more", [{}, {"matched": None, "matchedSpans": []}, {"matched": 1, "matchedSpans": [SPAN]}]
)
def test_a_line_counts_matches_with_a_query_alone(more: dict[str, Any]) -> None:
    assert TypeAdapter(TraceLine).validate_python(LINE | more) == LINE | more


def test_a_scope_is_that_of_a_key() -> None:
    for suggestion in ({"value": "x", "count": 1}, {"value": "x", "count": 1, "scope": "span"}):
        assert TypeAdapter(Suggestion).validate_python(suggestion) == suggestion


def test_the_last_page_has_no_next() -> None:
    page: dict[str, Any] = {"logs": [], "next": None, "dir": "asc", "window": {"start": 1, "end": 2}}
    assert TypeAdapter(LogPage).validate_python(page) == page
    with pytest.raises(ValidationError, match="next"):
        TypeAdapter(LogPage).validate_python({**page, "next": 5})
