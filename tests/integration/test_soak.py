"""A short form of ``make soak``; the long one is for a machine that has the time."""

import asyncio

import pytest
import uvloop

from tests.bench.soak import soak

SECONDS = 15.0


@pytest.mark.slow
def test_mixed_load_and_faults_leave_counts_that_agree_and_nothing_behind() -> None:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        result = runner.run(soak(SECONDS))
    assert result.problems == []
    assert result.requests == result.counts["server_spans"] == result.counts["server"] > 100
    assert len(result.answers) > 15, "a kind of request was never sent"
