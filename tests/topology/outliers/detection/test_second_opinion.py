"""One reporter alone: believed when somebody else saw the same, probed until then."""

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proxy.contract.decisions.evidence import Ejection, FailureComparison, Stall
from proxy.contract.service_id import ServiceId
from tests.support.extent import sized
from tests.topology.fleet import Behaviour, Fleet, address, fine, histogram, kinds
from topology.model.endpoints import ProbeRequest, ProbeResult
from topology.model.samples import CallSample, OpenSample, Side

B = ServiceId("b")

BAD = address(2)


def fails(reporter: int, endpoint: int, now: float) -> tuple[float, bool] | None:
    return (0.02, True) if endpoint == 2 else (0.02, False)


def slow(reporter: int, endpoint: int, now: float) -> tuple[float, bool] | None:
    return (0.4, False) if endpoint == 2 else (0.02, False)


def stalls(reporter: int, endpoint: int, now: float) -> tuple[float, bool] | None:
    return None if endpoint == 2 else (0.02, False)


@pytest.mark.parametrize(("behaviour", "seconds", "told"), [(fails, 3, "counted"), (slow, 7, "measured")])
def test_the_endpoints_own_sidecar_confirms_a_lonely_reporter(
    behaviour: Behaviour, seconds: float, told: str
) -> None:
    fleet = Fleet(4, 1, 5.0)
    fleet.run(12)
    made = [each for each in fleet.run(seconds, behaviour) if each.kind == "eject"]
    assert [each.endpoint for each in made] == [BAD]
    assert f"seen by 1 reporter, and its own sidecar {told}" in made[0].reason
    assert isinstance(made[0].evidence, Ejection)
    grounds = made[0].evidence.grounds
    assert isinstance(grounds, FailureComparison | Stall)
    assert told in grounds.confirmed
    assert grounds.peers == (address(0), address(1), address(3))
    assert made[0].evidence.until == made[0].time + made[0].evidence.seconds


@pytest.mark.parametrize("behaviour", [fails, slow, stalls])
def test_without_a_second_opinion_it_is_probed_and_the_probe_decides(behaviour: Behaviour) -> None:
    fleet = Fleet(4, 1, 5.0, truthful=False)
    fleet.run(12)
    assert fleet.probes == []
    made = fleet.run(7, behaviour)
    assert kinds(made, "eject") == []
    assert set(fleet.probes) == {ProbeRequest(B, BAD)}
    assert len(fleet.probes) <= 4  # each again only after a while
    fleet.engine.add_probes([ProbeResult(B, BAD, True, "answered 200")], fleet.now)
    assert kinds(fleet.run(1, behaviour), "eject") == []
    fleet.engine.add_probes([ProbeResult(B, BAD, False, "connection refused")], fleet.now)
    (ejection,) = [each for each in fleet.run(1, behaviour) if each.kind == "eject"]
    assert "a probe found: connection refused" in ejection.reason


def test_an_older_probe_does_not_confirm_a_stall() -> None:
    fleet = Fleet(4, 1, 5.0, truthful=False)
    fleet.run(10)
    fleet.engine.add_probes([ProbeResult(B, BAD, False, "no answer in time")], fleet.now)
    assert kinds(fleet.run(2) + fleet.run(2, stalls), "eject") == []
    assert ProbeRequest(B, BAD) in fleet.probes


def test_a_probe_that_failed_is_no_reason_by_itself() -> None:
    fleet = Fleet(4, 4)
    fleet.run(10)
    fleet.engine.add_probes([ProbeResult(B, BAD, False, "connection refused")], fleet.now)
    assert kinds(fleet.run(5), "eject") == []


def test_one_reporter_whom_the_others_contradict_is_not_confirmed_by_a_probe() -> None:
    """The mesh and one client may be on the wrong side of the same broken line."""
    fleet = Fleet(4, 4, truthful=False)
    fleet.run(10)
    for _ in range(10):
        fleet.engine.add_probes([ProbeResult(B, BAD, False, "timed out")], fleet.now)
        made = fleet.run(1, lambda r, e, t: (0.02, True) if r == 0 and e == 2 else (0.02, False))
        assert kinds(made, "eject") == []


def test_what_probes_cost_is_counted_nowhere() -> None:
    fleet = Fleet(2, 1)
    sample = CallSample(Side.SERVER, "spanmesh.prober", "b", "b0", histogram(0.1), 0)
    fleet.engine.calls([sample], fleet.now)
    assert fleet.engine.live.graph(fleet.now).edges == ()


Lie = Callable[[Fleet, int], None]


@settings(max_examples=sized(40, 15))
@given(
    reporters=st.integers(1, 4),
    endpoints=st.integers(2, 5),
    victims=st.sets(st.integers(0, 4), min_size=1),
    told=st.lists(
        st.tuples(st.floats(1e-6, 60), st.integers(0, 300), st.integers(0, 300), st.floats(0, 100)),
        min_size=1,
        max_size=8,
    ),
    probe=st.booleans(),
    truthful=st.booleans(),
    seed=st.integers(0, 99),
)
def test_no_reporter_alone_can_eject_a_healthy_endpoint(
    reporters: int,
    endpoints: int,
    victims: set[int],
    told: list[tuple[float, int, int, float]],
    probe: bool,
    truthful: bool,
    seed: int,
) -> None:
    """Reporter 0 says anything it likes, also when it is the only one; probes answer what is true."""
    fleet = Fleet(endpoints, reporters, seed=seed, truth=fine, truthful=truthful)
    fleet.run(3)
    for latency, good, bad, oldest in told * 3:
        for victim in victims & set(range(endpoints)):
            place = address(victim)
            for count, errors in ((good, 0), (bad, bad)):
                lie = CallSample(Side.CLIENT, "a", "b", "a0", histogram(*[latency] * count), errors, place)
                fleet.engine.calls([lie], fleet.now)
            fleet.engine.opens([OpenSample("a", "b", place, "a0", bad, oldest)], fleet.now)
        assert kinds(fleet.run(0.5), "eject") == []
        if probe:
            asked = [ProbeResult(each.service, each.endpoint, True, "answered 200") for each in fleet.probes]
            fleet.engine.add_probes(asked, fleet.now)
