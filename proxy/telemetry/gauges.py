"""What a sidecar says of its destinations now: gauges for the mesh, rows for /stats. Pure."""

from collections.abc import Iterable

from proxy.contract import attributes
from proxy.routing.router import Destination
from proxy.telemetry.metrics import Gauge


class OpenGauges:
    """Open requests and the age of the oldest waiting one, by endpoint.

    A sidecar knows all endpoints of the mesh, uses some, and has requests open at few of them: it
    speaks of these alone, and once more of each that it has nothing open at any longer.
    """

    def __init__(self) -> None:
        self._told: set[tuple[str, str]] = set()

    def read(self, destinations: Iterable[Destination], now: float) -> list[Gauge]:
        """What is to be told now (monotonic seconds)."""
        readings, told = [], self._told
        self._told = set()
        for destination in destinations:
            for candidate in destination.candidates:
                key = destination.name, candidate.endpoint.address
                if candidate.open:
                    self._told.add(key)
                elif key not in told:
                    continue
                given = dict(zip((attributes.PEER_SERVICE, attributes.ENDPOINT), key, strict=True))
                readings.append(Gauge(attributes.CLIENT_ACTIVE, candidate.open, given))
                readings.append(Gauge(attributes.OLDEST_AGE, candidate.oldest(now), given))
        return readings


def endpoint_rows(destinations: Iterable[Destination], now: float) -> list[dict[str, object]]:
    """Every endpoint as the balancer sees it; times in seconds."""
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
        }
        for destination in destinations
        for candidate in destination.candidates
    ]
