"""The mesh as sidecars see it, with a version that changes only with the content."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from proxy.contract.model import Endpoint, EndpointState, Retries, Service
from proxy.contract.service_id import ServiceId
from proxy.contract.xds.inbound import InboundPolicy
from topology.outliers.ejections import Ejections
from topology.outliers.feedback import Feedback
from topology.outliers.weights import Weights
from topology.policy.in_force import PolicyInForce
from topology.policy.models import ServicePolicy
from topology.registry.sources import Member, Members
from topology.rollout.stages import Setting, Stages

NO_POLICIES: Final[Mapping[ServiceId, InboundPolicy]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Services, and inbound policies, by name of service. Equal versions have equal content.

    ``version`` counts up from 0 (nothing known yet) within the life of one process.
    """

    version: int = 0
    services: Mapping[ServiceId, Service] = field(default_factory=dict)
    inbound: Mapping[ServiceId, InboundPolicy] = field(default_factory=dict)


class SnapshotBuilder:
    """The current snapshot, made anew of the services whose endpoints, policy, stage or weights changed."""

    def __init__(self, policy: PolicyInForce, stages: Stages, feedback: Feedback) -> None:
        self._policy = policy
        self._stages = stages
        self._feedback = feedback
        self._snapshot = Snapshot()
        # The inputs that each service of the snapshot was made of: same inputs, same object.
        self._inputs: dict[ServiceId, tuple[Sequence[Member], ServicePolicy, Setting]] = {}

    def advance(self, members: Members, now: float) -> Snapshot:
        """Return the snapshot of these members: the last one itself when nothing changed."""
        self._snapshot = advance(self._snapshot, self._services(members, now))
        return self._snapshot

    def _services(self, members: Members, now: float) -> Mapping[ServiceId, Service]:
        """Return the services of the snapshot; an unchanged one is the same object as before.

        Each step compares the snapshot with the last one, which costs little for the same objects.
        """
        changed, before = self._feedback.take_changed(), self._snapshot.services
        services: dict[ServiceId, Service] = {}
        inputs, self._inputs = self._inputs, {}
        for name, endpoints in members.items():
            entry, setting = self._policy.of(name), self._stages.of(name)
            known = inputs.get(name)
            same = known is not None and known[0] is endpoints and known[1] is entry and known[2] is setting
            if same and name not in changed and name in before:
                services[name] = before[name]
            else:
                made = service(
                    name, endpoints, setting, entry, self._feedback.ejections, self._feedback.weights, now
                )
                services[name] = before[name] if before.get(name) == made else made
            self._inputs[name] = (endpoints, entry, setting)
        return services


def advance(
    previous: Snapshot,
    services: Mapping[ServiceId, Service],
    inbound: Mapping[ServiceId, InboundPolicy] = NO_POLICIES,
) -> Snapshot:
    """Return the next snapshot: ``previous`` itself when nothing changed."""
    # Version 0 is "nothing known yet", which an empty mesh is not: the first snapshot always gets a version
    # of its own.
    if previous.version and (previous.services, previous.inbound) == (services, inbound):
        return previous
    return Snapshot(previous.version + 1, dict(services), dict(inbound))


def service(
    name: ServiceId,
    members: Sequence[Member],
    setting: Setting,
    policy: ServicePolicy,
    ejections: Ejections,
    weights: Weights,
    now: float,
) -> Service:
    """Return one service as sidecars see it, endpoints in order of address."""
    shares = split_shares(members, policy.split)
    endpoints = []
    for member in sorted(members, key=lambda member: member.address):
        share = shares.get(member.version, 0.0) if shares else 1.0
        ejected = ejections.state(name, member.address).state is EndpointState.EJECTED
        # An ejected one keeps its weight: where all are ejected or stale, it counts again.
        part = 1.0 if ejected else ejections.weight(name, member.address, now)
        # Three independent factors: latency, probation and the split of versions.
        weight = weights.weight(name, member.address) * part * share
        endpoints.append(
            Endpoint(
                member.address,
                # 0.01 is the resolution of a weight in EDS, and a weight of 0 is not valid there.
                max(0.01, round(weight, 2)),
                member.available and not ejected and share > 0,
                member.app,
                member.instance,
                member.version,
                member.zone,
                draining=not member.available or share <= 0,
                generation=member.generation,
            )
        )
    return Service(
        name,
        tuple(endpoints),
        setting.stage,
        setting.percent,
        policy.timeout or 0.0,
        policy.retries.retries() if policy.retries else Retries(),
    )


def split_shares(members: Sequence[Member], split: Mapping[str, int]) -> dict[str, float]:
    """Return the factor on the weight of each version's endpoints that makes their traffic follow the split.

    Empty when there is nothing to do: no split, or no endpoint of a version it names.
    """
    counts: dict[str, int] = {}
    for member in members:
        if member.available:
            counts[member.version] = counts.get(member.version, 0) + 1
    wanted = {version: part for version, part in split.items() if counts.get(version)}
    total, number = sum(wanted.values()), sum(counts.values())
    if not total:
        return {}
    # Divided by the version's share of the endpoints: otherwise a version with more of them would get more.
    return {version: (part / total) / (counts[version] / number) for version, part in wanted.items()}
