from dashboard.api.client import ApiError
from dashboard.search import live_tail
from dashboard.search.form import problem
from proxy.contract.api.search import TraceLine

BERLIN = 60


def found(*ids: str) -> list[TraceLine]:
    return [
        TraceLine(
            traceId=each,
            rootService="a",
            rootOperation="b",
            start=0,
            duration=1.0,
            errors=0,
            spans=1,
            services=["a"],
        )
        for each in ids
    ]


def test_the_live_tail_shows_each_trace_once_and_says_what_it_left_out() -> None:
    assert [each["traceId"] for each in live_tail.fresh(found("c", "b", "a"), ["b", "a"])] == ["c"]
    assert not live_tail.overlooked(found("c", "b"), ["b"], more=True)
    assert not live_tail.overlooked(found("d", "c"), [], more=True)
    assert live_tail.overlooked(found("d", "c"), ["a"], more=True)
    assert not live_tail.overlooked(found("d", "c"), ["a"], more=False)


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
