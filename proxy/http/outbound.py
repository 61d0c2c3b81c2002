"""The outbound direction: requests of our application to others, one client span for every attempt. Pure."""

from typing import Final

from proxy.contract.traffic import Answer, Arm
from proxy.errors import CLIENT_FAULTS, Reason, RefusedError
from proxy.http.affinity import Affinity
from proxy.http.messages import RequestHead
from proxy.routing.retry import RetryPolicy
from proxy.routing.router import Attempt, Authority, Lookup, Refusal, Router, parse_authority
from proxy.sockets.dns_cache import DnsCache
from proxy.telemetry.call_recorder import CallRecorder
from proxy.telemetry.facts import CallFacts

_MAX_AUTHORITIES: Final = 4096


class Outbound:
    """Sends requests where the mesh routes their authority. ``own`` are the addresses of the outbound
    listener, once it listens; ``request_count`` counts the requests that are over."""

    def __init__(self, router: Router, dns: DnsCache, recorder: CallRecorder, max_requests: int) -> None:
        self.own: frozenset[str] = frozenset()
        self.request_count = 0
        self.retries: RetryPolicy | None = RetryPolicy(router)
        self._router = router
        self._dns = dns
        self._recorder = recorder
        self._max_requests = max_requests
        self._authorities: dict[bytes, Authority] = {}

    def choose(self, head: RequestHead, client: Affinity, now: float) -> Attempt | Refusal | Lookup:
        """Choose where to send a request of ``client`` at ``now`` (monotonic seconds).

        Where an intercepted connection was going decides, and the authority says only who is meant there.
        A Lookup asks to choose again once it is done.
        """
        original = client.original
        try:
            _check_target(head, original)
            authority = self._authority(original.encode() or head.authority)
        except RefusedError as refusal:
            return Refusal(refusal.reason, refusal.detail)
        key = authority.key
        named = self._router.named(authority)
        service = named.name if named else key
        if key in self.own:
            detail = "this is the sidecar itself: name the destination as proxy target or in Host"
            return Refusal(Reason.LOOP, detail, key, service)
        # Asked for names of services alone: whether the application could reach them without the mesh.
        resolvable: bool | None = False
        if named is not None:
            resolvable = self._dns.resolvable(authority.host)
        if resolvable is None:
            return Lookup(self._dns, authority.host, key, service)
        try:
            if head.method == b"CONNECT":
                attempt = self._router.direct(authority)
            else:
                attempt = self._router.choose(authority, resolvable, now)
                attempt = client.attempt(key, attempt, identity=head.identity)
        except RefusedError as refusal:
            return Refusal(refusal.reason, refusal.detail, key, service)
        destination = attempt.destination
        if destination.open >= self._max_requests:
            detail = f"{self._max_requests} requests to {destination.name} are under way"
            return Refusal(Reason.OVERLOAD, detail, key, destination.name, attempt.arm)
        # Only routed requests can be retried, so only they earn a budget for retries.
        if attempt.arm == Arm.ROUTED:
            destination.budget.request(now)
        return attempt

    def record(self, call: CallFacts, attempt: Attempt | None) -> None:
        """Record an attempt that is over, or a request that was refused without one."""
        if attempt is not None:
            call.server, call.service, call.arm = attempt.server, attempt.destination.name, attempt.arm
            # Our own limit says nothing about an endpoint.
            call.endpoint = attempt.candidate.endpoint.address if call.error != Reason.OVERLOAD else ""
        if not call.server:
            return  # refused before it named a destination: there is no edge to count it on
        self._recorder.client(call)
        # How long a tunnel lasts is no latency.
        if attempt is None or not call.endpoint or call.method == b"CONNECT":
            return
        candidate, now = attempt.candidate, call.end * 1e-9
        # The server's part of a long response is the time to its head; the rest depends on its size.
        latency = ((call.first_byte or call.end) - call.start) * 1e-9
        if call.error in CLIENT_FAULTS:
            # The client's fault says nothing of failures, yet a client that gave up has waited that long.
            attempt.destination.balancer.give_up(candidate, latency, now)
        else:
            answer = Answer.FAILED if call.error else call.answer or Answer.of_status(call.status)
            failed, routed = answer is Answer.FAILED, attempt.arm is Arm.ROUTED
            # Where the application chose, it may keep callers of one kind at one endpoint: what these are
            # refused is neither its fault nor a sign of its speed.
            if routed or failed or answer in (Answer.OK, Answer.SHED):
                judged = answer if routed or answer is Answer.SHED else None
                balancer = attempt.destination.balancer
                balancer.observe(candidate, latency, failed, now, judged, call.retry_after)

    def _authority(self, text: bytes) -> Authority:
        authority = self._authorities.get(text)
        if authority is None:
            authority = parse_authority(text)
            if len(self._authorities) >= _MAX_AUTHORITIES:
                self._authorities.clear()
            self._authorities[text] = authority
        return authority


def _check_target(head: RequestHead, original: str) -> None:
    """Raise RefusedError for a request that names no destination this proxy can send it to."""
    if head.method == b"CONNECT":
        if original:
            raise RefusedError(Reason.NOT_IMPLEMENTED, "CONNECT after a request on an intercepted connection")
    elif not head.path.startswith(b"/") and head.path != b"*":
        detail = "the proxy target must be an http:// address; for https use CONNECT"
        raise RefusedError(Reason.NOT_IMPLEMENTED, detail)
    elif not head.authority and not original:
        raise RefusedError(Reason.BAD_REQUEST, "no destination: send Host or an absolute http:// target")
