"""What a sidecar says of its destinations now: gauges for the mesh, rows for /stats. Pure."""

from collections.abc import Iterable

from proxy.contract import attributes
from proxy.metrics import Gauge
from proxy.router import Destination


def destination_gauges(destinations: Iterable[Destination], now: float) -> list[Gauge]:
    """Open requests and the age of the oldest waiting one, for every endpoint in use.

    A sidecar knows all endpoints of the mesh and calls a few: it is silent about the others.
    """
    readings = []
    for destination in destinations:
        for candidate in destination.candidates:
            if not candidate.active(now):
                continue
            given = {
                attributes.PEER_SERVICE: destination.name,
                attributes.ENDPOINT: candidate.endpoint.address,
            }
            readings.append(Gauge(attributes.CLIENT_ACTIVE, candidate.open, given))
            readings.append(Gauge(attributes.OLDEST_AGE, candidate.oldest(now), given))
    return readings


def endpoint_rows(destinations: Iterable[Destination], now: float) -> list[dict[str, object]]:
    """Every endpoint as the balancer sees it; times in seconds."""
    return [
        {
            "service": destination.name, "address": candidate.endpoint.address,
            "healthy": candidate.endpoint.healthy, "weight": candidate.endpoint.weight,
            "breaker": candidate.breaker.state, "open": candidate.open,
            "oldest": candidate.oldest(now), "latency": candidate.latency(now),
        }
        for destination in destinations
        for candidate in destination.candidates
    ]
