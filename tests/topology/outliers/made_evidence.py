"""Evidence that a test makes up, for the ejection rules."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from proxy.contract.decisions.evidence import Calls, Dependency
from proxy.contract.decisions.kinds import FindingKind
from topology.evidence.measurements import LastProbe
from topology.outliers.detection.finding import Finding, Trial
from topology.settings import EngineSettings

SETTINGS = EngineSettings()
NAMES = tuple("abcdefgh")


def finding(endpoint: str, score: float = 1.5, kind: FindingKind = FindingKind.FAILURES) -> Finding:
    return Finding(endpoint, kind, score, f"{endpoint} failed 9 of 9", Calls(9, 9))


@dataclass
class MadeEvidence:
    """The evidence a test makes up."""

    bad: dict[str, float] = field(default_factory=dict)
    found: Trial = field(default_factory=Trial)
    shared: str = ""
    crowded: str = ""
    strained: str = ""
    kind: FindingKind = FindingKind.FAILURES
    doubted: str = ""
    probed: LastProbe | None = None
    most_patience: float = 1.0  # with which ``bad`` is still found

    def finding(self, endpoint: str, patience: float) -> Finding | None:
        if endpoint not in self.bad or patience > self.most_patience:
            return None
        return finding(endpoint, self.bad[endpoint], self.kind)

    def doubt(self, endpoint: str) -> Finding | None:
        return finding(endpoint) if endpoint in self.doubted else None

    def probe(self, endpoint: str) -> LastProbe | None:
        return self.probed

    def last_probe(self, endpoint: str) -> LastProbe | None:
        return self.probed

    def trial(self, endpoint: str, since: float) -> Trial:
        return self.found

    def overload_risk(self, survivors: Sequence[str]) -> str:
        return self.crowded

    def overload(self, survivors: Sequence[str]) -> str:
        return self.strained

    def shared_failure(self) -> str:
        return self.shared

    def shared_slowness(self) -> str:
        return ""

    def cause(self) -> tuple[str, Dependency]:
        return "look below", Dependency()
