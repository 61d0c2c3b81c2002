"""Where a request goes: from the authority the application asked for to a service, an arm, an endpoint.

Pure. In stage observe the address is exactly what the application asked for; in stage route the
mesh chooses for its share of the requests, and the rest stays as a control group.
"""

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass

from proxy.contract.address import join_address, split_address
from proxy.contract.model import Endpoint, MeshView, Service
from proxy.contract.traffic import Arm
from proxy.errors import Reason, RefusedError
from proxy.routing.balancer import Balancer, Candidate, Picker, Rng
from proxy.routing.retry import Budget

_DEFAULT_PORT = 80
_MAX_LITERALS = 1000


@dataclass(frozen=True, slots=True)
class Authority:
    """``host:port`` as asked for; ``key`` is its canonical form."""

    host: str
    port: int
    key: str
    named_port: bool


def parse_authority(text: bytes) -> Authority:
    """An authority from a request target or Host. Raises RefusedError."""
    try:
        name = text.decode("ascii").lower()
        named = ":" in name.rpartition("]")[2]
        host, port = split_address(name if named else f"{name}:{_DEFAULT_PORT}")
    except ValueError:
        raise RefusedError(Reason.BAD_REQUEST, "the destination must be HOST or HOST:PORT") from None
    if not host or not port or any(c in host for c in "@/?# \\"):
        raise RefusedError(Reason.BAD_REQUEST, "the destination must be HOST or HOST:PORT")
    return Authority(host, port, join_address(host, port), named)


class Destination:
    """One service, or one ``host:port`` outside the mesh, with what is known of its endpoints.

    ``open`` counts requests under way to all of them.
    """

    __slots__ = ("_literals", "balancer", "budget", "name", "open", "per_try", "service", "timeout")

    def __init__(self, name: str, picker: Picker) -> None:
        self.name = name
        self.service: Service | None = None
        self.balancer = picker
        self.timeout = self.per_try = 0.0
        self.budget = Budget()
        self.open = 0
        self._literals: dict[str, Candidate] = {}

    @property
    def candidates(self) -> Iterator[Candidate]:
        """Endpoints of the mesh, then addresses that applications gave themselves."""
        yield from self.balancer.candidates.values()
        yield from self._literals.values()

    def literal(self, address: str) -> Candidate:
        """An address the application gave itself; kept in bounded number, never balanced to."""
        candidate = self._literals.get(address)
        if candidate is None:
            if len(self._literals) >= _MAX_LITERALS:
                self._literals = {a: c for a, c in self._literals.items() if c.open}
            candidate = self._literals[address] = Candidate(Endpoint(address))
        return candidate

    def update(self, service: Service) -> None:
        self.service = service
        self.timeout, self.per_try = service.timeout, service.retries.per_try
        self.balancer.update(service.endpoints)


@dataclass(frozen=True, slots=True)
class Choice:
    """One try: connect to ``address``; measure it as ``candidate`` of ``destination``.

    ``sidecar`` says that an inbound sidecar listens there and may be told who is calling.
    """

    destination: Destination
    candidate: Candidate
    address: str
    arm: str
    sidecar: bool


class Router:
    """The mesh view, indexed by what applications ask for. ``rng`` gives a float in [0, 1).

    ``picker`` makes what chooses among a service's endpoints, for every destination met from now on.
    """

    def __init__(self, rng: Rng, picker: Callable[[Rng], Picker] = Balancer) -> None:
        self._rng = rng
        self.picker = picker
        self.services: dict[str, Destination] = {}
        self.outside: dict[str, Destination] = {}
        self._by_address: dict[str, tuple[Destination, Candidate]] = {}

    def update(self, view: MeshView) -> None:
        """Take a new view of the mesh; what was learned of endpoints that stay is kept."""
        fresh = {}
        for name, service in view.items():
            destination = self.services.get(name) or Destination(name, self.picker(self._rng))
            destination.update(service)
            fresh[name] = destination
        self.services = fresh
        self._by_address = {}
        for destination in fresh.values():
            for candidate in destination.balancer.candidates.values():
                endpoint = candidate.endpoint
                for address in (endpoint.app, endpoint.address):
                    if address:
                        self._by_address[address] = (destination, candidate)

    def named(self, authority: Authority) -> Destination | None:
        """The service whose name was asked for, when no endpoint has that very address."""
        if authority.key in self._by_address:
            return None
        return self.services.get(authority.host)

    def route(self, authority: Authority, resolvable: bool, now: float) -> Choice:
        """Choose for one request.

        ``resolvable``: the host means something outside the mesh too, so in the direct arm the
        application's own resolution stands. Raises RefusedError when a service has no endpoint.
        """
        exact = self._by_address.get(authority.key)
        destination = exact[0] if exact else self.services.get(authority.host)
        if destination is None or destination.service is None:
            return self._literal(self._foreign(authority.key), authority)
        share = destination.service.routed_share
        if share and (share >= 1.0 or self._rng() < share):
            return self._chosen(destination, destination.balancer.pick(now), Arm.ROUTED)
        if exact:
            candidate = exact[1]
            at_sidecar = authority.key == candidate.endpoint.address and bool(candidate.endpoint.instance)
            return Choice(destination, candidate, authority.key, Arm.DIRECT, at_sidecar)
        if resolvable:
            return self._literal(destination, authority)
        return self._chosen(destination, destination.balancer.turn(), Arm.DIRECT)

    def news(self, now: float) -> bool:
        """Whether something went wrong just now that others should hear of at once."""
        told = [destination.balancer.news(now) for destination in self.services.values()]  # all, each once
        return any(told)

    def direct(self, authority: Authority) -> Choice:
        """The address as it is: for tunnels, whose content nobody here understands."""
        exact = self._by_address.get(authority.key)
        destination = exact[0] if exact else self.services.get(authority.host) or self._foreign(authority.key)
        return self._literal(destination, authority)

    def again(self, failed: Choice, tried: Collection[Candidate], now: float) -> Choice | None:
        """Another endpoint than those tried, where the mesh chooses; None when there is none."""
        if failed.arm != Arm.ROUTED:
            return None
        candidate = failed.destination.balancer.pick(now, avoid=tried)
        if candidate is None:
            return None
        return self._chosen(failed.destination, candidate, failed.arm)

    def _foreign(self, key: str) -> Destination:
        destination = self.outside.get(key)
        if destination is None:
            if len(self.outside) >= _MAX_LITERALS:
                self.outside = {k: d for k, d in self.outside.items() if any(c.open for c in d.candidates)}
            destination = self.outside[key] = Destination(key, self.picker(self._rng))
        return destination

    def _literal(self, destination: Destination, authority: Authority) -> Choice:
        candidate = destination.literal(authority.key)
        return Choice(destination, candidate, authority.key, Arm.DIRECT, sidecar=False)

    def _chosen(self, destination: Destination, candidate: Candidate | None, arm: str) -> Choice:
        if candidate is None:
            raise RefusedError(Reason.NO_HEALTHY_ENDPOINT, f"{destination.name} has no endpoint now")
        endpoint = candidate.endpoint
        return Choice(destination, candidate, endpoint.address, arm, bool(endpoint.instance))
