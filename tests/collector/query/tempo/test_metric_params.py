"""Query strings of metrics: times, steps and exemplars in every spelling, otherwise nothing but an error."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.query.errors import BadValueError
from collector.query.tempo.metric_params import POINTS_MAX, parse_request
from collector.query.traceql.metrics.series import EXEMPLARS_MAX
from collector.query.traceql.metrics.steps import Steps
from tests.collector.query.world import NOW, NOW_US

Q = "{ } | rate()"


@pytest.mark.parametrize(
    ("query", "steps"),
    [
        ({"start": "100", "end": "160", "step": "30"}, Steps(90_000_000, 30_000_000, 3)),
        ({"start": "100.5", "end": "160.25", "step": "1m"}, Steps(60_000_000, 60_000_000, 2)),
        (
            {"start": "1760000000000000000", "end": "1760000060", "step": "30s"},
            Steps(1759999980_000_000, 30_000_000, 3),
        ),
        (
            {"start": "2025-10-09T08:53:20Z", "end": "1760000060", "step": "30s"},
            Steps(1759999980_000_000, 30_000_000, 3),
        ),
        ({"since": "30s", "step": "15"}, Steps(NOW_US - 30_000_000, 15_000_000, 2)),
        ({}, Steps(NOW_US - 3_600_000_000, 15_000_000, 240)),
        ({"since": "7d"}, Steps(NOW_US - 7 * 86_400_000_000, 2_520_000_000, 240)),
        ({"since": "4m"}, Steps(NOW_US - 240_000_000, 1_000_000, 240)),
        # Below a millisecond a step is cut: times of values are whole milliseconds.
        ({"since": "10s", "step": "2.0005"}, Steps(NOW_US - 10_000_000, 2_000_000, 5)),
    ],
)
def test_times_and_steps(query: dict[str, str], steps: Steps) -> None:
    assert parse_request({"q": Q, **query}, False, NOW_US).steps == steps


def test_an_instant_is_the_whole_time() -> None:
    found = parse_request({"query": Q, "since": "1m"}, True, NOW_US, 5_000_000)
    assert found.steps == Steps(NOW_US - 65_000_000, 65_000_000, 1)


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ({"q": Q}, EXEMPLARS_MAX),
        ({"q": Q, "exemplars": "7"}, 7),
        ({"q": Q + " with(exemplars=false)", "exemplars": "7"}, 0),
        ({"q": Q + " with(exemplars=true)", "exemplars": "0"}, EXEMPLARS_MAX),
        ({"q": Q + " with(exemplars=999)"}, EXEMPLARS_MAX),
        ({"q": Q + " with(sample=true)"}, EXEMPLARS_MAX),
    ],
)
def test_exemplars(query: dict[str, str], count: int) -> None:
    assert parse_request(query, False, NOW_US).exemplars == count


def test_a_step_has_no_more_values_than_are_answered() -> None:
    with pytest.raises(BadValueError, match=r"write 10s or more: at most 11000 points"):
        parse_request({"q": Q, "start": "0", "end": str(POINTS_MAX * 10), "step": "1"}, False, NOW_US)


@given(
    st.dictionaries(
        st.sampled_from(("q", "query", "start", "end", "since", "step", "exemplars")),
        st.one_of(
            st.text(),
            st.integers().map(str),
            st.floats().map(str),
            st.sampled_from((Q, "1s", "1m", str(NOW), "2026-11-21T08:00:00+25:00", "\u0661")),
        ),
    ),
    st.booleans(),
)
def test_any_query_string_is_a_request_or_an_error(query: dict[str, Any], instant: bool) -> None:
    try:
        asked = parse_request(query, instant, NOW_US)
    except BadValueError:
        return
    assert 1 <= asked.steps.count <= POINTS_MAX + 1
    assert asked.steps.window.start < asked.steps.window.end
