from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from dashboard.trace import waterfall
from tests.dashboard.made import span, trace

CALL = {
    "span.kind": "client",
    "network.peer.address": "10.0.0.7",
    "network.peer.port": "9080",
    "spanmesh.arm": "routed",
    "http.request.resend_count": 1,
    "error": True,
}
TRACE = trace(
    span("a", "", 1000, 1000, "shop"),
    span("b", "a", 1500, 250, "cart", CALL),
    span("c", "a", 1990, 10, "cart"),
)


def test_columns_have_a_value_for_each_span_in_call_order() -> None:
    found = waterfall.columns(TRACE)
    assert (found["start"], found["duration"], found["services"]) == (1000, 1000, ["cart", "shop"])
    columns = ("ids", "service", "depth", "begin", "length", "own")
    assert [found[key] for key in columns] == [
        ["a", "b", "c"],
        [1, 0, 0],
        [0, 1, 1],
        [0, 500, 990],
        [1000, 250, 10],
        [740, 250, 10],
    ]
    assert [found["operations"][at] for at in found["operation"]] == ["op a", "op b", "op c"]
    assert found["path"] == [(0, 0, 500), (1, 500, 250), (0, 750, 240), (2, 990, 10)]


def test_what_is_special_about_a_span_is_flagged_and_told() -> None:
    found = waterfall.columns(TRACE)
    assert found["flags"] == [0, waterfall.FAILED | waterfall.RETRY, 0]
    assert found["notes"] == {1: "→ 10.0.0.7:9080 · chosen by the mesh · try 2"}
    odd: dict[str, Any] = {**span("b", "a", 5, tags={"span.kind": "consumer"}), "warnings": ["clock"]}
    odd["references"].append({"refType": "FOLLOWS_FROM", "traceID": "other", "spanID": "x"})
    odd["logs"] = [{"timestamp": 7, "fields": [{"key": "event", "value": "sent"}]}]
    found = waterfall.columns(trace(span("a"), odd))
    assert found["flags"][1] == waterfall.WARNED | waterfall.MESSAGE | waterfall.LINKED
    assert found["events"] == {1: [7]}


def test_a_service_has_one_colour_and_two_have_two() -> None:
    cart, shop = waterfall.columns(TRACE)["colours"]
    assert cart != shop


def test_a_search_finds_names_tags_and_events_in_either_case() -> None:
    assert waterfall.matches(TRACE, "CART") == [1, 2]
    assert waterfall.matches(TRACE, "span.kind=client") == [1]
    assert waterfall.matches(TRACE, "try 2") == [1]
    assert waterfall.matches(TRACE, " ") == waterfall.matches(TRACE, "nothing") == []


def test_a_very_long_name_is_sent_once_and_cut() -> None:
    found = waterfall.columns(trace(span("a", service="x" * 5000), span("b", "a", service="x" * 5000)))
    assert [len(name) for name in found["services"]] == [300]


@given(
    st.lists(
        st.tuples(st.integers(0, 9), st.integers(0, 9), st.integers(-5, 50), st.integers(0, 50)), min_size=1
    )
)
def test_any_trace_can_be_packed(links: list[tuple[int, int, int, int]]) -> None:
    made = trace(*(span(str(own), str(parent), start, long) for own, parent, start, long in links))
    found = waterfall.columns(made)
    columns = ("ids", "depth", "begin", "length", "own", "flags")
    assert {len(found[key]) for key in columns} == {len(made.spans)}
    assert min(found["begin"]) == 0
