"""Counts over time: nothing lost, nothing twice, bounded."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.contract.traffic import Arm, Protocol
from tests.topology.fleet import histogram
from topology.graph.cells import Cell, Key, View, arms, edges, endpoints
from topology.graph.figures import stats
from topology.graph.window import OTHER, Window
from topology.model.graph import USER

AB = Key("a", "b")


def filled(times: list[float], series: int = 100) -> Window:
    window = Window(900, series)
    for at in sorted(times):
        window.add(AB, histogram(0.1), 0, at)
        window.expire(at)
    return window


@given(st.lists(st.floats(1000, 1800), min_size=1, max_size=60), st.integers(1, 110))
def test_recent_windows_count_each_call_of_the_window_once(times: list[float], span: int) -> None:
    now = max(times)
    window = filled(times)
    expected = sum(int(now - span) < int(at) <= int(now) for at in times)
    cell = window.totals(now - span, now).get(AB, Cell())
    assert cell.histogram.count == expected


@given(st.lists(st.floats(1000, 1800), min_size=1, max_size=60))
def test_the_whole_memory_counts_everything_once(times: list[float]) -> None:
    now = max(times)
    assert filled(times).totals(now - 890, now)[AB].histogram.count == len(times)


def test_sizes_are_beside_the_calls_of_a_second_and_are_no_calls() -> None:
    window = filled([1000.2, 1001.2])
    for now in (1001.4, 1003.0):
        window.add_sizes(AB, histogram(0, 5), now)
    cell = window.totals(990, 1010)[AB]
    assert cell.sizes is not None
    assert (cell.histogram.count, cell.sizes.count) == (2, 4)
    assert [
        (second, each.histogram.count) for second, _, each in window.close_seconds(1010, users=False)
    ] == [
        (1000, 1),
        (1001, 1),
    ]


@given(st.lists(st.floats(1000, 1090), min_size=1, max_size=60), st.integers(1, 30))
def test_a_series_adds_up_and_puts_calls_where_they_were(times: list[float], step: int) -> None:
    cells = filled(times).series(1000, max(times), step, lambda key: True)
    expected: dict[int, int] = {}
    for at in times:
        number = (int(at) - 1000) // step
        expected[number] = expected.get(number, 0) + 1
    found = {number: cell.histogram.count for number, cell in cells.items() if cell.histogram.count}
    assert found == expected


_CALLS = st.tuples(
    st.floats(0, 15),
    st.sampled_from("ab"),
    st.sampled_from("cd"),
    st.sampled_from(["", "1:80", "2:80"]),
    st.sampled_from(Arm),
    st.booleans(),
)


@given(st.lists(_CALLS, max_size=40), st.sampled_from([edges, endpoints, arms]))
def test_a_view_is_of_the_same_calls_however_often_it_was_looked_at(
    calls: list[tuple[float, str, str, str, Arm, bool]], view: View
) -> None:
    window, now = Window(900, 100), 1000.0
    for passed, source, target, endpoint, arm, taken in calls:
        now += passed
        if taken:
            window.take(source, target, 0.1, failed=False, since=0)
        else:
            window.add(Key(source, target, Protocol.HTTP, endpoint, arm), histogram(0.1), 0, now)
        window.expire(now)
        expected: dict[Key, int] = {}
        for key, cell in window.totals(now - 60, now).items():
            expected[view(key)] = expected.get(view(key), 0) + cell.histogram.count
        found = window.totals(now - 60, now, view)
        assert {key: cell.histogram.count for key, cell in found.items()} == expected
        some = window.some(now - 60, now, lambda key: key.target == "c")
        assert sum(cell.histogram.count for cell in some.values()) == sum(
            cell.histogram.count for key, cell in window.totals(now - 60, now).items() if key.target == "c"
        )


def test_memory_ends() -> None:
    window = filled([1000.0])
    window.expire(3000.0)
    assert window.totals(0, 3000) == {}
    assert list(window.ends()) == []


def test_series_beyond_the_limit_are_counted_together() -> None:
    window = Window(900, 3)
    for number in range(10):
        window.add(Key("a", f"t{number}"), histogram(0.1), 0, 1000.0)
    counts = window.totals(990, 1000)
    assert len(counts) == 4
    assert counts[Key(OTHER, OTHER)].histogram.count == 7


def stored(window: Window, end: int, users: bool = False) -> list[tuple[int, int]]:
    return [(at, cell.histogram.count) for at, _, cell in window.close_seconds(end, users=users)]


def test_closed_seconds_are_given_once_and_late_calls_as_rows_of_their_own() -> None:
    window = filled([1000.2, 1000.8, 1001.1])
    assert stored(window, 1001) == [(1000, 2)]
    window.add(AB, histogram(0.1), 0, 1000.9)
    assert stored(window, 1002) == [(1001, 1), (1000, 1)]
    assert stored(window, 1003) == []
    assert window.totals(999, 1000)[AB].histogram.count == 3


def test_a_late_user_is_stored_as_users_are() -> None:
    window, user = Window(900, 100), Key(USER, "b")
    assert stored(window, 1001) == stored(window, 990, users=True) == []
    window.add(user, histogram(0.1), 0, 995.0)
    window.add(user, histogram(0.1), 0, 985.0)
    assert stored(window, 1002) == []
    assert stored(window, 991, users=True) == [(985, 1)]
    assert stored(window, 996, users=True) == [(995, 1)]


@given(st.lists(st.tuples(st.floats(0, 3000), st.floats(0, 2500)), max_size=40))
def test_each_call_is_stored_once_in_its_second_and_remembered_if_it_is_recent(
    calls: list[tuple[float, float]],
) -> None:
    window, now, rows = Window(900, 100), 5000.0, list[tuple[int, int]]()
    window.expire(now)
    for passed, ago in calls:
        now += passed / 100
        window.add(AB, histogram(0.1), 0, now - ago)
        rows += stored(window, int(now))
        window.expire(now)
    rows += stored(window, int(now) + 1)
    expected: dict[int, int] = {}
    now = 5000.0
    for passed, ago in calls:
        now += passed / 100
        expected[int(now - ago)] = expected.get(int(now - ago), 0) + 1
    found: dict[int, int] = {}
    for second, count in rows:
        found[second] = found.get(second, 0) + count
    assert found == expected
    recent = sum(number for second, number in expected.items() if second > int(now - 100))
    assert window.totals(now - 100, now).get(AB, Cell()).histogram.count == recent


def test_a_call_can_be_taken_back() -> None:
    window = Window(900, 10)
    window.add(AB, histogram(0.1, 0.2), 1, 1000.0)
    assert window.take("a", "b", 0.2, True, 990)
    cell = window.totals(990, 1000)[AB]
    assert (cell.histogram.count, cell.errors) == (1, 0)
    assert cell.histogram.quantile(0.5) == pytest.approx(0.1, rel=0.05)
    assert window.take("a", "b", 0.1, False, 990)
    assert not window.take("a", "b", 0.1, False, 990)
    assert stats(window.totals(990, 1000)[AB], 10).count == 0


def test_nothing_is_taken_from_before_what_is_open() -> None:
    window = filled([1000.0])
    assert not window.take("a", "b", 0.1, False, 1001)


def test_rates_are_over_the_time_lived_through() -> None:
    window = filled([1000.0])
    assert window.span(1005.0, 60) == 5.0
    assert window.span(1500.0, 60) == 60
    assert Window(900, 1).span(1000.0, 60) == 1.0
