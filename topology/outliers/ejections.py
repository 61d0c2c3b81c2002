"""The ejections of all services, over injected time: who is out, for how long, and with what share of weight.

``ejection_step`` moves one service on. Ejections last ``eject_seconds``, doubled with every one that
follows, up to a maximum. An endpoint on probation gets little until a call succeeded, and returns
when most calls did, or when nobody calls the service or has called the endpoint for as long as the
longest ejection lasts.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from proxy.contract.model import EndpointState
from proxy.contract.service_id import ServiceId
from topology.model.decisions import Decision
from topology.outliers.detection.service_evidence import ServiceEvidence
from topology.outliers.ejection_limits import EjectionLimits
from topology.outliers.ejection_state import EjectionState, ServiceEjections
from topology.outliers.ejection_step import EjectionStep
from topology.outliers.transitions import Transitions
from topology.settings import EngineSettings

# A tenth of the traffic is enough to judge an endpoint in seconds, and few users meet it if it is still
# bad.
PROBATION_WEIGHT: Final = 0.1
# For what seems to fail or stall: answers to what is open there tell whether it does, new requests need not.
DOUBT_WEIGHT: Final = 0.01
# Seconds after an ejection in which reports may still be about requests from before it.
AFTERMATH: Final = 2.0
# Seconds before the end of an ejection from which measurements keep the endpoint out: older ones are what
# it was ejected for.
END_WINDOW: Final = 3.0

_HEALTHY: Final = EjectionState()  # for reading


class Ejections:
    """The ejection states of all services."""

    def __init__(self, settings: EngineSettings) -> None:
        self._settings = settings
        self._services: dict[ServiceId, ServiceEjections] = {}

    def state(self, service: ServiceId, endpoint: str) -> EjectionState:
        """Return the state of an endpoint; a healthy one when nothing was ever decided about it."""
        return self.states(service).get(endpoint) or _HEALTHY

    def states(self, service: ServiceId) -> Mapping[str, EjectionState]:
        """Return the states of a service's endpoints that something was decided about, by address."""
        known = self._services.get(service)
        return known.endpoints if known else {}

    def weight(self, service: ServiceId, endpoint: str, now: float) -> float:
        """Return the share of its weight an endpoint gets: 0 ejected, rising on probation, else 1."""
        state = self.state(service, endpoint)
        if state.state is EndpointState.EJECTED:
            return 0.0
        if state.state is not EndpointState.PROBATION:
            return 1.0
        if not state.proved:
            return DOUBT_WEIGHT if state.doubted else PROBATION_WEIGHT
        # In steps of a tenth: each change of a weight is sent to all sidecars.
        progress = min(1.0, max(0.0, now - state.since) / self._settings.slow_start)
        return round(PROBATION_WEIGHT + int(progress * 9) / 10, 1)

    def measured_since(self, service: ServiceId) -> dict[str, float]:
        """Return by endpoint from when on measurements count: after its ejection or return, not before."""
        return {
            endpoint: max(state.since + AFTERMATH, state.until - END_WINDOW)
            if state.state is EndpointState.EJECTED
            else state.since
            for endpoint, state in self.states(service).items()
            # What raised the doubt is still wanted as evidence: it must be able to become an ejection.
            if not state.doubted
        }

    def move(self, service: ServiceId, before: str, after: str) -> None:
        """Carry over the state of a process that is at another address now."""
        known = self._services.get(service)
        if known is not None and before in known.endpoints:
            known.endpoints[after] = known.endpoints.pop(before)

    def renew(self, service: ServiceId, endpoint: str, *, same_instance: bool, now: float) -> list[Decision]:
        """Drop the state of an address at which another process answers now.

        An ejected one that is the same instance, started again, goes on probation first: what ends and
        starts all the time would otherwise never stay out.
        """
        known = self._services.get(service)
        if known is None:
            return []
        if not same_instance or self.state(service, endpoint).state is not EndpointState.EJECTED:
            known.endpoints.pop(endpoint, None)
            return []
        transitions = Transitions(service, known, self._settings, now)
        transitions.probation(endpoint, "its process was started again")
        return transitions.decisions

    def step(
        self,
        service: ServiceId,
        present: Sequence[str],
        available: Sequence[str],
        evidence: ServiceEvidence,
        now: float,
    ) -> list[Decision]:
        """Move one service on by what the evidence says; ``available`` ones of those present may be sent
        requests, ejections aside."""
        known = self._services.setdefault(service, ServiceEjections())
        for endpoint in [key for key in known.endpoints if key not in present]:
            del known.endpoints[endpoint]
        serving, settings = tuple(available), self._settings
        transitions = Transitions(service, known, settings, now)
        limits = EjectionLimits(known, serving, evidence, settings, now)
        return EjectionStep(known, transitions, limits, evidence, serving, settings, now).run()

    def rising(self, service: ServiceId) -> bool:
        """True if an endpoint is on probation, where its share of the weight rises with time."""
        return any(each.state is EndpointState.PROBATION for each in self.states(service).values())

    def restless(self, service: ServiceId) -> bool:
        """True if time alone may move this service on."""
        known = self._services.get(service)
        if known is None:
            return False
        states = known.endpoints.values()
        # A service at rest costs nothing at a step; with thousands of services that matters.
        return known.holding is not None or any(
            each.ejections or each.state is not EndpointState.HEALTHY for each in states
        )
