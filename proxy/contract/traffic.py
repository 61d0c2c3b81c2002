"""Labels of calls that the sidecar writes, the collector stores and the API shows."""

from enum import StrEnum
from typing import Final


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


class Answer(StrEnum):
    """The class of an answer, in which the endpoints of a service are compared with their peers.

    The value of the attribute ``spanmesh.answer``.
    """

    OK = "ok"  # 1xx, 2xx, and 304: what the client holds already is as good as a body
    REDIRECT = "redirect"  # 3xx
    REFUSED = "refused"  # 4xx, and the gRPC status codes that blame the request
    SHED = "shed"  # too much load: 429, 503 with Retry-After, gRPC RESOURCE_EXHAUSTED
    FAILED = "failed"  # 5xx, no whole answer, and the gRPC status codes that blame the server

    @classmethod
    def _missing_(cls, value: object) -> "Answer":
        # A newer sidecar may tell more classes apart: nothing is held against an endpoint for those.
        return cls.OK

    @property
    def words(self) -> str:
        """The end of the sentence "it answered ... with ...", for people."""
        return _WORDS[self]

    @staticmethod
    def of_class(status_class: str) -> "Answer":
        """Return the class that a status class (``2xx``, …, ``error``) says by itself."""
        return _BY_STATUS_CLASS.get(status_class, Answer.OK)

    @staticmethod
    def of_status(status: int) -> "Answer":
        """Return the class of an HTTP status; 0 is no response."""
        if status < 300:
            return Answer.OK if status else Answer.FAILED
        if status == 304:
            return Answer.OK
        if status < 400:
            return Answer.REDIRECT
        if status == 429:
            return Answer.SHED
        return Answer.REFUSED if status < 500 else Answer.FAILED


_WORDS: Final = {
    Answer.OK: "success",
    Answer.REDIRECT: "a redirect (3xx)",
    Answer.REFUSED: "a refusal (4xx)",
    Answer.SHED: "a request for less load (429)",
    Answer.FAILED: "a failure (5xx)",
}
_BY_STATUS_CLASS: Final = {
    "3xx": Answer.REDIRECT,
    "4xx": Answer.REFUSED,
    "5xx": Answer.FAILED,
    "error": Answer.FAILED,
}


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
    ANSWERS = "answers"  # redirects or refusals that its peers do not give
    LOAD = "load"  # it asked for less
