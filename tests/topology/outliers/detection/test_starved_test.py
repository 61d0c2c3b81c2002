"""Endpoints that few sidecars call: their own sidecar, those that avoid them and a probe are evidence too."""

import pytest

from proxy.contract.histogram import Histogram
from proxy.contract.model import Node
from proxy.contract.service_id import ServiceId
from proxy.contract.traffic import Avoidance
from tests.topology.fleet import address, kinds
from topology.engine import Engine
from topology.model.decisions import Decision
from topology.model.endpoints import ProbeResult
from topology.model.samples import CallSample, OpenSample, Side
from topology.policy.models import Policy
from topology.settings import EngineSettings

BAD = address(0)


class World:
    """Three endpoints of service b, called by ``callers`` sidecars of ours, and by Envoys."""

    def __init__(self, callers: int) -> None:
        self.engine = Engine(Policy(), EngineSettings())
        self.now = 1000.0
        self.callers = callers
        for number in range(3):
            node = Node(ServiceId("b"), f"b{number}", address(number))
            self.engine.connect(f"b{number}", node, "10.0.0.1", self.now)
        for number in range(callers):
            self.engine.connect(f"a{number}", Node(ServiceId("a"), f"a{number}"), "10.0.0.2", self.now)

    def step(self) -> list[Decision]:
        """Half a second: the engine steps twice."""
        made: list[Decision] = []
        for _ in range(2):
            self.now += 0.25
            made += self.engine.tick(self.now).decisions
        return made

    def serve(self, endpoint: int, number: int, failed: bool) -> None:
        """The endpoint's own sidecar counts these calls, of callers that report nothing."""
        sample = CallSample(Side.SERVER, "", "b", f"b{endpoint}", took(number), number * failed)
        self.engine.calls([sample], self.now)

    def call(self, caller: int, endpoint: int, number: int, failed: bool = False) -> None:
        sample = CallSample(
            Side.CLIENT, "a", "b", f"a{caller}", took(number), number * failed, address(endpoint)
        )
        self.engine.calls([sample], self.now)

    def avoid(self, caller: int, endpoint: int, why: Avoidance, failures: int) -> None:
        place = address(endpoint)
        sample = OpenSample("a", "b", place, f"a{caller}", 0, avoided=why, failures=failures)
        self.engine.opens([sample], self.now)

    def warm(self, seconds: int = 10) -> None:
        """All is well, for our callers and by the endpoints' own sidecars."""
        for _ in range(2 * seconds):
            for endpoint in range(3):
                self.serve(endpoint, 5, failed=False)
                for caller in range(self.callers):
                    self.call(caller, endpoint, 2)
            assert kinds(self.step(), "eject") == []

    def probe(self, ok: bool) -> None:
        self.engine.add_probes([ProbeResult(ServiceId("b"), BAD, ok, "answered 503")], self.now)


def took(number: int) -> Histogram:
    found = Histogram()
    for _ in range(number):
        found.record(0.02)
    return found


def test_what_its_own_sidecar_counts_is_enough_without_any_caller_of_ours() -> None:
    world = World(0)
    world.warm()
    made = []
    for _ in range(4):
        for endpoint in range(3):
            world.serve(endpoint, 5, failed=endpoint == 0)
        made += world.step()
    (decision,) = [each for each in made if each.kind == "eject"]
    assert decision.endpoint == BAD
    assert "counted by its own sidecar" in decision.reason


def test_callers_that_it_serves_well_contradict_its_own_sidecar() -> None:
    world = World(1)
    world.warm()
    for _ in range(10):
        for endpoint in range(3):
            world.serve(endpoint, 5, failed=endpoint == 0)
            world.call(0, endpoint, 2)
        assert kinds(world.step(), "eject") == []


def test_where_all_sidecars_count_failures_the_cause_is_shared() -> None:
    world = World(0)
    world.warm()
    for _ in range(10):
        for endpoint in range(3):
            world.serve(endpoint, 5, failed=True)
        assert kinds(world.step(), "eject") == []


@pytest.mark.parametrize(
    ("callers", "failures", "probed", "ejected"),
    [
        (1, 2, False, True),
        (1, 2, True, False),  # the probe met a sound endpoint
        (1, 2, None, False),  # nobody confirms it
        (1, 1, False, False),  # one failure is no verdict
        (2, 2, None, True),  # two sidecars agree
    ],
)
def test_sidecars_that_avoid_it_tell_that_it_fails(
    callers: int, failures: int, probed: bool | None, ejected: bool
) -> None:
    world = World(callers)
    world.warm()
    made: list[Decision] = []
    for number in range(8):
        for caller in range(callers):
            if number < failures:
                world.call(caller, 0, 1, failed=True)
            world.avoid(caller, 0, Avoidance.FAILING, min(number + 1, failures))
            world.call(caller, 1, 2)
            world.call(caller, 2, 2)
        if probed is not None:
            world.probe(probed)
        made += world.step()
    assert (("eject", BAD) in kinds(made, "eject")) is ejected


def test_one_sidecar_that_avoids_it_is_contradicted_by_others() -> None:
    world = World(3)
    world.warm()
    for number in range(8):
        if number < 3:
            world.call(0, 0, 1, failed=True)
        world.avoid(0, 0, Avoidance.FAILING, 3)
        for caller in (1, 2):
            world.call(caller, 0, 2)
        for caller in range(3):
            world.call(caller, 1, 2)
        world.probe(False)
        assert kinds(world.step(), "eject") == []


def test_being_slow_for_one_sidecar_ejects_nobody() -> None:
    world = World(2)
    world.warm()
    for _ in range(8):
        for caller in range(2):
            world.avoid(caller, 0, Avoidance.SLOW, 0)
            world.call(caller, 1, 2)
        world.probe(False)
        assert kinds(world.step(), "eject") == []
