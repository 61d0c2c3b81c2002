from hypothesis import given
from hypothesis import strategies as st

from dashboard.api.trace import is_same, of_jaeger
from tests.dashboard.made import span, trace


def test_spans_come_in_call_order_with_their_depth() -> None:
    found = trace(span("c", "b", 20), span("a", "", 0, 100), span("d", "a", 5), span("b", "a", 10))
    assert [(one.id, depth) for one, depth in zip(found.spans, found.depths, strict=True)] == [
        ("a", 0),
        ("d", 1),
        ("b", 1),
        ("c", 2),
    ]
    assert (found.root.id, found.duration) == ("a", 100)


def test_a_span_whose_parent_is_lost_is_a_root() -> None:
    found = trace(span("a", "", 0), span("b", "lost", 5))
    assert found.depths == (0, 0)


@given(st.lists(st.tuples(st.integers(0, 12), st.integers(0, 12), st.integers(0, 100)), min_size=1))
def test_every_span_comes_once_whatever_the_parents_claim(links: list[tuple[int, int, int]]) -> None:
    spans = {str(own): span(str(own), str(parent), start) for own, parent, start in links}
    found = trace(*spans.values())
    assert sorted(one.id for one in found.spans) == sorted(spans)


def test_errors_are_told_by_tag_or_by_status() -> None:
    found = trace(
        span("a", tags={"error": True}),
        span("b", tags={"error": "true"}),
        span("c", tags={"otel.status_code": "ERROR"}),
        span("d", tags={"error": False}),
    )
    assert [one.id for one in found.spans if one.failed] == ["a", "b", "c"]
    assert found.errors == 3


def test_a_trace_without_spans_is_left_out_and_bare_spans_do() -> None:
    bare = {"spanID": "1", "startTime": 1, "duration": 2}
    found = of_jaeger([{"traceID": "x", "spans": []}, {"traceID": "y", "spans": [bare], "processes": None}])
    assert [(one.id, one.services) for one in found] == [("y", ("unknown",))]


def test_a_span_may_follow_from_its_parent_and_a_child_reference_comes_first() -> None:
    follower = span("b", "a", 5)
    follower["references"] = [{"refType": "FOLLOWS_FROM", "traceID": "t", "spanID": "a"}]
    found = trace(span("a"), follower)
    assert (found.depths, found.spans[1].follows) == ((0, 1), True)
    both = span("c", "a", 6)
    both["references"].insert(0, {"refType": "FOLLOWS_FROM", "traceID": "t", "spanID": "b"})
    found = trace(span("a"), span("b", "a"), both)
    assert (found.spans[2].parent, found.spans[2].follows) == ("a", False)


def test_an_id_of_half_the_digits_names_the_same_trace() -> None:
    assert is_same("00000000000000dd", "000000000000000000000000000000dd")
    assert not is_same("dd", "dd0")
