"""The local breaker as a state machine."""

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from proxy.breaker import BASE, JITTER, MAX, PROBE_EXPIRY, THRESHOLD, Breaker, State


class BreakerMachine(RuleBasedStateMachine):
    @initialize()
    def begin(self) -> None:
        self.breaker = Breaker()
        self.now = 1000.0
        self.in_a_row = 0
        self.opened_at = 0.0
        self.probe_at = 0.0

    @rule()
    def succeed(self) -> None:
        closed_before = self.breaker.state is State.CLOSED
        assert self.breaker.success() is not closed_before
        assert self.breaker.state is State.CLOSED
        self.in_a_row = 0

    @rule(share=st.floats(0, 1))
    def fail(self, share: float) -> None:
        before = self.breaker.state
        opened = self.breaker.failure(self.now, share)
        self.in_a_row += 1
        if before is State.CLOSED:
            assert opened is (self.in_a_row >= THRESHOLD)
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

    @invariant()
    def open_only_after_enough_failures(self) -> None:
        if hasattr(self, "breaker") and self.breaker.state is not State.CLOSED:
            assert self.breaker.failures >= THRESHOLD


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
