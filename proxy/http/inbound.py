"""The inbound direction: requests of others to our application, one server span each. Pure."""

from proxy.contract.traffic import Arm
from proxy.errors import Reason
from proxy.http.affinity import Affinity
from proxy.http.messages import RequestHead
from proxy.routing.balancer import Balancer
from proxy.routing.retry import RetryPolicy
from proxy.routing.router import Attempt, Destination, Refusal
from proxy.telemetry.call_recorder import CallRecorder
from proxy.telemetry.facts import CallFacts


class Inbound:
    """Sends everything to ``app`` (``host:port``), but for what was intercepted on its way to another port
    of this machine. ``request_count`` counts the requests that are over."""

    retries: RetryPolicy | None = None  # there is one application: no other endpoint to try

    def __init__(self, app: str, recorder: CallRecorder, max_requests: int) -> None:
        # The application is a destination like any other, so that open requests are counted alike;
        # nothing is balanced, and so the balancer never draws a random number.
        self._application = Destination("", Balancer(lambda: 0.0))
        self._to_app = self._attempt(app)
        self._recorder = recorder
        self._max_requests = max_requests
        self.request_count = 0

    @property
    def open(self) -> int:
        """Requests under way."""
        return self._application.open

    def choose(self, head: RequestHead, client: Affinity, now: float) -> Attempt | Refusal:
        """Choose where to send a request: to the application, or where its connection was intercepted."""
        # First of all: an overloaded application is protected at the lowest cost.
        if self._application.open >= self._max_requests:
            return Refusal(Reason.OVERLOAD, f"{self._max_requests} requests are open here")
        if head.method == b"CONNECT" or (head.path[:1] != b"/" and head.path != b"*"):
            return Refusal(Reason.NOT_IMPLEMENTED, "the target must be a path or an http:// address")
        return self._attempt(client.original) if client.original else self._to_app

    def record(self, call: CallFacts, attempt: Attempt | None) -> None:
        """Record an attempt that is over, or a request that was refused without one."""
        self._recorder.server(call)

    def _attempt(self, address: str) -> Attempt:
        candidate = self._application.literal(address)
        return Attempt(self._application, candidate, address, arm=Arm.NONE, names_caller=False, server="")
