"""Decisions of the mesh, each with its reason and its evidence."""

from dataclasses import dataclass

from proxy.contract.decisions.evidence import Evidence
from proxy.contract.service_id import ServiceId


@dataclass(frozen=True, slots=True)
class Decision:
    """A decision of the mesh, with its reason in words and its evidence."""

    time: float
    service: ServiceId
    reason: str
    evidence: Evidence
    endpoint: str = ""

    @property
    def kind(self) -> str:
        """The ``DecisionKind``, or the word of a newer release that this one does not know."""
        return self.evidence.decision
