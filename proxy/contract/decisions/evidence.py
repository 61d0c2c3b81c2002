"""The evidence of each kind of decision, as types. Times are epoch seconds, durations seconds or named ms.

An endpoint is judged on ``Grounds``: a comparison with its peers, a stall, a failed trial or a failed
probe. A decision carries one type of ``Evidence``, which says its kind.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from proxy.contract.decisions.kinds import DecisionKind, Figure, FindingKind, HoldKind, StageOrigin
from proxy.contract.model import Stage


@dataclass(frozen=True, slots=True)
class Calls:
    """Finished calls, and how many of them failed; as grounds, those of a trial on probation."""

    count: int
    errors: int


@dataclass(frozen=True, slots=True)
class FailureComparison:
    """Calls to an endpoint (``count``, ``errors``) and to its peers over the last ``window`` seconds.

    ``reporters`` saw the failures, each with its own calls; ``confirmed`` says who confirms a single
    reporter, in words, and is empty where several reporters agree.
    """

    window: float
    count: int
    errors: int
    peer_count: int
    peer_errors: int
    reporters: Mapping[str, Calls]
    peers: tuple[str, ...]
    confirmed: str = ""


@dataclass(frozen=True, slots=True)
class LatencyComparison(FailureComparison):
    """Typical latencies in milliseconds, beside the calls they were measured on."""

    latency_ms: float = 0.0
    peer_latency_ms: float = 0.0


@dataclass(frozen=True, slots=True)
class AnswerComparison(FailureComparison):
    """Answers of one class (a value of ``traffic.Answer``), counted in place of failures.

    ``peer_errors`` is what the peers' calls make of the same callers, each with the share it has there.
    """

    answer: str = ""


@dataclass(frozen=True, slots=True)
class OpenRequests:
    """Requests without an answer, and the age of the oldest in seconds."""

    open: int
    oldest: float


@dataclass(frozen=True, slots=True)
class Stall:
    """Requests an endpoint leaves open while its peers answer; the rest as in ``FailureComparison``."""

    open: int
    oldest: float
    reporters: Mapping[str, OpenRequests]
    peers: tuple[str, ...]
    confirmed: str = ""


@dataclass(frozen=True, slots=True)
class FailedProbe:
    """The result of a failed active probe, in words."""

    probe: str


Grounds = FailureComparison | LatencyComparison | AnswerComparison | Stall | Calls | FailedProbe


@dataclass(frozen=True, slots=True)
class Dependency:
    """The dependency the graph points to: ``path`` leads from the service down to it, and is empty
    where nothing the service calls became worse. Latencies are of its calls now and before."""

    path: tuple[str, ...] = ()
    count: int = 0
    errors: int = 0
    latency_ms: float = 0.0
    before_ms: float = 0.0


@dataclass(frozen=True, slots=True)
class StageSetting:
    """An adoption stage, and the share of requests that is routed in percent."""

    stage: Stage
    percent: int


@dataclass(frozen=True, slots=True)
class ArmComparison:
    """The figure by which routed calls fare worse, with the interval of the difference.

    ``level`` is the chance that this ``look`` (1 for the first) turns back a harmless stage. Success is a
    share, latencies are seconds.
    """

    figure: Figure
    direct: float
    routed: float
    difference: float
    low: float
    high: float
    look: int
    level: float
    direct_count: int
    routed_count: int


@dataclass(frozen=True, slots=True)
class Ejection:
    """The ejection of an endpoint for ``seconds``, up to ``until``.

    ``collector`` names the collector that decided on it, empty for this one.
    """

    decision: ClassVar = DecisionKind.EJECT
    finding: FindingKind
    seconds: float
    until: float
    grounds: Grounds
    collector: str = ""


@dataclass(frozen=True, slots=True)
class Probation:
    """A small share for an endpoint, after ``ejections`` of it, or for a doubt, with its ``grounds``."""

    decision: ClassVar = DecisionKind.PROBATION
    ejections: int
    grounds: Grounds | None = None


@dataclass(frozen=True, slots=True)
class Return:
    """The return of an endpoint: after a ``trial``, or to relieve the others, with ``ejected`` still out.

    With neither, a doubt was dropped.
    """

    decision: ClassVar = DecisionKind.RETURN
    trial: Calls | None = None
    ejected: int | None = None


@dataclass(frozen=True, slots=True)
class Hold:
    """The decision to eject nothing: for the cap, in spite of ``grounds``, or for a shared ``cause``."""

    decision: ClassVar = DecisionKind.HOLD
    kind: HoldKind
    grounds: Grounds | None = None
    cause: Dependency | None = None


@dataclass(frozen=True, slots=True)
class WeightChange:
    """A new weight, because latency over ``calls`` calls is ``latency_ratio`` times that of the peers.

    ``shed`` is the share of its calls, beyond its peers', in which the endpoint asked for less load.
    """

    decision: ClassVar = DecisionKind.WEIGHT
    before: float
    after: float
    latency_ratio: float
    calls: int
    peers: tuple[str, ...]
    shed: float = 0.0


@dataclass(frozen=True, slots=True)
class StageChange:
    """A change of stage, by somebody (``by``, if known) or by the guard, for the ``harm`` it measured."""

    decision: ClassVar = DecisionKind.STAGE
    before: StageSetting
    after: StageSetting
    origin: StageOrigin
    by: str = ""
    harm: ArmComparison | None = None


@dataclass(frozen=True, slots=True)
class Registration:
    """The arrival of an endpoint; the decision's reason says it all."""

    decision: ClassVar = DecisionKind.REGISTER


@dataclass(frozen=True, slots=True)
class Departure:
    """The end of an endpoint, or its draining; the decision's reason says it all."""

    decision: ClassVar = DecisionKind.LEAVE


@dataclass(frozen=True, slots=True)
class Unknown:
    """Evidence this release cannot read, kept as it is: of a newer release, or damaged. Nobody acts on it."""

    decision: str
    facts: Mapping[str, object]


Evidence = (
    Ejection | Probation | Return | Hold | WeightChange | StageChange | Registration | Departure | Unknown
)
