"""Two meshes on one machine know nothing of each other."""

from pathlib import Path

import pytest

from tests.support.demo import EDGES, running, until

pytestmark = pytest.mark.slow


def test_two_demos_run_side_by_side(tmp_path: Path) -> None:
    (first := tmp_path / "first").mkdir()
    (second := tmp_path / "second").mkdir()
    with running(first, "--rate", "10") as one, running(second, "--rate", "10") as other:
        for demo in (one, other):
            until(lambda demo=demo: demo.edges().keys() >= EDGES, 90, "traffic on every edge")  # type: ignore[misc]
        ours, theirs = one.endpoints("reviews"), other.endpoints("reviews")
        assert (len(ours), len(theirs)) == (3, 3)
        assert not {each["address"] for each in ours} & {each["address"] for each in theirs}
        one.set_stage("reviews", "route", 40)
        percents = [
            next(
                each["percent"]
                for each in demo.get("/api/mesh/stages")["stages"]
                if each["service"] == "reviews"
            )
            for demo in (one, other)
        ]
        assert percents == [40, 0]
