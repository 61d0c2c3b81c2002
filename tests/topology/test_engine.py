"""The engine as its host uses it."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proxy.contract.decisions.kinds import StageOrigin
from proxy.contract.model import EndpointState, Node, Retries, Stage
from proxy.contract.service_id import ServiceId
from proxy.contract.traffic import Arm
from tests.support.extent import sized
from tests.topology.fleet import Fleet, address, histogram
from topology.engine import Engine, UnknownServiceError
from topology.model.graph import Kind
from topology.model.samples import CallSample, Side, SpanFact
from topology.policy.mesh_yaml import parse
from topology.policy.models import Policy, RetryPolicy, ServicePolicy
from topology.rollout.stages import Stages
from topology.settings import EngineSettings

B = ServiceId("b")


def engine(text: str = "") -> Engine:
    return Engine(parse(text), EngineSettings())


def call(arm: Arm, count: int, errors: int = 0) -> CallSample:
    return CallSample(Side.CLIENT, "a", "b", "a1", histogram(*[0.1] * count), errors, "10.0.0.1:80", arm)


def test_the_snapshot_moves_only_when_its_content_does() -> None:
    fleet = Fleet(3, 2)
    fleet.run(5)
    before = fleet.engine.tick(fleet.now).snapshot
    fleet.run(5)
    after = fleet.engine.tick(fleet.now).snapshot
    assert before is after
    assert set(after.services) == {"a", "b"}
    fleet.engine.set_stage(B, Stage.ROUTE, 50, fleet.now)
    changed = fleet.engine.tick(fleet.now).snapshot
    assert changed.version == before.version + 1
    assert (changed.services[B].stage, changed.services[ServiceId("b")].percent) == (Stage.ROUTE, 50)


def test_ejections_reach_the_snapshot_in_every_stage() -> None:
    fleet = Fleet(4, 4)
    fleet.run(10)
    fleet.run(2, lambda r, e, t: (0.01, e == 1))
    service = fleet.engine.tick(fleet.now).snapshot.services[B]
    assert service.stage is Stage.OBSERVE
    assert [(e.address, e.healthy, e.draining) for e in service.endpoints] == [
        (address(number), number != 1, False) for number in range(4)
    ]


def test_a_decision_comes_out_of_one_tick_and_stays_readable() -> None:
    fleet = Fleet(4, 4)
    fleet.run(10)
    doubted, made = fleet.run(2, lambda r, e, t: (0.01, e == 1))
    assert (doubted.kind, made.kind) == ("probation", "eject")
    assert fleet.engine.decisions("b", 1) == (made,)
    assert fleet.engine.decisions("nobody") == ()
    assert len(fleet.engine.decisions(limit=3)) == 3
    times = [each.time for each in fleet.engine.decisions()]
    assert times == sorted(times, reverse=True)
    (view,) = [view for view in fleet.view() if view.state is EndpointState.EJECTED]
    assert made.reason.startswith(view.reason)
    assert view.ejected_since == made.time
    assert view.ejected_until == made.time + 5


def test_both_arms_are_measured_apart() -> None:
    found = engine()
    found.calls([call(Arm.DIRECT, 6, 3), call(Arm.ROUTED, 4)], 1000.0)
    (view,) = [view for view in found.live.stages(1000.0, 60) if view.service == "b"]
    assert (view.direct.count, view.direct.success) == (6, 0.5)
    assert (view.routed.count, view.routed.success) == (4, 1.0)


def test_stages_of_unknown_services_and_bad_percents_are_refused() -> None:
    found = engine()
    with pytest.raises(UnknownServiceError):
        found.set_stage(B, Stage.ROUTE, 100, 1000.0)
    found.calls([call(Arm.DIRECT, 1)], 1000.0)
    with pytest.raises(ValueError, match="0 to 100"):
        found.set_stage(B, Stage.ROUTE, 101, 1000.0)
    view = found.set_stage(B, Stage.ROUTE, 30, 1000.0)
    assert (view.stage, view.percent, view.origin, view.updated) == (Stage.ROUTE, 30, "api", 1000.0)
    assert [each.kind for each in found.tick(1000.0).decisions] == ["stage"]


def test_a_policy_is_in_force_at_once() -> None:
    found = engine()
    found.set_policy(
        Policy(
            services={
                B: ServicePolicy(
                    stage=Stage.ROUTE,
                    percent=10,
                    timeout=1.5,
                    retries=RetryPolicy(attempts=3, on=("5xx",)),
                    split={"v1": 1},
                    endpoints=("10.0.0.7:80",),
                )
            }
        ),
        1000.0,
    )
    service = found.tick(1000.0).snapshot.services[B]
    assert (service.stage, service.percent) == (Stage.ROUTE, 10)
    assert (service.timeout, service.retries) == (1.5, Retries(3, ("5xx",)))
    assert [endpoint.address for endpoint in service.endpoints] == ["10.0.0.7:80"]
    assert [view.service for view in found.live.stages(1000.0, 60)] == ["b"]
    found.set_policy(Policy(), 1001.0)
    assert found.tick(1001.0).snapshot.services == {}


def test_series_and_latency() -> None:
    found = engine()
    for second in range(1000, 1030):
        found.calls([call(Arm.DIRECT, 2, 1)], float(second))
        found.tick(float(second))
    points = found.live.series(1029.0, 20, 5, service="b")
    assert [point.time for point in points] == [1005, 1010, 1015, 1020, 1025]
    assert {point.stats.count for point in points} == {10}
    assert points[0].stats.rate == 2.0
    assert found.live.series(1029.0, 20, 5, source="x")[0].stats.count == 0
    assert (
        found.live.series(1029.0, 20, 5, source="a", target="b", endpoint="10.0.0.1:80")[0].stats.count == 10
    )
    assert found.live.latency(1029.0, 10, service="b").count == 20
    assert found.live.latency(1029.0, 10, source="a", target="c").count == 0


def test_a_series_beyond_two_minutes_has_steps_of_tens() -> None:
    found = engine()
    for second in range(1000, 1400):
        found.calls([call(Arm.DIRECT, 1)], float(second))
        found.tick(float(second))
    points = found.live.series(1399.0, 300, 7, service="b")
    assert {after.time - before.time for before, after in pairwise(points)} == {10}
    assert {point.stats.count for point in points} == {10}


def test_nodes_show_what_is_known_of_them() -> None:
    found = engine("services: {b: {stage: route, percent: 40}}")
    found.connect("1", Node(B, "b1", "10.0.0.1:80", version="v2"), "10.0.0.1", 999.0)
    outside = CallSample(Side.CLIENT, "b", "1.1.1.1:53", "b1", histogram(0.1), 0)
    found.calls([call(Arm.DIRECT, 4, 1), outside], 1000.0)
    found.tick(1000.0)
    nodes = {node.name: node for node in found.live.services(1000.0, 60)}
    b = nodes["b"]
    assert (b.kind, b.sidecar, b.stage, b.percent, b.endpoints, b.versions) == (
        Kind.SERVICE,
        True,
        Stage.ROUTE,
        40,
        1,
        ("v2",),
    )
    assert (b.stats.count, b.stats.success) == (4, 0.75)
    assert nodes["1.1.1.1:53"].kind is Kind.EXTERNAL
    assert nodes["a"].stats.success is None
    view = found.live.graph(1000.0)
    assert (view.start, view.end, len(view.nodes), len(view.edges)) == (940.0, 1000.0, 3, 2)


batches_of_calls = st.tuples(st.sampled_from([Arm.DIRECT, Arm.ROUTED]), st.integers(0, 9), st.floats(0, 3))


@settings(max_examples=sized(30, 10))
@given(st.lists(batches_of_calls, max_size=30))
def test_every_call_is_stored_exactly_once(batches: list[tuple[Arm, int, float]]) -> None:
    found = engine()
    now, stored, told = 1000.0, 0, 0
    for arm, count, pause in batches:
        found.calls([call(arm, count)], now)
        told += count
        now += pause
        stored += sum(sample.count for sample in found.tick(now).edges)
    assert stored + sum(sample.count for sample in found.flush()) == told


def test_two_services_of_one_name_have_endpoints_stages_and_policies_of_their_own() -> None:
    found = engine("services: {shop/b: {stage: route, percent: 40}, ops/b: {timeout: 3s}}")
    shop, ops = ServiceId("shop/b"), ServiceId("ops/b")
    for number, service in enumerate((shop, ops)):
        address = f"10.0.0.{number}:80"
        found.connect(service, Node(service, "b-1", address), f"10.0.0.{number}", 999.0)
        sample = CallSample(Side.CLIENT, "a", service, "a-1", histogram(0.1), 0, address, Arm.ROUTED)
        found.calls([sample], 1000.0)
    services = found.tick(1000.0).snapshot.services
    assert [endpoint.address for endpoint in services[shop].endpoints] == ["10.0.0.0:80"]
    assert [(services[each].percent, services[each].timeout) for each in (shop, ops)] == [(40, 0.0), (0, 3.0)]
    found.set_stage(ops, Stage.ADVISE, 0, 1001.0)
    stages = {view.service: (view.stage, view.routed.count) for view in found.live.stages(1001.0, 60)}
    assert (stages[shop], stages[ops]) == ((Stage.ROUTE, 1), (Stage.ADVISE, 1))
    assert {node.name for node in found.live.services(1001.0, 60)} == {"a", shop, ops}


def test_a_stage_of_mesh_yaml_goes_with_the_service_its_key_turns_out_to_mean() -> None:
    found, shop = engine("services: {b: {stage: route, percent: 40}}"), ServiceId("shop/b")
    decided = len(found.tick(999.0).decisions)
    found.connect("1", Node(shop, "b-1", "10.0.0.1:80"), "10.0.0.1", 1000.0)
    tick = found.tick(1000.0)
    assert tick.snapshot.services[shop].percent == 40
    assert (decided, [each.kind for each in tick.decisions]) == (1, ["register"])
    # What was set over the API stays when the same key is looked at again.
    found.set_stage(shop, Stage.ROUTE, 10, 1001.0)
    found.connect("2", Node(ServiceId("ops/c"), "c-1", "10.0.0.2:80"), "10.0.0.2", 1002.0)
    assert found.tick(1002.0).snapshot.services[shop].percent == 10


def test_a_stored_stage_of_a_name_is_for_the_service_that_connects_with_a_namespace() -> None:
    (change,) = Stages().set(ServiceId("b"), Stage.ROUTE, 40, StageOrigin.API, 900.0)
    for connected_first in (False, True):
        found, shop = engine(), ServiceId("shop/b")
        if not connected_first:
            found.follow([change])
        found.connect("1", Node(shop, "b-1", "10.0.0.1:80"), "10.0.0.1", 1000.0)
        if connected_first:
            found.follow([change])
        assert found.tick(1000.0).snapshot.services[shop].percent == 40


def test_spans_without_a_namespace_are_of_the_service_that_is_registered() -> None:
    found, shop = engine(), ServiceId("shop/b")
    found.connect("1", Node(shop, "b-1", "10.0.0.1:80"), "10.0.0.1", 999.0)
    attributes = {"db.system.name": "postgresql", "db.namespace": "orders"}
    fact = SpanFact(b"t" * 16, b"s" * 8, b"", ServiceId("b"), 3, 0.1, False, False, attributes)
    found.spans([fact], 1000.0)
    [edge] = found.live.graph(1000.0).edges
    assert (edge.source, edge.target) == ("shop/b", "postgresql/orders")


def test_services_whose_names_differ_in_case_are_one_with_one_policy_and_one_stage() -> None:
    found = engine("services:\n  REVIEWS: {timeout: 2s}\n")
    for number, name in enumerate(("Reviews", "reviews")):
        node = Node(ServiceId(name), f"r{number}", f"10.0.0.{number}:80")
        found.connect(str(number), node, f"10.0.0.{number}", 1000.0)
    found.connect("9", Node(ServiceId("Web"), "w"), "10.0.0.9", 1000.0)
    calls = CallSample(
        Side.CLIENT, "web", "reviews", "w", histogram(*[0.1] * 5), 0, "10.0.0.1:80", Arm.DIRECT
    )
    served = CallSample(Side.SERVER, "WEB", "reviews", "r1", histogram(*[0.1] * 5), 0, "", Arm.NONE)
    found.calls([calls, served], 1000.0)
    snapshot = found.tick(1000.0).snapshot
    reviews = snapshot.services[ServiceId("Reviews")]
    assert set(snapshot.services) == {"Reviews", "Web"}
    assert (len(reviews.endpoints), reviews.timeout) == (2, 2.0)
    (edge,) = found.live.graph(1000.0, 60).edges
    assert (edge.source, edge.target, edge.stats.count) == ("Web", "Reviews", 5)
    found.set_stage(found.live.find("rEVIEWS"), Stage.ROUTE, 50, 1001.0)
    assert found.tick(1001.0).snapshot.services[ServiceId("Reviews")].stage is Stage.ROUTE


def test_a_stage_that_is_stored_under_another_spelling_is_taken_over() -> None:
    before, after = engine(), engine()
    for found, name in ((before, "Shop/B"), (after, "shop/b")):
        found.connect("1", Node(ServiceId(name), "b1", "10.0.0.1:80"), "10.0.0.1", 1000.0)
    before.set_stage(ServiceId("Shop/B"), Stage.ROUTE, 30, 1001.0)
    after.follow(before.decisions(kind="stage"))
    assert after.tick(1002.0).snapshot.services[ServiceId("shop/b")].percent == 30
