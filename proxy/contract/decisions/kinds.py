"""Closed sets of words about decisions. Their values are in stored rows and in the API: never change one."""

from enum import StrEnum


class DecisionKind(StrEnum):
    """The kind of a decision."""

    EJECT = "eject"  # an endpoint gets no requests for a time
    RETURN = "return"  # an endpoint is back at its full weight
    PROBATION = "probation"  # an endpoint gets a small share until it has proved itself
    HOLD = "hold"  # something is wrong, and nothing is done about it for a reason
    WEIGHT = "weight"  # an endpoint's weight follows its latency
    STAGE = "stage"  # routing of a service was turned on, off, up or down
    REGISTER = "register"  # an endpoint came
    LEAVE = "leave"  # an endpoint went, or is draining


class FindingKind(StrEnum):
    """The fault of an endpoint."""

    FAILURES = "failures"
    LATENCY = "latency"
    STALL = "stall"  # it answers nothing at all
    ANSWERS = "answers"  # it answers with a status that its peers do not give to the same callers


class HoldKind(StrEnum):
    """The reason to eject nothing in spite of a fault."""

    CAP = "cap"  # the other endpoints would not carry the load
    SHARED_FAILURES = "shared"  # most endpoints fail: they share a cause
    SHARED_SLOWNESS = "slow"  # most endpoints are slow: they share a cause


class StageOrigin(StrEnum):
    """The origin of a service's adoption stage: its last change."""

    DEFAULT = "default"  # nobody, or mesh.yaml by no longer naming the service
    FILE = "mesh.yaml"
    API = "api"
    GUARD = "guard"  # turned back automatically because routed calls fared worse


class Figure(StrEnum):
    """A figure by which the two arms of a service are compared."""

    SUCCESS = "success"
    P50 = "p50"
    P99 = "p99"
    REDIRECTS = "redirects"
    REFUSALS = "refusals"
    SHED = "shed"  # requests turned away for too much load
    SIZES = "sizes"  # successful responses much smaller, or larger, than those of the other arm
