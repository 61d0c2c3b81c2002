"""Places in a trace: Tempo's nested set, children, and what a broken trace has."""

from collector.query.traceql.structure import Structure


def numbers(tree: dict[str, str]) -> dict[str, tuple[int, int, int, int]]:
    """Left, right, parent and number of children of each span."""
    found = Structure(list(tree), list(tree.values())).numbers()
    columns = ("nestedSetLeft", "nestedSetRight", "nestedSetParent", "span:childCount")
    rows = zip(*(found[column] for column in columns), strict=True)
    return dict(zip(tree, rows, strict=True))


def test_spans_are_numbered_on_the_way_down_and_up() -> None:
    assert numbers({"a": "", "b": "a", "c": "b", "d": "a"}) == {
        "a": (1, 8, -1, 2),
        "b": (2, 5, 1, 1),
        "c": (3, 4, 2, 0),
        "d": (6, 7, 1, 0),
    }


def test_spans_without_a_root_above_have_no_number() -> None:
    found = numbers({"a": "", "b": "gone", "c": "b", "d": "e", "e": "d", "f": "f"})
    assert found == {
        "a": (1, 2, -1, 0),
        "b": (0, 0, 0, 1),
        "c": (0, 0, 0, 0),
        "d": (0, 0, 0, 1),
        "e": (0, 0, 0, 1),
        "f": (0, 0, 0, 0),
    }


def test_two_roots_are_numbered_one_after_the_other() -> None:
    assert numbers({"a": "", "b": ""}) == {"a": (1, 2, -1, 0), "b": (3, 4, -1, 0)}


def test_a_deep_trace_is_no_recursion() -> None:
    depth = 5000
    tree = {str(place): str(place - 1) if place else "" for place in range(depth)}
    assert numbers(tree)[str(depth - 1)] == (depth, depth + 1, depth - 1, 0)


def test_operators_between_spansets() -> None:
    # b and c are children of a, d is a child of c.
    structure = Structure(["a", "b", "c", "d"], ["", "a", "a", "c"])
    a, all_spans = frozenset({0}), frozenset(range(4))
    assert structure.combined(">", a, all_spans) == {1, 2}
    assert structure.combined("!>>", a, all_spans) == {0}
    assert structure.combined("&>>", a, frozenset({3})) == {0, 3}
    assert structure.combined("~", frozenset({1}), all_spans) == {2}
