"""How many endpoints may be out: the cap, the pace beyond it, and what overload teaches."""

import pytest

from proxy.contract.decisions.kinds import FindingKind
from proxy.contract.model import EndpointState
from proxy.contract.service_id import ServiceId
from tests.topology.outliers.made_evidence import NAMES, SETTINGS, MadeEvidence
from topology.outliers.ejection_limits import PACED, EjectionLimits, cap
from topology.outliers.ejection_state import EjectionState, ServiceEjections
from topology.outliers.ejections import Ejections
from topology.settings import EngineSettings

S = ServiceId("s")


@pytest.mark.parametrize(
    ("available", "share", "allowed"),
    [(0, 0.5, 0), (1, 0.5, 0), (2, 0.5, 1), (3, 0.5, 1), (4, 0.5, 2), (11, 0.5, 5), (3, 1, 2), (10, 0, 1)],
)
def test_the_cap_is_a_share_but_one_of_two_and_never_all(available: int, share: float, allowed: int) -> None:
    assert cap(available, share) == allowed


def limits(
    out: str, available: int, evidence: MadeEvidence, settings: EngineSettings = SETTINGS, now: float = 100.0
) -> EjectionLimits:
    """The limits of a service some of whose endpoints are out, since long."""
    states = {name: EjectionState(EndpointState.EJECTED) for name in out}
    return EjectionLimits(ServiceEjections(states), NAMES[:available], evidence, settings, now)


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (limits("", 1, MadeEvidence()), "it is the only one"),
        (limits("a", 2, MadeEvidence()), "it is the last one"),
        (limits("", 4, MadeEvidence(), EngineSettings(eject_share=0)), "ejection is turned off"),
        (limits("", 4, MadeEvidence(strained="the 3 left are slow")), "the 3 left are slow"),
        (limits("", 4, MadeEvidence()), ""),
        (limits("ab", 4, MadeEvidence()), ""),  # beyond the cap the first may go at once
    ],
)
def test_an_ejection_is_refused_in_words(found: EjectionLimits, words: str) -> None:
    refusal = found.refusal("d", found.serving("d"))
    assert refusal.startswith(words) if words else refusal == ""


def test_beyond_the_cap_the_next_has_to_wait_and_the_slow_stay_in() -> None:
    service = ServiceEjections({name: EjectionState(EndpointState.EJECTED) for name in "ab"})
    found = EjectionLimits(service, NAMES[:5], MadeEvidence(), SETTINGS, 100.0)
    assert found.refusal("c", found.serving("c")) == ""
    service.moved = 100.0  # it was ejected
    assert found.refusal("d", found.serving("d")) == PACED
    slow = limits("ab", 5, MadeEvidence()).refusal("c", "de", FindingKind.LATENCY)
    assert slow == "2 of 5 are out already"


def test_how_many_the_others_bear_is_remembered_for_a_while() -> None:
    found = limits("ab", 6, MadeEvidence())
    found.learn(1)
    assert "could not bear more than 1" in found.refusal("c", found.serving("c"))
    assert found.overload() == ""  # too early after the last change


def out(ejections: Ejections) -> int:
    return sum(ejections.state(S, name).state is EndpointState.EJECTED for name in NAMES)


@pytest.mark.parametrize(("crowded", "counts"), [("", [4, 4, 5, 6]), ("no room", [1, 1, 3, 6])])
def test_beyond_what_is_known_to_fit_they_go_step_by_step(crowded: str, counts: list[int]) -> None:
    ejections, case = Ejections(SETTINGS), MadeEvidence(dict.fromkeys("abcdef", 1.0), crowded=crowded)
    seen = []
    for now in (0.0, 0.25, 0.5, 1.0):
        ejections.step(S, NAMES, NAMES, case, now)
        seen.append(out(ejections))
    assert seen == counts


@pytest.mark.parametrize(("crowded", "count"), [("", 4), ("no room", 0)])
def test_the_slow_are_ejected_only_where_the_others_are_known_to_have_room(crowded: str, count: int) -> None:
    ejections, case = (
        Ejections(SETTINGS),
        MadeEvidence(dict.fromkeys("abcdef", 1.0), crowded=crowded, kind=FindingKind.LATENCY),
    )
    made = [each for now in (0.0, 0.5, 1.0, 2.0) for each in ejections.step(S, NAMES, NAMES, case, now)]
    assert out(ejections) == count
    assert [each.kind for each in made].count("hold") == 1


def test_under_strain_one_comes_back_and_so_many_stay_in() -> None:
    ejections, bad = Ejections(SETTINGS), {"a": 0.3, "b": 2.0, "c": 1.5}
    ejections.step(S, NAMES[:6], NAMES[:6], MadeEvidence(bad), 0.0)
    made = ejections.step(S, NAMES[:6], NAMES[:6], MadeEvidence(bad, strained="the 3 left are slow"), 3.0)
    assert [(each.kind, each.endpoint) for each in made] == [("return", "a"), ("hold", "")]
    assert "the 3 left are slow" in made[0].reason
    assert "could not bear more than 2" in made[1].reason
    ejections.step(S, NAMES[:6], NAMES[:6], MadeEvidence(bad), 4.0)
    assert out(ejections) == 2  # the lesson is kept when the strain is over
    ejections.step(S, NAMES[:6], NAMES[:6], MadeEvidence(bad, strained="slow still"), 4.75)
    assert out(ejections) == 2  # and its effect is waited for before the next
    for second in range(70):
        ejections.step(S, NAMES[:6], NAMES[:6], MadeEvidence(bad), 5.0 + second)
    assert out(ejections) == 3
