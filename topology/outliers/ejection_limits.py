"""The limits of ejection: how many endpoints of a service may be out, and what shows that too many are.

A share of the endpoints may go at once if the rest has carried that load before. Beyond that they go one
after the other, for as long as the rest bears it well: one bad endpoint of two may be half of the
capacity, but it may also serve nothing, and only its absence tells.
"""

from collections.abc import Sequence
from typing import Final

from proxy.contract.decisions.kinds import FindingKind
from proxy.contract.model import EndpointState
from topology.outliers.detection.service_evidence import ServiceEvidence
from topology.outliers.ejection_state import ServiceEjections
from topology.settings import EngineSettings

# Seconds between two ejections beyond what is known to fit: one interval of reports, which tell of the first.
PACE: Final = 0.5
# Seconds after an ejection until its effect on the others may be judged: the time constant of their figures.
RELIEF: Final = 2.0
# Seconds for which it is remembered how many ejections the others could not bear.
BEARABLE: Final = 60.0
# The refusal of an ejection that is only put off to a later step: nobody needs to hear of it.
PACED: Final = "paced"


def cap(available: int, share: float) -> int:
    """Return how many of the available endpoints may be ejected at once: a share, one of two, never all."""
    # Rounded down, but at least one: a share of 30 % of two endpoints would never allow any.
    return 0 if available < 2 else min(available - 1, max(1, int(available * share)))


class EjectionLimits:
    """The limits of one service at one step."""

    def __init__(
        self,
        service: ServiceEjections,
        available: tuple[str, ...],
        evidence: ServiceEvidence,
        settings: EngineSettings,
        now: float,
    ) -> None:
        self._service = service
        self._available = available
        self._evidence = evidence
        self._settings = settings
        self._now = now
        self.cap = cap(len(available), settings.eject_share)

    def ejected(self) -> list[str]:
        """Return the available endpoints that are out."""
        states = self._service.endpoints
        return [
            endpoint
            for endpoint in self._available
            if endpoint in states and states[endpoint].state is EndpointState.EJECTED
        ]

    def serving(self, but: str = "") -> list[str]:
        """Return the available endpoints that are not out, without one."""
        out = set(self.ejected())
        return [each for each in self._available if each not in out and each != but]

    def overload(self) -> str:
        """Return how those that serve are overloaded after an ejection; empty if not, or too early to say."""
        # Without an ejection an overload is not the mesh's doing, and nothing could be brought back.
        if not self.ejected() or self._now - self._service.moved < RELIEF:
            return ""
        return self._evidence.overload(self.serving())

    def learn(self, bearable: int) -> None:
        """Remember for a while that the others bear no more ejections than these."""
        self._service.moved = self._now
        self._service.bearable, self._service.bearable_until = bearable, self._now + BEARABLE

    def refusal(
        self, endpoint: str, sound: Sequence[str], finding: FindingKind = FindingKind.FAILURES
    ) -> str:
        """Return why this endpoint may not be ejected now, in words; empty if it may, ``PACED`` if later.

        ``sound`` are the endpoints that nothing speaks against: these would have to carry the load.
        """
        out, service = len(self.ejected()), self._service
        # The order of these checks is that of their reasons: what can never be allowed comes before what is
        # not allowed now.
        if out + 1 >= len(self._available):
            return "it is the last one" if len(self._available) > 1 else "it is the only one"
        if self._settings.eject_share == 0:
            return "ejection is turned off (eject_share 0)"
        if self._now < service.bearable_until and out >= service.bearable:
            return f"the others could not bear more than {service.bearable} ejected at once"
        overload = self._evidence.overload(sound)
        if overload:
            return overload
        risk = self._evidence.overload_risk(self.serving(endpoint))
        if out < self.cap and not risk:
            return ""
        if finding is FindingKind.LATENCY:  # it still serves: nothing is risked to be rid of it
            return risk or f"{out} of {len(self._available)} are out already"
        return self._paced()

    def _paced(self) -> str:
        """Let one go beyond what is known to fit, then two, four …, with a look at the others between.

        Doubling as in TCP's slow start: if most endpoints are broken, waiting for each costs more requests
        than the risk.
        """
        service = self._service
        if self._now - service.moved >= PACE:
            # A pause longer than RELIEF without an ejection means that the last ones were enough: start at
            # one again.
            service.burst = max(1, 2 * service.burst) if self._now - service.moved < RELIEF else 1
            service.budget = service.burst
        if not service.budget:
            return PACED
        service.budget -= 1
        return ""
