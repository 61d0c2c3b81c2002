"""The search form, and the place of an error in a query."""

from dashboard.api.client import ApiError
from dashboard.search.form import BETWEEN, problem, shown_values, window_values
from dashboard.search.search_url import TraceQuery


def test_fields_show_a_query_that_they_can_express() -> None:
    line, values, note, off = shown_values(
        TraceQuery(q='{ resource.service.name = "cart" && status = error }')
    )
    assert line == '{ resource.service.name = "cart" && status = error }'
    assert values[:3] == ["cart", "", "error"]
    assert (note, off) == ("", False)
    _, values, note, off = shown_values(TraceQuery(q="{ .a } >> { .b }"))
    assert values == [""] * 6
    assert "cannot be shown" in note
    assert off


def test_a_window_is_a_lookback_or_two_times() -> None:
    assert window_values(TraceQuery(lookback="3h"), 0) == ["3h", "", "", TraceQuery().limit]
    begin, end = 1_772_373_600_000_000, 1_772_377_200_000_000
    choice, since, until, _ = window_values(TraceQuery(start=str(begin), end=str(end)), 0)
    assert choice == BETWEEN
    assert since == "2026-03-01 14:00"
    assert until == "2026-03-01 15:00"


def test_the_place_of_an_error_stays_in_sight_in_a_long_query() -> None:
    line = "{ .a = 1 && " * 60 + "oops }"
    column = line.index("oops") + 1
    error = ApiError(f"q, column {column}: what is oops", "", 400, (column, 4))
    shown = str(problem(line, error))
    assert "oops" in shown
    assert "^^^^" in shown
    assert problem("{", ApiError("q is too long", "", 400)) == "q is too long"


def test_a_place_behind_the_query_is_shown_at_its_end() -> None:
    assert "^" in str(problem("{ .a", ApiError("q, column 5: more", "", 400, (5, 1))))
    assert "^" in str(problem("{ .a", ApiError("q, column 90: more", "", 400, (90, 500))))
