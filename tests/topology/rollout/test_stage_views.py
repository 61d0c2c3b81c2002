"""Stages as people see them: both arms, what is measured in route, what is estimated in advise."""

from proxy.contract.histogram import Histogram
from proxy.contract.model import Stage
from proxy.contract.service_id import ServiceId
from proxy.contract.traffic import Arm, Protocol
from topology.graph.cells import Bucket, Cell, Key
from topology.model.stages import StageView
from topology.policy.mesh_yaml import parse
from topology.policy.models import Policy
from topology.registry.sources import Member
from topology.rollout.stage_views import guarded, views
from topology.rollout.stages import Stages

B = ServiceId("b")
POLICY = parse("services: {b: {stage: route, percent: 25, guard: true}}")


def cell(count: int, errors: int = 0) -> Cell:
    histogram = Histogram()
    for _ in range(count):
        histogram.record(0.01)
    return Cell(histogram, errors)


def arms(direct: int, routed: int) -> Bucket:
    return {
        Key("", str(B), Protocol.UNKNOWN, "x:1", Arm.DIRECT): cell(direct, 1),
        Key("", str(B), Protocol.UNKNOWN, "", Arm.ROUTED): cell(routed),
        Key("", str(B), Protocol.UNKNOWN, "", Arm.NONE): cell(7),
    }


def view(stage: Stage, counts: Bucket, policy: Policy = POLICY) -> StageView:
    stages = Stages()
    stages.apply(policy, 1.0)
    if stage is not Stage.ROUTE:
        stages.set(B, stage, 0, stages.of(B).origin, 2.0)
    members = {B: (Member(B, "x:1"), Member(B, "y:1"))}
    (found,) = views([B], counts, 60.0, stages, members, lambda service, endpoint: 1.0, policy)
    return found


def test_both_arms_are_shown_and_calls_of_no_arm_are_in_neither() -> None:
    found = view(Stage.ROUTE, arms(60, 40))
    assert (found.direct.count, found.direct.errors, found.routed.count) == (60, 1, 40)
    assert (found.stage, found.percent, found.guard) == (Stage.ROUTE, 25, True)
    assert [each.kind for each in found.history] == ["stage"]


def test_the_effect_is_measured_in_route_and_advice_given_in_advise() -> None:
    routed, advised, observed = (
        view(stage, arms(60, 40)) for stage in (Stage.ROUTE, Stage.ADVISE, Stage.OBSERVE)
    )
    assert routed.effect is not None
    assert routed.advice is None
    assert advised.effect is None
    assert advised.advice is not None
    assert [move.endpoint for move in advised.advice.moves] == ["x:1"]
    assert (observed.effect, observed.advice) == (None, None)
    assert view(Stage.ROUTE, {}).effect is None


def test_the_guard_is_on_where_mesh_yaml_says_so() -> None:
    assert guarded(POLICY, B)
    assert not guarded(POLICY, ServiceId("c"))
    assert not guarded(parse("services: {b: {stage: route}}"), B)
