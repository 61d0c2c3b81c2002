"""What the mesh makes of its measurements: ejections and weights, service by service."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from topology.compare import Comparison
from topology.evidence import Evidence
from topology.model import Decision, EndpointState
from topology.outliers import Outliers
from topology.registry import Member
from topology.settings import EngineSettings
from topology.weights import Weights, relative_latency, times_slower

# Seconds between two steps of the weights.
WEIGHING: Final = 1.0
_SWEEPING: Final = 5.0

Members = Mapping[str, tuple[Member, ...]]


class Feedback:
    """Evidence in, decisions out; the state they leave is read from ``outliers`` and ``weights``."""

    def __init__(self, settings: EngineSettings) -> None:
        self.evidence = Evidence()
        self.outliers = Outliers(settings)
        self.weights = Weights()
        self._settings = settings
        self._members: Members = {}
        self._weighed = 0.0
        self._swept = 0.0

    def step(self, members: Members, now: float) -> list[Decision]:
        """Judge and weigh every endpoint on what is known now."""
        self._renew(members)
        decisions: list[Decision] = []
        for service, found in members.items():
            if found:
                decisions += self._judge(service, found, now)
        if now - self._weighed >= WEIGHING:
            decisions += self._weigh(members, now)
        if now - self._swept >= _SWEEPING:
            self.evidence.sweep(now)
            self._swept = now
        return decisions

    def _renew(self, members: Members) -> None:
        """Forget what was held against an address at which another instance answers now."""
        if members is self._members:
            return
        before = {
            (m.service, m.address): m.instance for found in self._members.values() for m in found
        }
        for service, found in members.items():
            for member in found:
                held = before.get((service, member.address))
                if held is not None and held != member.instance:
                    self.outliers.forget(service, member.address)
                    self.evidence.forget(service, member.address)
            self.weights.retain(service, [member.address for member in found])
        self._members = members

    def _judge(self, service: str, found: Sequence[Member], now: float) -> list[Decision]:
        healths = self.outliers.healths(service)
        available = [member.address for member in found if member.available]
        serving = [
            address for address in available
            if address not in healths or healths[address].state is not EndpointState.EJECTED
        ]
        comparison = Comparison(
            self.evidence.of(service), serving, self.outliers.since(service), self._settings, now
        )
        present = [member.address for member in found]
        return self.outliers.step(
            service, present, available, comparison.finding, comparison.trial, comparison.shared_failure, now
        )

    def _weigh(self, members: Members, now: float) -> Iterator[Decision]:
        elapsed = min(now - self._weighed, 5 * WEIGHING)
        self._weighed = now
        for service, found in members.items():
            addresses = [member.address for member in found if member.available]
            relative = relative_latency(self.evidence.of(service), addresses, now)
            for address, (before, after) in self.weights.step(service, relative, elapsed).items():
                times = times_slower(relative[address])
                reason = (
                    f"{address} goes from weight {before:g} to {after:g}: "
                    f"it takes {times:.1f} times its peers' latency"
                )
                evidence = {"from": before, "to": after, "latency_ratio": times}
                yield Decision(now, "weight", service, reason, address, evidence)
