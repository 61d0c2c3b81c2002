"""The kinds of nodes by name, and the services that answered at addresses outside the mesh."""

from typing import Final

from topology.model.graph import Kind
from topology.spans import node_kinds, peer_address

_LIMIT: Final = 10_000  # names come from reports: memory for them needs a bound
# Seconds for which an address at which several services answered (a gateway's) is none of theirs.
_SHARED: Final = 900.0
_NEWS: Final = 60.0


class KnownNodes:
    """Facts about nodes beyond the traffic that they have; times are epoch seconds."""

    def __init__(self) -> None:
        self._kinds: dict[str, Kind] = {}
        self._spellings: dict[str, str] = {}
        # The service that answered at an address and when; no service where several did.
        self._answers: dict[str, tuple[str, float]] = {}

    def spelling(self, service: str) -> str:
        """Return the first spelling of a service that only spans name: names compare without case.

        Zipkin's libraries send names in lower case. Two services that differ in nothing but case could not be
        told apart by any caller either, since host names have no case.
        """
        caseless = service.lower()
        if len(self._spellings) < _LIMIT:
            return self._spellings.setdefault(caseless, service)
        return self._spellings.get(caseless, service)

    def add_answer(self, address: str, service: str, now: float) -> None:
        """Note that a service answered at a ``host:port``."""
        known, since = self._answers.get(address, (service, 0.0))
        if known == service and now - since < _NEWS:
            return  # most answers are no news
        # An IP address passes from one service to the next; a name with several behind it is a gateway's.
        if known != service and not peer_address.is_ip(peer_address.host(address)) and now - since < _SHARED:
            service = ""
            now = since if not known else now
        if address in self._answers or len(self._answers) < _LIMIT:
            self._answers[address] = service, now

    def service_at(self, address: str) -> str:
        """Return the service that answered at an address, or the address itself."""
        known = self._answers.get(address)
        return known[0] or address if known else address

    def add_kind(self, name: str, kind: Kind) -> None:
        """Note the kind of a node as an edge shows it; that it is a service is known better than all else."""
        known = self._kinds.get(name)
        if known is kind or (known is not None and kind is not Kind.SERVICE):
            return
        if known is not None or len(self._kinds) < _LIMIT:
            self._kinds[name] = kind

    def kind(self, name: str) -> Kind:
        """Return the kind of the node of this name."""
        return self._kinds.get(name, Kind.EXTERNAL if node_kinds.outside(name) else Kind.SERVICE)
