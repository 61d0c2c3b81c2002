"""The settings of the topology engine: what it remembers, and when it ejects an endpoint."""

from dataclasses import dataclass
from typing import Annotated, Any, Final

from proxy.contract.option import Option

_GRAPH: Final = "Engine: the live graph"
_EJECTION: Final = "Engine: ejections"


def _seconds(text: str, group: str = _EJECTION, **bounds: Any) -> Option:
    return Option(help=text, group=group, unit="SECONDS", **(bounds or {"above": 0}))


def _count(text: str, group: str = _EJECTION) -> Option:
    return Option(help=text, group=group, unit="COUNT", above=0)


def _share(text: str) -> Option:
    return Option(help=text, group=_EJECTION, unit="SHARE", least=0, most=1)


def _factor(text: str) -> Option:
    return Option(help=text, group=_EJECTION, unit="FACTOR", above=1)


@dataclass(frozen=True, kw_only=True)
class EngineSettings:
    """Defaults react within about a second and need little traffic to do so."""

    endpoint_grace: Annotated[
        float, _seconds("how long an endpoint stays known after its sidecar's stream ended", _GRAPH)
    ] = 10.0
    graph_memory: Annotated[float, _seconds("how far the live graph reaches back", _GRAPH)] = 900.0
    graph_series: Annotated[int, _count("most series (edge, endpoint, arm) in the live graph", _GRAPH)] = (
        20_000
    )
    pairing_ttl: Annotated[
        float, _seconds("how long spans of SDKs are kept for the others of their trace", _GRAPH)
    ] = 10.0
    pairing_spans: Annotated[int, _count("most spans kept for the others of their trace", _GRAPH)] = 100_000

    eject_failures: Annotated[int, _count("fewest failures in a window that count as evidence")] = 5
    eject_success_below: Annotated[
        float, _share("success rate above which an endpoint is never ejected for failing")
    ] = 0.9
    eject_margin: Annotated[
        float, _share("how much higher than its peers' an endpoint's failure rate must be, beyond chance")
    ] = 0.05
    eject_reporters: Annotated[
        int, _count("sidecars that must report the fault, unless one is confirmed by a probe")
    ] = 2
    eject_share: Annotated[
        float,
        _share(
            "share of a service's endpoints that are ejected without a pause; beyond it failing ones go step "
            "by step while the rest bear the load, slow ones not at all; 0: no ejections"
        ),
    ] = 0.5
    eject_seconds: Annotated[float, _seconds("length of a first ejection; doubled with each further one")] = (
        5.0
    )
    eject_seconds_max: Annotated[float, _seconds("length of the longest ejection")] = 60.0
    slow_factor: Annotated[
        float,
        _factor("multiple of the usual latency from which an endpoint counts as slow, short of an ejection"),
    ] = 4.0
    slow_floor: Annotated[
        float, _seconds("least difference to the usual latency when all endpoints became slow")
    ] = 0.02
    # Higher than slow_factor: sidecars avoid what is less slow by themselves, through its weight.
    eject_slow_factor: Annotated[
        float, _factor("multiple of its peers' latency from which an endpoint is ejected as slow")
    ] = 8.0
    eject_slow_floor: Annotated[
        float, _seconds("least difference to its peers' latency for an ejection as slow")
    ] = 0.1
    stall_seconds: Annotated[
        float,
        _seconds(
            "how long requests to an endpoint must wait, with none answered, for it to count as stalled; "
            "longer where answers usually take longer",
            least=0.2,
        ),
    ] = 0.25
    stall_seconds_unknown: Annotated[
        float, _seconds("the same for an endpoint of which few answers are known", least=0.2)
    ] = 1.0
    slow_start: Annotated[float, _seconds("time from probation to full weight")] = 10.0
