"""Measurements of sidecars and spans, which enter the engine, and counts by second, which are stored."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from proxy.contract.histogram import Histogram
from proxy.contract.service_id import ServiceId
from proxy.contract.traffic import Answer, Arm, Avoidance, Protocol


class Side(StrEnum):
    """The end of a call that measured it."""

    CLIENT = "client"
    SERVER = "server"


@dataclass(slots=True)
class CallSample:
    """Calls counted by one reporter over one export interval, all with the same labels.

    ``target`` of a client sample is a service or, outside the mesh, ``host:port``. ``source``
    of a server sample is empty when the caller has no sidecar. ``errors`` is the number of calls
    that failed, ``answer`` the class of the answers to all of them. For opaque TCP (``protocol`` tcp) a
    call is a connection that ended, and the histogram has the times to connect; ``arrived`` is false for
    attempts that failed to connect. ``begun`` to ``ended`` is the interval in epoch seconds of the
    reporter's clock, 0 if unknown. ``encrypted`` is None if unknown.
    """

    side: Side
    source: str
    target: str
    reporter: str
    histogram: Histogram
    errors: int
    endpoint: str = ""
    arm: Arm = Arm.NONE
    method: str = ""
    route: str = ""
    protocol: Protocol = Protocol.HTTP
    arrived: bool = True
    begun: float = 0.0
    ended: float = 0.0
    encrypted: bool | None = None
    answer: Answer = Answer.OK


@dataclass(slots=True)
class SizeSample:
    """The sizes in bytes of the bodies of successful responses, over one export interval of one reporter.

    Labels and times are as in ``CallSample``, whose calls these are part of.
    """

    source: str
    target: str
    endpoint: str
    arm: Arm
    reporter: str
    histogram: Histogram
    begun: float = 0.0
    ended: float = 0.0


@dataclass(slots=True)
class ConnectionSample:
    """Opaque connections that one reporter has open, and the bytes that went to the target
    (``sent``) and came back (``received``) since the last report.

    Source and target are as in ``CallSample``. ``encrypted`` and ``clear`` count the open connections
    that are known to be encrypted or in the clear; the rest are in neither.
    """

    side: Side
    source: str
    target: str
    endpoint: str
    reporter: str
    open: int = 0
    sent: int = 0
    received: int = 0
    encrypted: int = 0
    clear: int = 0


@dataclass(slots=True)
class OpenSample:
    """Requests one reporter has open towards an endpoint, and the age of the oldest in seconds.

    ``avoided`` is why the reporter sends next to nothing, None if it does not, ``failures`` how many it
    met, each at another moment.
    """

    source: str
    target: str
    endpoint: str
    reporter: str
    open: int
    oldest: float = 0.0
    ended: float = 0.0  # end of the interval, epoch seconds of the reporter's clock, 0 if unknown
    avoided: Avoidance | None = None
    failures: int = 0


@dataclass(frozen=True, slots=True)
class EdgeSample:
    """Calls over one edge in one second, as they are stored: each call is in exactly one sample.

    ``second`` is epoch seconds; ``endpoint`` and ``arm`` are empty if unknown. ``encrypted`` and ``clear``
    count the calls that are known to be encrypted or in the clear. Opaque TCP also has the bytes to
    (``sent``) and from (``received``) the target, and ``open_seconds``: the open connections of each
    second, summed.
    """

    second: int
    source: str
    target: str
    protocol: Protocol
    endpoint: str
    arm: Arm
    count: int
    errors: int
    histogram: Histogram
    encrypted: int = 0
    clear: int = 0
    open_seconds: int = 0
    sent: int = 0
    received: int = 0


@dataclass(slots=True)
class SpanFact:
    """The parts of one span that the graph needs.

    ``attributes`` holds those of ``topology.spans.span_roles.GRAPH_ATTRIBUTES`` only, and of URLs the origin.
    ``duration`` is seconds, ``ended`` epoch seconds of the sender's clock, 0 if unknown. ``link`` is trace
    and span id of a consumer's first link if it has no parent.
    """

    trace_id: bytes
    span_id: bytes
    parent_id: bytes
    service: ServiceId
    kind: int  # OTLP Span.SpanKind
    duration: float
    failed: bool
    from_sidecar: bool
    attributes: Mapping[str, str]
    ended: float = 0.0
    link: bytes = b""
