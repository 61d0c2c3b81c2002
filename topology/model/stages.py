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
class SizeChange(Change):
    """The share of responses with a body of at most a size, or where ``larger`` of more than that.

    The sizes are ``direct_bytes`` and ``routed_bytes``, the arm's own each: a difference of a fifth is none.
    """

    direct_bytes: int
    routed_bytes: int
    larger: bool

    @property
    def words(self) -> str:
        """The comparison as the beginning of a sentence's object."""
        after, before = (f"{100 * share:.2f} %" for share in (self.after, self.before))
        if not self.larger and not self.routed_bytes:
            return f"{after} of the responses to routed requests have an empty body, {before} to the others"
        than = "more than" if self.larger else "at most"
        return (
            f"{after} of the responses to routed requests have a body of {than} {self.routed_bytes} bytes, "
            f"{before} to the others one of {than} {self.direct_bytes}"
        )


@dataclass(frozen=True, slots=True)
class Effect:
    """The routed arm against the direct one at 95 % confidence: share that succeeds, latency in seconds,
    the shares of the other classes of answers that either arm got, and the sizes of successful responses.

    A quantile is None while there are too few calls to bound it, ``sizes`` where they are not compared.
    """

    success: Change
    p50: Change | None
    p99: Change | None
    answers: Mapping[Answer, Change] = field(default_factory=dict)
    sizes: SizeChange | None = None

    @property
    def answered_alike(self) -> bool:
        """True if no class or size of answers is significantly more frequent in one arm.

        Otherwise latencies are not of the same work, and being faster is no improvement.
        """
        compared = (*self.answers.values(), self.sizes)
        return not any(change is not None and change.significant for change in compared)


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
