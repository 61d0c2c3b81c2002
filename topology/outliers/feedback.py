"""What the mesh makes of its measurements: ejections and weights, service by service."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final

from proxy.contract.decisions.evidence import Dependency, Ejection, WeightChange
from proxy.contract.model import EndpointState
from proxy.contract.service_id import ServiceId
from topology.evidence.measurements import Evidence, Probed
from topology.evidence.peer_tallies import ServiceTallies
from topology.model import Decision
from topology.outliers import second_opinion
from topology.outliers.finding import Finding, Trial
from topology.outliers.fleet import Outliers
from topology.outliers.outlier_tests import OutlierTests
from topology.outliers.shared_causes import SharedCauses, quiet
from topology.outliers.weights import Weights, relative_latency, times_slower
from topology.registry.sources import Member
from topology.settings import EngineSettings

# Seconds between two steps of the weights, which follow within some eight.
WEIGHING: Final = 2.0
_SWEEPING: Final = 5.0
# Seconds for which what another collector ejected is tried here.
TOLD: Final = 3.0
# Between two probes of one endpoint, and how many are asked for in one step.
PROBE_AGAIN: Final = 2.0
PROBES: Final = 20

Members = Mapping[ServiceId, tuple[Member, ...]]
Cause = Callable[[ServiceId], tuple[str, Dependency]]


class Feedback:
    """Evidence in, decisions out; the state they leave is read from ``outliers`` and ``weights``."""

    def __init__(self, settings: EngineSettings) -> None:
        self.evidence = Evidence()
        self.outliers = Outliers(settings)
        self.weights = Weights()
        self._settings = settings
        self._members: Members = {}
        self._weighed: dict[ServiceId, float] = {}
        self._changed: set[ServiceId] = set()
        self._swept = 0.0
        self._suspects: set[tuple[ServiceId, str]] = set()
        self._asked: dict[tuple[ServiceId, str], float] = {}
        self._told: dict[ServiceId, dict[str, tuple[Finding, float]]] = {}

    def told(self, service: ServiceId, finding: Finding, now: float) -> None:
        """Another collector ejected an endpoint: this one does too, unless its own sidecars know better."""
        self._told.setdefault(service, {})[finding.endpoint] = finding, now + TOLD

    def step(self, members: Members, cause: Cause, now: float) -> list[Decision]:
        """Judge and weigh every endpoint on what is known now; ``cause`` looks below a service."""
        self.evidence.urgent = False
        touched = self.evidence.touched() | (members.keys() if members is not self._members else set())
        self._renew(members)
        decisions: list[Decision] = []
        for service, found in members.items():
            if not found:
                continue
            restless = service in self._told or self.outliers.restless(service)
            if restless or (service in touched and not quiet(self.evidence.of(service), self._settings, now)):
                made = self._judge(service, found, cause, now)
                if made or self.outliers.rising(service):
                    self._changed.add(service)
                decisions += made
        for service in self._due(members, now):
            decisions += self._weigh(service, members[service], now)
        if now - self._swept >= _SWEEPING:
            self.evidence.sweep(now)
            self._swept = now
        return decisions

    def changed(self) -> set[ServiceId]:
        """Services whose ejections or weights may have moved since the last time this was asked."""
        found, self._changed = self._changed, set()
        return found

    def probes(self, now: float) -> list[tuple[ServiceId, str]]:
        """Services and endpoints to ask directly, each again only after a while."""
        self._asked = {key: at for key, at in self._asked.items() if now - at < PROBE_AGAIN}
        wanted = [key for key in sorted(self._suspects) if key not in self._asked][:PROBES]
        self._asked |= dict.fromkeys(wanted, now)
        self._suspects.clear()
        return wanted

    def _renew(self, members: Members) -> None:
        """Forget what was held against an address at which another instance answers now."""
        if members is self._members:
            return
        before = {(m.service, m.address): m.instance for found in self._members.values() for m in found}
        for service, found in members.items():
            for member in found:
                held = before.get((service, member.address))
                if held is not None and held != member.instance:
                    self.outliers.forget(service, member.address)
                    self.evidence.forget(service, member.address)
            self.weights.retain(service, [member.address for member in found])
        self._members = members

    def _judge(self, service: ServiceId, found: Sequence[Member], cause: Cause, now: float) -> list[Decision]:
        healths = self.outliers.healths(service)
        available = [member.address for member in found if member.available]
        serving = [
            address
            for address in available
            if address not in healths or healths[address].state is not EndpointState.EJECTED
        ]
        tallies = ServiceTallies(self.evidence.of(service), serving, self.outliers.since(service), now)
        case = _Case(tallies, self._settings, lambda: cause(service), self._believed(service, now))
        present = [member.address for member in found]
        decisions = self.outliers.step(service, present, available, case, now)
        for made in decisions:
            if isinstance(made.evidence, Ejection):
                self._told.get(service, {}).pop(made.endpoint, None)
        self._suspects.update((service, endpoint) for endpoint in case.suspects)
        return decisions

    def _believed(self, service: ServiceId, now: float) -> dict[str, Finding]:
        held = {end: told for end, told in self._told.pop(service, {}).items() if told[1] > now}
        if held:
            self._told[service] = held
        return {endpoint: finding for endpoint, (finding, _) in held.items()}

    def _due(self, members: Members, now: float) -> list[ServiceId]:
        """Services to weigh in this step: each once in a while, a part of them at a time."""
        if self._weighed.keys() != members.keys():
            kept = {name: at for name, at in self._weighed.items() if name in members}
            fresh = [name for name in members if name not in kept]
            # Spread over the interval, so that no step has to weigh all.
            spread = {name: now - WEIGHING * number / len(fresh) for number, name in enumerate(fresh)}
            self._weighed = kept | spread
        return [name for name, at in self._weighed.items() if now - at >= WEIGHING]

    def _weigh(self, service: ServiceId, found: Sequence[Member], now: float) -> Iterator[Decision]:
        elapsed = min(now - self._weighed[service], 5 * WEIGHING)
        self._weighed[service] = now
        addresses = [member.address for member in found if member.available]
        relative = relative_latency(self.evidence.of(service), addresses, now)
        for address, (before, after) in self.weights.step(service, relative, elapsed).items():
            self._changed.add(service)
            times = times_slower(relative[address])
            reason = (
                f"{address} goes from weight {before:g} to {after:g}: "
                f"it takes {times:.1f} times its peers' latency"
            )
            calls = round(sum(number for _, number in relative[address]))
            peers = tuple(each for each in addresses if each != address)
            yield Decision(now, service, reason, WeightChange(before, after, times, calls, peers), address)


class _Case:
    """What there is to say of one service: its endpoints each by itself, and all together."""

    def __init__(
        self,
        tallies: ServiceTallies,
        settings: EngineSettings,
        cause: Callable[[], tuple[str, Dependency]],
        told: Mapping[str, Finding],
    ) -> None:
        self._tallies = tallies
        self._settings = settings
        self._told = told
        self._tests = OutlierTests(tallies, settings)
        self._shared = SharedCauses(tallies, settings)
        self.cause = cause

    @property
    def suspects(self) -> set[str]:
        return self._tests.suspects

    def finding(self, endpoint: str, patience: float) -> Finding | None:
        found, told = self._tests.finding(endpoint, patience), self._told.get(endpoint)
        if found is not None or told is None:
            return found
        return (
            None if second_opinion.contradicted(self._tallies, endpoint, told.kind, self._settings) else told
        )

    def doubt(self, endpoint: str) -> Finding | None:
        return self._tests.doubt(endpoint)

    def probe(self, endpoint: str) -> Probed | None:
        self.suspects.add(endpoint)
        record = self._tallies.records.get(endpoint)
        return record.probed if record is not None else None

    def trial(self, endpoint: str, since: float) -> Trial:
        return self._tests.trial(endpoint, since)

    def room(self, survivors: Sequence[str]) -> str:
        return self._shared.room(survivors)

    def strain(self, survivors: Sequence[str]) -> str:
        return self._shared.strain(survivors)

    def shared_failure(self) -> str:
        return self._shared.failure()

    def shared_slowness(self) -> str:
        return self._shared.slowness()
