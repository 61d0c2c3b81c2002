"""Readings of the destinations: gauges for the mesh, rows for /stats. Pure."""

from collections.abc import Iterable

from proxy.contract import attributes
from proxy.routing.router import Destination
from proxy.telemetry.metrics import Gauge


class OpenGauges:
    """Open requests and the age of the oldest waiting one, by endpoint.

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
                if candidate.open:
                    self._reported.add(key)
                # The last 0 matters: without it the mesh would believe the old reading until that is too
                # old to count.
                elif key not in before:
                    continue
                given = dict(zip((attributes.PEER_SERVICE, attributes.ENDPOINT), key, strict=True))
                readings.append(Gauge(attributes.CLIENT_ACTIVE, candidate.open, given))
                readings.append(Gauge(attributes.OLDEST_AGE, candidate.oldest(now), given))
        return readings


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
        }
        for destination in destinations
        for candidate in destination.candidates
    ]
