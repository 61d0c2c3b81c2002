"""The reasons for which an endpoint gets less than an even share of requests, in words. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from statistics import median_low
from typing import Final

from proxy.contract.model import EndpointState
from proxy.contract.traffic import Avoidance
from topology.evidence.measurements import Record
from topology.model.graph import Stats
from topology.outliers.ejection_state import EjectionState
from topology.registry.sources import Member

# Of an even share, from which down it is worth a word: less is chance, or a choice by latency that goes on.
_LITTLE: Final = 0.5
# Requests of the whole service in the window, from which on shares say anything.
_ENOUGH: Final = 20
# Times the usual median latency that explain a small share.
_SLOWER: Final = 1.2

_OWN_WORDS: Final[Mapping[EndpointState, str]] = {
    EndpointState.DRAINING: "is leaving and gets nothing new",
    EndpointState.UNREADY: "has an application that does not answer the health check",
    EndpointState.GONE: "has a sidecar whose stream ended; it is kept for a while",
}
_AVOIDED: Final[Mapping[Avoidance, str]] = {
    Avoidance.FAILING: "after a failure",
    Avoidance.ANSWERS: "after redirects or refusals that its peers do not give",
    Avoidance.SLOW: "after an answer that took much longer than is usual",
    Avoidance.LOAD: "after it asked for less load (429, or 503 with Retry-After)",
}


@dataclass(frozen=True, slots=True)
class ServiceTraffic:
    """The requests of a service in a window: how many, over how many endpoints, and their usual median."""

    count: int
    endpoints: int
    p50: float | None


def service_traffic(available: Iterable[Stats]) -> ServiceTraffic:
    """Return the traffic of a service by that of its endpoints which could serve."""
    each = list(available)
    known = [stats.p50 for stats in each if stats.p50 is not None]
    return ServiceTraffic(sum(stats.count for stats in each), len(each), median_low(known) if known else None)


def share_reason(
    member: Member,
    ejection: EjectionState,
    weight: float,
    record: Record | None,
    own: Stats,
    service: ServiceTraffic,
    now: float,
) -> str:
    """Return the first reason that applies, from the strongest to the weakest; empty for a fair share."""
    # What the endpoint says of itself comes first, as in its state.
    if member.state is not EndpointState.HEALTHY and member.state in _OWN_WORDS:
        return f"{member.address} {_OWN_WORDS[member.state]}"
    if ejection.state is not EndpointState.HEALTHY:
        return ejection.reason or f"{member.address} is tried with a part of its weight"
    avoided = _avoided(record, now)
    if avoided:
        return f"{member.address} {avoided}"
    if weight < 1.0:
        return f"{member.address} has weight {weight:g} from the mesh: the last change of its weight says why"
    small = _small(own, service)
    return small and f"{member.address} {small}"


def _avoided(record: Record | None, now: float) -> str:
    """Return how many sidecars avoid the endpoint now, and why."""
    whys = [gauge.avoided for _, gauge in record.gauges(now)] if record else []
    for why, words in _AVOIDED.items():
        if number := whys.count(why):
            who = "1 sidecar" if number == 1 else f"{number} sidecars"
            return f"is avoided by {who} {words}; sidecars try it again by themselves"
    return ""


def _small(own: Stats, service: ServiceTraffic) -> str:
    if service.count < _ENOUGH or own.count * service.endpoints >= _LITTLE * service.count:
        return ""
    what = f"got {own.count * service.endpoints / service.count:.0%} of an even share in this window"
    if own.p50 is not None and service.p50 is not None and own.p50 >= _SLOWER * service.p50:
        figures = f"{1000 * own.p50:.0f} ms against {1000 * service.p50:.0f} ms"
        return f"{what}: sidecars choose by latency, and it took {figures}"
    return f"{what}: it is new, avoided until a moment ago, or its callers choose others by themselves"
