"""A snapshot encoded once, and the resources of each scope in it.

Nodes share bytes: a resource is encoded once for all of them, and the selection for one scope serves every
node of that scope. The version of a resource is a digest of its bytes, so that it survives a
restart of the mesh: a sidecar that comes back and holds the same bytes is sent nothing.
"""

from collections.abc import Mapping, Set
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Final

from proxy.contract.xds import assignments, clusters, inbound, protocol, routes
from proxy.contract.xds.subscriptions import UNUSABLE
from topology.xds.scope import Destinations, Scope
from topology.xds.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class Resources:
    """Resources of one type and their versions, each by name."""

    bodies: Mapping[str, bytes] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)

    def only(self, names: Set[str]) -> "Resources":
        """Return those of these names; the bytes stay shared."""
        return Resources(
            {name: body for name, body in self.bodies.items() if name in names},
            {name: version for name, version in self.versions.items() if name in names},
        )


# All resources that one node may be sent, by type URL.
NodeResources = Mapping[str, Resources]

_NONE: Final = Resources()


class Catalog:
    """The resources of one snapshot. Services that did not change since ``previous`` are not encoded again.

    A service named like the pass-through cluster cannot be distinguished from it and is left out.
    """

    def __init__(self, snapshot: Snapshot, previous: "Catalog | None" = None) -> None:
        self.version = snapshot.version
        self._services = {
            name: service
            for name, service in sorted(snapshot.services.items())
            if name != protocol.PASSTHROUGH
        }
        before = previous._services if previous else {}
        changed = {name: made for name, made in self._services.items() if before.get(name) != made}
        held = self._services.keys() - changed.keys()
        passthrough = {protocol.PASSTHROUGH: clusters.encode_passthrough()}
        self._clusters: Resources = _merge(
            previous._clusters.only(held) if previous else _NONE,
            passthrough | {name: clusters.encode(service) for name, service in changed.items()},
        )
        self._assignments: Resources = _merge(
            previous._assignments.only(held) if previous else _NONE,
            {name: assignments.encode(service) for name, service in changed.items()},
            {name for name, service in changed.items() if not service.usable},
        )
        self._inbound = {
            service.caseless: _merge(_NONE, {protocol.OWN_INBOUND: inbound.encode(policy)})
            for service, policy in snapshot.inbound.items()
        }
        self._routes: dict[tuple[Destinations, str], Resources] = {}
        self._by_scope: dict[Scope, NodeResources] = {}

    def within(self, scope: Scope) -> NodeResources:
        """Return the resources for nodes of this scope."""
        # Selected on first use: most meshes have a few scopes and thousands of nodes.
        found = self._by_scope.get(scope)
        if found is None:
            found = self._by_scope[scope] = self._select(scope)
        return found

    def _select(self, scope: Scope) -> NodeResources:
        names, found, endpoints = scope.destinations, self._clusters, self._assignments
        if names is not None:
            found, endpoints = found.only(names | {protocol.PASSTHROUGH}), endpoints.only(names)
        return {
            protocol.CDS: found,
            protocol.EDS: endpoints,
            protocol.RDS: self._routes_to(names, scope.namespace),
            # By its own spelling: the node may differ in case from whoever registered the service first.
            protocol.INBOUND: self._inbound.get(scope.inbound.caseless, _NONE),
        }

    def _routes_to(self, names: Destinations, namespace: str) -> Resources:
        # One resource for all destinations: each set of them has bytes of its own, encoded on first use.
        found = self._routes.get((names, namespace))
        if found is None:
            services = [made for name, made in self._services.items() if names is None or name in names]
            found = _merge(_NONE, {protocol.OUTBOUND_ROUTES: routes.encode(services, namespace)})
            self._routes[names, namespace] = found
        return found


def _merge(held: Resources, encoded: Mapping[str, bytes], unusable: Set[str] = frozenset()) -> Resources:
    """Add resources that were encoded now, with their versions; no route may lead to the ``unusable``."""
    versions = {
        # 64 bits: a version must differ from the last one of the same name, it need not resist an attacker.
        name: UNUSABLE * (name in unusable) + blake2b(body, digest_size=8).hexdigest()
        for name, body in encoded.items()
    }
    return Resources({**held.bodies, **encoded}, {**held.versions, **versions})
