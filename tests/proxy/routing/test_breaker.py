"""The local breaker as a state machine."""

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from proxy.routing.breaker import BASE, JITTER, LEAST, MAX, PROBE_EXPIRY, SUCCESS, THRESHOLD, Breaker, State


class BreakerMachine(RuleBasedStateMachine):
    @initialize()
    def begin(self) -> None:
        self.breaker = Breaker()
        self.now = 1000.0
        self.in_a_row = 0
        self.outcomes: list[tuple[int, bool]] = []  # since it closed, by second
        self.opened_at = 0.0
        self.probe_at = 0.0

    @rule()
    def succeed(self) -> None:
        before = self.breaker.state
        assert self.breaker.success(self.now) is (before is State.PROBING)
        assert (self.breaker.state is State.OPEN) is (before is State.OPEN)
        self.in_a_row = 0
        if before is State.CLOSED:
            self.outcomes.append((int(self.now), True))
        elif before is State.PROBING:
            self.outcomes = []

    @rule(share=st.floats(0, 1))
    def fail(self, share: float) -> None:
        before = self.breaker.state
        opened = self.breaker.failure(self.now, share)
        self.in_a_row += 1
        if before is State.CLOSED:
            self.outcomes.append((int(self.now), False))
            recent = [ok for second, ok in self.outcomes if second > int(self.now) - 10]
            few = len(recent) >= LEAST and sum(recent) < SUCCESS * len(recent)
            assert opened is (self.in_a_row >= THRESHOLD or few)
        else:
            assert opened is (before is State.PROBING)
        if opened:
            self.opened_at = self.now

    @rule(seconds=st.floats(0, 100))
    def wait(self, seconds: float) -> None:
        self.now += seconds

    @rule()
    def probe(self) -> None:
        before = self.breaker.state
        admitted = self.breaker.admits_probe(self.now)
        if before is State.CLOSED:
            assert not admitted
        elif before is State.OPEN and admitted:
            assert self.now >= self.opened_at + BASE
        elif before is State.OPEN:
            assert self.now < self.opened_at + MAX * (1 + JITTER)
        else:
            assert admitted is (self.now >= self.probe_at + PROBE_EXPIRY)
        if admitted:
            self.probe_at = self.now

    @precondition(lambda self: self.breaker.state is State.PROBING)
    @rule()
    def only_one_probe(self) -> None:
        if self.now < self.probe_at + PROBE_EXPIRY:
            assert not self.breaker.admits_probe(self.now)


TestBreaker = BreakerMachine.TestCase


def test_back_off_doubles_up_to_its_maximum() -> None:
    breaker, now, waits = Breaker(), 0.0, []
    for _ in range(THRESHOLD):
        breaker.failure(now, 0.0)
    for _ in range(8):
        wait = next(w for w in (1, 2, 4, 8, 16, 32, 60, 61) if breaker.admits_probe(now + w))
        waits.append(wait)
        now += wait
        breaker.failure(now, 0.0)
    assert waits == [1, 2, 4, 8, 16, 32, 60, 60]


@pytest.mark.parametrize(
    ("good", "bad", "opens"), [(3, 2, True), (4, 1, False), (2, 2, False), (8, 2, False)]
)
def test_a_low_success_rate_opens_it_without_a_row_of_failures(good: int, bad: int, opens: bool) -> None:
    breaker = Breaker()
    for number in range(good):
        breaker.success(number / 10)
    outcomes = [breaker.failure(1.0, 0.0) for _ in range(bad)]
    assert outcomes[-1] is opens
    assert breaker.failures < THRESHOLD


def test_what_happened_before_the_window_does_not_count() -> None:
    breaker = Breaker()
    for _ in range(3):
        assert not breaker.failure(0.0, 0.0)
    for _ in range(4):
        breaker.success(11.0)
    assert not breaker.failure(11.0, 0.0)


def test_closing_and_failing_again_soon_goes_on_with_the_longer_back_off() -> None:
    breaker = Breaker()
    for _ in range(THRESHOLD):
        breaker.failure(0.0, 0.0)
    assert breaker.admits_probe(BASE)
    breaker.success(BASE)
    for _ in range(THRESHOLD):
        breaker.failure(2.0, 0.0)
    assert not breaker.admits_probe(2.0 + BASE)
    assert breaker.admits_probe(2.0 + 2 * BASE)
    breaker.success(5.0)
    for _ in range(THRESHOLD):
        breaker.failure(100.0, 0.0)
    assert breaker.admits_probe(100.0 + BASE)
