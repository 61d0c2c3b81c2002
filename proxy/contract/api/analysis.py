"""Replies that compare: two windows of the graph, services by blame, traces with the rest, many as one."""

from typing import Annotated, NotRequired

from pydantic import Field
from typing_extensions import TypedDict

from proxy.contract.api.graph import SourcedWindow, Stats, Window
from proxy.contract.api.units import Milliseconds, ServiceText, Share, words
from proxy.contract.traffic import Protocol

Probability = Annotated[float, Field(description="chance of such a difference between equal windows")]


class Change(TypedDict):
    """A change. ``difference`` is of the share of errors, ``before`` and ``after`` are milliseconds of
    the ``quantile``."""

    change: Annotated[str, words("appeared", "vanished", "broke", "recovered", "slowed", "faster")]
    p: Probability
    difference: NotRequired[float]
    quantile: NotRequired[Share]
    before: NotRequired[Milliseconds]
    after: NotRequired[Milliseconds]


class Changed(TypedDict):
    """The stats of both windows and the changes, the surest first."""

    changes: list[Change]
    before: Stats
    after: Stats


class ChangedEdge(Changed):
    """An edge that changed."""

    source: ServiceText
    target: ServiceText
    protocol: Annotated[str, words(Protocol)]


class ChangedService(Changed):
    """A service that changed, by the calls to it."""

    name: ServiceText


class Compared(TypedDict):
    """The number of edges and services that were compared; a change is listed when its ``p`` is below
    ``level``."""

    edges: int
    services: int
    level: float


class GraphDifference(TypedDict):
    """The changes between two windows, the surest first."""

    before: SourcedWindow
    after: SourcedWindow
    edges: list[ChangedEdge]
    services: list[ChangedService]
    compared: Compared


class Part(TypedDict):
    """Failed calls, or milliseconds of waiting: a service's own, what it inherited, its share of all."""

    own: float
    inherited: float
    share: Share


class Suspect(TypedDict):
    """A service and the share of what callers suffer that it explains, a failed call counting as a second.
    ``path`` leads to it from the outermost caller."""

    service: ServiceText
    score: Share
    errors: Part
    time: Part
    path: list[ServiceText]


class Suffering(TypedDict):
    """The suffering of the outermost callers: failed calls, and waiting."""

    errors: float
    time: Milliseconds


class Suspects(TypedDict):
    """The services to look at first. ``basis`` is ``excess`` (time beyond the usual of the baseline) or,
    with nothing stored to compare with, ``total``."""

    window: SourcedWindow
    baseline: SourcedWindow
    callers: Suffering
    basis: Annotated[str, words("excess", "total")]
    services: list[Suspect]


class Sampled(TypedDict):
    """The number of traces on a side, and of those that were looked at."""

    traces: int
    sampled: int


class Frequency(TypedDict):
    """The sampled traces of a side that carry an attribute."""

    count: int
    share: Share


class Attribute(TypedDict):
    """An attribute that tells the selected traces from the rest, on any span of ``service``.

    ``separation`` is the Jensen-Shannon divergence of having it: 1 where all of one side have it and none of
    the other. ``lift`` is null where the rest never has it.
    """

    service: str
    scope: Annotated[str, words("span", "resource")]
    key: str
    value: str
    selected: Frequency
    rest: Frequency
    lift: float | None
    separation: Annotated[float, Field(description="bits, 0 to 1")]
    p: Probability


class Stretches(TypedDict):
    """Ten-minute stretches of the window that were looked at, of those in which traces began."""

    looked: int
    of: int


class AttributeComparison(TypedDict):
    """The attributes that tell selected traces from the rest, by separation. ``threshold`` is how long slow
    ones take."""

    window: Window
    selected: Sampled
    rest: Sampled
    threshold: Milliseconds | None
    partial: bool
    stretches: Stretches
    attributes: list[Attribute]


class Quantiles(TypedDict):
    """Mean and percentiles of a duration."""

    mean: Milliseconds
    p50: Milliseconds
    p90: Milliseconds
    p99: Milliseconds


class Step(TypedDict):
    """A path of (service, operation, kind) from the operation down: ``count`` spans in ``traces`` traces.
    ``offset`` is its typical start after the operation's."""

    service: str
    operation: str
    kind: str
    count: int
    traces: int
    per_trace: float
    errors: int
    error_rate: Share
    duration: Quantiles
    self: Quantiles
    offset: Milliseconds
    children: list["Step"]


class AggregatedTraces(TypedDict):
    """Many traces as one tree. Of ``matching`` traces ``traces`` were looked at; ``cut`` when branches were
    left out (more than 2000 nodes or 60 levels)."""

    window: Window
    matching: int
    traces: int
    cut: bool
    nodes: list[Step]
