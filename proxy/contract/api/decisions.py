"""Replies about what the mesh decided, and the stages of services."""

from typing import Annotated, Any, NotRequired

from pydantic import Field
from typing_extensions import TypedDict

from proxy.contract.api.graph import Stats
from proxy.contract.api.units import Microseconds, Milliseconds, ServiceText, Share, words
from proxy.contract.decisions.kinds import DecisionKind
from proxy.contract.model import Stage
from proxy.contract.traffic import Answer


class Decision(TypedDict):
    """A decision and what it rests on; ``evidence`` depends on the kind."""

    time: Microseconds
    kind: Annotated[str, words(DecisionKind)]
    service: ServiceText
    endpoint: str
    reason: str
    evidence: dict[str, Any]


class Decisions(TypedDict):
    """The newest decisions, newest first."""

    decisions: list[Decision]


class Comparison(TypedDict):
    """One figure of both arms: a share of success, or milliseconds. ``low`` and ``high`` are the ends of
    the confidence interval of ``difference``; ``better`` is null where it is not significant."""

    direct: float
    routed: float
    difference: float
    low: float
    high: float
    significant: bool
    better: bool | None


class AnswerComparison(Comparison):
    """The share of one class of answers in both arms; more of it is not better."""

    answer: Annotated[str, words(Answer)]


class SizeComparison(Comparison):
    """The share of successful responses in both arms with a body of at most ``direct_bytes`` and
    ``routed_bytes``, or where ``larger`` of more. These are the sizes at which the arms differ most."""

    direct_bytes: int
    routed_bytes: int
    larger: bool


class Effect(TypedDict):
    """Routed against direct; a percentile is null with too few calls to bound it. ``answers`` has the classes
    of answers, successes and failures aside, that either arm got; ``sizes`` is null unless mesh.yaml has them
    compared. Where one of these differs, no latency is ``better``."""

    confidence: Share
    success: Comparison
    p50: Comparison | None
    p99: Comparison | None
    answers: list[AnswerComparison]
    sizes: SizeComparison | None


class Move(TypedDict):
    """An endpoint's share of the requests as observed, and as the mesh would have laid them out."""

    address: str
    observed: Share
    expected: Share
    weight: float


class Expected(TypedDict):
    """Estimated traffic under routing; null without calls."""

    success: Share | None
    p50: Milliseconds | None
    p90: Milliseconds | None
    p99: Milliseconds | None


class Advice(TypedDict):
    """An estimate of routing in place of the observed choice; ``basis`` says in words what the estimate
    rests on."""

    observed: Stats
    expected: Expected
    endpoints: list[Move]
    basis: str


class StageView(TypedDict):
    """The stage of a service, with what it does. ``effect`` is there in stage route with traffic on both
    arms, ``advice`` in stage advise. With ``guard`` a stage that does harm is turned back. ``history`` is
    newest first."""

    service: ServiceText
    stage: Annotated[str, words(Stage)]
    percent: Annotated[int, Field(description="of the requests that the mesh routes")]
    origin: str
    updated: Microseconds
    direct: Stats
    routed: Stats
    guard: bool
    effect: Effect | None
    advice: Advice | None
    history: list[Decision]


class Stages(TypedDict):
    """The stage of every service."""

    stages: list[StageView]


class StageChange(TypedDict):
    """The stage a service is set to; without ``percent`` all requests of stage ``route``. ``by`` says who
    changes it, for the history."""

    service: str
    stage: Annotated[str, words(Stage)]
    percent: NotRequired[Annotated[int, Field(ge=0, le=100)]]
    by: NotRequired[Annotated[str, Field(max_length=200)]]
