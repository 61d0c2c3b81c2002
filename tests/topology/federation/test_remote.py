"""Two engines that hear of each other as collectors do: by the second, and late."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.contract.decisions.evidence import Ejection, StageChange, StageSetting
from proxy.contract.decisions.kinds import StageOrigin
from proxy.contract.histogram import Histogram
from proxy.contract.model import EndpointState, Node, Stage
from proxy.contract.service_id import ServiceId
from proxy.contract.traffic import Arm, Protocol
from tests.topology.fleet import Fleet, address, fine, kinds
from topology.engine import Engine
from topology.model.decisions import Decision
from topology.model.graph import Encryption
from topology.model.samples import EdgeSample
from topology.policy.models import Policy
from topology.registry.registry import Registry
from topology.registry.sources import Source
from topology.settings import EngineSettings

B_ID = ServiceId("b")


def failing(reporter: int, endpoint: int, now: float) -> tuple[float, bool] | None:
    return (0.02, True) if endpoint == 2 else (0.02, False)


def stalled(reporter: int, endpoint: int, now: float) -> tuple[float, bool] | None:
    return None if endpoint == 2 else (0.02, False)


class Pair:
    """A fleet at each of two collectors, ``b`` with as many reporters as said; both know all endpoints."""

    def __init__(self, reporters: int, *, endpoints_at_b: bool = False) -> None:
        self.a, self.b = Fleet(4, 4, seed=1), Fleet(4, reporters, seed=2)
        if not endpoints_at_b:
            for number in range(4):
                self.b.engine.disconnect(f"b{number}", 0.0)
        self.share()

    def share(self) -> None:
        for one, other, name in ((self.a, self.b, "A"), (self.b, self.a, "B")):
            other.engine.remote.set_members(name, one.engine.own_members())

    def run(self, seconds: float, at_a: object = fine, at_b: object = fine, *, evidence: bool = True) -> None:
        for _ in range(round(seconds)):
            made: list[tuple[Fleet, str, list[Decision]]] = []
            edges: list[tuple[Fleet, str, list[EdgeSample]]] = []
            for one, other, name, how in ((self.a, self.b, "A", at_a), (self.b, self.a, "B", at_b)):
                stored: list[EdgeSample] = []
                decided: list[Decision] = []
                for _ in range(4):
                    decided += one.run(0.25, how)  # type: ignore[arg-type]
                stored += self.stored(one)
                made.append((other, name, decided))
                edges.append((other, name, stored))
            for other, name, samples in edges:
                if evidence:
                    other.engine.remote.merge_edges(name, samples, other.now)
            for other, name, decisions in made:
                for decision in decisions:
                    if decision.kind == "eject":
                        other.engine.remote.take_ejection(name, decision, other.now)
            self.share()

    @staticmethod
    def stored(fleet: Fleet) -> list[EdgeSample]:
        found, fleet.edges = fleet.edges, []
        return found


@pytest.mark.parametrize("fault", [failing, stalled])
def test_what_one_collector_ejects_the_other_does_too_and_says_who_saw_it(fault: object) -> None:
    pair = Pair(reporters=0)
    pair.run(12)
    pair.run(4, at_a=fault)
    assert pair.a.ejected() == pair.b.ejected() == {address(2)}
    (made, *_) = [each for each in pair.b.decisions if each.kind == "eject"]
    assert "collector A ejected it" in made.reason
    assert isinstance(made.evidence, Ejection)
    assert made.evidence.collector == "A"
    assert made.evidence.until == made.time + made.evidence.seconds


def test_sidecars_that_know_better_are_not_overruled() -> None:
    pair = Pair(reporters=4)
    pair.run(12)
    pair.run(6, at_a=failing)  # a broken network on A's side
    assert pair.a.ejected() == {address(2)}
    assert kinds(pair.b.decisions, "eject") == []


def test_neither_keeps_the_other_from_taking_an_endpoint_back() -> None:
    pair = Pair(reporters=2)
    pair.run(12)
    pair.run(4, at_a=failing, at_b=failing)
    assert pair.a.ejected() == pair.b.ejected() == {address(2)}
    pair.run(45)
    assert {view.state for fleet in (pair.a, pair.b) for view in fleet.view()} == {EndpointState.HEALTHY}
    for fleet in (pair.a, pair.b):
        assert len(kinds(fleet.decisions, "eject")) <= 2


@pytest.mark.parametrize("together", [True, False])
def test_too_little_for_each_alone_is_enough_together(together: bool) -> None:
    """One reporter each, endpoints whose own sidecars say nothing: one alone is not believed."""
    pair = Pair(reporters=1)
    for fleet in (pair.a, pair.b):
        fleet.reporters, fleet.truthful = 1, False
    pair.run(12, evidence=together)
    pair.run(8, at_a=failing, at_b=failing, evidence=together)
    assert (pair.a.ejected() == pair.b.ejected() == {address(2)}) is together


def edge(second: int, count: int = 5, errors: int = 0, **given: str) -> EdgeSample:
    histogram = Histogram()
    for _ in range(count):
        histogram.record(0.01)
    made = EdgeSample(second, "a", "b", Protocol.HTTP, "10.0.1.1:80", Arm.ROUTED, count, errors, histogram)
    return replace(made, **given)  # type: ignore[arg-type]


def test_folded_calls_count_once_in_the_graph_and_are_not_stored_again() -> None:
    engine = Engine(Policy(), EngineSettings())
    engine.tick(1000.0)
    engine.remote.merge_edges("B", [edge(1001), edge(1002)], 1003.5)
    engine.remote.merge_edges("C", [edge(1002)], 1003.5)
    (found,) = engine.live.graph(1004.0).edges
    assert (found.source, found.target, found.stats.count) == ("a", "b", 15)
    assert [sample for at in range(1004, 1030) for sample in engine.tick(float(at)).edges] == []
    assert engine.flush() == ()


def test_a_database_another_collector_saw_is_one_here() -> None:
    engine = Engine(Policy(), EngineSettings())
    engine.tick(1000.0)
    seen = edge(1001, target="postgresql/shop", protocol=Protocol.DATABASE, endpoint="", arm=Arm.NONE)
    engine.remote.merge_edges("B", [seen], 1002.5)
    assert {node.name: node.kind.value for node in engine.live.graph(1003.0).nodes} == {
        "a": "service",
        "postgresql/shop": "database",
    }


def test_remote_calls_keep_whether_they_were_encrypted() -> None:
    engine = Engine(Policy(), EngineSettings())
    sample = replace(edge(1001), arm=Arm.NONE, encrypted=5)
    engine.remote.merge_edges("B", [sample], 1002.5)
    (view,) = engine.live.graph(1003.0).edges
    assert view.encrypted is Encryption.YES


def test_what_is_folded_late_counts_and_is_no_evidence() -> None:
    fleet = Fleet(4, 4)
    fleet.run(12)
    good = [edge(int(fleet.now) - 1, 20)]
    fleet.engine.remote.merge_edges("B", good, fleet.now)
    before = {e.target: e.stats.errors for e in fleet.engine.live.graph(fleet.now).edges}["b"]
    for name in ("B", "C"):
        fleet.engine.remote.merge_edges(name, [edge(int(fleet.now) - 1, 20)], fleet.now)
        late = [edge(int(fleet.now) - 9, 50, 50, endpoint=address(2))]
        fleet.engine.remote.merge_edges(name, late, fleet.now)
    assert kinds(fleet.run(3), "eject") == []
    assert {e.target: e.stats.errors for e in fleet.engine.live.graph(fleet.now).edges}["b"] == before + 100


def staged(when: float, stage: Stage, percent: int) -> Decision:
    change = StageChange(StageSetting(Stage.OBSERVE, 0), StageSetting(stage, percent), StageOrigin.API)
    return Decision(when, B_ID, f"b goes to {stage} {percent}", change)


changes = st.builds(
    staged,
    st.sampled_from([1.0, 2.0, 2.0004, 3.5]),
    st.sampled_from(Stage),
    st.just(50),
)


@given(st.lists(changes, max_size=6), st.randoms(use_true_random=False))
def test_in_whatever_order_changes_come_all_collectors_end_at_the_same_stage(
    made: list[Decision], random: object
) -> None:
    ends: list[object] = []
    for _ in range(2):
        engine = Engine(Policy(), EngineSettings())
        engine.connect("1", Node(B_ID, "b1", "10.0.1.1:80"), "10.0.1.1", 0.0)
        engine.tick(0.5)
        engine.follow(made)
        ends.append(engine.tick(10.0).decisions)
        (view,) = engine.live.stages(10.0, 60)
        ends.append((view.stage, view.percent))
        random.shuffle(made)  # type: ignore[attr-defined]
    assert ends[:2] == ends[2:]


def test_the_later_word_wins_and_a_followed_one_is_not_a_new_decision() -> None:
    engine = Engine(Policy(), EngineSettings())
    engine.connect("1", Node(B_ID, "b1", "10.0.1.1:80"), "10.0.1.1", 1000.0)
    engine.tick(1000.0)
    engine.set_stage(B_ID, Stage.ROUTE, 40, 1001.0)
    engine.tick(1001.0)
    engine.follow([staged(1000.5, Stage.OBSERVE, 0)])
    assert engine.tick(1002.0).snapshot.services[B_ID].percent == 40
    engine.follow([staged(1001.5, Stage.ROUTE, 70)])
    tick = engine.tick(1003.0)
    assert (tick.snapshot.services[B_ID].percent, tick.decisions) == (70, ())
    assert engine.decisions(kind="stage")[0].reason == "b goes to route 70"
    (view,) = engine.live.stages(1003.0, 60)
    assert (view.updated, view.history[0].time) == (1001.5, 1001.5)


def test_members_of_another_collector_are_told_and_go_with_it() -> None:
    one, other = Registry(10), Registry(10)
    one.connect("1", Node(B_ID, "b1", "10.0.0.1:80", "10.0.0.1:8080"), "10.0.0.1", 0)
    one.connect("2", Node(ServiceId("cron"), "c1"), "10.0.0.1", 0)
    other.set(Source.COLLECTORS, one.own_members(), "A")
    assert other.services() == one.services()
    assert other.resolve("10.0.0.1:8080") == ("b", "10.0.0.1:80")
    assert other.address_of("b1") == "10.0.0.1:80"
    assert other.has_sidecar(ServiceId("cron"))
    assert other.own_members() == {}
    other.set(Source.COLLECTORS, {}, "A")
    assert other.services() == {}
    assert other.resolve("10.0.0.1:8080") is None
    assert not other.has_sidecar(ServiceId("cron"))


def test_a_sidecar_that_moved_to_another_collector_did_not_leave() -> None:
    here, there = Registry(10), Registry(10)
    node = Node(B_ID, "b1", "10.0.0.1:80")
    here.connect("1", node, "10.0.0.1", 0)
    here.disconnect("1", 100)
    there.connect("1", node, "10.0.0.1", 101)
    here.set(Source.COLLECTORS, there.own_members(), "B")
    assert [member.state for member in here.services()[B_ID]] == [EndpointState.HEALTHY]
    assert here.sweep(111) == []
    assert [member.address for member in here.services()[B_ID]] == ["10.0.0.1:80"]
