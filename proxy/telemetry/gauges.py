"""Readings of the destinations: gauges for the mesh, rows for /stats. Pure."""

from collections.abc import Iterable
from typing import Final

from proxy.contract import attributes
from proxy.contract.traffic import Avoidance
from proxy.routing.breaker import State
from proxy.routing.candidate import Candidate
from proxy.routing.router import Destination
from proxy.telemetry.metrics import Gauge

# Ends of a sentence on an endpoint's last answer.
_AVOIDED: Final = {
    Avoidance.FAILING: "failed",
    Avoidance.SLOW: "took much longer than is usual",
    Avoidance.ANSWERS: "was a redirect or refusal that its peers do not give",
    Avoidance.LOAD: "asked for less load",
}


class EndpointGauges:
    """Open requests, the age of the oldest waiting one, and what the sidecar avoids, by endpoint.

    A sidecar knows all endpoints of the mesh and has requests open at few of them. It reports these alone,
    and each once more, as 0, when nothing is open there any longer.
    """

    def __init__(self) -> None:
        self._reported: set[tuple[str, str]] = set()

    def read(self, destinations: Iterable[Destination], now: float) -> list[Gauge]:
        """Return the gauges to report ``now`` (monotonic seconds)."""
        readings, before = [], self._reported
        self._reported = set()
        for destination in destinations:
            for candidate in destination.candidates:
                key = destination.name, candidate.endpoint.address
                avoided = avoidance(destination, candidate, now)
                if candidate.open or avoided:
                    self._reported.add(key)
                # The last 0 matters: without it the mesh would believe the old reading until that is too
                # old to count.
                elif key not in before:
                    continue
                given = dict(zip((attributes.PEER_SERVICE, attributes.ENDPOINT), key, strict=True))
                if avoided:
                    why = {**given, attributes.AVOIDANCE: avoided.value}
                    readings.append(Gauge(attributes.AVOIDED, max(1, candidate.trials.failures), why))
                readings.append(Gauge(attributes.CLIENT_ACTIVE, candidate.open, given))
                readings.append(Gauge(attributes.OLDEST_AGE, candidate.oldest(now), given))
        return readings


def avoidance(destination: Destination, candidate: Candidate, now: float) -> Avoidance | None:
    """Return why an endpoint gets next to nothing, as far as the balancer of this sidecar decides that."""
    service = destination.service
    # Where the application chooses, and for what the mesh has ejected, it does not.
    if service is None or not service.routed_share or not candidate.endpoint.healthy:
        return None
    return candidate.avoided(now)


def reason(destination: Destination, candidate: Candidate, now: float) -> str:
    """Return why an endpoint gets less than an even share, in words; empty when it does not."""
    endpoint, avoided = candidate.endpoint, avoidance(destination, candidate, now)
    if endpoint.draining:
        return "it is leaving or not ready"
    if not endpoint.healthy:
        return "the mesh has ejected it"
    if candidate.breaker.state is not State.CLOSED:
        many = f"{candidate.breaker.failures} failures in a row"
        of = f", the last {_AVOIDED[Avoidance.ANSWERS]}" if candidate.answers.faulty else ""
        return f"its breaker is {candidate.breaker.state} after {many}{of}"
    if avoided:
        due = candidate.spared if avoided is Avoidance.LOAD else candidate.trials.due
        return f"its last answer {_AVOIDED[avoided]}; tried again in {max(0.0, due - now):.1f} s"
    if endpoint.weight < 1.0:
        return f"the mesh gives it weight {endpoint.weight:g}"
    return ""


def endpoint_rows(destinations: Iterable[Destination], now: float) -> list[dict[str, object]]:
    """Return a row for each endpoint as the balancer sees it; times in seconds."""
    return [
        {
            "service": destination.name,
            "address": candidate.endpoint.address,
            "healthy": candidate.endpoint.healthy,
            "weight": candidate.endpoint.weight,
            "breaker": candidate.breaker.state,
            "open": candidate.open,
            "oldest": candidate.oldest(now),
            "latency": candidate.latency(now),
            "avoided": avoidance(destination, candidate, now) or "",
            "reason": reason(destination, candidate, now),
        }
        for destination in destinations
        for candidate in destination.candidates
    ]
