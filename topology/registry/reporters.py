"""The sidecars whose reports are believed: those that hold a stream to a collector of this mesh.

Names in a report are free to choose, so a report alone proves nothing. One stream is one reporter,
whatever names its reports carry.
"""

from collections.abc import Iterable

from proxy.contract.service_id import ServiceId

# Another collector names only endpoints, so for sidecars that only send it names no instance.
_ANY = ""


class Reporters:
    """Instances by service."""

    def __init__(self) -> None:
        self._instances: dict[ServiceId, frozenset[str]] = {}

    def set(self, service: ServiceId, connected: Iterable[str], remote: Iterable[Iterable[str]]) -> None:
        """Replace the instances of a service: those connected here, and those of each other collector.

        A collector that has the service and names no instance has sidecars that only send: then any
        instance of the service is believed.
        """
        instances = set(connected)
        for named in remote:
            there = set(named)
            instances |= there or {_ANY}
        self._instances.pop(service, None)
        if instances:
            self._instances[service] = frozenset(instances)

    def knows(self, service: ServiceId, instance: str) -> bool:
        """True if this sidecar is, or was a moment ago, connected to a collector of the mesh."""
        known = self._instances.get(service, frozenset())
        return instance in known or _ANY in known
