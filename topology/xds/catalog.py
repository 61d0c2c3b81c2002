"""A snapshot encoded once, for every stream.

The version of a resource is a digest of its bytes, so that it survives a restart of the mesh:
a sidecar that comes back and holds the same bytes is sent nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import blake2b

from proxy.contract import xds
from proxy.contract.model import Service
from topology.xds.snapshot import Snapshot

Resources = Mapping[str, bytes]


@dataclass(frozen=True, slots=True)
class Catalog:
    """Resources and their versions, each by type URL and name."""

    version: int = 0
    services: Mapping[str, Service] = field(default_factory=dict)
    resources: Mapping[str, Resources] = field(default_factory=dict)
    versions: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


def build(snapshot: Snapshot, previous: Catalog) -> Catalog:
    """The catalog of a snapshot; services that did not change since ``previous`` are not encoded again."""
    resources: dict[str, dict[str, bytes]] = {
        xds.CDS: {xds.PASSTHROUGH: xds.encode_passthrough()},
        xds.EDS: {},
        xds.RDS: {},
    }
    known = [service for name, service in sorted(snapshot.services.items()) if name != xds.PASSTHROUGH]
    old = previous.resources
    for service in known:
        name = service.name
        kept = previous.services.get(name) == service
        resources[xds.CDS][name] = old[xds.CDS][name] if kept else xds.encode_cluster(name)
        resources[xds.EDS][name] = old[xds.EDS][name] if kept else xds.encode_assignment(service)
    resources[xds.RDS][xds.OUTBOUND] = xds.encode_routes(known)
    versions = {
        kind: {name: _version(kind, name, body, previous) for name, body in found.items()}
        for kind, found in resources.items()
    }
    return Catalog(snapshot.version, dict(snapshot.services), resources, versions)


def _version(kind: str, name: str, body: bytes, previous: Catalog) -> str:
    before = previous.resources.get(kind, {}).get(name)
    return previous.versions[kind][name] if before is body else blake2b(body, digest_size=8).hexdigest()
