"""The HTTP/1 connection of a client: requests in through the parser, answers out in their order.

It is the stream of one exchange at a time; pipelined requests wait in a backlog.
"""

import asyncio
from math import inf
from typing import Final, cast

from proxy.contract.transport.peer import peer_of
from proxy.errors import Reason, RefusedError
from proxy.http.affinity import Affinity
from proxy.http.exchange import Exchange
from proxy.http.http1.backlog import Backlog
from proxy.http.http1.encoder import ResponseEncoder, closing_response
from proxy.http.http1.requests import Http1RequestHead, RequestParser
from proxy.http.listener_context import ListenerContext
from proxy.http.messages import Fields, ResponseHead
from proxy.http.refusals import refusal
from proxy.sockets import options
from proxy.telemetry.call_recorder import peer_facts
from proxy.telemetry.facts import NOBODY

# Reasons to stop reading, beside those of an exchange.
_BACKLOG: Final = 4
_HELD: Final = 8  # enough has come for a protocol that nobody has agreed to yet
_MAX_HELD: Final = 65536
# Seconds until a server learns of its client's end: an answer before that leaves its connection usable.
_HALF_CLOSED: Final = 1.0
_LINGER: Final = 60.0  # seconds for which a client that still sends may read a last answer


class ClientConnection(asyncio.Protocol):
    """A client's connection; ``original`` is the ``host:port`` it was going to when it was intercepted."""

    __slots__ = (
        "_affinity",
        "_backlog",
        "_batch",
        "_context",
        "_encoder",
        "_ends",
        "_eof",
        "_exchange",
        "_head_since",
        "_keep",
        "_parser",
        "_pauses",
        "_request",
        "_request_done",
        "_seen",
        "_transport",
        "_tunnel",
        "full",
        "peer",
        "send_data",
    )

    _request: Http1RequestHead
    _transport: asyncio.Transport

    def __init__(self, context: ListenerContext, original: str = "") -> None:
        self._context = context
        self._batch = context.batch
        self._affinity = Affinity(original)
        self._parser = RequestParser(self, context.limits)
        self._encoder = ResponseEncoder()
        self.send_data = self._encoder.data
        self._exchange: Exchange | None = None
        self._backlog = Backlog()
        self._pauses = 0
        self._seen = context.now()
        self._head_since = 0.0
        self._ends = 0.0  # closing: when to stop waiting for the client, if ever
        self._eof = 0.0  # when the client said that it will send no more
        self._keep = True  # the connection may carry another request
        self._request_done = True
        self._tunnel = self.full = False
        self.peer = NOBODY

    @property
    def busy(self) -> bool:
        return self._exchange is not None

    # asyncio.Protocol
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self.peer = peer_facts(peer_of(transport), client=True)
        self._context.connections.add(self)

    def data_received(self, data: bytes) -> None:
        exchange = self._exchange
        if self._tunnel:
            if exchange is not None:
                exchange.on_request_data(data)
                exchange.on_request_flush()
            return
        if self._ends:
            return
        self._seen = now = self._context.now()
        parser = self._parser
        try:
            parser.feed(data)
        except RefusedError as error:
            self._refuse(error)
            return
        if parser.in_head:
            # Measured from the first byte of the head, not from the last: a client that sends one byte now
            # and then must not hold a connection for ever (slowloris).
            self._head_since = self._head_since or now
        elif parser.held > _MAX_HELD:
            self.pause_reading(_HELD)
        exchange = self._exchange
        if exchange is not None:
            exchange.on_request_flush()

    def eof_received(self) -> bool:
        """Keep the connection open for the answer to a client that half-closes (RFC 9112, 9.6)."""
        self._eof = self._context.now()
        exchange = self._exchange
        if self._tunnel:
            if exchange is not None:
                exchange.on_request_end(())
            return True
        if exchange is None or self._ends:
            return False
        # The body was cut off: no answer can be right, and the upstream must not take it for complete.
        if not self._request_done and not self._backlog:
            self._exchange = None
            exchange.client_lost()
            return False
        return True

    def connection_lost(self, error: Exception | None) -> None:
        self._context.connections.discard(self)
        self._backlog.clear()
        self._ends = self._ends or inf
        self._affinity.close()
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
    def on_request(self, head: Http1RequestHead) -> None:
        self._head_since = 0.0
        if self._exchange is not None or self._backlog:
            self._backlog.add_head(head)
            self.pause_reading(_BACKLOG)
        else:
            self._begin(head)

    def on_request_data(self, data: bytes) -> None:
        if self._backlog:
            self._backlog.add_data(data)
        elif self._exchange is not None:
            self._exchange.on_request_data(data)

    def on_request_end(self, trailers: Fields) -> None:
        if self._backlog:
            self._backlog.add_end(trailers)
        elif self._exchange is not None:
            self._request_done = True
            self._exchange.on_request_end(trailers)

    # ClientStream
    def host(self) -> str:
        peername = self._transport.get_extra_info("peername")
        return str(peername[0]) if peername else "unknown"

    def send_interim(self, head: ResponseHead) -> None:
        self._encoder.interim(self._request, head)

    def send_switch(self, head: ResponseHead) -> None:
        self._encoder.switch(head)
        self._tunnel = True
        exchange, held = self._exchange, self._parser.detach()
        if exchange is not None:
            if held:
                exchange.on_request_data(held)
            if self._eof:
                exchange.on_request_end(())
        self.resume_reading(_HELD)

    def send_head(self, head: ResponseHead) -> None:
        # After a response that came before the end of its request (RFC 9112, 9.3) closing is simplest.
        self._encoder.head(self._request, head, keep=self._keep and self._request_done)

    def send_end(self, trailers: Fields) -> None:
        self._encoder.end(trailers)
        # An answer that came before the end of its request is the last one: its client may still send.
        if (self._tunnel or not self._request_done) and not self._transport.is_closing():
            self.flush()
            self._batch.flush()
            self._transport.write_eof()

    def flush(self) -> None:
        pieces = self._encoder.pieces
        if pieces:
            self._batch.write(self._transport, b"".join(pieces))
            pieces.clear()

    def discard_unflushed(self) -> None:
        self._encoder.pieces.clear()

    def finish(self) -> None:
        self._exchange = None
        self._seen = now = self._context.now()
        # A head that began to come meanwhile had no reason to be quick.
        self._head_since = now if self._parser.in_head else 0.0
        if not self._encoder.keep or not self._keep:
            self._close(self._request_done)
        elif self._backlog:
            # Not called directly: a client that pipelines many requests, all answered at once by refusals,
            # would make the calls nest one level deeper for each.
            asyncio.get_running_loop().call_soon(self._advance)
        elif self._parser.holds_upgrade:
            asyncio.get_running_loop().call_soon(self._upgrade_declined)
        elif self._eof:
            self._close(True)

    def reset(self) -> None:
        if self._tunnel or self._encoder.until_close:
            # With data that only the end of the connection delimits, an ordinary end would look clean.
            self._batch.flush()
            options.reset(self._transport)
        self._close(True)

    def pause_reading(self, why: int) -> None:
        if not self._pauses and not self._transport.is_closing():
            self._transport.pause_reading()
        self._pauses |= why

    def resume_reading(self, why: int) -> None:
        if self._pauses & why:
            self._pauses &= ~why
            if not self._pauses and not self._transport.is_closing():
                self._transport.resume_reading()

    # from the listener
    def sweep(self, now: float) -> None:
        timeouts = self._context.timeouts
        if self._ends:
            if now > self._ends:
                self._transport.abort()
        # Whatever happens in a request or a tunnel may take as long as its two ends like.
        elif self._exchange is not None:
            if (self._eof or self._pauses) and options.is_gone(self._transport):
                self._transport.abort()
            elif self._eof and self._request_done and not self._backlog and now - self._eof > _HALF_CLOSED:
                self._exchange.client_ended()
        elif timeouts.header and self._head_since and now - self._head_since > timeouts.header:
            detail = f"send the whole head within {timeouts.header:g} s"
            self._refuse(RefusedError(Reason.SLOW_REQUEST, detail))
        elif now - self._seen > timeouts.idle:
            self._close(True)

    def drain(self) -> None:
        self._keep = False
        if self._exchange is None and not self._ends and not self._parser.in_head:
            self._close(True)

    def abort(self) -> None:
        self._transport.abort()

    def _begin(self, head: Http1RequestHead) -> Exchange:
        if not head.authority:
            # RFC 9112, 3.3: a request without Host is for the address its connection was made to.
            head.authority = self._affinity.original.encode()
        self._keep = head.keep_alive and not self._context.draining
        self._request_done = False
        self._request = head
        self._exchange = exchange = Exchange(self, head, self._context, self._affinity)
        return exchange

    def _advance(self) -> None:
        """Take the next pipelined request, as far as it is there."""
        if self.busy or self._ends:
            return
        request = self._backlog.take()
        if isinstance(request, RefusedError):
            self._refuse(request)
            return
        if request is not None:
            exchange = self._begin(request.head)
            for data in request.data:
                exchange.on_request_data(data)
            if request.trailers is not None:
                self._request_done = True
                exchange.on_request_end(request.trailers)
        if not self._backlog:
            self.resume_reading(_BACKLOG)
        if self._exchange is not None:
            self._exchange.on_request_flush()

    def _upgrade_declined(self) -> None:
        """Read what followed a request to upgrade as the requests it is after all."""
        if not self.busy and not self._ends:
            self.resume_reading(_HELD)
            try:
                self._parser.resume()
            except RefusedError as error:
                self._refuse(error)
                return
            if self._exchange is not None:
                self._exchange.on_request_flush()
            elif self._eof:
                self._close(True)

    def _refuse(self, error: RefusedError) -> None:
        exchange = self._exchange
        self._parser.closed = True
        if exchange is not None and (self._request_done or self._backlog):
            # It concerns a request further back; those before it are answered first.
            self._backlog.add_refusal(error)
            self.pause_reading(_BACKLOG)
            exchange.on_request_flush()
        elif exchange is not None and exchange.dispatched:
            self._keep = False
            exchange.upstream_failed(error.reason, error.detail)
        else:
            self._context.count_refusal(error.reason)
            answer = closing_response(*refusal(error.reason, error.detail))
            self._batch.write(self._transport, answer)
            self._close(False)

    def _close(self, settled: bool) -> None:
        """Close after what is written; when the client still sends, let it read the answer first.

        Closing with unread data would reset the connection, and with it the answer (RFC 9112, 9.6).
        """
        self._ends = inf if settled else self._context.now() + _LINGER
        self._exchange = None
        self._backlog.clear()
        self._batch.flush()
        if settled or self._transport.is_closing():
            self._transport.close()
            return
        self._transport.write_eof()
        self._pauses = 0
        self._transport.resume_reading()
