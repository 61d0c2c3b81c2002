"""Streams that hold messages instead of bytes, and a listener to go with them."""

import random
from collections.abc import Iterable

from proxy.contract.model import Endpoint, Service
from proxy.http.affinity import Affinity
from proxy.http.http1.requests import MessageLimits
from proxy.http.http1.upstream_connection import UpstreamConnection
from proxy.http.listener_context import ListenerContext, Timeouts
from proxy.http.messages import Field, Fields, RequestHead, ResponseHead
from proxy.http.outbound import Outbound
from proxy.http.pool import ConnectWaiter, Pool, Reuse
from proxy.http.streams import StreamUser, StreamWaiter, UpstreamStream
from proxy.routing.router import Attempt, Router
from proxy.sockets.dialer import Dialer
from proxy.sockets.dns_cache import DnsCache
from proxy.sockets.write_batch import WriteBatch
from proxy.telemetry.call_recorder import CallRecorder
from proxy.telemetry.facts import NOBODY, PeerFacts
from proxy.telemetry.meter import Meter
from proxy.telemetry.trace_context import Sampler, Tracer

Message = tuple[object, ...]


class FakeClient:
    """A client's stream: ``sent`` messages that were not flushed, ``flushed`` lists of those that were."""

    full = False
    peer = NOBODY

    def __init__(self) -> None:
        self.sent: list[Message] = []
        self.flushed: list[list[Message]] = []
        self.paused = 0
        self.end = ""

    def host(self) -> str:
        return "192.0.2.7"

    def send_interim(self, head: ResponseHead) -> None:
        self.sent.append(("interim", head.status))

    def send_switch(self, head: ResponseHead) -> None:
        self.sent.append(("switch", head.status))

    def send_head(self, head: ResponseHead) -> None:
        self.sent.append(("head", head.status))

    def send_data(self, data: bytes) -> None:
        self.sent.append(("data", data))

    def send_end(self, trailers: Fields) -> None:
        self.sent.append(("end", list(trailers)))

    def flush(self) -> None:
        if self.sent:
            self.flushed.append(self.sent)
            self.sent = []

    def discard_unflushed(self) -> None:
        self.sent.clear()

    def finish(self) -> None:
        self.end += "finished"

    def reset(self) -> None:
        self.end += "reset"

    def pause_reading(self, why: int) -> None:
        self.paused |= why

    def resume_reading(self, why: int) -> None:
        self.paused &= ~why


class FakeUpstream:
    """An upstream's stream; the test plays its events to ``user``."""

    peer = PeerFacts(b"upstream")
    user: StreamUser

    def __init__(self, *, reused: bool = False) -> None:
        self.reused = reused
        self.sent: list[Message] = []
        self.flushed: list[list[Message]] = []
        self.fields: list[Field] = []
        self.paused = False
        self.end = ""

    def open(self, user: StreamUser, head: RequestHead, fields: Iterable[Field], *, whole: bool) -> None:
        self.user = user
        self.fields = list(fields)
        self.sent.append(("head", head.method, whole))

    def send_data(self, data: bytes) -> None:
        self.sent.append(("data", data))

    def send_end(self, trailers: Fields) -> None:
        self.sent.append(("end", list(trailers)))

    def flush(self) -> None:
        if self.sent:
            self.flushed.append(self.sent)
            self.sent = []

    def half_close(self) -> None:
        self.end += "half-closed "

    def ignore_response(self) -> None:
        self.end += "ignored "

    def release(self) -> None:
        self.end += "released"

    def reset(self) -> None:
        self.end += "reset"

    def pause_reading(self) -> None:
        self.paused = True

    def resume_reading(self) -> None:
        self.paused = False


class FakePool(Pool):
    """Leases the streams it was given, in turn; without one the waiter waits in ``waiters``."""

    def __init__(self) -> None:
        super().__init__(
            Dialer(1, DnsCache(lambda: 0.0)), WriteBatch(), MessageLimits(), lambda: 0.0, 1.0, 1.0
        )
        self.streams: list[UpstreamStream] = []
        self.waiters: list[StreamWaiter] = []
        self.addresses: list[str] = []

    def lease(self, attempt: Attempt, client: Affinity, reuse: Reuse) -> UpstreamStream | None:
        self.addresses.append(attempt.address)
        return self.streams.pop(0) if self.streams else None

    def connect(
        self, attempt: Attempt, client: Affinity, reuse: Reuse, waiter: StreamWaiter
    ) -> ConnectWaiter:
        self.waiters.append(waiter)
        connection = UpstreamConnection(self, attempt.address, WriteBatch(), MessageLimits(), client, 0.0)
        return ConnectWaiter(self, connection, waiter)


def context(
    *services: Service,
) -> tuple[ListenerContext, FakePool, Meter]:
    """A listener of an outbound direction that knows these services."""
    router, meter, pool = Router(random.Random(1).random), Meter(), FakePool()
    router.update({service.name: service for service in services})
    made = ListenerContext(
        direction=Outbound(router, DnsCache(lambda: 0.0), CallRecorder(meter, list[bytes]().append, 0), 10),
        pool=pool,
        dialer=Dialer(1, DnsCache(lambda: 0.0)),
        batch=WriteBatch(),
        tracer=Tracer(Sampler.of(1.0), random.Random(2).getrandbits),
        limits=MessageLimits(),
        timeouts=Timeouts(1.0, 1.0, 1.0),
        now=lambda: 0.0,
        clock=lambda: 1,
        count_refusal=lambda _: None,
        caller=(b"x-spanmesh-caller", b"cart"),
    )
    return made, pool, meter


def request(method: bytes = b"GET", authority: bytes = b"10.0.0.1:80", **facts: object) -> RequestHead:
    head = RequestHead()
    head.method, head.path, head.authority, head.fields = method, b"/", authority, [(b"x", b"1")]
    for name, value in facts.items():
        setattr(head, name, value)
    return head


def response(status: int = 200) -> ResponseHead:
    head = ResponseHead()
    head.status, head.fields = status, []
    return head


def endpoints(count: int) -> tuple[Endpoint, ...]:
    return tuple(Endpoint(f"10.0.0.{number}:80", instance=str(number)) for number in range(1, count + 1))
