"""Who set a stage last."""

import pytest

from proxy.contract.decisions.kinds import StageOrigin
from proxy.contract.model import Stage
from proxy.contract.service_id import ServiceId
from topology.policy.mesh_yaml import parse
from topology.rollout.stages import Setting, Stages

B = ServiceId("b")

ROUTE = parse("services: {b: {stage: route, percent: 25}}")


def test_nobody_said_anything() -> None:
    assert Stages().of(B) == Setting(Stage.OBSERVE, 0, StageOrigin.DEFAULT, 0.0)


def test_the_latest_word_wins_in_both_directions() -> None:
    stages = Stages()
    stages.apply(ROUTE, 1)
    assert stages.of(B) == Setting(Stage.ROUTE, 25, StageOrigin.FILE, 1)
    stages.set(B, Stage.OBSERVE, 100, StageOrigin.API, 2)
    assert stages.of(B) == Setting(Stage.OBSERVE, 0, StageOrigin.API, 2)
    stages.apply(ROUTE, 3)  # the file says what it said before: it did not change
    assert stages.of(B).origin == StageOrigin.API
    stages.apply(parse("services: {b: {stage: advise}}"), 4)
    assert stages.of(B) == Setting(Stage.ADVISE, 0, StageOrigin.FILE, 4)


def test_what_leaves_the_file_goes_back_to_the_default() -> None:
    stages = Stages()
    stages.apply(ROUTE, 1)
    (decision,) = stages.apply(parse(""), 2)
    assert stages.of(B).stage is Stage.OBSERVE
    assert decision.reason == "b goes from route 25 % to observe, set by default"
    stages.apply(ROUTE, 3)
    stages.set(B, Stage.ROUTE, 90, StageOrigin.API, 4)
    assert stages.apply(parse(""), 5) == []
    assert stages.of(B).percent == 90


def test_route_without_percent_is_all_of_it() -> None:
    stages = Stages()
    stages.apply(parse("services: {b: {stage: route}}"), 1)
    assert stages.of(B).percent == 100


def test_no_change_is_no_decision() -> None:
    stages = Stages()
    assert len(stages.set(B, Stage.ROUTE, 5, StageOrigin.API, 1)) == 1
    assert stages.set(B, Stage.ROUTE, 5, StageOrigin.API, 2) == []
    with pytest.raises(ValueError, match="0 to 100"):
        stages.set(B, Stage.ROUTE, -1, StageOrigin.API, 3)
