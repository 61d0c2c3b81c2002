"""Labels of calls that the sidecar writes, the collector stores and the API shows."""

from enum import StrEnum


class Arm(StrEnum):
    """The chooser of a call's endpoint; the value of the attribute ``spanmesh.arm``.

    Comparing the two arms of a service is how the effect of routing is measured.
    """

    NONE = ""  # not known: the caller's sidecar did not measure the call
    DIRECT = "direct"  # the application's own choice: the control group
    ROUTED = "routed"  # the mesh's choice

    @classmethod
    def _missing_(cls, value: object) -> "Arm":
        # A newer sidecar or collector may know more arms: its calls count, in neither of ours.
        return cls.NONE


class Protocol(StrEnum):
    """The protocol of an edge of the graph, as far as the mesh tells protocols apart."""

    UNKNOWN = ""  # of a newer release, or of sums over several protocols
    HTTP = "http"
    TCP = "tcp"  # opaque: the bytes are passed on and counted, not read
    DATABASE = "database"
    MESSAGING = "messaging"

    @classmethod
    def _missing_(cls, value: object) -> "Protocol":
        return cls.UNKNOWN


class Avoidance(StrEnum):
    """The reason for which a sidecar sends an endpoint next to nothing, by its own last answers."""

    FAILING = "failing"
    SLOW = "slow"
