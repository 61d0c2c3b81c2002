"""Windows split between memory and store: each moment is answered by one of them."""

from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.clock import MeshClock
from collector.query.errors import BadValueError
from collector.query.mesh.live_or_stored import MEMORY_US, AnsweredWindow, TrafficQueries
from collector.query.params import REACHES_NOW_US, Window
from tests.collector.query.world import NOW, NOW_US, unstepped

MINUTE = 60_000_000


def queries(born: float = NOW - 3600.0) -> TrafficQueries:
    """Return the queries of a process that began at ``born``, at NOW."""
    now = born
    made = TrafficQueries(cast(Any, None), cast(Any, None), unstepped(lambda: now))
    now = float(NOW)
    return made


def test_a_client_by_the_clock_of_a_machine_that_was_set_ahead_sees_what_is_now() -> None:
    passed = 0.0
    clock = MeshClock(lambda: NOW + passed + (3600.0 if passed else 0.0), lambda: passed)
    made = TrafficQueries(cast(Any, None), cast(Any, None), clock)
    passed = 100.0
    asked = {"start": str(NOW_US + 3640 * 10**6), "end": str(NOW_US + 3700 * 10**6)}
    found = made.recent(asked, MINUTE)
    assert found.stored is None
    assert found.window.seconds == 60.0
    assert found.live == pytest.approx(60.0, abs=1.1)


def test_without_a_start_memory_answers() -> None:
    found = queries(born=NOW - 5.0).recent({}, MINUTE)
    assert found == AnsweredWindow(Window(NOW_US - MINUTE, NOW_US), float(NOW), 60.0, None)


def test_what_was_before_the_process_began_comes_from_the_store() -> None:
    start = NOW_US - MINUTE
    for found in (
        queries(born=NOW - 20.0).recent({"start": str(start)}, MINUTE),
        queries(born=NOW - 20.0).within({}, MINUTE),
    ):
        assert (found.live, found.stored) == (20.0, Window(start, NOW_US - 20_000_000))


def test_a_window_of_the_past_comes_from_the_store_alone() -> None:
    window = Window(NOW_US - 2 * MINUTE, NOW_US - MINUTE)
    assert queries().split(window) == AnsweredWindow(window, float(NOW), 0.0, window)


def test_a_start_after_the_end_is_refused() -> None:
    with pytest.raises(BadValueError, match="start is"):
        queries().recent({"start": str(NOW_US), "end": "5"}, MINUTE)


@given(st.integers(0, 3 * MEMORY_US), st.integers(-MINUTE, 3 * MEMORY_US), st.booleans())
def test_every_moment_is_answered_once(back: int, length: int, since_start: bool) -> None:
    start = NOW_US - back
    window = Window(start, max(start, start + length))
    found = queries().split(window, since_start)
    if window.end < NOW_US - REACHES_NOW_US:
        assert (found.live, found.stored) == (0.0, window)
        return
    begins_live = NOW_US - round(found.live * 1e6)
    assert found.stored is None or found.stored == Window(window.start, begins_live)
    assert begins_live >= window.start or found.stored is None
    if since_start:
        assert found.live * 1e6 <= MEMORY_US + 1
