"""Outbound: requests of our application to others; one client span for every try."""

from collections.abc import Callable

from proxy.contract import attributes
from proxy.contract.traffic import Arm
from proxy.errors import CLIENT_FAULTS, Reason, RefusedError
from proxy.http.deadline import Deadline
from proxy.http.exchange import Exchange
from proxy.http.headers import RequestHead
from proxy.http.http1.encoder import origin_form, request_bytes
from proxy.routing import retry
from proxy.routing.dns_cache import Names
from proxy.routing.router import Authority, Choice, Router, parse_authority
from proxy.telemetry.call_recorder import Recorder
from proxy.telemetry.trace_context import Bits, Sampler, sibling, start

_MAX_AUTHORITIES = 4096


class Outbound:
    """Routes by authority. ``own`` are the addresses of the outbound listener, once it listens."""

    def __init__(
        self,
        service: str,
        router: Router,
        names: Names,
        recorder: Recorder,
        sampler: Sampler,
        bits: Bits,
        clock: Callable[[], int],
        max_requests: int,
    ) -> None:
        self._caller = f"{attributes.CALLER_HEADER}: {service}\r\n".encode()
        self.own: frozenset[str] = frozenset()
        self._router = router
        self._names = names
        self._recorder = recorder
        self._sampler = sampler
        self._bits = bits
        self._clock = clock
        self._max_requests = max_requests
        self._authorities: dict[bytes, Authority] = {}
        self.answered = 0

    def begin(self, exchange: Exchange) -> None:
        head = exchange.head
        exchange.trace = start(self._sampler, self._bits, head.traceparent, head.tracestate, head.b3)
        exchange.path = self._recorder.path(b"")
        target, host = _asked(head, exchange.client.original)
        exchange.path = self._recorder.path(target.partition(b"?")[0])
        exchange.asked = authority = self._authority(exchange.client.original.encode() or host)
        exchange.url = b"http://" + host + target
        if authority.key in self.own:
            raise RefusedError(
                Reason.LOOP, "this is the sidecar itself: name the destination as proxy target or in Host"
            )
        resolvable: bool | None = False
        if self._router.named(authority) is not None:
            resolvable = self._names.resolvable(authority.host)
        if resolvable is None:
            exchange.wait()
            self._names.ask(authority.host, lambda answer: self._resume(exchange, authority, answer))
        else:
            self._choose(exchange, authority, resolvable)

    def again(self, exchange: Exchange, reason: Reason) -> bool:
        """Another endpoint, where the mesh chose and may retry for this reason."""
        following = self._following(exchange, retry.condition(reason))
        if following is not None:
            exchange.status = 0
            self._retry(exchange, following, reason)
        return following is not None

    def declines(self, exchange: Exchange, status: int) -> bool:
        exchange.following = self._following(exchange, retry.FAILED_STATUS)
        exchange.status = status if exchange.following is not None else 0
        return exchange.following is not None

    def instead(self, exchange: Exchange) -> None:
        following, exchange.following = exchange.following, None
        if following is not None:
            self._retry(exchange, following, "")

    def answering(self, exchange: Exchange) -> None:
        if exchange.choice is not None:
            exchange.choice.candidate.waiting.pop(exchange, None)

    def finished(self, exchange: Exchange, end: int) -> None:
        self.answered += 1
        choice = exchange.choice
        if choice is not None:
            self._record(exchange, choice, end, exchange.error)
        elif exchange.asked is not None:
            asked = exchange.asked
            named = self._router.named(asked)
            self._count(exchange, end, exchange.error, named.name if named else asked.key, "", "")

    def _resume(self, exchange: Exchange, authority: Authority, resolvable: bool) -> None:
        if not exchange.over:
            try:
                self._choose(exchange, authority, resolvable)
            except RefusedError as refusal:
                exchange.refuse(refusal.reason, refusal.detail)

    def _choose(self, exchange: Exchange, authority: Authority, resolvable: bool) -> None:
        if exchange.head.method == b"CONNECT":
            choice = self._router.direct(authority)
        else:
            choice = self._router.route(authority, resolvable, exchange.start * 1e-9)
        destination = choice.destination
        if destination.open >= self._max_requests:
            self._enter(exchange, choice)
            exchange.refuse(
                Reason.OVERLOAD, f"{self._max_requests} requests to {destination.name} are under way"
            )
            return
        if choice.arm == Arm.ROUTED:
            destination.budget.request(exchange.start * 1e-9)
            if destination.timeout or destination.per_try:
                exchange.deadline = Deadline(exchange, destination.timeout, destination.per_try)
        self._send(exchange, choice)

    def _following(self, exchange: Exchange, condition: str) -> Choice | None:
        """Where to try again, or None when this may not be or there is no other endpoint."""
        choice = exchange.choice
        if exchange.final or choice is None or choice.arm != Arm.ROUTED:
            return None
        if choice.destination.service is None:
            return None
        retries = choice.destination.service.retries
        if condition not in retries.on or len(exchange.tries) >= retries.attempts:
            return None
        if condition != retry.FAILED_CONNECT and not retry.repeatable(exchange.head):
            return None
        now = self._clock() * 1e-9
        tried = [choice.candidate, *(each.candidate for each in exchange.tries)]
        following = self._router.again(choice, tried, now)
        if following is None or not choice.destination.budget.spend(now, retries.budget):
            return None
        return following

    def _retry(self, exchange: Exchange, following: Choice, error: str) -> None:
        now, failed = self._clock(), exchange.choice
        if failed is not None:
            self._record(exchange, failed, now, error)
            exchange.tries += (failed,)
        exchange.status = exchange.answered = exchange.first_byte = 0
        exchange.place = b""
        exchange.since = exchange.since or exchange.start
        exchange.trace = sibling(exchange.trace, self._bits)
        exchange.start = now
        self._send(exchange, following)

    def _enter(self, exchange: Exchange, choice: Choice) -> None:
        exchange.choice = choice
        choice.destination.open += 1
        choice.candidate.begin(exchange, exchange.start * 1e-9)

    def _send(self, exchange: Exchange, choice: Choice) -> None:
        self._enter(exchange, choice)
        head = exchange.head
        target, host = _asked(head, exchange.client.original)
        added = exchange.trace.fields()
        if choice.sidecar:
            added += self._caller
        exchange.send(choice.address, request_bytes(head, target, host, added))
        if exchange.deadline is not None:
            exchange.deadline.attempt()

    def _record(self, exchange: Exchange, choice: Choice, end: int, error: str) -> None:
        candidate, destination = choice.candidate, choice.destination
        candidate.end(exchange)
        destination.open -= 1
        if error == Reason.OVERLOAD:
            # Our own limit: it says nothing about the endpoint.
            self._count(exchange, end, error, destination.name, "", choice.arm)
            return
        self._count(exchange, end, error, destination.name, candidate.endpoint.address, choice.arm)
        if exchange.head.method == b"CONNECT":
            return
        # Of a long response the server's part is the time to its head; the rest is its size.
        latency, now = ((exchange.first_byte or end) - exchange.start) * 1e-9, end * 1e-9
        if error in CLIENT_FAULTS:
            candidate.sample(latency, now)
        else:
            failed = bool(error) or exchange.status >= 500
            destination.balancer.observe(candidate, latency, failed, now)

    def _count(self, exchange: Exchange, end: int, error: str, service: str, endpoint: str, arm: str) -> None:
        asked = exchange.asked
        self._recorder.client(
            exchange.trace,
            exchange.start,
            end,
            method=exchange.head.method,
            path=exchange.path,
            url=exchange.url,
            status=exchange.status,
            error=error,
            service=service,
            endpoint=endpoint,
            server=asked.key if asked else "",
            arm=arm,
            place=exchange.place,
            resent=len(exchange.tries),
        )

    def _authority(self, host: bytes) -> Authority:
        known = self._authorities.get(host)
        if known is None:
            known = parse_authority(host)
            if len(self._authorities) >= _MAX_AUTHORITIES:
                self._authorities.clear()
            self._authorities[host] = known
        return known


def _asked(head: RequestHead, original: str) -> tuple[bytes, bytes]:
    """Origin-form target and authority; of an intercepted connection (to ``original``) the authority
    says who is meant there, not where it is. Raises RefusedError."""
    if head.method == b"CONNECT":
        if original:
            raise RefusedError(Reason.NOT_IMPLEMENTED, "CONNECT after a request on an intercepted connection")
        return b"/", head.target
    target, host = origin_form(head)
    if not target.startswith(b"/") and target != b"*":
        detail = "the proxy target must be an http:// address; for https use CONNECT"
        raise RefusedError(Reason.NOT_IMPLEMENTED, detail)
    if not host and original:
        return target, original.encode()
    if not host:
        raise RefusedError(Reason.BAD_REQUEST, "no destination: send Host or an absolute http:// target")
    return target, host
