"""Adoption stages of services, the measured effect of routing and the estimate before it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from proxy.contract.decisions.kinds import StageOrigin
from proxy.contract.model import Stage
from proxy.contract.service_id import ServiceId
from proxy.contract.traffic import Answer
from topology.model.decisions import Decision
from topology.model.graph import Stats


@dataclass(frozen=True, slots=True)
class Change:
    """A figure of the direct arm (``before``) and the routed (``after``), and the interval of the change."""

    before: float
    after: float
    low: float
    high: float

    @property
    def difference(self) -> float:
        return self.after - self.before

    @property
    def significant(self) -> bool:
        """True if the interval leaves out 0."""
        return self.low > 0 or self.high < 0


@dataclass(frozen=True, slots=True)
class Effect:
    """The routed arm against the direct one at 95 % confidence: share that succeeds, latency in seconds, and
    the shares of the other classes of answers that either arm got.

    A quantile is None while there are too few calls to bound it.
    """

    success: Change
    p50: Change | None
    p99: Change | None
    answers: Mapping[Answer, Change] = field(default_factory=dict)

    @property
    def answered_alike(self) -> bool:
        """True if no class of answers is significantly more frequent in one arm.

        Otherwise latencies are not of the same work, and being faster is no improvement.
        """
        return not any(change.significant for change in self.answers.values())


@dataclass(frozen=True, slots=True)
class Move:
    """One endpoint's share of the requests as observed, and as the mesh would have it."""

    endpoint: str
    observed: float
    expected: float
    weight: float


@dataclass(frozen=True, slots=True)
class Advice:
    """An estimate of the traffic that routing would have made of the observed requests.

    ``basis`` says how it is estimated. Only shares and percentiles of ``expected`` have a meaning: its
    counts are those of a model.
    """

    observed: Stats
    expected: Stats
    moves: tuple[Move, ...]
    basis: str


@dataclass(frozen=True, slots=True)
class StageView:
    """The adoption stage of a service with the traffic of both arms.

    ``history`` holds the last changes, newest first; ``guard`` is true if the mesh turns it back by itself.
    """

    service: ServiceId
    stage: Stage
    percent: int
    origin: StageOrigin
    updated: float
    direct: Stats
    routed: Stats
    effect: Effect | None = None
    advice: Advice | None = None
    guard: bool = False
    history: "tuple[Decision, ...]" = ()
