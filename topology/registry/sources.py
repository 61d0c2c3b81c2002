"""The sources of endpoints, and their precedence where two name the same address."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import IntEnum

from proxy.contract.model import EndpointState, Identity
from proxy.contract.service_id import ServiceId
from topology.model.endpoints import EndpointOrigin


class Source(IntEnum):
    """A source of endpoints. The order is that of precedence: for one address the first source is believed.

    A source that sees for itself precedes one that repeats what another saw, and both precede a file that
    people wrote once: a sidecar's own stream knows its state, a line in a file does not.
    """

    STREAMS = 1
    """Sidecars that are connected to this collector."""
    COLLECTORS = 2
    """Sidecars that are connected to other collectors, one part for each collector."""
    FILE = 3
    """Endpoints that mesh.yaml lists."""

    @property
    def has_sidecars(self) -> bool:
        """True if the endpoints of this source are sidecars, which measure and report."""
        return self is not Source.FILE


@dataclass(frozen=True, slots=True)
class Member:
    """An endpoint that exists. ``state`` is what it says of itself, never an ejection."""

    service: ServiceId
    address: str
    state: EndpointState = EndpointState.HEALTHY
    app: str = ""
    instance: str = ""
    version: str = ""
    zone: str = ""
    origin: EndpointOrigin = EndpointOrigin.SIDECAR
    generation: str = ""

    @property
    def identity(self) -> Identity:
        """Return what tells this process from another one at the same address."""
        return self.instance, self.generation

    @property
    def available(self) -> bool:
        """True if it may be sent new requests, ejections aside."""
        return self.state in (EndpointState.HEALTHY, EndpointState.GONE)


Members = Mapping[ServiceId, tuple[Member, ...]]


def merge(listings: Iterable[tuple[Source, tuple[Member, ...]]]) -> tuple[Member, ...]:
    """Return the endpoints of one service, one for each address; ``listings`` are in order of precedence.

    The first source to name an address is believed, with one exception: a sidecar whose stream ended is
    believed less than any other that still has one (it moved to another collector). An address at which a
    sidecar's application listens is that sidecar's endpoint already, so a source that only lists addresses
    adds nothing there.
    """
    merged: dict[str, Member] = {}
    for source, members in listings:
        # Only for a file: a sidecar's address is its own and never that of another one's application.
        taken = set() if source.has_sidecars else {member.app for member in merged.values()}
        for member in members:
            known = merged.get(member.address)
            moved = source.has_sidecars and known is not None and _left(known) and not _left(member)
            if moved or (known is None and member.address not in taken):
                merged[member.address] = member
    return tuple(merged.values())


def _left(member: Member) -> bool:
    return member.state is EndpointState.GONE
