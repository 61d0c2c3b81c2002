"""The ejection state machine under any sequence of findings, members and time."""

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from topology.compare import Finding
from topology.model import Decision, EndpointState
from topology.outliers import Outliers, cap
from topology.settings import EngineSettings

SETTINGS = EngineSettings()
NAMES = tuple("abcdefgh")


def finding(endpoint: str, score: float = 1.5) -> Finding:
    return Finding(endpoint, "failures", score, f"{endpoint} failed 9 of 9", {"errors": 9})


@pytest.mark.parametrize(
    ("available", "share", "allowed"),
    [(0, 0.5, 0), (1, 0.5, 0), (2, 0.5, 1), (3, 0.5, 1), (4, 0.5, 2), (11, 0.5, 5), (3, 1, 2), (10, 0, 1)],
)
def test_the_cap_is_a_share_but_one_of_two_and_never_all(available: int, share: float, allowed: int) -> None:
    assert cap(available, share) == allowed


class Ejections(RuleBasedStateMachine):
    """Never beyond the cap, never all, and every endpoint comes back."""

    def __init__(self) -> None:
        super().__init__()
        self.outliers = Outliers(SETTINGS)
        self.now = 1000.0
        self.bad: dict[str, float] = {}
        self.available: tuple[str, ...] = NAMES[:4]
        self.shared = ""
        self.last: list[Decision] = []

    def step(self) -> None:
        self.last = self.outliers.step(
            "s", NAMES, self.available,
            lambda endpoint, _: finding(endpoint, self.bad[endpoint]) if endpoint in self.bad else None,
            lambda: self.shared, self.now,
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

    @rule(seconds=st.floats(0.25, 90))
    def time_passes(self, seconds: float) -> None:
        self.now += seconds
        self.step()

    @rule()
    def all_is_well_for_long(self) -> None:
        self.bad = {}
        for _ in range(200):
            self.now += 0.5
            self.step()
        states = {self.outliers.health("s", name).state for name in NAMES}
        assert states == {EndpointState.HEALTHY}
        assert all(self.outliers.weight("s", name, self.now) == 1.0 for name in NAMES)

    @invariant()
    def never_beyond_the_cap(self) -> None:
        ejected = [
            name for name in self.available
            if self.outliers.health("s", name).state is EndpointState.EJECTED
        ]
        assert len(ejected) <= cap(len(self.available), SETTINGS.eject_share)
        assert len(ejected) < max(1, len(self.available))

    @invariant()
    def weights_and_times_are_within_bounds(self) -> None:
        for name in NAMES:
            assert 0.1 <= self.outliers.weight("s", name, self.now) <= 1.0
            health = self.outliers.health("s", name)
            if health.state is EndpointState.EJECTED:
                assert health.until - health.since <= SETTINGS.eject_seconds_max

    @invariant()
    def every_decision_says_why(self) -> None:
        assert all(made.reason for made in self.last)
        assert {made.kind for made in self.last} <= {"eject", "probation", "return", "hold"}


TestEjections = Ejections.TestCase
TestEjections.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)


def test_the_worst_are_ejected_first() -> None:
    outliers = Outliers(SETTINGS)
    scores = {"a": 1.0, "b": 2.0, "c": 3.0}
    find = {name: finding(name, score) for name, score in scores.items()}
    outliers.step("s", NAMES[:4], NAMES[:4], lambda e, _: find.get(e), lambda: "", 0.0)
    ejected = {e for e in NAMES[:4] if outliers.health("s", e).state is EndpointState.EJECTED}
    assert ejected == {"b", "c"}


def test_a_hold_is_said_once_until_it_is_over() -> None:
    outliers = Outliers(SETTINGS)

    def holds(shared: str, now: float) -> int:
        made = outliers.step("s", NAMES[:4], NAMES[:4], lambda *_: None, lambda: shared, now)
        return sum(each.kind == "hold" for each in made)

    assert [holds(shared, at) for at, shared in enumerate(["x", "x", "", "x"])] == [1, 0, 0, 1]


def test_past_ejections_are_forgiven_in_time() -> None:
    outliers = Outliers(SETTINGS)
    now = 0.0

    def step(bad: bool) -> list[Decision]:
        return outliers.step(
            "s", NAMES[:2], NAMES[:2], lambda e, _: finding(e) if bad and e == "a" else None, lambda: "", now
        )

    step(True)
    assert outliers.health("s", "a").until - now == 5
    for _ in range(600):
        now += 0.5
        step(False)
    step(True)
    assert outliers.health("s", "a").until - now == 5
