from itertools import pairwise
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from dashboard.api.trace import Trace
from dashboard.trace.critical_path import critical_path, shifts
from tests.dashboard.made import span, trace

CLIENT, SERVER, CONSUMER = ({"span.kind": kind} for kind in ("client", "server", "consumer"))


def path(found: Trace) -> list[tuple[str, int, int]]:
    return [(found.spans[one.index].id, one.start, one.end) for one in critical_path(found)]


def test_one_after_the_other_both_are_on_the_path() -> None:
    found = trace(span("a", "", 0, 100), span("b", "a", 10, 30), span("c", "a", 50, 40))
    assert path(found) == [("a", 0, 10), ("b", 10, 40), ("a", 40, 50), ("c", 50, 90), ("a", 90, 100)]


def test_of_two_at_once_the_one_that_ends_last_is_waited_for() -> None:
    found = trace(span("a", "", 0, 100), span("b", "a", 10, 50), span("c", "a", 10, 80))
    assert path(found) == [("a", 0, 10), ("c", 10, 90), ("a", 90, 100)]


def test_the_path_goes_down_into_the_child_it_waited_for() -> None:
    found = trace(span("a", "", 0, 100), span("b", "a", 10, 80), span("c", "b", 20, 60))
    assert path(found) == [("a", 0, 10), ("b", 10, 20), ("c", 20, 80), ("b", 80, 90), ("a", 90, 100)]


def test_a_child_that_outlives_its_parent_was_not_waited_for() -> None:
    found = trace(span("a", "", 0, 100), span("b", "a", 10, 30), span("c", "a", 50, 400))
    assert path(found) == [("a", 0, 10), ("b", 10, 40), ("a", 40, 100)]


def test_a_message_is_not_waited_for_even_when_it_was_quick() -> None:
    found = trace(span("a", "", 0, 100), span("b", "a", 10, 30, tags=CONSUMER))
    assert path(found) == [("a", 0, 100)]
    follower: dict[str, Any] = span("b", "a", 10, 30)
    follower["references"][0]["refType"] = "FOLLOWS_FROM"
    assert path(trace(span("a", "", 0, 100), follower)) == [("a", 0, 100)]


def test_overlapping_work_that_goes_on_beside_is_not_on_the_path() -> None:
    found = trace(span("a", "", 0, 100), span("b", "a", 0, 60), span("c", "a", 50, 50))
    assert path(found) == [("a", 0, 50), ("c", 50, 100)]


def test_a_little_overlap_of_two_that_follow_each_other_is_forgiven() -> None:
    found = trace(span("a", "", 0, 1000), span("b", "a", 0, 502), span("c", "a", 500, 500))
    assert path(found) == [("b", 0, 500), ("c", 500, 1000)]


def test_a_server_with_another_clock_is_fitted_into_its_client_and_told_as_sent() -> None:
    found = trace(
        span("a", "", 0, 100, tags=CLIENT), span("b", "a", 5000, 60, tags=SERVER), span("c", "b", 5010, 20)
    )
    assert shifts(found) == [0, -4980, -4980]
    assert path(found) == [
        ("a", 0, 20),
        ("a", 80, 100),
        ("b", 5000, 5010),
        ("c", 5010, 5030),
        ("b", 5030, 5060),
    ]


def test_a_span_whose_parent_is_lost_does_not_lead_the_path_astray() -> None:
    found = trace(span("x", "lost", 0, 10), span("a", "", 5, 100), span("b", "a", 10, 95))
    assert path(found) == [("a", 5, 10), ("b", 10, 105)]


def test_a_deep_trace_is_followed_to_its_end() -> None:
    deep = [span(f"{at:05}", f"{at - 1:05}" if at else "", at, 20_000 - 2 * at) for at in range(5000)]
    assert len(critical_path(trace(*deep))) == 9999


SPANS = st.lists(
    st.tuples(
        st.integers(0, 9),
        st.integers(0, 9),
        st.integers(0, 3000),
        st.integers(0, 3000),
        st.sampled_from(["", "client", "server", "consumer"]),
    ),
    min_size=1,
)


@given(SPANS)
def test_every_instant_of_the_root_is_explained_once(links: list[tuple[int, int, int, int, str]]) -> None:
    found = trace(
        *(
            span(str(own), str(parent), start, long, tags={"span.kind": kind})
            for own, parent, start, long, kind in links
        )
    )
    moved = shifts(found)
    roots = [one for one, depth in zip(found.spans, found.depths, strict=True) if not depth]
    longest = max(one.duration for one in roots)
    parts = sorted((one.start + moved[one.index], one.end + moved[one.index]) for one in critical_path(found))
    assert sum(end - start for start, end in parts) == longest
    assert all(before[1] == after[0] for before, after in pairwise(parts))
    for one in critical_path(found):
        assert found.spans[one.index].start <= one.start <= one.end <= found.spans[one.index].end
