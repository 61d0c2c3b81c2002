"""Many traces as one tree: counts, percentiles, self time, errors, and the bounds."""

from hypothesis import given
from hypothesis import strategies as st

from collector.query.analysis.trace_aggregate import DEPTH_MAX, NODES_MAX, TreeSpan, covered, tree

MS = 1_000_000


def brief(trace: str, span: str, parent: str, step: str, at: float, took: float, failed: int = 0) -> TreeSpan:
    service, _, name = step.partition(" ")
    return TreeSpan(trace, span, parent, service, name, "Server", failed, round(at * MS), round(took * MS))


def test_steps_of_one_path_are_one_node() -> None:
    rows = [
        brief("1", "a", "", "shop GET", 0, 100),
        brief("1", "b", "a", "cart read", 10, 30),
        brief("1", "c", "a", "cart read", 50, 10, 1),
        brief("1", "d", "b", "db get", 15, 5),
        brief("2", "a", "", "shop GET", 0, 50),
        brief("2", "b", "a", "cart read", 20, 20),
    ]
    found = tree("shop", "GET", rows)
    [shop] = found.nodes
    assert (found.traces, found.cut, shop["count"], shop["per_trace"]) == (2, False, 2, 1.0)
    assert shop["duration"] == {"mean": 75.0, "p50": 50.0, "p90": 100.0, "p99": 100.0}
    assert shop["self"] == {"mean": 45.0, "p50": 30.0, "p90": 60.0, "p99": 60.0}
    [cart] = shop["children"]
    assert (cart["service"], cart["operation"], cart["kind"]) == ("cart", "read", "server")
    assert (cart["count"], cart["traces"], cart["per_trace"], cart["errors"]) == (3, 2, 1.5, 1)
    assert (cart["error_rate"], cart["offset"]) == (1 / 3, 20.0)
    [db] = cart["children"]
    assert (db["per_trace"], db["traces"], db["children"]) == (0.5, 1, [])


def test_it_begins_at_the_operation_wherever_that_is_in_a_trace() -> None:
    rows = [
        brief("1", "r", "", "edge GET", 0, 100),
        brief("1", "a", "r", "shop GET", 5, 90),
        brief("1", "b", "a", "shop GET", 6, 50),
        brief("1", "c", "r", "shop GET", 60, 5),
        brief("1", "x", "r", "other GET", 60, 5),
    ]
    [shop] = tree("shop", "GET", rows).nodes
    assert (shop["count"], shop["children"][0]["count"]) == (2, 1)


def test_circles_and_twins_end() -> None:
    rows = [
        brief("1", "a", "b", "s x", 0, 1),
        brief("1", "b", "a", "s y", 0, 1),
        brief("1", "c", "c", "s x", 0, 1),
    ]
    assert tree("s", "x", rows).traces == 1


def test_too_many_and_too_deep_are_cut_and_told() -> None:
    wide = [
        brief("1", "a", "", "s x", 0, 1),
        *(brief("1", f"b{index}", "a", f"t {index}", 0, 1) for index in range(NODES_MAX + 5)),
    ]
    found = tree("s", "x", wide)
    assert (found.cut, len(found.nodes[0]["children"])) == (True, NODES_MAX - 1)
    deep = [brief("1", str(index), str(index - 1), f"s {index}", 0, 1) for index in range(DEPTH_MAX + 9)]
    assert tree("s", "0", deep).cut is True
    assert tree("s", "0", deep[:DEPTH_MAX]).cut is False


@given(st.lists(st.tuples(st.integers(-20, 120), st.integers(0, 60)), max_size=8))
def test_what_children_cover_is_counted_once(intervals: list[tuple[int, int]]) -> None:
    parent = TreeSpan("1", "a", "", "s", "x", "", 0, 0, 100)
    children = [TreeSpan("1", "b", "a", "s", "x", "", 0, start, took) for start, took in intervals]
    inside = {n for start, took in intervals for n in range(start, start + took)} & set(range(100))
    assert covered(parent, children) == len(inside)
