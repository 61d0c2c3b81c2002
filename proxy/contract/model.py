"""The services and endpoints that a sidecar receives over xDS, and the node that it sends."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from proxy.contract.service_id import ServiceId

# The key of our own fields in node.metadata, and in filter_metadata of endpoints and routes.
METADATA: Final = "spanmesh"


class Stage(StrEnum):
    """The adoption stage of one destination service."""

    OBSERVE = "observe"
    ADVISE = "advise"
    ROUTE = "route"


class NodeState(StrEnum):
    """The state that a sidecar reports for its own instance, in ``node.metadata``."""

    READY = "ready"
    UNREADY = "unready"  # its application does not answer the health check
    DRAINING = "draining"  # leaving: finish what is in flight, send nothing new


class EndpointState(StrEnum):
    """The state of an endpoint in the control plane."""

    HEALTHY = "healthy"
    EJECTED = "ejected"  # worse than its peers: no requests for a time
    PROBATION = "probation"  # a small share of the requests until it has proved itself
    DRAINING = "draining"
    UNREADY = "unready"
    GONE = "gone"  # its stream ended; kept for the grace period


# The name of an instance and the mark of one start of its process; either is empty where it is unknown.
Identity = tuple[str, str]


def another_process(before: Identity, after: Identity) -> bool:
    """Return True if another process answers at an address than before; what is unknown does not differ."""
    return any(old and new and old != new for old, new in zip(before, after, strict=True))


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One address at which a service answers.

    ``address`` is ``host:port`` of the inbound sidecar, or of the application for a static
    endpoint. ``app`` is the application's own ``host:port`` where it is known: traffic that an
    application sends there is recognised as traffic to this endpoint. ``weight`` is relative,
    1.0 is neutral. ``healthy`` is False while the endpoint is ejected or draining; ``draining``
    (leaving, or not ready) tells the two apart: it gets nothing new even where ejections are
    ignored. ``generation`` is the mark of one start of the process there, empty if unknown.
    """

    address: str
    weight: float = 1.0
    healthy: bool = True
    app: str = ""
    instance: str = ""
    version: str = ""
    zone: str = ""
    draining: bool = False
    generation: str = ""

    @property
    def identity(self) -> Identity:
        """Return what tells this process from another one at the same address."""
        return self.instance, self.generation


# Failures after which a request may be tried again; ``connect-failure``: nothing of it was sent.
CONDITIONS: Final = ("5xx", "connect-failure", "reset", "timeout")
# RFC 9110, 9.2.1: methods that ask for no change, so that asking twice does no harm.
SAFE_METHODS: Final = ("GET", "HEAD", "OPTIONS", "TRACE")


@dataclass(frozen=True, slots=True)
class Retries:
    """The rule for retries: at most ``attempts`` beside the first try, after failures in ``on``.

    ``on`` holds members of CONDITIONS. ``budget`` bounds retries to this share of all requests. ``per_try``
    is how many seconds one try may wait for its response to begin, 0 for no bound of its own.
    """

    attempts: int = 2
    on: tuple[str, ...] = ("connect-failure",)
    budget: float = 0.2
    per_try: float = 0.0


@dataclass(frozen=True, slots=True)
class Service:
    """A destination: its endpoints, its adoption stage, its timeout and its retries.

    ``percent`` (0 to 100) is the share of requests the mesh may route in stage ``route``; only
    for these do ``timeout`` (seconds from a whole request to the end of its response, 0 for none)
    and ``retries`` hold.
    """

    name: ServiceId
    endpoints: tuple[Endpoint, ...] = ()
    stage: Stage = Stage.OBSERVE
    percent: int = 0
    timeout: float = 0.0
    retries: Retries = Retries()

    @property
    def routed_share(self) -> float:
        """Share of requests (0 to 1) for which the mesh chooses the endpoint."""
        return self.percent / 100 if self.stage is Stage.ROUTE else 0.0

    @property
    def usable(self) -> bool:
        """True if an endpoint may be sent requests."""
        return any(endpoint.healthy for endpoint in self.endpoints)


# Every service that a sidecar knows, by name.
MeshView = Mapping[ServiceId, Service]


@dataclass(frozen=True, slots=True)
class Node:
    """The identity and state that a sidecar sends when it connects; a connected sidecar is registered.

    ``address`` is its inbound listener as ``host:port``; an unspecified host (0.0.0.0, ::) is
    replaced by the address the connection comes from. Empty when it only sends. ``generation`` is another
    text after each start of the sidecar or its application.
    """

    service: ServiceId
    instance: str
    address: str = ""
    app: str = ""
    version: str = ""
    zone: str = ""
    state: NodeState = NodeState.READY
    generation: str = ""
