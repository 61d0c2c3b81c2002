"""Decisions that other collectors stored, each once, as far as this one acts on them. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from collector.control.mesh_rows import read_decision
from collector.federation.members import Row
from proxy.contract.decisions.evidence import Ejection, StageChange
from proxy.contract.decisions.kinds import DecisionKind, StageOrigin
from topology.model.decisions import Decision

# The kinds to read: those acted on, and those that end an ejection.
KINDS: Final = (
    DecisionKind.EJECT,
    DecisionKind.PROBATION,
    DecisionKind.RETURN,
    DecisionKind.STAGE,
)
# Changes of stages that hold for all collectors. mesh.yaml is each collector's own: it has its own copy.
ORIGINS: Final = (StageOrigin.API, StageOrigin.GUARD)
_REMEMBERED: Final = 120.0  # seconds: twice as long as any look reaches back


@dataclass(frozen=True, slots=True)
class NewDecisions:
    """Decisions to act on: changes of stages, and ejections in force with the collector of each."""

    stages: list[Decision]
    ejections: list[tuple[str, Decision]]


class RemoteDecisions:
    """The decisions already read: reads overlap, so rows come again."""

    def __init__(self) -> None:
        self._seen: dict[tuple[Any, ...], float] = {}

    def take(self, rows: Iterable[Row], now: float) -> NewDecisions:
        """Return what is new in rows in order of time, and in force at ``now`` (epoch seconds)."""
        stages: list[Decision] = []
        # By collector, service and endpoint: only the last decision of each says whether an ejection still
        # holds.
        last: dict[tuple[str, str, str], Decision] = {}
        for collector, milliseconds, kind, service, endpoint, reason, evidence in rows:
            key = collector, milliseconds, kind, service, endpoint
            if key in self._seen:
                continue
            # The time of the look, not of the decision: clocks of other machines must not decide what is
            # forgotten here.
            self._seen[key] = now
            made = read_decision(milliseconds, kind, service, endpoint, reason, evidence)
            if kind == DecisionKind.STAGE:
                # All changes, not the last one only: the engine records each in the history of the stage.
                stages += [made] if is_shared_stage(made) else []
            else:
                last[collector, service, endpoint] = made
        self._seen = {key: at for key, at in self._seen.items() if now - at < _REMEMBERED}
        in_force = [(who, made) for (who, *_), made in last.items() if _in_force(made, now)]
        return NewDecisions(stages, in_force)


def _in_force(made: Decision, now: float) -> bool:
    return isinstance(made.evidence, Ejection) and made.evidence.until > now


def is_shared_stage(made: Decision) -> bool:
    """True for a change of a stage that holds for all collectors."""
    return isinstance(made.evidence, StageChange) and made.evidence.origin in ORIGINS
