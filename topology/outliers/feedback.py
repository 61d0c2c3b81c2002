"""Decisions on the measurements of all services: ejections and weights, service by service."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final

from proxy.contract.decisions.evidence import Dependency, Ejection, WeightChange
from proxy.contract.model import EndpointState, another_process
from proxy.contract.service_id import ServiceId
from topology.evidence.measurements import Evidence
from topology.evidence.peer_tallies import ServiceTallies
from topology.model.decisions import Decision
from topology.outliers.detection.finding import Finding
from topology.outliers.detection.outlier_tests import quiet
from topology.outliers.detection.service_evidence import MeasuredEvidence
from topology.outliers.ejections import Ejections
from topology.outliers.weights import Weights, standings, times_slower
from topology.registry.sources import Member
from topology.settings import EngineSettings

# Seconds between two steps of a service's weights; these follow latency with a time constant of 8 s.
WEIGHING: Final = 2.0
_SWEEPING: Final = 5.0
# Seconds for which a remote finding is tried here: by then its endpoint is out, or sidecars here deny it.
REMOTE_VALID: Final = 3.0
# Seconds between two probes of one endpoint, and how many are asked for in one step: probes are to tell,
# not to add to a load.
PROBE_AGAIN: Final = 2.0
PROBES: Final = 20

Members = Mapping[ServiceId, tuple[Member, ...]]
Cause = Callable[[ServiceId], tuple[str, Dependency]]


class Feedback:
    """Measurements in, decisions out; the state they leave is read from ``ejections`` and ``weights``."""

    def __init__(self, settings: EngineSettings) -> None:
        self.evidence = Evidence()
        self.ejections = Ejections(settings)
        self.weights = Weights()
        self._settings = settings
        self._members: Members = {}
        self._weighed: dict[ServiceId, float] = {}
        self._changed: set[ServiceId] = set()
        self._swept = 0.0
        self._suspects: set[tuple[ServiceId, str]] = set()
        self._probed: dict[tuple[ServiceId, str], float] = {}
        self._remote: dict[ServiceId, dict[str, tuple[Finding, float]]] = {}

    def take_remote(self, service: ServiceId, finding: Finding, now: float) -> None:
        """Take a finding of another collector: its endpoint is ejected here too, unless sidecars deny it."""
        self._remote.setdefault(service, {})[finding.endpoint] = finding, now + REMOTE_VALID

    def step(self, members: Members, cause: Cause, now: float) -> list[Decision]:
        """Judge and weigh every endpoint on what is known now; ``cause`` looks below a service."""
        # Reset here, as this step sees all measurements that have come so far.
        self.evidence.urgent = False
        touched = self.evidence.take_touched() | (members.keys() if members is not self._members else set())
        decisions = list(self._renew(members, now))
        for service, endpoints in members.items():
            if not endpoints:
                continue
            # Most services are quiet: a proper look is for those with news that a quick look finds odd,
            # and for those that time alone may move on.
            restless = service in self._remote or self.ejections.restless(service)
            if restless or (service in touched and not quiet(self.evidence.of(service), self._settings, now)):
                made = self._judge(service, endpoints, cause, now)
                if made or self.ejections.rising(service):
                    self._changed.add(service)
                decisions += made
        for service in self._due(members, now):
            decisions += self._weigh(service, members[service], now)
        # Memory only; nothing is decided on what a sweep removes, so it need not run at each step.
        if now - self._swept >= _SWEEPING:
            self.evidence.sweep(now)
            self._swept = now
        return decisions

    def take_changed(self) -> set[ServiceId]:
        """Return the services whose ejections or weights may have moved since the last call."""
        changed, self._changed = self._changed, set()
        return changed

    def probes(self, now: float) -> list[tuple[ServiceId, str]]:
        """Return the services and endpoints to probe, each again only after a while."""
        self._probed = {key: at for key, at in self._probed.items() if now - at < PROBE_AGAIN}
        # Sorted, so that the same measurements lead to the same probes in tests and simulations.
        due = [key for key in sorted(self._suspects) if key not in self._probed][:PROBES]
        self._probed |= dict.fromkeys(due, now)
        self._suspects.clear()
        return due

    def _renew(self, members: Members, now: float) -> Iterator[Decision]:
        """Let what is known follow each process: to its new address, or away with it."""
        if members is self._members:
            return
        before = {(m.service, m.address): m for known in self._members.values() for m in known}
        after = {(m.service, m.address) for known in members.values() for m in known}
        # Of those that are at their address no longer, and whose identity is fully known.
        left = {
            (m.service, m.identity): m.address
            for key, m in before.items()
            if key not in after and all(m.identity)
        }
        for service, endpoints in members.items():
            for member in endpoints:
                known = before.get((service, member.address))
                # A new pod got the address of an old one, and must not inherit its ejection or its
                # failures; nor those of one that left a while ago.
                if known is None:
                    self.evidence.forget(service, member.address)
                    if old := left.get((service, member.identity)):
                        self._move(service, old, member.address)
                elif another_process(known.identity, member.identity):
                    self._changed.add(service)
                    self.evidence.forget(service, member.address)
                    self.weights.forget(service, member.address)
                    same = known.instance == member.instance
                    yield from self.ejections.renew(service, member.address, same_instance=same, now=now)
            self.weights.retain(service, [member.address for member in endpoints])
        self._members = members

    def _move(self, service: ServiceId, before: str, after: str) -> None:
        self.evidence.move(service, before, after)
        self.weights.move(service, before, after)
        self.ejections.move(service, before, after)

    def _judge(
        self, service: ServiceId, endpoints: Sequence[Member], cause: Cause, now: float
    ) -> list[Decision]:
        states = self.ejections.states(service)
        available = [member.address for member in endpoints if member.available]
        # Ejected endpoints are no peers: they have no traffic, and what they had is what they were ejected
        # for.
        serving = [
            address
            for address in available
            if address not in states or states[address].state is not EndpointState.EJECTED
        ]
        since = self.ejections.measured_since(service)
        tallies = ServiceTallies(self.evidence.of(service), serving, since, now)
        remote = self._valid_remote(service, now)
        evidence = MeasuredEvidence(tallies, self._settings, lambda: cause(service), remote)
        present = [member.address for member in endpoints]
        decisions = self.ejections.step(service, present, available, evidence, now)
        for made in decisions:
            if isinstance(made.evidence, Ejection):
                # Acted on: the same remote finding must not eject it once more at the end of this ejection.
                self._remote.get(service, {}).pop(made.endpoint, None)
        self._suspects.update((service, endpoint) for endpoint in evidence.suspects)
        return decisions

    def _valid_remote(self, service: ServiceId, now: float) -> dict[str, Finding]:
        """Return the remote findings that still count, by endpoint, and drop the others."""
        valid = {end: held for end, held in self._remote.pop(service, {}).items() if held[1] > now}
        if valid:
            self._remote[service] = valid
        return {endpoint: finding for endpoint, (finding, _) in valid.items()}

    def _due(self, members: Members, now: float) -> list[ServiceId]:
        """Return the services to weigh in this step: each once in a while, a part of them at a time."""
        if self._weighed.keys() != members.keys():
            kept = {name: at for name, at in self._weighed.items() if name in members}
            fresh = [name for name in members if name not in kept]
            # Spread over the interval, so that no step has to weigh all.
            spread = {name: now - WEIGHING * number / len(fresh) for number, name in enumerate(fresh)}
            self._weighed = kept | spread
        return [name for name, at in self._weighed.items() if now - at >= WEIGHING]

    def _weigh(self, service: ServiceId, endpoints: Sequence[Member], now: float) -> Iterator[Decision]:
        # After a pause weights must not jump by all of it: its measurements are old.
        elapsed = min(now - self._weighed[service], 5 * WEIGHING)
        self._weighed[service] = now
        addresses = [member.address for member in endpoints if member.available]
        standing = standings(self.evidence.of(service), addresses, now)
        for address, (before, after) in self.weights.step(service, standing, elapsed).items():
            self._changed.add(service)
            latency, shed = standing[address].latency, standing[address].shed
            times = times_slower(latency)
            reason = (
                f"{address} goes from weight {before:g} to {after:g}: "
                f"it takes {times:.1f} times its peers' latency"
            )
            if shed:
                reason += f", and turns away {100 * shed:.0f} % more of its requests for too much load"
            calls = round(sum(number for _, number in latency))
            peers = tuple(each for each in addresses if each != address)
            evidence = WeightChange(before, after, times, calls, peers, round(shed, 3))
            yield Decision(now, service, reason, evidence, address)
