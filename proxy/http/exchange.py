"""One request and its response: from a client connection to an upstream and back, as they come.

An exchange gathers what one read brought and writes it in one piece; nothing is collected beyond
that, because a full writer on one side pauses the reader on the other. It runs by callbacks from
the two connections; a direction (inbound or outbound) decides where it goes and records it.
"""

from typing import TYPE_CHECKING, Final

from proxy import errors
from proxy.errors import Reason
from proxy.http.deadline import Deadline, Wait
from proxy.http.headers import RequestHead, repeatable
from proxy.http.http1.encoder import request_bytes
from proxy.http.protocols import FULL, WAITING, Client
from proxy.http.response_writer import Reply
from proxy.http.upstream_connection import Upstream
from proxy.routing import retry
from proxy.routing.dns_cache import Lookup
from proxy.routing.router import Attempt
from proxy.telemetry.facts import CallFacts

if TYPE_CHECKING:
    from proxy.http.listener_context import ListenerContext

# RFC 9110, 9.2.2: what a proxy may repeat on a connection that turned out to be dead.
IDEMPOTENT: Final = frozenset({b"GET", b"HEAD", b"OPTIONS", b"PUT", b"DELETE", b"TRACE"})
_MAX_REPLAY: Final = 65536


class Exchange(Reply):
    """Defaults live on the class; an instance holds only what happened."""

    upstream: Upstream | None = None
    attempt: Attempt | None = None
    deadline: Deadline | None = None
    over = False
    dispatched = False
    _attempts: tuple[Attempt, ...] = ()  # those that failed
    _following: Attempt | None = None  # the next one, once a response was declined
    _final = False  # no time is left for another attempt
    _since = 0  # start of the first attempt, once there was another
    _begun = False
    _ended_halves = 0
    _waiting: Wait | None = None
    _lead = b""
    _replay = b""

    def __init__(self, client: Client, head: RequestHead, context: "ListenerContext") -> None:
        self.client = client
        self.head = head
        self.call = CallFacts(head.method, context.clock())
        self._context = context
        self._out: list[bytes] = []
        self._back = []

    @property
    def status(self) -> int:
        """The status answered by the destination, 0 before its response began."""
        return self.call.status

    # the request, from the client's connection
    def body(self, data: bytes) -> None:
        if self.head.chunked:
            self._out += (b"%x\r\n" % len(data), data, b"\r\n")
        else:
            self._out.append(data)

    def end(self, trailer: bytes) -> None:
        self.request_done = True
        if self.head.chunked:
            self._out.append(b"0\r\n" + trailer + b"\r\n")
        if self.deadline is not None:
            self.deadline.attempt()

    def push(self) -> None:
        """Pass on what one read from the client brought."""
        if self.over:
            self._out.clear()
        elif self.upstream is not None:
            if self._out:
                self._context.pool.outbox.write(self.upstream.transport, b"".join(self._out))
                self._out.clear()
        elif not self.dispatched:
            self.dispatched = True
            self._describe()
            self._choose()

    def client_lost(self) -> None:
        if not self.over:
            if not self._switching:
                self.call.error = Reason.CLIENT_DISCONNECT
            self.call.answered = self.call.answered or errors.STATUS[Reason.CLIENT_DISCONNECT]
            self._finish()

    def client_full(self, full: bool) -> None:
        if self.upstream is not None and self.upstream.alive:
            if full:
                self.upstream.transport.pause_reading()
            else:
                self.upstream.transport.resume_reading()

    def refuse(self, reason: Reason, detail: str) -> None:
        """Answer in the destination's place."""
        call = self.call
        call.error = reason
        call.answered = errors.STATUS[reason]
        keep = self.client.keep and self.request_done
        body = self.head.method != b"HEAD"
        self.client.write(errors.response(reason, detail, close=not keep, body=body))
        self._finish()
        self.client.done(keep)

    # from the pool and the upstream's connection
    def attach(self, upstream: Upstream) -> None:
        """An upstream connection is there."""
        self._waiting = None
        if self.over:
            upstream.parser.reusable = True
            upstream.release()
            return
        self.upstream = upstream
        self.call.upstream_peer = upstream.peer
        method = self.head.method
        upstream.serve(self, method == b"HEAD")
        if self.client.full:
            upstream.transport.pause_reading()
        self.client.resume(WAITING)
        if method == b"CONNECT":
            self._connected(upstream)
            return
        payload = self._lead + b"".join(self._out) if self._out else self._lead
        self._out.clear()
        if upstream.reused and self.request_done and method in IDEMPOTENT and len(payload) <= _MAX_REPLAY:
            self._replay = payload
        self._context.pool.outbox.write(upstream.transport, payload)

    def relay(self) -> None:
        """Pass on what one read from the upstream brought."""
        if self._back:
            self._begun = self.call.status != 0  # an interim response is no beginning
            self._replay = b""
            self.client.write(b"".join(self._back))
            self._back.clear()
        elif self._following is not None:
            self._decline(self._following)
            return
        if self.response_done:
            self._finish()
            self.client.done(self._keep)
            return
        if self.call.status and not self.call.first_byte:
            self._response_began()
        if self._switching and self.upstream is not None:
            self._tunnel(self.upstream)

    def upstream_failed(self, reason: Reason, detail: str) -> None:
        """No connection, no answer in time, or an answer that cannot be trusted."""
        if self.over:
            return
        self._waiting = None
        self._replay = b""
        if self.upstream is not None:
            upstream, self.upstream = self.upstream, None
            upstream.discard()
        if self._begun:
            self._break_off(reason)
        else:
            self._retry_or_refuse(reason, detail)

    def expired(self, detail: str, *, final: bool) -> None:
        """Time is over for this try, or for all of it."""
        self._final = final
        if self._waiting is not None:
            self._waiting.given_up = True
            self.upstream_failed(Reason.CONNECT_TIMEOUT, detail)
        elif not self._switching:
            self.upstream_failed(Reason.REQUEST_TIMEOUT, detail)

    def upstream_lost(self) -> None:
        """The upstream closed before the end of its response, or the tunnel's far side is gone."""
        if self.over:
            return
        address = self.upstream.address if self.upstream is not None else ""
        self.upstream = None
        if self._switching:
            self._finish()
            self.client.cut(reset=False)
        elif self._replay:
            # A pooled connection that was already dead: the client need not notice.
            self._lead, self._replay = self._replay, b""
            self._connect(address)
        elif self._begun:
            self._break_off(Reason.UPSTREAM_RESET)
        else:
            detail = f"{address} closed the connection before it answered"
            self._retry_or_refuse(Reason.UPSTREAM_RESET, detail)

    def half_closed(self) -> None:
        """One side of the tunnel will send no more; after both there is nothing left to do."""
        self._ended_halves += 1
        if self._ended_halves == 2 and not self.over:
            self._finish()
            self.client.cut(reset=False)

    def upstream_full(self, full: bool) -> None:
        if full:
            self.client.pause(FULL)
        else:
            self.client.resume(FULL)

    def overdue(self, now: int, timeout: int) -> bool:
        """Whether the upstream owes a response head for longer than ``timeout`` nanoseconds."""
        return self.request_done and not self.call.status and now - (self._since or self.call.start) > timeout

    def _describe(self) -> None:
        """Note what the head says of the call, and start its span."""
        head, call = self.head, self.call
        call.trace = self._context.tracer.start(head.traceparent, head.tracestate, head.b3)
        call.target = head.path
        call.authority = head.authority
        call.caller = head.caller
        call.client_peer = self.client.peer

    def _choose(self) -> None:
        """Send the request where its direction says; also once a look-up has ended."""
        if self.over:
            return  # the client left meanwhile
        call = self.call
        choice = self._context.direction.choose(self.head, self.client.original, call.start * 1e-9)
        if isinstance(choice, Attempt):
            self._send(choice)
            return
        call.server, call.service = choice.server, choice.service
        if isinstance(choice, Lookup):
            self.wait()
            choice.start(self._choose)
        else:
            call.arm = choice.arm
            self.refuse(choice.reason, choice.detail)

    def _send(self, attempt: Attempt) -> None:
        """Begin an attempt: take a connection to its endpoint, or wait for one."""
        call = self.call
        self.attempt = attempt
        call.server, call.service = attempt.server, attempt.destination.name
        call.endpoint, call.arm = attempt.candidate.endpoint.address, attempt.arm
        attempt.begin(self, call.start * 1e-9)
        timeouts = attempt.timeouts
        if self.deadline is None and any(timeouts):
            self.deadline = Deadline(self, *timeouts)
        added = call.trace.fields()
        if attempt.names_caller:
            added.append(self._context.caller)
        self._lead = request_bytes(self.head, added)
        # A tunnel never shares a connection that carried a request.
        upstream = None if self.head.method == b"CONNECT" else self._context.pool.take(attempt.address)
        if upstream is not None:
            self.attach(upstream)
        else:
            self.wait()
            self._connect(attempt.address)
        if self.deadline is not None:
            self.deadline.attempt()

    def wait(self) -> None:
        """Take no more of the body until there is somewhere to send it."""
        if not self.request_done:
            self.client.pause(WAITING)

    def _next_attempt(self, condition: str) -> Attempt | None:
        """Return what follows the attempt under way if it fails by ``condition``; None to give up."""
        retries = self._context.direction.retries
        if retries is None or self.attempt is None or self._final:
            return None
        attempts = (*self._attempts, self.attempt)
        now = self._context.clock() * 1e-9
        return retries.next_attempt(attempts, condition, now, repeatable=repeatable(self.head))

    def _retry_or_refuse(self, reason: Reason, detail: str) -> None:
        """The attempt failed before any of its response reached the client."""
        self.call.status = 0
        following = self._next_attempt(retry.condition(reason))
        if following is not None:
            self._retry(following, reason)
        else:
            self.refuse(reason, detail)

    def _retry(self, following: Attempt, error: str) -> None:
        """Record the attempt under way as failed and send another."""
        failed, attempt, now = self.call, self.attempt, self._context.clock()
        if attempt is not None:
            failed.error = error
            self._record(now)
            self._attempts += (attempt,)
        self._since = self._since or failed.start
        self.call = failed.following(self._context.tracer.sibling(failed.trace), now)
        self._send(following)

    def _response_began(self) -> None:
        """A response is there that takes more than one read: its endpoint is not stalled."""
        self.call.first_byte = self._context.clock()
        if self.attempt is not None:
            self.attempt.candidate.waiting.pop(self, None)

    def _record(self, end: int) -> None:
        self.call.end = end
        if self.attempt is not None:
            self.attempt.end(self)
        self._context.direction.finished(self.call, self.attempt)

    def _connect(self, address: str) -> None:
        self._waiting = Wait(self)
        self._context.pool.connect(self._waiting, address)

    def declines(self, status: int) -> bool:
        if self.upstream is None or self._begun or self._back:
            return False
        self._following = self._next_attempt(retry.FAILED_STATUS)
        if self._following is None:
            return False
        self.call.status = status
        self.upstream.parser.mute()
        return True

    def _decline(self, following: Attempt) -> None:
        upstream, self.upstream = self.upstream, None
        self._replay = b""
        self._following = None
        if upstream is not None:
            upstream.release()
        self._retry(following, "")

    def _connected(self, upstream: Upstream) -> None:
        self.call.status = self.call.answered = 200
        self._switching = self._begun = True
        self.client.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        self._response_began()
        self._tunnel(upstream)

    def _tunnel(self, upstream: Upstream) -> None:
        """From here on bytes pass both ways as they are, until both sides have closed."""
        self._context.pool.outbox.flush()
        upstream.tunnel = self.client.into_tunnel(upstream.transport, upstream.parser.surplus)

    def _break_off(self, reason: Reason) -> None:
        """The response ended early: the client must be able to tell, so no clean end."""
        self.call.error = reason
        self._finish()
        self.client.cut(reset=self._until_close)

    def _finish(self) -> None:
        self.over = True
        end = self._context.clock()
        if self.deadline is not None:
            self.deadline.cancel()
        upstream, self.upstream = self.upstream, None
        if upstream is not None:
            if self.client.full and upstream.alive:
                upstream.transport.resume_reading()
            if self.response_done and self.request_done:
                upstream.release()
            else:
                upstream.discard()
        self._out.clear()
        self.client.resume(WAITING | FULL)
        self._record(end)
        self._context.direction.answered += 1
