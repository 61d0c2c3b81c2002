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


def restored(name: str) -> Stages:
    """Stages with one that was stored under this name, as after a restart."""
    earlier, stages = Stages(), Stages()
    (change,) = earlier.set(ServiceId(name), Stage.ROUTE, 30, StageOrigin.API, 1)
    assert stages.follow(change)
    return stages


def test_what_was_stored_for_a_name_is_for_the_service_that_has_it_in_a_namespace() -> None:
    stages, shop = restored("b"), ServiceId("shop/b")
    stages.adopt([])
    assert (stages.of(B).percent, stages.of(shop).percent) == (30, 0)
    stages.adopt([ServiceId("ops/c"), shop])
    assert stages.of(shop) == Setting(Stage.ROUTE, 30, StageOrigin.API, 1)
    assert (stages.of(B), [each.service for each in stages.history(shop)]) == (Setting(), [shop])


def test_a_later_change_in_full_stays() -> None:
    stages, shop = restored("b"), ServiceId("shop/b")
    stages.set(shop, Stage.ADVISE, 0, StageOrigin.API, 2)
    stages.adopt([shop])
    assert stages.of(shop).stage is Stage.ADVISE


@pytest.mark.parametrize("services", [["shop/b", "ops/b"], ["b", "shop/b"], ["c"]])
def test_a_stage_stays_where_its_name_means_no_one_service_in_a_namespace(services: list[str]) -> None:
    stages = restored("b")
    stages.adopt([ServiceId(each) for each in services])
    assert stages.of(B).percent == 30
    assert all(not stages.of(ServiceId(each)).percent for each in services if each != "b")


def test_the_stage_of_a_service_without_a_namespace_waits_for_it_while_it_is_away() -> None:
    stages, shop = restored("b"), ServiceId("shop/b")
    stages.adopt([B])
    stages.adopt([shop])
    assert (stages.of(B).percent, stages.of(shop).percent) == (30, 0)
