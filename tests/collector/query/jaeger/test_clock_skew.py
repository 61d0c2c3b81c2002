"""Clocks that disagree are found, with the shift that makes them agree; what agrees is left alone."""

from hypothesis import given
from hypothesis import strategies as st

from collector.query.jaeger.clock_skew import TOLERANCE_NS, Skew, skews, warnings
from collector.query.search.span_row import SpanRow

MS = 1_000_000
START = 1_795_248_000_000 * MS


def span(name: str, parent: str, at: float, took: float, kind: str = "Server", host: str = "") -> SpanRow:
    """``at`` and ``took`` in milliseconds."""
    return SpanRow(
        "0" * 31 + "1",
        name,
        parent,
        "",
        name,
        kind,
        "s",
        {"host.name": host} if host else {},
        "",
        "",
        {},
        START + round(at * MS),
        round(took * MS),
        "Unset",
        "",
        [],
        [],
        [],
        [],
        [],
        [],
        [],
        {},
        "",
        [],
        [],
    )


def test_a_server_whose_clock_is_behind_is_moved_into_the_middle_of_its_call() -> None:
    spans = [span("a", "", 0, 100, "Client", "h1"), span("b", "a", -30, 60, host="h2")]
    assert skews(spans) == {"b": Skew(30 * MS, 0, 50 * MS)}
    assert warnings(spans) == {
        "b": [
            "starts 30.000 ms before its parent: their clocks differ, +50.000 ms would fit; "
            "times are shown as sent",
        ]
    }


def test_a_server_whose_clock_is_ahead_ends_after_its_call() -> None:
    spans = [span("a", "", 0, 100, "Client", "h1"), span("b", "a", 70, 60, host="h2")]
    assert skews(spans) == {"b": Skew(0, 30 * MS, -50 * MS)}
    assert "ends 30.000 ms after its parent: their clocks differ, -50.000 ms" in warnings(spans)["b"][0]


def test_what_a_shifted_host_did_below_is_shifted_along() -> None:
    spans = [
        span("a", "", 0, 100, "Client", "h1"),
        span("b", "a", -30, 60, host="h2"),
        span("c", "b", -20, 30, "Client", "h2"),
        span("d", "c", 35, 20, host="h3"),
    ]
    # c moves with b to 30..60; d at 35..55 fits into that, as sent it ended 45 ms after c.
    assert skews(spans) == {
        "b": Skew(30 * MS, 0, 50 * MS),
        "c": Skew(0, 0, 50 * MS),
        "d": Skew(0, 45 * MS, 0),
    }
    assert warnings(spans)["c"] == [
        "its clock differs from its caller's, +50.000 ms would fit; times are shown as sent"
    ]


def test_what_nobody_waited_for_may_end_later() -> None:
    for parent, child in (("Server", "Internal"), ("Producer", "Consumer"), ("Client", "Consumer")):
        assert skews([span("a", "", 0, 10, parent), span("b", "a", 5, 500, child)]) == {}


def test_a_call_that_gave_up_is_no_sign_of_a_clock() -> None:
    assert skews([span("a", "", 0, 100, "Client", "h1"), span("b", "a", 5, 900, host="h2")]) == {}


def test_one_host_has_one_clock() -> None:
    spans = [span("a", "", 0, 100, "Client", "h1"), span("b", "a", -30, 60, host="h1")]
    assert skews(spans) == {"b": Skew(30 * MS, 0, 0)}
    assert warnings(spans) == {"b": ["starts 30.000 ms before its parent; times are shown as sent"]}


def test_lost_parents_twins_and_circles_are_no_trouble() -> None:
    spans = [
        span("a", "lost", 0, 1),
        span("a", "", 5, 1),
        span("b", "c", 0, 1),
        span("c", "b", 9, 1),
        span("d", "d", 0, 1),
    ]
    assert skews(spans) == {}
    assert warnings(spans) == {"a": ["the parent span lost is not stored"]}


@given(st.lists(st.tuples(st.integers(0, 9), st.floats(-100, 100), st.floats(0, 100)), max_size=10))
def test_the_shifts_make_every_call_that_can_fit_fit(drawn: list[tuple[int, float, float]]) -> None:
    spans = [span("root", "", 0, 100, "Client", "h0")]
    for index, (parent, at, took) in enumerate(drawn):
        caller = spans[parent % len(spans)].span_id
        spans.append(span(f"s{index}", caller, at, took, "Client", f"h{index + 1}"))
    found, by_id = skews(spans), {each.span_id: each for each in spans}
    moved = {name: each.start + (found[name].shift if name in found else 0) for name, each in by_id.items()}
    for each in spans[1:]:
        above = by_id[each.parent_id]
        assert moved[each.span_id] >= moved[above.span_id] - TOLERANCE_NS
        if each.duration <= above.duration:
            ends = moved[above.span_id] + above.duration
            assert moved[each.span_id] + each.duration <= ends + TOLERANCE_NS
