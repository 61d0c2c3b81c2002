"""The role of a span in calls: what it calls or takes from where, by its kind and attributes.

Source: OpenTelemetry semantic conventions for database spans in all their generations, the OpenTracing
conventions, and what Envoy and Istio write.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import Final

from proxy.contract import attributes as names
from proxy.contract.service_id import ServiceId
from topology.model.samples import SpanFact
from topology.spans import message_roles, node_kinds, peer_address, systems
from topology.spans.exchanges import Exchange, Role, SpanKind, first, node_name

_DB_SYSTEMS: Final = ("db.system.name", "db.system", "db.type")
_DB_PLACES: Final = ("db.namespace", "db.name", "db.instance")
# What Envoy writes into its spans, and the name of the workload that Istio writes beside it.
_COMPONENT: Final = "component"
_CANONICAL: Final = "istio.canonical_service"

GRAPH_ATTRIBUTES: Final = (
    peer_address.ATTRIBUTES
    | message_roles.ATTRIBUTES
    | frozenset(
        (*_DB_SYSTEMS, *_DB_PLACES, _COMPONENT, _CANONICAL, names.CALLER, names.TLS, names.TLS_VERSION)
    )
) - frozenset(peer_address.URLS)
"""The attributes of spans that edges are made of, beside URLs."""

SERVER_ATTRIBUTES: Final = frozenset(
    (*peer_address.NAMES, *peer_address.NOT_NAMES, names.CALLER, _COMPONENT, _CANONICAL)
)
"""The ones among them that are read of a server's span."""

# As plain numbers: comparing members of an enumeration costs several times as much.
_SILENT: Final = (int(SpanKind.SERVER), int(SpanKind.INTERNAL))


def exchange(fact: SpanFact) -> Exchange | None:
    """Return the exchange that a span describes from its own side; None for servers and steps within."""
    kind = fact.kind
    # A server's attributes of databases and queues are about what it did, which has spans of its own.
    if kind in _SILENT:
        return None
    return _exchange(kind, tuple(fact.attributes.items()))


@lru_cache(maxsize=8192)
def _exchange(kind: int, pairs: tuple[tuple[str, str], ...]) -> Exchange | None:
    # Cached, as a service makes the same few calls over and over.
    attributes = dict(pairs)
    found = (kind != SpanKind.CONSUMER and _database(attributes)) or message_roles.message(kind, attributes)
    if found:
        return found
    if kind == SpanKind.CLIENT or kind == SpanKind.PRODUCER:
        place = peer_address.address(attributes)
        node = peer_address.given_name(attributes) or place or peer_address.interface(attributes)
        return Exchange(Role.CALL, node, "", "", peer_address.host(place), node_kinds.outside(node))
    # Without a kind an address may be that of a caller. A name is the other side's, as Zipkin has it.
    name = peer_address.given_name(attributes) if kind == SpanKind.UNSPECIFIED else ""
    return Exchange(Role.CALL, name) if name else None


def is_proxy(attributes: Mapping[str, str]) -> bool:
    """True for the spans of an Envoy."""
    return attributes.get(_COMPONENT) == "proxy"


def service(fact: SpanFact) -> ServiceId:
    """Return the service of a span: of an Istio sidecar's the one that it is beside."""
    beside = fact.attributes.get(_CANONICAL)
    return (
        ServiceId.of(fact.service.namespace, beside) if beside and is_proxy(fact.attributes) else fact.service
    )


def caller(attributes: Mapping[str, str]) -> str:
    """Return the name that a server's span gives its caller; empty if it gives none."""
    return peer_address.given_name(attributes)


def sidecar_target(attributes: Mapping[str, str]) -> str:
    """Return the ``host:port`` outside the mesh that a sidecar's client span went to; empty inside it."""
    peer = attributes.get(names.PEER_SERVICE) or peer_address.address(attributes)
    return peer if node_kinds.outside(peer) else ""


def _database(attributes: Mapping[str, str]) -> Exchange | None:
    system = systems.system_name(first(attributes, _DB_SYSTEMS))
    place = first(attributes, _DB_PLACES)
    if not system and not place:
        return None
    address = peer_address.address(attributes)
    # A name that people gave is better than one made of system and database.
    node = peer_address.given_name(attributes) or node_name(system or "database", place or address)
    return Exchange(Role.DATABASE, node, system, place, peer_address.host(address))
