"""One request and its response, from a client's stream to an upstream's and back, as they come.

An exchange speaks in messages and knows no bytes: the streams at its ends frame them. It passes on
what one read brought in one piece and collects nothing beyond that, because a full stream on one side
pauses the other. Its direction (inbound or outbound) says where it goes and records it.
"""

from typing import Final

from proxy.contract.traffic import Arm
from proxy.errors import STATUS, Reason, RefusedError
from proxy.http.affinity import Affinity
from proxy.http.call import Call
from proxy.http.deadline import Deadline, limit_connect
from proxy.http.forwarded import add_hop, add_via
from proxy.http.listener_context import ListenerContext
from proxy.http.messages import Fields, RequestHead, ResponseHead
from proxy.http.pool import ConnectWaiter, Reuse
from proxy.http.refusals import last_hop, refusal, send_answer
from proxy.http.streams import FULL, WAITING, ClientStream, UpstreamStream
from proxy.routing.router import Attempt, Lookup

_MAX_REPLAY: Final = 65536  # bytes of a body kept for another connection, should a kept one turn out dead


class Exchange:
    """Passes one request and its response on; defaults live on the class, an instance holds what happened.

    ``dispatched`` says that a destination was looked for, ``over`` that nothing more will happen. After
    a switch of protocols the ends of both directions count anew: they end a tunnel.
    """

    upstream: UpstreamStream | None = None
    dispatched = False
    request_done = False
    response_done = False
    over = False
    _following: Attempt | None = None  # the next attempt, once a response was declined
    _client_ended = False
    _begun = False  # some of the response has left: it can neither be repeated nor replaced
    _switched = False
    _paused = 0  # reasons for which the client's stream is paused
    _deadline: Deadline | None = None
    _waiting: ConnectWaiter | None = None
    _trailers: Fields = ()
    _replay: list[bytes] | None = None  # the body, while it may have to be sent on another connection

    def __init__(
        self, client: ClientStream, head: RequestHead, context: ListenerContext, affinity: Affinity
    ) -> None:
        self.client = client
        self.head = head
        self.call = Call(head, client.peer, context)
        self._context, self._affinity = context, affinity
        self._held: list[bytes] = []  # data that came before there was a stream to send them into

    @property
    def responded(self) -> bool:
        """True once the head of a response came from the destination."""
        return self.call.status != 0

    # from the client's stream
    def on_request_data(self, data: bytes) -> None:
        """Take a piece of the request's body."""
        if self.upstream is not None:
            self.upstream.send_data(data)
        else:
            self._held.append(data)

    def on_request_end(self, trailers: Fields) -> None:
        """Take the end of the request, or of the client's half of a tunnel."""
        self.request_done = True
        if self.upstream is None:
            self._trailers = trailers
        else:
            self.upstream.send_end(trailers)
            if self.response_done:
                self.upstream.flush()
                self._end()
                return
        if self._deadline is not None:
            self._deadline.attempt()

    def on_request_flush(self) -> None:
        """Pass on what one read from the client brought."""
        if self.upstream is not None:
            self.upstream.flush()
        # Only now, at the end of a read, is the destination chosen: a request that came whole in one read
        # then leaves whole in one write, and its body can be kept for a replay.
        elif not self.dispatched:
            self.dispatched = True
            if (answer := last_hop(self.head)) is None:
                add_hop(self.head, self.client.host, self._context)
                self._choose()
            else:
                self._answer(*answer)

    def client_lost(self) -> None:
        """End the exchange: its client has gone."""
        if not self.over:
            call = self.call
            if not self._switched and not self.response_done:
                call.error = Reason.CLIENT_DISCONNECT
            call.client_status = call.client_status or STATUS[Reason.CLIENT_DISCONNECT]
            self._finish()

    def client_ended(self) -> None:
        """Pass on the client's end: it waits or is gone, which TCP does not tell, so the server decides."""
        self._client_ended = True
        if self.upstream is not None and not self._switched:
            self.upstream.half_close()

    def client_full(self, full: bool) -> None:
        """Pause or resume the upstream: the client takes no more data for now, or takes them again."""
        if self.upstream is not None:
            (self.upstream.pause_reading if full else self.upstream.resume_reading)()

    # from the pool and the upstream's stream
    def attach(self, stream: UpstreamStream) -> None:
        """Send the request into a stream."""
        self._waiting, self.upstream = None, stream
        call, head, held = self.call, self.head, self._held
        call.upstream_peer = stream.peer
        fields = head.fields + call.trace.fields()
        if call.attempt is not None and call.attempt.names_caller:
            fields.append(self._context.caller)
        whole = self.request_done and not held and not self._trailers
        stream.open(self, head, fields, whole=whole)
        if self.client.full:
            stream.pause_reading()
        if self._paused:
            self.client.resume_reading(self._paused)
            self._paused = 0
        if not whole:
            for data in held:
                stream.send_data(data)
            if self.request_done:
                stream.send_end(self._trailers)
            self._held = []
        if (
            stream.reused
            and call.reuse(self.request_done) is Reuse.ANY
            and sum(map(len, held)) <= _MAX_REPLAY
        ):
            self._replay = held
        stream.flush()
        if self._switched:
            self.on_response_flush()  # CONNECT: the stream needed no round trip to answer

    def on_interim(self, head: ResponseHead) -> None:
        """Pass on an interim response."""
        self._replay = None
        add_via(head, self._context.via)
        self.client.send_interim(head)

    def on_switch(self, head: ResponseHead) -> None:
        """Become a tunnel. Raises RefusedError for a switch that was not asked for."""
        if not self.head.upgrade and self.head.method != b"CONNECT":
            raise RefusedError(Reason.UPSTREAM_MALFORMED, "101 to a request that asked for no upgrade")
        self._replay = None
        self.call.status = self.call.client_status = head.status
        self._switched = True
        self.request_done = self.response_done = False
        if self.head.upgrade:
            add_via(head, self._context.via)
        self.client.send_switch(head)

    def on_response(self, head: ResponseHead) -> None:
        """Pass on the head of the response, or decline it for another attempt."""
        call = self.call
        call.answered(head)
        if head.status >= 500 and self._client_ended:
            call.error = Reason.CLIENT_DISCONNECT  # most likely it broke off because its client had left
        # Decided before ``send_head``, so that a declined response leaves nothing in the client's buffer.
        elif head.status >= 500:
            self._following = call.next_for_status(head.status)
            if self._following is not None and self.upstream is not None:
                call.status = head.status
                self.upstream.ignore_response()
                return
        self._replay = None
        call.status = call.client_status = head.status
        add_via(head, self._context.via)
        self.client.send_head(head)

    def on_response_data(self, data: bytes) -> None:
        """Pass on a piece of the response's body."""
        self.call.size += len(data)
        self.client.send_data(data)

    def on_response_end(self, trailers: Fields) -> None:
        """Pass on the end of the response, or of the upstream's half of a tunnel."""
        self.response_done = True
        self.call.trailed(trailers)
        self.client.send_end(trailers)

    def on_response_flush(self) -> None:
        """Pass on what one read from the upstream brought."""
        self.client.flush()
        if self._following is not None:
            self._decline(self._following)
            return
        call = self.call
        self._begun = call.status != 0  # an interim response is no beginning
        # A server that has answered may go on to read: the rest of the request is passed on.
        if self.response_done and self.request_done:
            self._end()
        elif call.status and not call.first_byte:
            call.respond()
            if self._switched and self.upstream is not None:
                self.upstream.flush()  # bytes that the client had sent after its request to switch

    def upstream_full(self, full: bool) -> None:
        """Pause or resume the client: the upstream takes no more data for now, or takes them again."""
        self._paused = self._paused | FULL if full else self._paused & ~FULL
        (self.client.pause_reading if full else self.client.resume_reading)(FULL)

    def upstream_failed(self, reason: Reason, detail: str) -> None:
        """There is no stream, no answer in time, or one that cannot be trusted; or it ended early."""
        if self.over:
            return
        self._waiting = None
        # Take both out first: resetting the stream can call back into this method, which must then find
        # nothing left to do, and a request is replayed at most once.
        replay, self._replay = self._replay, None
        upstream, self.upstream = self.upstream, None
        if upstream is not None:
            upstream.reset()
        if self._switched:
            self._finish()
            self.client.reset()
        elif self.response_done:
            self._end()  # the server takes no more of a request that it has answered
        elif replay is not None and reason is Reason.UPSTREAM_RESET and (attempt := self.call.attempt):
            # The kept connection was dead already: the client need not notice (RFC 9110, 9.2.2).
            self._held = replay
            self._connect(attempt)
        elif reason is Reason.CLIENT_DISCONNECT:
            self.client_lost()
            self.client.reset()
        elif self._begun:
            self.call.error = reason
            self._finish()
            self.client.reset()
        else:
            # A head encoded in this read and not yet written must not precede our own answer.
            self.client.discard_unflushed()
            self._retry_or_refuse(reason, detail)

    def expired(self, detail: str, *, final: bool) -> None:
        """Time is over for this attempt or, when ``final``, for all of it."""
        self.call.final = final
        if self._waiting is not None:
            self._waiting.abandon()
            self.upstream_failed(Reason.CONNECT_TIMEOUT, detail)
        elif not self._switched:
            self.upstream_failed(Reason.REQUEST_TIMEOUT, detail)

    # where it goes
    def _choose(self) -> None:
        """Send the request where its direction says; also once a look-up has ended."""
        if self.over:
            return  # the client left meanwhile
        call = self.call
        choice = self._context.direction.choose(self.head, self._affinity, call.start * 1e-9)
        if isinstance(choice, Attempt):
            call.begin(choice)
            self._send(choice)
            return
        call.server, call.service = choice.server, choice.service
        if isinstance(choice, Lookup):
            self._wait()
            choice.start(self._choose)
        else:
            call.arm = choice.arm
            self._answer(*refusal(choice.reason, choice.detail), choice.reason)

    def _send(self, attempt: Attempt) -> None:
        """Take a stream to the attempt's endpoint, or wait for one."""
        # One deadline for all attempts: a retry must not extend the caller's time.
        if attempt.timeouts is not None and self._deadline is None:
            self._deadline = Deadline(self, *attempt.timeouts)
        stream = self._context.pool.lease(attempt, self._affinity, self.call.reuse(self.request_done))
        if stream is not None:
            self.attach(stream)
        else:
            self._connect(attempt)
        if self._deadline is not None:
            self._deadline.attempt()

    def _connect(self, attempt: Attempt) -> None:
        self._wait()
        reuse = self.call.reuse(self.request_done)
        self._waiting = self._context.pool.connect(attempt, self._affinity, reuse, self)
        # The application's own choice is as patient as the kernel, as without the mesh.
        if attempt.arm is Arm.ROUTED:
            limit_connect(self._waiting, self._context.timeouts.connect)

    def _wait(self) -> None:
        """Take no more of the body until there is somewhere to send it."""
        if not self.request_done:
            self._paused |= WAITING
            self.client.pause_reading(WAITING)

    # what follows a failed attempt
    def _retry_or_refuse(self, reason: Reason, detail: str) -> None:
        """Try again or answer, after an attempt of whose response the client has nothing."""
        self.call.status = 0
        following = self.call.next_for(reason)
        if following is not None:
            self.call.follow(following, reason)
            self._send(following)
        else:
            self._answer(*refusal(reason, detail), reason)

    def _decline(self, following: Attempt) -> None:
        """Let go of a response that is not passed on, for another attempt."""
        upstream, self.upstream = self.upstream, None
        self._following = self._replay = None
        if upstream is not None:
            upstream.release()
        self.call.follow(following, "")
        self._send(following)

    # how it ends
    def _answer(self, head: ResponseHead, body: bytes, error: str = "") -> None:
        """Answer in the destination's place."""
        self.call.error, self.call.client_status = error, head.status
        send_answer(self.client, self.head, head, body)
        self._end()

    def _end(self) -> None:
        self._finish()
        self.client.finish()

    def _finish(self) -> None:
        """Let go of the upstream and record the call."""
        self.over = True
        end = self._context.clock()
        if self._deadline is not None:
            self._deadline.cancel()
        if self._waiting is not None:
            self._waiting.abandon()
        upstream, self.upstream = self.upstream, None
        if upstream is not None:
            (upstream.release if self.response_done and self.request_done else upstream.reset)()
        if self._paused:
            self.client.resume_reading(self._paused)
        self.call.record(end)
        self._context.direction.request_count += 1
