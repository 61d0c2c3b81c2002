"""The HTTP/1 connection to an upstream, which is the stream of one exchange at a time.

After a switch of protocols the same stream is one half of a tunnel: data are bytes as they are, and
the end of either direction is passed on by itself.
"""

import asyncio
from collections.abc import Iterable
from typing import Final, Protocol

from proxy.contract.transport.peer import peer_of
from proxy.errors import Reason, RefusedError
from proxy.http.http1.encoder import RequestEncoder
from proxy.http.http1.keep_alive import UNBOUNDED, KeepAlive
from proxy.http.http1.requests import MessageLimits
from proxy.http.http1.responses import ResponseParser
from proxy.http.messages import Field, Fields, RequestHead, ResponseHead
from proxy.http.streams import StreamUser, UpstreamStream
from proxy.sockets.dialer import OutgoingConnection
from proxy.sockets.options import reset
from proxy.sockets.write_batch import WriteBatch
from proxy.telemetry.call_recorder import peer_facts
from proxy.telemetry.facts import NOBODY


class Owner(Protocol):
    """The pool, which keeps account of connections."""

    def give(self, connection: "UpstreamConnection") -> None: ...
    def lost(self, connection: "UpstreamConnection") -> None: ...


class Client(Protocol):
    """The client connection whose requests are sent, as far as it keeps connections of its own."""

    def remember(self, name: str, address: str) -> None: ...
    def keep(self, connection: "UpstreamConnection") -> None: ...


class UpstreamConnection(OutgoingConnection):
    """A pooled connection. ``reused`` says that it has been idle, when it is now since ``idle_since`` and for
    use until ``idle_until``. One for a ``tunnel`` holds what comes before it has its user: in many protocols
    it is the server that speaks first.

    It carries requests of ``client`` to ``destination``; those of others may follow if it is ``shared``, and
    never where it carries that client's ``identity``. ``opened`` is when it was asked for.
    """

    __slots__ = (
        "_batch",
        "_early_end",
        "_encoder",
        "_half_closed",
        "_owner",
        "_parser",
        "_paused",
        "_user",
        "alive",
        "client",
        "destination",
        "identity",
        "idle_since",
        "idle_until",
        "keep_alive",
        "opened",
        "peer",
        "reused",
        "send_data",
        "shared",
        "tunnel",
    )

    def __init__(
        self,
        owner: Owner,
        address: str,
        batch: WriteBatch,
        limits: MessageLimits,
        client: Client,
        opened: float,
    ) -> None:
        super().__init__(address)
        self.destination = address
        self.client = client
        self.opened = opened
        self._owner = owner
        self._batch = batch
        self._encoder = RequestEncoder()
        self.send_data = self._encoder.data
        self._parser = ResponseParser(limits)
        self._user: StreamUser | None = None
        self._paused = self._half_closed = self._early_end = False
        self.alive = True
        self.reused = self.identity = False
        self.shared = True
        self.tunnel = False
        self.idle_since = self.idle_until = 0.0
        self.keep_alive = UNBOUNDED
        self.peer = NOBODY

    # for the pool
    def lease(self) -> UpstreamStream | None:
        """Return the stream, or None when the connection can carry no more."""
        return self if self.alive and not self.transport.is_closing() else None

    # UpstreamStream
    def open(self, user: StreamUser, head: RequestHead, fields: Iterable[Field], *, whole: bool) -> None:
        self._user = user
        if head.identity:
            self.identity = True
        self._parser.begin(user, head.method == b"HEAD")
        if head.method == b"CONNECT":
            # We are the proxy that CONNECT asks (RFC 9110, 9.3.6): the connection itself is the answer.
            self._parser.switched = True
            user.on_switch(_established())
            self._pass_on_early(user)
        else:
            self._encoder.head(head, fields, whole=whole)

    def send_end(self, trailers: Fields) -> None:
        if not self._parser.switched:
            self._encoder.end(trailers)
        elif not self.transport.is_closing():
            self.flush()
            self._batch.flush()
            self.transport.write_eof()

    def flush(self) -> None:
        pieces = self._encoder.pieces
        if pieces:
            self._batch.write(self.transport, b"".join(pieces))
            pieces.clear()

    def half_close(self) -> None:
        if self.alive and not self._half_closed and self.transport.can_write_eof():
            self._half_closed = True
            self._batch.flush()
            self.transport.write_eof()

    def ignore_response(self) -> None:
        self._parser.mute()

    def release(self) -> None:
        self._user = None
        if self._paused:
            self.resume_reading()
        parser = self._parser
        reusable = parser.reusable
        if parser.keep_alive or self.keep_alive is not UNBOUNDED:
            if self.keep_alive is UNBOUNDED:
                self.keep_alive = KeepAlive()
            self.keep_alive.heed(parser.keep_alive)
            reusable = reusable and not self.keep_alive.ended
        if parser.identity:
            self.identity = True
        # ``reusable`` is decided by the parser at the end of the response: keep-alive, framed, and no byte
        # after it.
        if self.alive and reusable and not self._half_closed and not self.transport.is_closing():
            self._owner.give(self)
        else:
            self.discard()

    def reset(self) -> None:
        if self.alive and self._parser.switched:
            # An ordinary end would tell the server that all has been sent.
            reset(self.transport)
        self.discard()

    def pause_reading(self) -> None:
        if self.alive:
            self._paused = True
            self.transport.pause_reading()

    def resume_reading(self) -> None:
        if self.alive:
            self._paused = False
            self.transport.resume_reading()

    def discard(self) -> None:
        """Close the connection; what a tunnel has still to write is written before."""
        self._user = None
        if self.alive:
            self.alive = False
            self._owner.lost(self)
            if self._parser.switched:
                self._batch.flush()
                self.transport.close()
            else:
                self.transport.abort()

    # asyncio.Protocol
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self.peer = peer_facts(peer_of(transport), client=False)

    def data_received(self, data: bytes) -> None:
        user, parser = self._user, self._parser
        if user is None and self.tunnel:
            parser.surplus += data
            self.pause_reading()
            return
        if user is None:
            self.discard()  # not asked for: a late answer, or the server saying goodbye
            return
        if parser.switched:
            user.on_response_data(data)
        else:
            try:
                parser.feed(data)
            except RefusedError as refusal:
                user.upstream_failed(refusal.reason, refusal.detail)
                return
            # The first bytes of the new protocol can arrive in the same read as the 101.
            if parser.surplus:
                surplus, parser.surplus = parser.surplus, b""
                user.on_response_data(surplus)
        user.on_response_flush()

    def eof_received(self) -> bool:
        if not self._parser.switched:
            self._early_end = self.tunnel
            return self.tunnel
        if self._user is not None:
            self._user.on_response_end(())
            self._user.on_response_flush()
        # True keeps our half open: the client may still send through the tunnel (asyncio would close
        # otherwise).
        return True

    def connection_lost(self, error: Exception | None) -> None:
        if self.alive:
            self.alive = False
            self._owner.lost(self)
        user, self._user = self._user, None
        if user is None:
            return
        # Only an orderly end delimits a body; after a reset the rest of it is missing.
        if error is None and self._parser.finish():
            user.on_response_flush()
            user.upstream_failed(Reason.UPSTREAM_RESET, "")  # if it still sends: nobody is there
        else:
            left = self._half_closed and error is None
            detail = f"{self.address} closed the connection before it answered"
            user.upstream_failed(Reason.CLIENT_DISCONNECT if left else Reason.UPSTREAM_RESET, detail)

    def _pass_on_early(self, user: StreamUser) -> None:
        """Pass on what the server has sent before there was anybody to take it."""
        early, self._parser.surplus = self._parser.surplus, b""
        if early:
            user.on_response_data(early)
            self.resume_reading()
        if self._early_end:
            user.on_response_end(())

    def pause_writing(self) -> None:
        if self._user is not None:
            self._user.upstream_full(True)

    def resume_writing(self) -> None:
        if self._user is not None:
            self._user.upstream_full(False)


_CONNECTED: Final = b"Connection established"


def _established() -> ResponseHead:
    head = ResponseHead()
    head.status, head.phrase, head.fields = 200, _CONNECTED, []
    return head
