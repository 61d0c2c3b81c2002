"""The search that a submitted form describes."""

from typing import Any

import pytest

from dashboard.search.form import BETWEEN
from dashboard.search.form_callbacks import read_search
from dashboard.search.form_model import FormError
from dashboard.search.search_url import TraceQuery
from dashboard.search.timerange import TimeError

NOW_US = 1_772_373_600_000_000  # 2026-03-01 14:00 UTC
CART = '{ resource.service.name = "cart" }'
LAST = {"lookback": "3h", "from": "", "to": "", "limit": "50"}


def read(line: str, values: tuple[Any, ...], when: dict[str, str], typed: bool = False) -> TraceQuery:
    return read_search(line, values, when, TraceQuery(), 0, typed=typed, now_us=NOW_US)


def test_fields_are_newer_than_the_line_unless_the_line_was_submitted() -> None:
    mail = ("mail", None, "", None, None, None)
    assert read(CART, mail, LAST).line == '{ resource.service.name = "mail" }'
    assert read(CART, mail, LAST, typed=True).line == CART
    # Fields cannot express this one: they are off and say nothing.
    assert read("{ .a } >> { .b }", mail, LAST).line == "{ .a } >> { .b }"


def test_a_window_between_two_times_takes_the_place_of_the_lookback() -> None:
    query = read(CART, ("cart",), {**LAST, "lookback": BETWEEN, "from": "13:00", "to": "now"}, typed=True)
    assert (int(query.start), int(query.end)) == (NOW_US - 3_600_000_000, NOW_US)
    query = read(CART, ("cart",), LAST, typed=True)
    assert (query.lookback, query.start, query.limit) == ("3h", "", "50")


def test_what_cannot_be_read_is_refused() -> None:
    with pytest.raises(TimeError):
        read(CART, ("cart",), {**LAST, "lookback": BETWEEN, "from": "soon", "to": "now"})
    with pytest.raises(FormError):
        read(CART, ("cart", "", "", "fast"), LAST)
