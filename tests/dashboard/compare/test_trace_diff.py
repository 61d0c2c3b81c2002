from typing import Any

from dashboard.compare.trace_diff import Side, difference
from tests.dashboard.made import span, trace


def named(name: str, *given: Any, **more: Any) -> dict[str, Any]:
    return {**span(*given, **more), "operationName": name}


def test_steps_are_matched_by_their_path() -> None:
    before = trace(
        named("root", "1", "", 0, 90_000),
        named("read", "2", "1", 0, 30_000),
        named("read", "3", "1", 40_000, 30_000),
        named("gone", "4", "1", 80_000, 1),
    )
    after = trace(
        named("root", "9", "", 0, 90_500),
        named("read", "8", "9", 0, 100_000),
        named("new", "7", "8", 5, 10),
        named("late", "6", "9", 70, 10, tags={"error": True}),
    )
    found = difference(before, after)
    assert [(step.operation, step.depth, step.change) for step in found] == [
        ("root", 0, "same"),
        ("read", 1, "slower"),
        ("new", 2, "added"),
        ("late", 1, "added"),
        ("gone", 1, "removed"),
    ]
    assert found[1].before == Side(2, 0, 60_000, 60_000)
    assert (found[1].after.count, found[1].after.total, found[1].after.own) == (1, 100_000, 99_990)


def test_a_trace_does_not_differ_from_itself() -> None:
    one = trace(span("a", "", 0, 100), span("b", "a", 1, 50, tags={"error": True}))
    assert {step.change for step in difference(one, one)} == {"same"}


def test_failing_counts_more_than_being_faster() -> None:
    slow, failed = trace(span("a", "", 0, 90_000)), trace(span("a", "", 0, 10, tags={"error": True}))
    assert [step.change for step in difference(slow, failed)] == ["broke"]
    assert [step.change for step in difference(failed, slow)] == ["recovered"]


def test_faster_needs_a_tenth_and_a_millisecond() -> None:
    def change(before: int, after: int) -> str:
        return difference(trace(span("a", "", 0, before)), trace(span("a", "", 0, after)))[0].change

    assert change(100_000, 91_000) == change(1500, 600) == "same"
    assert (change(100_000, 89_000), change(1000, 2100)) == ("faster", "slower")
