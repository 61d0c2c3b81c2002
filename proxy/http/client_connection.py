"""One client connection: requests in through the parser, one exchange at a time, answers in order.

Pipelined requests wait as events in a backlog while reading is paused, so what waits is bounded
by what one read can bring.
"""

import asyncio
from collections import deque
from typing import Final, cast

from proxy import errors
from proxy.contract.transport.peer import peer_of
from proxy.errors import Reason, RefusedError
from proxy.http.exchange import Exchange
from proxy.http.headers import RequestHead
from proxy.http.http1.requests import RequestParser
from proxy.http.listener_context import ListenerContext
from proxy.telemetry.call_recorder import peer_facts
from proxy.telemetry.facts import NOBODY
from proxy.transport import sockets

# Reasons to stop reading, beside those of an exchange.
_BACKLOG: Final = 4
_HELD: Final = 8  # enough has come for a protocol that nobody has agreed to yet
_MAX_HELD: Final = 65536


class Downstream(asyncio.Protocol):
    """A client. ``keep`` says whether the connection may carry another request, ``original`` the
    ``host:port`` it was going to when it was intercepted."""

    __slots__ = (
        "_backlog",
        "_context",
        "_ends",
        "_eof",
        "_exchange",
        "_head_since",
        "_outbox",
        "_parser",
        "_pauses",
        "_seen",
        "_transport",
        "_tunnel",
        "full",
        "keep",
        "original",
        "peer",
    )

    _transport: asyncio.Transport

    def __init__(self, context: ListenerContext, original: str = "") -> None:
        self._context = context
        self._outbox = context.pool.outbox
        self.original = original
        self._parser = RequestParser(self, context.limits)
        self._exchange: Exchange | None = None
        self._backlog: deque[RequestHead | bytes | RefusedError | tuple[bytes]] = deque()
        self._tunnel: asyncio.Transport | None = None
        self._pauses = 0
        self._seen = context.now()
        self._head_since = 0.0
        self._ends = 0.0  # closing: when to stop waiting for the client to take what is written
        self._eof = 0.0  # when the client said that it will send no more
        self.full = False
        self.keep = True
        self.peer = NOBODY

    @property
    def busy(self) -> bool:
        """Whether a request is being answered."""
        return self._exchange is not None

    # asyncio.Protocol
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self.peer = peer_facts(peer_of(transport), client=True)
        self._context.connections.add(self)

    def data_received(self, data: bytes) -> None:
        if self._tunnel is not None:
            self._tunnel.write(data)
            return
        if self._ends:
            return
        self._seen = now = self._context.now()
        parser = self._parser
        try:
            parser.feed(data)
        except RefusedError as refusal:
            self._refuse(refusal)
            return
        if parser.in_head:
            self._head_since = self._head_since or now
        elif parser.held > _MAX_HELD:
            self.pause(_HELD)
        exchange = self._exchange
        if exchange is not None:
            exchange.push()

    def eof_received(self) -> bool:
        """A client that half-closes still gets its answer."""
        self._eof = self._context.now()
        if self._tunnel is not None:
            self._tunnel.write_eof()
            if self._exchange is not None:
                self._exchange.half_closed()
            return True
        exchange = self._exchange
        if exchange is None or self._ends:
            return False
        if not exchange.request_done and not self._backlog:
            self._exchange = None
            exchange.client_lost()
            return False
        return True

    def connection_lost(self, error: Exception | None) -> None:
        self._context.connections.discard(self)
        self._backlog.clear()
        self._ends = self._ends or 1.0
        exchange, self._exchange = self._exchange, None
        if exchange is not None:
            exchange.client_lost()

    def pause_writing(self) -> None:
        self.full = True
        if self._exchange is not None:
            self._exchange.client_full(True)

    def resume_writing(self) -> None:
        self.full = False
        if self._exchange is not None:
            self._exchange.client_full(False)

    # RequestSink
    def on_request(self, head: RequestHead) -> None:
        self._head_since = 0.0
        if self._exchange is not None or self._backlog:
            self._backlog.append(head)
            self.pause(_BACKLOG)
        else:
            self._begin(head)

    def on_data(self, data: bytes) -> None:
        if self._backlog:
            self._backlog.append(data)
        elif self._exchange is not None:
            self._exchange.body(data)

    def on_end(self, trailer: bytes) -> None:
        if self._backlog:
            self._backlog.append((trailer,))
        elif self._exchange is not None:
            self._exchange.end(trailer)

    # Client, for the exchange
    def write(self, data: bytes) -> None:
        self._outbox.write(self._transport, data)

    def host(self) -> str:
        """The client's IP address."""
        peername = self._transport.get_extra_info("peername")
        return str(peername[0]) if peername else "unknown"

    def pause(self, why: int) -> None:
        if not self._pauses and not self._transport.is_closing():
            self._transport.pause_reading()
        self._pauses |= why

    def resume(self, why: int) -> None:
        if self._pauses & why:
            self._pauses &= ~why
            if not self._pauses and not self._transport.is_closing():
                self._transport.resume_reading()

    def done(self, keep: bool) -> None:
        """The exchange is over; go on with the next request or close."""
        exchange, self._exchange = self._exchange, None
        self._seen = self._context.now()
        if not keep or not self.keep:
            self._close(exchange is None or exchange.request_done)
        elif self._backlog:
            asyncio.get_running_loop().call_soon(self._advance)
        elif exchange is not None and exchange.head.upgrade:
            asyncio.get_running_loop().call_soon(self._declined)
        elif self._eof:
            self._close(True)

    def cut(self, *, reset: bool) -> None:
        """End the connection so that the client can tell that the response is not complete."""
        self._exchange = None
        self._ends = self._context.now() + self._context.timeouts.body
        self._outbox.flush()
        if reset:
            # With a body that only the end of the connection delimits, an ordinary end would look clean.
            sockets.reset(self._transport)
        else:
            self._transport.close()

    def into_tunnel(self, far: asyncio.Transport, surplus: bytes) -> asyncio.Transport:
        """The protocol was switched: bytes go to ``far`` from now on; what comes back goes here."""
        self._tunnel = far
        held = self._parser.detach()
        if held:
            far.write(held)
        self.resume(_HELD)
        if surplus:
            self._transport.write(surplus)
        if self._eof and self._exchange is not None:
            far.write_eof()
            self._exchange.half_closed()
        return self._transport

    # from the side
    def sweep(self, now: float, clock: int) -> None:
        """Act on deadlines of this connection."""
        timeouts = self._context.timeouts
        exchange = self._exchange
        if self._ends:
            if now > self._ends:
                self._transport.abort()
        elif self._tunnel is not None:
            return
        elif exchange is None:
            if self._head_since and now - self._head_since > timeouts.header:
                detail = f"send the whole head within {timeouts.header:g} s"
                self._refuse(RefusedError(Reason.SLOW_REQUEST, detail))
            elif now - self._seen > timeouts.idle:
                self._close(True)
        elif exchange.overdue(clock, int(timeouts.request * 1e9)):
            exchange.expired(f"no response within {timeouts.request:g} s", final=True)
        elif self._eof and now - self._eof > timeouts.half_close:
            self._transport.abort()  # it did not half-close, it left
        elif not exchange.request_done and not self._pauses and now - self._seen > timeouts.body:
            exchange.upstream_failed(Reason.SLOW_REQUEST, f"no byte of the body for {timeouts.body:g} s")

    def drain(self) -> None:
        """Finish what is in flight; what is idle is closed."""
        self.keep = False
        if self._exchange is None and not self._ends and not self._parser.in_head:
            self._close(True)

    def abort(self) -> None:
        self._transport.abort()

    def _begin(self, head: RequestHead) -> None:
        side = self._context
        self.keep = head.keep_alive and not side.draining
        if not head.authority:
            # RFC 9112, 3.3: a request without Host is for the address its connection was made to.
            head.authority = self.original.encode()
        self._exchange = side.exchange(self, head, side)

    def _advance(self) -> None:
        """Take the next pipelined request, as far as it is there."""
        if self.busy or self._ends:
            return
        backlog = self._backlog
        while backlog:
            event = backlog.popleft()
            if isinstance(event, RequestHead):
                self._begin(event)
            elif isinstance(event, RefusedError):
                self._refuse(event)
                return
            elif self._exchange is not None:
                if isinstance(event, bytes):
                    self._exchange.body(event)
                else:
                    self._exchange.end(event[0])
                    break
        if not backlog:
            self.resume(_BACKLOG)
        if self._exchange is not None:
            self._exchange.push()

    def _declined(self) -> None:
        if not self.busy and not self._ends:
            self.resume(_HELD)
            try:
                self._parser.resume()
            except RefusedError as refusal:
                self._refuse(refusal)
                return
            exchange = self._exchange
            if exchange is not None:
                exchange.push()
            elif self._eof:
                self._close(True)

    def _refuse(self, refusal: RefusedError) -> None:
        exchange = self._exchange
        self._parser.closed = True
        if exchange is not None and (exchange.request_done or self._backlog):
            # It concerns a request further back; those before it are answered first.
            self._backlog.append(refusal)
            self.pause(_BACKLOG)
            exchange.push()
        elif exchange is not None and exchange.dispatched:
            self.keep = False
            exchange.upstream_failed(refusal.reason, refusal.detail)
        else:
            self._context.refused(refusal.reason)
            self.write(errors.response(refusal.reason, refusal.detail, close=True))
            self._close(False)

    def _close(self, settled: bool) -> None:
        """Close after what is written; when the client still sends, let it read the answer first."""
        self._ends = self._context.now() + self._context.timeouts.body
        self._exchange = None
        self._backlog.clear()
        self._outbox.flush()
        if settled or self._transport.is_closing():
            self._transport.close()
            return
        self._transport.write_eof()
        self._pauses = 0
        self._transport.resume_reading()
