"""What can be tuned in the engine. Durations are seconds, shares 0 to 1."""

from typing import Annotated

from pydantic import Field

from proxy.contract.settings import Settings

Seconds = Annotated[float, Field(gt=0)]
Share = Annotated[float, Field(ge=0, le=1)]


class EngineSettings(Settings):
    """Defaults react within about a second and need little traffic to do so."""

    endpoint_grace: Seconds = 10.0  # an endpoint whose stream ended stays known this long
    graph_memory: Seconds = 900.0
    graph_series: Annotated[int, Field(gt=0)] = 20_000  # distinct (edge, endpoint, arm) held
    pairing_ttl: Seconds = 10.0  # how long a span waits for its other half
    pairing_spans: Annotated[int, Field(gt=0)] = 100_000

    eject_failures: Annotated[int, Field(gt=0)] = 5  # fewer failures in a window prove nothing
    eject_success_below: Share = 0.9  # better than this is never ejected for failing
    eject_margin: Share = 0.05  # how much more than its peers, beyond chance, it must fail
    eject_reporters: Annotated[int, Field(gt=0)] = 2
    eject_share: Share = 0.5  # of a service's endpoints, at most
    eject_seconds: Seconds = 5.0  # doubled with every further ejection
    eject_seconds_max: Seconds = 60.0
    slow_factor: Annotated[float, Field(gt=1)] = 4.0  # times its peers' latency
    slow_floor: Seconds = 0.02  # and at least this much slower
    eject_slow_factor: Annotated[float, Field(gt=1)] = 8.0  # sidecars avoid what is less slow by themselves
    eject_slow_floor: Seconds = 0.1
    stall_seconds: Annotated[float, Field(ge=0.2)] = 0.25  # oldest open request's age, nothing completed
    stall_seconds_unknown: Annotated[float, Field(ge=0.2)] = 1.0  # the same before it has answered much
    slow_start: Seconds = 10.0  # from probation to full weight
