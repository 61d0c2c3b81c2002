"""The ejection state machine under any sequence of findings, members and time."""

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from proxy.contract.decisions.kinds import FindingKind
from proxy.contract.model import EndpointState
from proxy.contract.service_id import ServiceId
from tests.support.extent import sized
from tests.topology.outliers.made_evidence import NAMES, SETTINGS, MadeEvidence
from topology.evidence.measurements import LastProbe
from topology.model.decisions import Decision
from topology.outliers.detection.finding import Trial
from topology.outliers.ejections import Ejections

S = ServiceId("s")


class EjectionMachine(RuleBasedStateMachine):
    """Never beyond the cap, never all, and every endpoint comes back."""

    def __init__(self) -> None:
        super().__init__()
        self.ejections = Ejections(SETTINGS)
        self.now = 1000.0
        self.bad: dict[str, float] = {}
        self.available: tuple[str, ...] = NAMES[:4]
        self.shared = self.crowded = self.strained = self.doubted = ""
        self.probed: LastProbe | None = None
        self.trial = Trial()
        self.last: list[Decision] = []

    def step(self) -> None:
        self.last = self.ejections.step(
            S,
            NAMES,
            self.available,
            MadeEvidence(
                self.bad,
                self.trial,
                self.shared,
                self.crowded,
                self.strained,
                doubted=self.doubted,
                probed=self.probed,
            ),
            self.now,
        )

    @rule(bad=st.dictionaries(st.sampled_from(NAMES), st.floats(0.1, 3.0), max_size=8))
    def turns_bad(self, bad: dict[str, float]) -> None:
        self.bad = bad
        self.step()

    @rule(available=st.sets(st.sampled_from(NAMES), max_size=8))
    def members_change(self, available: set[str]) -> None:
        self.available = tuple(sorted(available))
        self.step()

    @rule(shared=st.sampled_from(["", "all fail"]))
    def shared_failure(self, shared: str) -> None:
        self.shared = shared
        self.step()

    @rule(crowded=st.sampled_from(["", "no room"]), strained=st.sampled_from(["", "they are slow"]))
    def load_changes(self, crowded: str, strained: str) -> None:
        self.crowded, self.strained = crowded, strained
        self.step()

    @rule(doubted=st.text(NAMES, max_size=8), answered=st.booleans())
    def doubts_and_probes(self, doubted: str, answered: bool) -> None:
        self.doubted, self.probed = doubted, LastProbe(answered, "", self.now)
        self.step()

    @rule(count=st.integers(0, 9), errors=st.integers(0, 9), busy=st.booleans())
    def calls_come(self, count: int, errors: int, busy: bool) -> None:
        self.trial = Trial(count, min(count, errors), busy)
        self.step()

    @rule(seconds=st.floats(0.25, 90))
    def time_passes(self, seconds: float) -> None:
        self.now += seconds
        self.step()

    @rule()
    def all_is_well_for_long(self) -> None:
        self.bad, self.doubted, self.probed = {}, "", None
        self.trial = Trial(5, 0, True)
        for _ in range(200):
            self.now += 0.5
            self.step()
        states = {self.ejections.state(S, name).state for name in NAMES}
        assert states == {EndpointState.HEALTHY}
        assert all(self.ejections.weight(S, name, self.now) == 1.0 for name in NAMES)

    @invariant()
    def never_all_and_none_more_under_strain(self) -> None:
        ejected = [
            name for name in self.available if self.ejections.state(S, name).state is EndpointState.EJECTED
        ]
        assert len(ejected) < max(1, len(self.available))
        if self.strained:  # only what is out already, and still bad, may stay out
            assert not [made for made in self.last if made.kind == "eject" and "still bad" not in made.reason]

    @invariant()
    def weights_and_times_are_within_bounds(self) -> None:
        for name in NAMES:
            health, weight = self.ejections.state(S, name), self.ejections.weight(S, name, self.now)
            if health.state is not EndpointState.EJECTED:
                assert 0.01 <= weight <= 1.0
            else:
                assert weight == 0
                assert health.until - health.since <= SETTINGS.eject_seconds_max

    @invariant()
    def every_decision_says_why(self) -> None:
        assert all(made.reason for made in self.last)
        assert {made.kind for made in self.last} <= {"eject", "probation", "return", "hold"}


TestEjections = EjectionMachine.TestCase
TestEjections.settings = settings(max_examples=sized(60, 20), stateful_step_count=30)


def test_the_worst_are_ejected_first() -> None:
    ejections = Ejections(SETTINGS)
    ejections.step(S, NAMES[:4], NAMES[:4], MadeEvidence({"a": 1.0, "b": 2.0, "c": 3.0}), 0.0)
    ejected = {e for e in NAMES[:4] if ejections.state(S, e).state is EndpointState.EJECTED}
    assert ejected == {"b", "c"}


def test_a_hold_is_said_once_until_it_is_over() -> None:
    ejections = Ejections(SETTINGS)

    def holds(shared: str, now: float) -> int:
        made = ejections.step(S, NAMES[:4], NAMES[:4], MadeEvidence(shared=shared), now)
        return sum(each.kind == "hold" for each in made)

    assert [holds(shared, at) for at, shared in enumerate(["x", "x", "", "x"])] == [1, 0, 0, 1]


def test_past_ejections_are_forgiven_in_time() -> None:
    ejections = Ejections(SETTINGS)
    now = 0.0

    def step(bad: bool) -> list[Decision]:
        return ejections.step(S, NAMES[:2], NAMES[:2], MadeEvidence({"a": 1.5} if bad else {}), now)

    step(True)
    assert ejections.state(S, "a").until - now == 5
    for _ in range(600):
        now += 0.5
        step(False)
    step(True)
    assert ejections.state(S, "a").until - now == 5


def probation(trial: Trial, seconds: float) -> tuple[EndpointState, float]:
    """State and weight of an endpoint on probation whose calls went like this, so much later."""
    ejections, times_up = Ejections(SETTINGS), SETTINGS.eject_seconds

    def step(now: float, bad: bool = False) -> None:
        ejections.step(S, NAMES[:4], NAMES[:4], MadeEvidence({"a": 1.5} if bad else {}, trial), now)

    step(0.0, bad=True)
    step(times_up)
    step(times_up + 0.25)
    step(times_up + seconds)
    return ejections.state(S, "a").state, ejections.weight(S, "a", times_up + seconds)


@pytest.mark.parametrize(
    ("trial", "seconds", "state", "weight"),
    [
        (Trial(9, 0, True), SETTINGS.slow_start, EndpointState.HEALTHY, 1.0),
        (Trial(9, 0, True), SETTINGS.slow_start / 2, EndpointState.PROBATION, 0.5),
        (Trial(3, 1, True), SETTINGS.slow_start / 2, EndpointState.PROBATION, 0.5),  # most calls went well
        (Trial(1, 1, True), 1.0, EndpointState.EJECTED, 0.0),
        (Trial(0, 0, True), SETTINGS.slow_start, EndpointState.PROBATION, 0.1),  # nobody dared to call it
        (Trial(0, 0, True), SETTINGS.eject_seconds_max, EndpointState.HEALTHY, 1.0),
        (Trial(0, 0, False), SETTINGS.slow_start, EndpointState.HEALTHY, 1.0),  # nobody calls the service
    ],
)
def test_an_endpoint_on_probation_returns_when_it_has_proved_itself(
    trial: Trial, seconds: float, state: EndpointState, weight: float
) -> None:
    assert probation(trial, seconds) == (state, weight)


def test_doubt_takes_the_weight_and_nothing_else_until_calls_go_well() -> None:
    ejections = Ejections(SETTINGS)
    made = ejections.step(S, NAMES[:4], NAMES[:4], MadeEvidence(doubted="a"), 10.0)
    assert [(each.kind, each.endpoint) for each in made] == [("probation", "a")]
    assert ejections.weight(S, "a", 10.0) == 0.01
    ejections.step(S, NAMES[:4], NAMES[:4], MadeEvidence(found=Trial(3, 0, True)), 12.5)
    assert ejections.weight(S, "a", 12.5) == 0.3
    ejections.step(S, NAMES[:4], NAMES[:4], MadeEvidence(found=Trial(9, 0, True)), 10.0 + SETTINGS.slow_start)
    assert ejections.state(S, "a").state is EndpointState.HEALTHY


def test_where_many_seem_bad_none_is_doubted() -> None:
    ejections = Ejections(SETTINGS)
    ejections.step(S, NAMES, NAMES, MadeEvidence(doubted="ab"), 0.0)
    assert {ejections.state(S, name).state for name in "ab"} == {EndpointState.PROBATION}
    made = ejections.step(S, NAMES, NAMES, MadeEvidence(doubted="cdef"), 0.25)
    assert {(each.kind, each.endpoint) for each in made} == {("return", "a"), ("return", "b")}


def test_a_process_where_nothing_listened_ends_an_ejection_before_its_time() -> None:
    ejections = Ejections(SETTINGS)
    ejections.step(S, NAMES[:4], NAMES[:4], MadeEvidence({"a": 1.0}), 0.0)

    def probed(at: float, *, refused: bool = False, back: bool = False) -> list[str]:
        case = MadeEvidence(probed=LastProbe(not refused, "", at, refused, back))
        return [each.kind for each in ejections.step(S, NAMES[:4], NAMES[:4], case, at)]

    assert probed(0.5, refused=True) == []
    assert probed(1.0) == []  # it answers, and always did
    assert probed(2.0, back=True) == ["probation"]


@pytest.mark.parametrize("answers", [True, False])
def test_what_does_not_answer_a_probe_stays_out_but_not_for_ever(answers: bool) -> None:
    ejections, now = Ejections(SETTINGS), 0.0
    ejections.step(S, NAMES[:4], NAMES[:4], MadeEvidence({"a": 1.0}, kind=FindingKind.STALL), now)
    trials = []
    while now < 200:
        now += 0.25
        case = MadeEvidence(probed=LastProbe(answers, "no answer within 1 s", now))
        made = ejections.step(S, NAMES[:4], NAMES[:4], case, now)
        trials += [now for each in made if each.kind == "probation"]
    assert trials[0] == (5 if answers else 5 + 10 + 20 + 40 + 60)
