"""All that the measurements say of one service at one moment, as the ejection rules ask for it."""

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from proxy.contract.decisions.evidence import Dependency
from topology.evidence.measurements import LastProbe
from topology.evidence.peer_tallies import ServiceTallies
from topology.outliers.detection import second_opinion
from topology.outliers.detection.finding import Finding, Trial
from topology.outliers.detection.outlier_tests import OutlierTests
from topology.outliers.detection.shared_causes import SharedCauses
from topology.settings import EngineSettings


class ServiceEvidence(Protocol):
    """The questions of the ejection rules. Texts are sentences for people, empty for no."""

    def finding(self, endpoint: str, patience: float) -> Finding | None:
        """Return what is wrong with an endpoint; a patience below 1, on probation, asks for less evidence."""

    def doubt(self, endpoint: str) -> Finding | None:
        """Return what speaks against an endpoint already, though it does not suffice to eject it."""

    def probe(self, endpoint: str) -> LastProbe | None:
        """Ask for an active probe of the endpoint, and return the result of the last one."""

    def last_probe(self, endpoint: str) -> LastProbe | None:
        """Return the result of the last active probe of the endpoint, without asking for another."""

    def trial(self, endpoint: str, since: float) -> Trial:
        """Return its calls on probation."""

    def overload_risk(self, survivors: Sequence[str]) -> str:
        """Return why these endpoints are not known to carry the whole load."""

    def overload(self, survivors: Sequence[str]) -> str:
        """Return what shows that these endpoints carry more than they can."""

    def shared_failure(self) -> str:
        """Return a sentence on a failure that all endpoints share."""

    def shared_slowness(self) -> str:
        """Return a sentence on a slowness that all endpoints share."""

    def cause(self) -> tuple[str, Dependency]:
        """Return the dependency the graph points to, in words and as evidence."""


class MeasuredEvidence:
    """Evidence from measurements; ``remote`` are findings of other collectors, by endpoint."""

    def __init__(
        self,
        tallies: ServiceTallies,
        settings: EngineSettings,
        cause: Callable[[], tuple[str, Dependency]],
        remote: Mapping[str, Finding],
    ) -> None:
        self._tallies = tallies
        self._settings = settings
        self._remote = remote
        self._tests = OutlierTests(tallies, settings)
        self._shared = SharedCauses(tallies, settings)
        self.cause = cause

    @property
    def suspects(self) -> set[str]:
        """Endpoints to probe."""
        return self._tests.suspects

    def finding(self, endpoint: str, patience: float) -> Finding | None:
        """Return this collector's own finding, else a remote one that sidecars here do not contradict."""
        # Own evidence comes first: it has calls of this collector's sidecars to show for it.
        own, remote = self._tests.finding(endpoint, patience), self._remote.get(endpoint)
        if own is not None or remote is None:
            return own
        denied = second_opinion.contradicted(self._tallies, endpoint, remote.kind, self._settings)
        return None if denied else remote

    def doubt(self, endpoint: str) -> Finding | None:
        return self._tests.doubt(endpoint)

    def probe(self, endpoint: str) -> LastProbe | None:
        # The probe runs later, outside the engine; the result that is returned is of an earlier one.
        self.suspects.add(endpoint)
        return self.last_probe(endpoint)

    def last_probe(self, endpoint: str) -> LastProbe | None:
        record = self._tallies.records.get(endpoint)
        return record.probed if record is not None else None

    def trial(self, endpoint: str, since: float) -> Trial:
        return self._tests.trial(endpoint, since)

    def overload_risk(self, survivors: Sequence[str]) -> str:
        return self._shared.overload_risk(survivors)

    def overload(self, survivors: Sequence[str]) -> str:
        return self._shared.overload(survivors)

    def shared_failure(self) -> str:
        return self._shared.failure()

    def shared_slowness(self) -> str:
        return self._shared.slowness()
