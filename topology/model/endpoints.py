"""The endpoints of services as people see them, and the probes that the engine asks its host for."""

from dataclasses import dataclass
from enum import StrEnum

from proxy.contract.model import EndpointState
from proxy.contract.service_id import ServiceId
from topology.model.graph import Stats


class EndpointOrigin(StrEnum):
    """The source that an endpoint is known by."""

    SIDECAR = "sidecar"
    STATIC = "static"


@dataclass(frozen=True, slots=True)
class EndpointView:
    """An endpoint as it is now, with its traffic in a window.

    ``weight`` 1 is a full share. ``open`` requests wait, the oldest for ``oldest`` seconds. Times of ejection
    are epoch seconds.
    """

    service: ServiceId
    address: str
    state: EndpointState
    weight: float
    stats: Stats
    origin: EndpointOrigin = EndpointOrigin.SIDECAR
    app: str = ""
    instance: str = ""
    version: str = ""
    zone: str = ""
    open: int = 0
    oldest: float = 0.0
    ejected_since: float | None = None
    ejected_until: float | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class ProbeRequest:
    """An endpoint to probe with HTTP: GET of ``path``, or ``OPTIONS *`` if that is empty."""

    service: ServiceId
    endpoint: str
    path: str = ""


@dataclass(frozen=True, slots=True)
class ProbeResult:
    """The result of a probe: ``ok`` for a good answer, and the answer or error in words.

    ``refused`` says that the connection was refused or reset: no process listens there.
    """

    service: ServiceId
    endpoint: str
    ok: bool
    detail: str
    refused: bool = False
