"""The service and endpoint behind an address of the network, or behind an instance."""

from proxy.contract.service_id import ServiceId
from topology.registry.sources import Member

# A name (address or instance) to the (service, address) that go by it, the first to come first.
_Owners = dict[str, dict[tuple[ServiceId, str], None]]


class Addresses:
    """Endpoints by each of their names: their address, their application's and their instance."""

    def __init__(self) -> None:
        self._endpoints: _Owners = {}
        self._apps: _Owners = {}
        self._instances: _Owners = {}

    def add(self, member: Member) -> None:
        """Let an endpoint be found by its names."""
        for table, name in self._names(member):
            if name:
                table.setdefault(name, {})[member.service, member.address] = None

    def remove(self, member: Member) -> None:
        """Forget an endpoint that was added."""
        for table, name in self._names(member):
            if name in table:
                table[name].pop((member.service, member.address), None)
                if not table[name]:
                    del table[name]

    def resolve(self, address: str) -> tuple[ServiceId, str] | None:
        """Return service and endpoint address behind an endpoint's or an application's ``host:port``.

        Where several services claim one address, the first to claim it has it until it leaves.
        """
        # An endpoint's own address comes first: an application's is what it claims about another port.
        owners = self._endpoints.get(address) or self._apps.get(address)
        return next(iter(owners)) if owners else None

    def of_instance(self, instance: str) -> str:
        """Return the endpoint address of an instance, empty when it is unknown."""
        owners = self._instances.get(instance)
        return next(iter(owners))[1] if owners else ""

    def _names(self, member: Member) -> tuple[tuple[_Owners, str], ...]:
        return (
            (self._endpoints, member.address),
            (self._apps, member.app),
            (self._instances, member.instance),
        )
