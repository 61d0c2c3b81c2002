from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from dashboard.trace import flame
from tests.dashboard.made import span, trace


def named(name: str, *given: Any, **more: Any) -> dict[str, Any]:
    return {**span(*given, **more), "operationName": name}


def test_spans_of_one_path_are_one_box_as_wide_as_the_work_below() -> None:
    found = flame.boxes(
        trace(
            named("root", "a", "", 0, 100),
            named("read", "b", "a", 0, 60),
            named("read", "c", "a", 10, 60),
            named("disk", "d", "c", 20, 10, tags={"error": True}),
        )
    )
    assert found["parent"] == [-1, 0, 1]
    assert found["count"] == [1, 2, 1]
    assert found["failed"] == [0, 0, 1]
    assert found["own"] == [30, 110, 10]
    assert found["all"] == [150, 120, 10]


@given(
    st.lists(
        st.tuples(st.integers(0, 9), st.integers(0, 9), st.integers(0, 50), st.integers(0, 50)), min_size=1
    )
)
def test_children_never_exceed_their_parent(links: list[tuple[int, int, int, int]]) -> None:
    found = flame.boxes(
        trace(*(span(str(own), str(parent), start, long) for own, parent, start, long in links))
    )
    below = [0] * len(found["all"])
    for box, parent in enumerate(found["parent"]):
        assert parent < box
        if parent >= 0:
            below[parent] += found["all"][box]
    assert all(
        own + under == whole for own, under, whole in zip(found["own"], below, found["all"], strict=True)
    )
