"""The router: from the authority that an application asks for to a service, an arm and an endpoint.

Pure: clock and randomness are arguments. In stage observe the address is exactly what the application
asked for; in stage route the mesh chooses for its share of the requests, and the rest stays as a
control group.
"""

import re
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from urllib.parse import unquote

from proxy.contract.address import canonical_host, join_address, split_address
from proxy.contract.model import Endpoint, MeshView, Service
from proxy.contract.service_id import ServiceId, ServiceNames
from proxy.contract.traffic import Arm
from proxy.errors import Reason, RefusedError
from proxy.routing.balancer import Balancer, Picker, Rng
from proxy.routing.candidate import Candidate
from proxy.routing.retry_budget import RetryBudget
from proxy.sockets.dns_cache import DnsCache

_DEFAULT_PORT = 80
_NO_HOST = re.compile(r"[\x00-\x20\x7f@/?#\\]")
# An application that connects to ever new addresses must not fill the memory; past the bound those without
# open requests are forgotten.
_MAX_LITERALS = 1000


@dataclass(frozen=True, slots=True)
class Authority:
    """The ``host:port`` that a request names.

    ``host`` is what a resolver is asked for and ``address`` where to connect, with the dot at the end of a
    name that turns search domains off. ``name`` and ``key`` are the same in canonical form, without it.
    """

    host: str
    port: int
    address: str
    name: str
    key: str


def parse_authority(text: bytes) -> Authority:
    """Parse ``HOST`` or ``HOST:PORT`` of a request target or a Host field. Raises RefusedError.

    All spellings of one destination are one (RFC 3986, 3.2.2 and 6.2): case, percent-encoding, an empty port,
    the dot at the end of a complete domain name, the forms of an IPv6 address.
    """
    try:
        given = text.decode("ascii")
        # Colons inside the brackets of an IPv6 literal separate no port (RFC 3986, 3.2.2).
        before, bracket, after = given.rpartition("]")
        if not after.partition(":")[2]:
            given = f"{before}{bracket}{after.removesuffix(':')}:{_DEFAULT_PORT}"
        host, port = split_address(given)
    except ValueError:
        raise RefusedError(Reason.BAD_REQUEST, "the destination must be HOST or HOST:PORT") from None
    if bracket:
        address, percent, zone = host.partition("%")
        # RFC 6874: %25 before a zone, though many leave the 25 out. Names of interfaces keep their case.
        host = canonical_host(f"{address}{percent}{zone.removeprefix('25') or zone}")
    else:
        host = unquote(host).lower()
    name = host.removesuffix(".")
    if not name or not port or not name.isascii() or _NO_HOST.search(name):
        raise RefusedError(Reason.BAD_REQUEST, "the destination must be HOST or HOST:PORT")
    return Authority(host, port, join_address(host, port), name, join_address(name, port))


class Destination:
    """One service, or one ``host:port`` outside the mesh, with what is known of its endpoints.

    ``open`` counts requests under way to all of them.
    """

    __slots__ = ("_literals", "balancer", "budget", "name", "open", "service", "timeouts")

    def __init__(self, name: str, picker: Picker) -> None:
        self.name = name
        self.service: Service | None = None
        self.balancer = picker
        self.timeouts: tuple[float, float] | None = None
        self.budget = RetryBudget()
        self.open = 0
        self._literals: dict[str, Candidate] = {}

    @property
    def candidates(self) -> Iterator[Candidate]:
        """Endpoints of the mesh, then addresses that applications gave themselves."""
        yield from self.balancer.candidates.values()
        yield from self._literals.values()

    def literal(self, address: str) -> Candidate:
        """Return the candidate of an address that the application gave; these are bounded in number."""
        candidate = self._literals.get(address)
        if candidate is None:
            if len(self._literals) >= _MAX_LITERALS:
                self._literals = {a: c for a, c in self._literals.items() if c.open}
            candidate = self._literals[address] = Candidate(Endpoint(address))
        return candidate

    def update(self, service: Service) -> None:
        """Take a new version of the service."""
        self.service = service
        timeouts = service.timeout, service.retries.per_try
        self.timeouts = timeouts if any(timeouts) else None
        self.balancer.update(service.endpoints)


@dataclass(eq=False, slots=True)  # not frozen: that would double the cost of making one for each request
class Attempt:
    """One attempt at a request: connect to ``address``, measure it as ``candidate`` of ``destination``.

    ``server`` is the canonical ``host:port`` that was asked for. ``names_caller`` says that an inbound
    sidecar listens at ``address`` and may be sent the name of the calling service. ``timeouts`` are the
    seconds for the whole request and for one attempt, 0 for no bound; None where neither is bounded.
    ``shared`` says that the connection may carry requests of other clients before and after. Behind an
    address that the application named there may be many servers, by DNS or by a virtual IP, and a
    connection is the draw of one: each client connection draws for itself, as it would without us.
    """

    destination: Destination
    candidate: Candidate
    address: str
    arm: Arm
    names_caller: bool
    server: str
    timeouts: tuple[float, float] | None = None
    shared: bool = True


@dataclass(frozen=True, slots=True)
class Refusal:
    """The answer of the sidecar in place of an attempt, with what is known of the destination."""

    reason: Reason
    detail: str
    server: str = ""
    service: str = ""
    arm: Arm = Arm.NONE


@dataclass(frozen=True, slots=True)
class Lookup:
    """A look-up that has to end before a destination can be chosen, with what is known of it so far."""

    dns: DnsCache
    host: str
    server: str
    service: str

    def start(self, then: Callable[[], None]) -> None:
        """Ask the resolver; ``then`` is called later, when it is time to choose again."""
        self.dns.look_up(self.host, then)


class Router:
    """The mesh view, indexed by what applications ask for. ``rng`` gives a float in [0, 1).

    ``picker`` makes the picker of each destination that is met from now on. ``namespace`` is the
    caller's own: a plain host name means the service in there first.
    """

    def __init__(self, rng: Rng, picker: Callable[[Rng], Picker] = Balancer, namespace: str = "") -> None:
        self._rng = rng
        self._namespace = namespace
        self.picker = picker
        self.services: dict[ServiceId, Destination] = {}
        self._by_host: dict[str, Destination] = {}
        self.outside: dict[str, Destination] = {}
        self._by_address: dict[str, tuple[Destination, Candidate]] = {}

    def update(self, view: MeshView) -> list[str]:
        """Take a new view of the mesh; what was learned of endpoints that stay is kept.

        Return the addresses at which another process answers now than in the view before.
        """
        before = self._by_address
        fresh: dict[ServiceId, Destination] = {}
        for name, service in view.items():
            destination = self.services.get(name) or Destination(name, self.picker(self._rng))
            destination.update(service)
            fresh[name] = destination
        self.services = fresh
        hosts = ServiceNames(fresh).hosts(self._namespace)
        self._by_host = {host: fresh[service] for host, service in hosts.items()}
        self._by_address = {}
        for destination in fresh.values():
            for candidate in destination.balancer.candidates.values():
                endpoint = candidate.endpoint
                # Applications know the address of the application itself, the mesh that of its sidecar:
                # both name it.
                for address in (endpoint.app, endpoint.address):
                    if address:
                        self._by_address[_canonical(address)] = (destination, candidate)
        return [
            address
            for address, (destination, candidate) in self._by_address.items()
            # A candidate is kept for as long as its process lives.
            if address in before and before[address][1] is not candidate
        ]

    def named(self, authority: Authority) -> Destination | None:
        """Return the service of that name, unless the authority is the very address of an endpoint."""
        if authority.key in self._by_address:
            return None
        return self._by_host.get(authority.name)

    def choose(self, authority: Authority, resolvable: bool, now: float) -> Attempt:
        """Choose the first attempt at a request.

        ``resolvable`` says that the host has an address outside the mesh too, so that in the direct arm
        the application's own resolution is kept. Raises RefusedError when a service has no endpoint.
        """
        exact = self._by_address.get(authority.key)
        destination = exact[0] if exact else self._by_host.get(authority.name)
        if destination is None or destination.service is None:
            return self._literal(self._foreign(authority.key), authority)
        # Drawn for each request, not for each connection: a keep-alive client would otherwise stay in one
        # arm.
        share = destination.service.routed_share
        if share and (share >= 1.0 or self._rng() < share):
            return self._chosen(destination, destination.balancer.pick(now), Arm.ROUTED, authority.key)
        if exact:
            candidate = exact[1]
            # Only a sidecar understands the caller's name, and an application must not see fields that it
            # did not get before.
            endpoint = candidate.endpoint
            at_sidecar = authority.key == _canonical(endpoint.address) and bool(endpoint.instance)
            return Attempt(destination, candidate, authority.key, Arm.DIRECT, at_sidecar, authority.key)
        # The control group must behave as without the mesh: the resolver of the system chooses.
        if resolvable:
            return self._literal(destination, authority)
        return self._chosen(destination, destination.balancer.turn(), Arm.DIRECT, authority.key)

    def news(self, now: float) -> bool:
        """True if something went wrong just now that the mesh should learn at once."""
        news = [destination.balancer.news(now) for destination in self.services.values()]
        return any(news)  # after every balancer was asked: each reports its news once

    def direct(self, authority: Authority) -> Attempt:
        """Take the address as it is, for tunnels: their content cannot be balanced request by request."""
        exact = self._by_address.get(authority.key)
        destination = exact[0] if exact else self._by_host.get(authority.name) or self._foreign(authority.key)
        return self._literal(destination, authority)

    def another(self, failed: Attempt, tried: Collection[Candidate], now: float) -> Attempt | None:
        """Choose another endpoint than those tried; None when there is none."""
        candidate = failed.destination.balancer.pick(now, avoid=tried)
        if candidate is None:
            return None
        return self._chosen(failed.destination, candidate, failed.arm, failed.server)

    def _foreign(self, key: str) -> Destination:
        destination = self.outside.get(key)
        if destination is None:
            if len(self.outside) >= _MAX_LITERALS:
                # Destinations with open requests stay: a new object would begin to count these at 0.
                self.outside = {k: d for k, d in self.outside.items() if any(c.open for c in d.candidates)}
            destination = self.outside[key] = Destination(key, self.picker(self._rng))
        return destination

    def _literal(self, destination: Destination, authority: Authority) -> Attempt:
        key = authority.key
        candidate, address = destination.literal(key), authority.address
        return Attempt(destination, candidate, address, Arm.DIRECT, False, key, shared=False)

    def _chosen(
        self, destination: Destination, candidate: Candidate | None, arm: Arm, server: str
    ) -> Attempt:
        if candidate is None:
            raise RefusedError(Reason.NO_HEALTHY_ENDPOINT, f"{destination.name} has no endpoint now")
        endpoint = candidate.endpoint
        # Policy acts where the mesh routes: the control group is to show what happens without it.
        timeouts = destination.timeouts if arm is Arm.ROUTED else None
        return Attempt(
            destination, candidate, endpoint.address, arm, bool(endpoint.instance), server, timeouts
        )


def _canonical(address: str) -> str:
    # Only of IPv6: everything else is registered in canonical form.
    if not address.startswith("["):
        return address
    host, port = split_address(address)
    return join_address(canonical_host(host), port)
