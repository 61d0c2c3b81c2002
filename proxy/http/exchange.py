"""One request and its response: from a client connection to an upstream and back, as they come.

An exchange gathers what one read brought and writes it in one piece; nothing is collected beyond
that, because a full writer on one side pauses the reader on the other. It runs by callbacks from
the two connections; a direction (inbound or outbound) decides where it goes and records it.
"""

from collections.abc import Callable
from typing import Final

from proxy import errors
from proxy.errors import Reason, RefusedError
from proxy.http.deadline import Deadline, Wait
from proxy.http.headers import RequestHead
from proxy.http.pool import Pool
from proxy.http.protocols import FULL, WAITING, Client, Direction
from proxy.http.response_writer import Reply
from proxy.http.upstream_connection import Upstream
from proxy.routing.router import Authority, Choice
from proxy.telemetry.call_recorder import Path
from proxy.telemetry.trace_context import TraceContext

# RFC 9110, 9.2.2: what a proxy may repeat on a connection that turned out to be dead.
IDEMPOTENT: Final = frozenset({b"GET", b"HEAD", b"OPTIONS", b"PUT", b"DELETE", b"TRACE"})
_MAX_REPLAY: Final = 65536


class Exchange(Reply):
    """Defaults live on the class; an instance holds only what happened."""

    upstream: Upstream | None = None
    trace: TraceContext
    path: Path
    query = b""
    choice: Choice | None = None
    asked: Authority | None = None
    tries: tuple[Choice, ...] = ()  # those that failed
    following: Choice | None = None  # where to, once a response was declined
    deadline: Deadline | None = None
    final = False  # no time is left for another try
    since = 0  # start of the first try, once there was another
    url = b""
    place = b""  # the upstream's end of the connection, encoded
    error = ""
    first_byte = 0  # when a response that took more than one read began, in nanoseconds
    over = False
    dispatched = False
    _begun = False
    _ended_halves = 0
    _declined = False  # the response of this try is not for the client
    _waiting: Wait | None = None
    _lead = b""
    _replay = b""

    def __init__(
        self,
        client: Client,
        head: RequestHead,
        direction: Direction["Exchange"],
        pool: Pool,
        clock: Callable[[], int],
    ) -> None:
        self.client = client
        self.head = head
        self.start = clock()
        self._direction = direction
        self._pool = pool
        self._clock = clock
        self._out: list[bytes] = []
        self._back = []

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
                self._pool.outbox.write(self.upstream.transport, b"".join(self._out))
                self._out.clear()
        elif not self.dispatched:
            self.dispatched = True
            try:
                self._direction.begin(self)
            except RefusedError as refusal:
                self.refuse(refusal.reason, refusal.detail)

    def client_lost(self) -> None:
        if not self.over:
            if not self._switching:
                self.error = Reason.CLIENT_DISCONNECT
            self.answered = self.answered or errors.STATUS[Reason.CLIENT_DISCONNECT]
            self._finish()

    def client_full(self, full: bool) -> None:
        if self.upstream is not None and self.upstream.alive:
            if full:
                self.upstream.transport.pause_reading()
            else:
                self.upstream.transport.resume_reading()

    # from the direction
    def send(self, address: str, lead: bytes) -> None:
        """Send the request, its head ready as ``lead``, to ``address``."""
        self._lead = lead
        upstream = None if self.head.method == b"CONNECT" else self._pool.take(address)
        if upstream is not None:
            self.attach(upstream)
            return
        self.wait()
        self._connect(address)

    def wait(self) -> None:
        """Take no more of the body until there is somewhere to send it."""
        if not self.request_done:
            self.client.pause(WAITING)

    def refuse(self, reason: Reason, detail: str) -> None:
        """Answer in the destination's place."""
        self.error = reason
        self.answered = errors.STATUS[reason]
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
        self.place = upstream.place
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
        self._pool.outbox.write(upstream.transport, payload)

    def relay(self) -> None:
        """Pass on what one read from the upstream brought."""
        if self._back:
            self._begun = self.status != 0  # an interim response is no beginning
            self._replay = b""
            self.client.write(b"".join(self._back))
            self._back.clear()
        elif self._declined:
            self._decline()
            return
        if self.response_done:
            self._finish()
            self.client.done(self._keep)
            return
        if self.status and not self.first_byte:
            self.first_byte = self._clock()
            self._direction.answering(self)
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
        if not self._begun and self._direction.again(self, reason):
            return
        if self._begun:
            self._break_off(reason)
        else:
            self.status = 0
            self.refuse(reason, detail)

    def expired(self, detail: str, *, final: bool) -> None:
        """Time is over for this try, or for all of it."""
        self.final = final
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
        elif not self._direction.again(self, Reason.UPSTREAM_RESET):
            self.refuse(Reason.UPSTREAM_RESET, f"{address} closed the connection before it answered")

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
        return self.request_done and not self.status and now - (self.since or self.start) > timeout

    def _connect(self, address: str) -> None:
        self._waiting = Wait(self)
        self._pool.connect(self._waiting, address)

    def declines(self, status: int) -> bool:
        upstream = self.upstream
        if upstream is None or self._begun or self._back or not self._direction.declines(self, status):
            return False
        self._declined = True
        upstream.parser.mute()
        return True

    def _decline(self) -> None:
        upstream, self.upstream = self.upstream, None
        self._replay = b""
        self._declined = False
        if upstream is not None:
            upstream.release()
        self._direction.instead(self)

    def _connected(self, upstream: Upstream) -> None:
        self.status = self.answered = 200
        self._switching = self._begun = True
        self.client.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        self.first_byte = self._clock()
        self._direction.answering(self)
        self._tunnel(upstream)

    def _tunnel(self, upstream: Upstream) -> None:
        """From here on bytes pass both ways as they are, until both sides have closed."""
        self._pool.outbox.flush()
        upstream.tunnel = self.client.into_tunnel(upstream.transport, upstream.parser.surplus)

    def _break_off(self, reason: Reason) -> None:
        """The response ended early: the client must be able to tell, so no clean end."""
        self.error = reason
        self._finish()
        self.client.cut(reset=self._until_close)

    def _finish(self) -> None:
        self.over = True
        end = self._clock()
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
        self._direction.finished(self, end)
