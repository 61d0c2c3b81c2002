"""What the scale benchmark and its workers agree on: who calls whom, and what fails when."""

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Fault:
    """One endpoint of a service fails from ``begin`` to ``end`` (monotonic seconds)."""

    service: int
    endpoint: int
    begin: float
    end: float


@dataclass(frozen=True)
class Plan:
    """One run. ``ramp`` is sidecars started per second; ``endpoints`` are per service."""

    target: str
    sidecars: int
    workers: int
    worker: int
    services: int
    endpoints: int
    begin: float
    end: float
    ramp: float
    faults: tuple[Fault, ...] = ()

    def dump(self) -> dict[str, Any]:
        return asdict(self)

    @staticmethod
    def load(given: dict[str, Any]) -> "Plan":
        return Plan(**{**given, "faults": tuple(Fault(**each) for each in given["faults"])})


def service(number: int) -> str:
    return f"service-{number:03d}"


def endpoint(service_: int, number: int) -> str:
    return f"10.{service_ // 250}.{service_ % 250}.{number + 1}:8080"


def targets(sidecar: int, plan: Plan) -> list[int]:
    """Three services each sidecar calls."""
    return [(sidecar * 7 + offset) % plan.services for offset in (1, 11, 51)]


def caller_of(sidecar: int, fault: Fault, plan: Plan) -> bool:
    """Whether a sidecar calls the endpoint at fault: every twentieth, ten at least."""
    step = max(1, min(20, plan.sidecars // 10))
    return sidecar % step == fault.service % step
