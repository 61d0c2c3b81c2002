"""One step of the mesh: measurements -> memory -> ejections and weights -> snapshot.

The engine owns no clock, thread or socket. Its host feeds it what sidecars report and calls
``tick`` every quarter of a second; everything else reads it.
"""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Final, TypeVar

from proxy.contract import attributes as names
from proxy.contract.decisions.evidence import Dependency
from proxy.contract.decisions.kinds import StageOrigin
from proxy.contract.model import Node, Stage
from proxy.contract.service_id import ServiceId
from proxy.contract.traffic import Protocol
from topology.evidence.report_delay import ReportDelays, ReportTime
from topology.federation.remote import RemoteCollectors
from topology.graph import root_cause
from topology.graph.call_attribution import Intake
from topology.graph.traffic_queries import Traffic
from topology.graph.window import Window
from topology.live_view import LiveView
from topology.model.decisions import Decision
from topology.model.endpoints import EndpointOrigin, ProbeRequest, ProbeResult
from topology.model.samples import (
    CallSample,
    ConnectionSample,
    EdgeSample,
    OpenSample,
    Side,
    SizeSample,
    SpanFact,
)
from topology.model.stages import StageView
from topology.outliers.feedback import Feedback
from topology.policy.in_force import PolicyInForce
from topology.policy.models import Policy
from topology.registry.registry import Registry
from topology.registry.sources import Member, Source
from topology.rollout.guard import Guard
from topology.rollout.stages import Stages
from topology.settings import EngineSettings
from topology.spans import node_kinds
from topology.spans.span_pairing import Pairing
from topology.xds.snapshot import Snapshot, SnapshotBuilder

DECISIONS_KEPT: Final = 1000
# The name in evidence of all reporters that hold no stream to the mesh.
STRANGERS: Final = "(without a stream)"

ClientSample = TypeVar("ClientSample", CallSample, OpenSample)
ServerSample = TypeVar("ServerSample", CallSample, ConnectionSample)


class UnknownServiceError(KeyError):
    """The error for a service that neither the graph nor mesh.yaml has."""


@dataclass(frozen=True, slots=True)
class Tick:
    """The results of one step: the snapshot in force, new decisions, seconds ready to store.

    ``probes`` are requests for active probes, whose results ``Engine.add_probes`` takes.
    """

    snapshot: Snapshot
    decisions: tuple[Decision, ...]
    edges: tuple[EdgeSample, ...]
    probes: tuple[ProbeRequest, ...] = ()


class Engine:
    """All state of the topology. Every ``now`` is epoch seconds; ``window`` is seconds back from it.

    ``live`` reads it; ``remote`` merges the knowledge of other collectors.
    """

    def __init__(self, policy: Policy, settings: EngineSettings) -> None:
        self._policy = PolicyInForce()
        self._registry = Registry(settings.endpoint_grace)
        self._window = Window(settings.graph_memory, settings.graph_series)
        pairing = Pairing(settings.pairing_ttl, settings.pairing_spans, self._registry.has_sidecar)
        self._intake = Intake(self._window, pairing, self._registry, settings.pairing_ttl)
        self._feedback = Feedback(settings)
        self._reports = ReportDelays()
        self._guard = Guard()
        self._stages = Stages()
        self._traffic = Traffic(self._window, self._intake)
        self.live = LiveView(
            self._traffic, self._intake, self._registry, self._feedback, self._stages, self._policy
        )
        self.remote = RemoteCollectors(
            self._registry, self._intake, self._feedback, self._guard, self._stages, self._place
        )
        self._snapshots = SnapshotBuilder(self._policy, self._stages, self._feedback)
        self._decisions: deque[Decision] = deque(maxlen=DECISIONS_KEPT)
        self._new_decisions: list[Decision] = []
        self._policy_members = self._registry.services()
        self.set_policy(policy, 0.0)

    def calls(self, samples: Iterable[CallSample], now: float) -> None:
        """Count finished calls."""
        for sample in samples:
            # Exporters other than ours may send points without calls.
            if not sample.histogram.count:
                continue
            # A sample's source may lack its namespace, as when an old sidecar or an SDK reports it, or differ
            # in case from the name under which the service registered.
            source = self._registry.recognise(ServiceId(sample.source))
            if source != sample.source:
                sample = replace(sample, source=source)
            when = self._reports.place(sample.reporter, sample.begun, sample.ended, now)
            if sample.side is Side.SERVER:
                self._add_callee_sample(sample, when, now)
                continue
            service, endpoint, registered = self._place(sample.target, sample.endpoint)
            # Late calls are no evidence, as the state they show is over; in the graph they count all the
            # same, when they were made.
            if not when.late:
                if registered and sample.protocol == Protocol.HTTP:
                    self._feedback.evidence.call(service, endpoint, self._as_evidence(sample), now)
                self._guard.add(service, sample.arm, sample.histogram, sample.errors, sample.answer)
            if (service, endpoint) != (sample.target, sample.endpoint):
                sample = replace(sample, target=service, endpoint=endpoint)
            self._intake.call(sample, when, now)

    def sizes(self, samples: Iterable[SizeSample], now: float) -> None:
        """Count the sizes of responses of the services whose arms mesh.yaml has compared by them."""
        for sample in samples:
            service, endpoint, _ = self._place(sample.target, sample.endpoint)
            guard = self._policy.of(service).guard
            if guard is None or not guard.sizes:
                continue
            if self._reports.place(sample.reporter, sample.begun, sample.ended, now).late:
                continue
            self._guard.add_sizes(service, sample.arm, sample.histogram)
            source = self._registry.recognise(ServiceId(sample.source))
            self._intake.sizes(replace(sample, source=source, target=service, endpoint=endpoint), now)

    def opens(self, samples: Iterable[OpenSample], now: float) -> None:
        """Note requests that are open."""
        for sample in samples:
            service, endpoint, registered = self._place(sample.target, sample.endpoint)
            if registered and not self._reports.place(sample.reporter, 0.0, sample.ended, now).late:
                self._feedback.evidence.open(service, endpoint, self._as_evidence(sample), now)

    def add_probes(self, results: Iterable[ProbeResult], now: float) -> None:
        """Note the results of probes."""
        for each in results:
            self._feedback.evidence.probe(
                each.service, each.endpoint, each.ok, each.detail, now, refused=each.refused
            )

    def connections(self, samples: Iterable[ConnectionSample], now: float) -> None:
        """Note open opaque connections."""
        for sample in samples:
            if sample.side is Side.CLIENT:
                service, endpoint, _ = self._place(sample.target, sample.endpoint)
                sample = replace(sample, target=service, endpoint=endpoint)
            else:
                sample = self._of_known(sample)
            self._intake.connections(sample, now)

    def spans(self, facts: Iterable[SpanFact], now: float) -> None:
        """Pair spans of services without a sidecar into edges."""
        self._intake.spans(self._recognised(facts), now)

    def _recognised(self, facts: Iterable[SpanFact]) -> Iterator[SpanFact]:
        sender: ServiceId | None = None
        for fact in facts:
            # The spans of a sender come together.
            if fact.service is not sender:
                sender, known = fact.service, self._registry.recognise(fact.service)
            fact.service = known
            yield fact

    def connect(self, stream: str, node: Node, peer_host: str, now: float) -> None:
        """Note that a sidecar connected, or changed its state, on this stream."""
        self._record(self._registry.connect(stream, node, peer_host, now))

    def disconnect(self, stream: str, now: float) -> None:
        """Note that a sidecar's stream ended."""
        self._registry.disconnect(stream, now)

    def set_policy(self, policy: Policy, now: float) -> None:
        """Put a new mesh.yaml in force."""
        self._policy.write(policy)
        self._apply_policy(now)

    def set_stage(
        self,
        service: ServiceId,
        stage: Stage,
        percent: int,
        now: float,
        origin: StageOrigin = StageOrigin.API,
        by: str = "",
    ) -> StageView:
        """Change how far routing is on; ``by`` is who asked. Raises UnknownServiceError, or ValueError
        for a bad percent."""
        if service not in self.live.known():
            raise UnknownServiceError(service)
        self._record(self._stages.set(service, stage, percent, origin, now, by=by))
        return self.live.stages(now, 60.0, [service])[0]

    @property
    def policy_problems(self) -> tuple[str, ...]:
        """Keys of mesh.yaml that could mean several services and apply to none; empty when all is clear."""
        return self._policy.problems

    @property
    def urgent(self) -> bool:
        """True if a reporter saw failures or a stall for the first time in a while: call ``tick`` now."""
        return self._feedback.evidence.urgent

    def tick(self, now: float) -> Tick:
        """Decide on what is known now."""
        # The order of a step: first what exists, then what was called, then the decisions that rest on
        # both.
        self._record(self._registry.sweep(now))
        # By identity, which the registry changes only with content: comparing all members at each tick is
        # not free.
        if self._registry.services() is not self._policy_members:
            self._apply_policy(now)
        self._intake.advance(now)
        self._record(self._guard.step(self._policy.policy, self._stages, now))
        members = self._registry.services()
        self._record(self._feedback.step(members, lambda service: self._cause(service, now), now))
        snapshot = self._snapshots.advance(members, now)
        # Taken after the last ``_record`` of the step, so that a snapshot and the decisions behind it leave
        # together.
        decisions, self._new_decisions = tuple(self._new_decisions), []
        probes = tuple(
            ProbeRequest(service, endpoint, self._policy.of(service).health)
            for service, endpoint in self._feedback.probes(now)
        )
        return Tick(snapshot, decisions, tuple(self._intake.close_seconds(now)), probes)

    def flush(self) -> tuple[EdgeSample, ...]:
        """Return the calls that ``tick`` still keeps from the store; the last step before a clean stop."""
        return tuple(self._intake.flush())

    def decisions(self, service: str | None = None, limit: int = 100, kind: str = "") -> tuple[Decision, ...]:
        """Return decisions, newest first."""
        wanted = (
            decision
            for decision in reversed(self._decisions)
            if (service is None or decision.service == service) and (not kind or decision.kind == kind)
        )
        return tuple(islice(wanted, limit))

    def own_members(self) -> dict[ServiceId, tuple[Member, ...]]:
        """Return the endpoints connected to this collector itself, by service."""
        return self._registry.own_members()

    def follow(self, changes: Sequence[Decision]) -> None:
        """Take over changes of stages made at another collector, or before a restart; the later one wins."""
        # Read again and again, mostly without news; ``adopt`` looks at all services.
        if not changes:
            return
        self._decisions.extend(change for change in changes if self.remote.take_stage(change))
        self._stages.adopt(self._registry.with_sidecars())

    def _of_known(self, sample: ServerSample) -> ServerSample:
        """Return what a callee's sidecar measured under the name by which its service is registered."""
        target = self._registry.recognise(ServiceId(sample.target))
        return sample if target == sample.target else replace(sample, target=target)

    def _as_evidence(self, sample: ClientSample) -> ClientSample:
        """Return the sample under the name of a reporter that counts.

        Names in a report are free to choose, and several reporters can eject an endpoint: so all that hold no
        stream to the mesh are one reporter together.
        """
        if self._registry.reports(ServiceId(sample.source), sample.reporter):
            return sample
        return replace(sample, reporter=STRANGERS)

    def _add_callee_sample(self, sample: CallSample, when: ReportTime, now: float) -> None:
        """Count what a callee's sidecar measured: an edge, and a second opinion on its own endpoint."""
        # The collector's own probes are no traffic of users.
        if sample.source == names.PROBER:
            return
        sample = self._of_known(sample)
        self._intake.call(sample, when, now)
        if sample.protocol != Protocol.HTTP or when.late:
            return
        address = self._registry.address_of(sample.reporter)
        # A sidecar is believed about its own endpoint alone, whatever name its report carries.
        if address and self._registry.resolve(address) == (sample.target, address):
            self._feedback.evidence.own_calls(ServiceId(sample.target), address, sample, now)

    def _cause(self, service: ServiceId, now: float) -> tuple[str, Dependency]:
        """Return the dependency below a service that became worse, as a sentence and as evidence."""
        begin, end = root_cause.BEFORE
        recent = self._traffic.between(now - root_cause.RECENT, now)
        return root_cause.cause(service, recent, self._traffic.between(now - begin, now - end))

    def _apply_policy(self, now: float) -> None:
        """Apply mesh.yaml to the services that exist: what a plain name in it means depends on them."""
        services = self._registry.with_sidecars()
        for change in self._policy.settle(services):
            self._stages.rename(change.before, change.after)
        self._stages.adopt(services)
        self._registry.set(Source.FILE, _file_members(self._policy.policy))
        self._policy_members = self._registry.services()
        self._record(self._stages.apply(self._policy.policy, now))

    def _place(self, target: str, endpoint: str) -> tuple[ServiceId, str, bool]:
        """Return service and endpoint of a client's labels, and True if that endpoint is registered."""
        place = self._registry.resolve(endpoint or target)
        # An address may belong to another service by now; then the name in the report is what the caller
        # meant.
        named = target.lower()
        if place is not None and (
            named in (place[0].caseless, place[0].name.lower()) or node_kinds.outside(target)
        ):
            return (*place, True)
        return self._registry.spelling(ServiceId(self._intake.resolve(target))), endpoint, False

    def _record(self, decisions: Iterable[Decision]) -> None:
        for decision in decisions:
            self._decisions.append(decision)
            self._new_decisions.append(decision)


def _file_members(policy: Policy) -> dict[ServiceId, tuple[Member, ...]]:
    """Return the endpoints that mesh.yaml lists, by service."""
    return {
        name: tuple(Member(name, address, origin=EndpointOrigin.STATIC) for address in entry.endpoints)
        for name, entry in policy.services.items()
        if entry.endpoints
    }
