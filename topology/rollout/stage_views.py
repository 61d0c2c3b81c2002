"""Views of stages: where each service is, what that changes or would change, and who changed it."""

from collections.abc import Callable, Iterable, Mapping, Sequence

from proxy.contract.model import Stage
from proxy.contract.service_id import ServiceId
from proxy.contract.traffic import Arm
from topology.graph.cells import Bucket, Cell
from topology.graph.figures import stats
from topology.model.stages import StageView
from topology.policy.models import Policy
from topology.registry.sources import Member
from topology.rollout.advice import advise
from topology.rollout.effect import effect
from topology.rollout.stages import Stages

ARMS = (Arm.DIRECT, Arm.ROUTED)


def views(
    services: Iterable[ServiceId],
    counts: Bucket,
    seconds: float,
    stages: Stages,
    members: Mapping[ServiceId, Sequence[Member]],
    weight: Callable[[ServiceId, str], float],
    policy: Policy,
) -> tuple[StageView, ...]:
    """Return every service's stage with the traffic of both arms; ``weight`` is what an endpoint gets now."""
    arms: dict[tuple[str, str], Cell] = {}
    direct: dict[str, dict[str, Cell]] = {}
    for key, cell in counts.items():
        if key.arm:
            arms.setdefault((key.target, key.arm), Cell()).merge(cell)
        if key.arm == Arm.DIRECT and key.endpoint:
            by = direct.setdefault(key.target, {})
            by.setdefault(key.endpoint, Cell()).add(cell.histogram, cell.errors)

    def view(name: ServiceId) -> StageView:
        setting = stages.of(name)
        before, after = (arms.get((name, arm)) or Cell() for arm in ARMS)
        advice = None
        if setting.stage is Stage.ADVISE:
            weights = {m.address: weight(name, m.address) for m in members.get(name, ()) if m.available}
            advice = advise(direct.get(name, {}), weights, seconds)
        return StageView(
            name,
            setting.stage,
            setting.percent,
            setting.origin,
            setting.updated,
            stats(before, seconds),
            stats(after, seconds),
            effect(before, after) if setting.stage is Stage.ROUTE else None,
            advice,
            guarded(policy, name),
            stages.history(name),
        )

    return tuple(view(name) for name in sorted(services))


def guarded(policy: Policy, service: ServiceId) -> bool:
    """True if mesh.yaml turns the guard on for a service."""
    entry = policy.services.get(service)
    return entry is not None and entry.guard is not None
