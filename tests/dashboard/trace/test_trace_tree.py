from hypothesis import given
from hypothesis import strategies as st

from dashboard.trace.trace_tree import NOBODY, children, hop, parents, self_times, tries
from tests.dashboard.made import span, trace

LINKS = st.lists(
    st.tuples(st.integers(0, 12), st.integers(0, 12), st.integers(0, 90), st.integers(0, 50)), min_size=1
)


def test_parents_and_children_are_indices_into_the_call_order() -> None:
    found = trace(
        span("a", "", 0, 100),
        span("b", "a", 10),
        span("c", "b", 12),
        span("d", "a", 50),
        span("e", "lost", 60),
    )
    assert parents(found) == [NOBODY, 0, 1, 0, NOBODY]
    assert children(found) == [[1, 3], [2], [], [], []]


def test_self_time_is_what_no_child_covers() -> None:
    found = trace(
        span("a", "", 0, 100), span("b", "a", 10, 30), span("c", "a", 20, 40), span("d", "a", 90, 50)
    )
    assert self_times(found, children(found)) == [40, 30, 40, 50]


@given(LINKS)
def test_self_time_is_never_more_than_the_span_nor_negative(links: list[tuple[int, int, int, int]]) -> None:
    found = trace(*(span(str(own), str(parent), start, long) for own, parent, start, long in links))
    for one, own in zip(found.spans, self_times(found, children(found)), strict=True):
        assert 0 <= own <= one.duration


def test_a_hop_says_where_a_call_went_and_who_chose() -> None:
    given_tags = {
        "span.kind": "client",
        "network.peer.address": "10.0.0.7",
        "network.peer.port": 9080,
        "spanmesh.arm": "routed",
        "peer.service": "reviews",
        "http.request.resend_count": 1,
    }
    found = hop(trace(span("a", tags=given_tags)).root)
    assert found is not None
    assert (found.endpoint, found.arm, found.service) == ("10.0.0.7:9080", "routed", "reviews")
    assert found.resent == 1
    assert hop(trace(span("a", tags={**given_tags, "span.kind": "server"})).root) is None
    assert hop(trace(span("a", tags={"span.kind": "client"})).root) is None


def test_tries_of_one_call_are_told_from_the_next_call() -> None:
    def call(name: str, start: int, resent: int) -> dict[str, object]:
        tags: dict[str, object] = {
            "span.kind": "client",
            "network.peer.address": "10.0.0.7",
            "peer.service": "reviews",
        }
        if resent:
            tags["http.request.resend_count"] = resent
        return {**span(name, "a", start, 5, tags=tags), "operationName": "GET"}

    found = trace(span("a", "", 0, 100), call("b", 10, 0), call("c", 20, 1), call("d", 30, 0))
    assert tries(found, 1) == tries(found, 2) == [1, 2]
    assert tries(found, 3) == [3]
    assert tries(found, 0) == [0]
