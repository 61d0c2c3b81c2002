"""Fleet ejection over injected time: who is out, for how long, and what that makes of its weight.

How an endpoint comes from one state into another is told in ``ejection``. Ejections last
``eject_seconds`` doubled with every one that follows, up to a maximum. An endpoint on probation
gets little until a call succeeded, and returns when most calls did, or when nobody calls the
service or has called the endpoint for as long as an ejection lasts.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from proxy.contract.model import EndpointState
from proxy.contract.service_id import ServiceId
from topology.model import Decision
from topology.outliers.ejection import Case, Health, History, Step
from topology.settings import EngineSettings

PROBATION_WEIGHT: Final = 0.1
# For what seems to fail or stall: answers to what is open there tell whether it does.
DOUBT_WEIGHT: Final = 0.01
# What is reported this long after an ejection may still be about requests from before it.
AFTERMATH: Final = 2.0
# When its time is up, only what an endpoint did this recently keeps it out.
LATELY: Final = 3.0

_HEALTHY: Final = Health()  # for reading
_FINE: Final = EndpointState.HEALTHY


class Outliers:
    """Ejections of all services."""

    def __init__(self, settings: EngineSettings) -> None:
        self._settings = settings
        self._services: dict[ServiceId, History] = {}

    def health(self, service: ServiceId, endpoint: str) -> Health:
        """State of an endpoint; a healthy one when nothing was ever decided about it."""
        held = self._services.get(service)
        return (held.healths.get(endpoint) if held else None) or _HEALTHY

    def healths(self, service: ServiceId) -> Mapping[str, Health]:
        """What was decided about a service's endpoints, by address."""
        held = self._services.get(service)
        return held.healths if held else {}

    def weight(self, service: ServiceId, endpoint: str, now: float) -> float:
        """Share of its weight an endpoint gets: 0 ejected, rising in steps on probation, else 1."""
        health = self.health(service, endpoint)
        if health.state is EndpointState.EJECTED:
            return 0.0
        if health.state is not EndpointState.PROBATION:
            return 1.0
        if not health.proved:
            return DOUBT_WEIGHT if health.doubted else PROBATION_WEIGHT
        progress = min(1.0, max(0.0, now - health.since) / self._settings.slow_start)
        return round(PROBATION_WEIGHT + int(progress * 9) / 10, 1)

    def since(self, service: ServiceId) -> dict[str, float]:
        """From when on measurements count, by endpoint: not those from before it was
        ejected or came back."""
        return {
            endpoint: max(health.since + AFTERMATH, health.until - LATELY)
            if health.state is EndpointState.EJECTED
            else health.since
            for endpoint, health in self.healths(service).items()
            if not health.doubted
        }

    def forget(self, service: ServiceId, endpoint: str) -> None:
        """Another instance answers at this address now."""
        if service in self._services:
            self._services[service].healths.pop(endpoint, None)

    def step(
        self, service: ServiceId, present: Sequence[str], available: Sequence[str], case: Case, now: float
    ) -> list[Decision]:
        """Move one service on, by what the case has to say of it."""
        held = self._services.setdefault(service, History())
        for endpoint in [key for key in held.healths if key not in present]:
            del held.healths[endpoint]
        step = Step(service, held, tuple(available), case, self._settings, now)
        step.time_is_up()
        step.end_trials()
        step.relieve()
        step.judge()
        step.doubt()
        step.keep_cap()
        step.hold_shared()
        return step.decisions

    def rising(self, service: ServiceId) -> bool:
        """Whether an endpoint is on probation, where its share of the weight rises with time."""
        return any(each.state is EndpointState.PROBATION for each in self.healths(service).values())

    def restless(self, service: ServiceId) -> bool:
        """Whether time alone may move this service on."""
        held = self._services.get(service)
        if held is None:
            return False
        healths = held.healths.values()
        return bool(held.holding) or any(each.times or each.state is not _FINE for each in healths)
