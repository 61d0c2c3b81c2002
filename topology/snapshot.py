"""What every sidecar is told: the services, with a version that moves only when they do."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from proxy.contract.model import Service


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Services by name. Two snapshots with the same version have the same content.

    ``version`` counts up from 0 (nothing known yet) within the life of one process.
    """

    version: int = 0
    services: Mapping[str, Service] = field(default_factory=dict)


def advance(previous: Snapshot, services: Mapping[str, Service]) -> Snapshot:
    """The next snapshot: ``previous`` itself when nothing changed."""
    if previous.version and previous.services == services:
        return previous
    return Snapshot(previous.version + 1, dict(services))
